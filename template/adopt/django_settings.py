"""Writes deploy/django_settings.py: a project's settings, and what the container adds to them."""

import re
from collections.abc import Iterator, Mapping

from template.adopt.dockerfile import static_outside
from template.adopt.findings import Findings
from template.adopt.home import Home
from template.adopt.variables import variables_in

DOCSTRING = '''\
"""Your settings, and what a container adds. `make adopt` wrote it once; it is yours to change.

The image names this module in DJANGO_SETTINGS_MODULE. Your machine does not read it.
"""'''


def django_settings(found: Findings) -> str:
    """The whole module."""
    after = [*middleware(found), *static_root(found), *compressed(found), *sqlite(found)]
    after += [*without_value(found), *of_the_stage(found), *dynaconf(found)]
    stars = f"from {found.settings.module} import *"
    if name := found.settings.configuration:
        after = [f"class {name}({name}):", *(f"    {line}" for line in of_the_class(found, name))]
    body = "\n".join([*before(found), stars, "", *after])
    modules = [f"import {name}\n" for name in ("json", "os") if f"{name}." in body]
    head = "\n".join([f"{DOCSTRING}\n", *([] if not modules else ["".join(modules)])])
    return f"{head}\n{body}\n"


def installer(home: Home) -> str:
    """What the package of these settings does first, so that their class becomes the settings."""
    return f"""
import os

# In the image. All commands come by here, and django-configurations' own starters do not.
if os.environ.get("DJANGO_SETTINGS_MODULE") == "{home.module}.django_settings":
    from configurations import importer

    importer.install()
"""


def of_the_class(found: Findings, name: str) -> Iterator[str]:
    """The same for a class of django-configurations, which has its settings as attributes."""
    for line in (*middleware(found), *static_root(found), *of_the_stage(found)):
        line = line.replace("*MIDDLEWARE", f"*{name}.MIDDLEWARE").replace(", SECRET_KEY)", ', "")')
        yield line.replace('DATABASES["default"]', f'{name}.DATABASES["default"]')


def before(found: Findings) -> Iterator[str]:
    """The variables that the settings read, given the stage's values."""
    switched = found.settings.of_switches()
    mapping = {name: given for name, (given, _) in switched.items() if name != given}
    mapping |= found.settings.of_the_stage()
    if mapping:
        yield "# What a stage gives, by the names that your settings read."
        yield from for_each(mapping)
        yield "    if given in os.environ:"
        yield "        os.environ.setdefault(name, os.environ[given])"
    yield from lists(found)
    fixed = {**engines(found), **found.settings.debug_variable()}
    if fixed:
        yield 'if "PGHOST" in os.environ:  # on a stage'
        yield from (
            f'    os.environ.setdefault("{name}", "{value}")' for name, value in fixed.items()
        )


def for_each(names: Mapping[str, str]) -> Iterator[str]:
    """The head of a loop over variables of the settings, each with the one that a stage gives."""
    yield "for name, given in {"
    yield from (f'    "{name}": "{given}",' for name, given in sorted(names.items()))
    yield "}.items():"


def lists(found: Findings) -> Iterator[str]:
    """What a stage gives with commas, as JSON."""
    names = found.settings.read_as_json()
    if not names:
        return
    yield "# A stage gives lists with commas, and your settings read these as JSON."
    yield from for_each(names)
    yield '    value = os.environ.get(given, "")'
    yield '    if value and not os.environ.get(name, "").startswith("["):'
    yield '        listed = value if value.startswith("[") else json.dumps(value.split(","))'
    yield "        os.environ[name] = listed"


def engines(found: Findings) -> dict[str, str]:
    """The variables that choose the database's engine, each with its word for PostgreSQL."""
    if "PGHOST" not in found.settings.of_the_stage().values():
        return {}
    settings = found.settings
    names = [name for name in settings.database_variables if settings.chooses_engine(name)]
    return {name: settings.word_for_postgresql(name) or engine(found) for name in names}


def engine(found: Findings) -> str:
    """The engine of the stage's database."""
    text = found.settings.text
    geodjango = "postgis" in text or "spatialite" in text
    # With a plain engine that is written down, no model has a field of GeoDjango's.
    geodjango |= "contrib.gis" in text and not found.settings.is_fixed_sqlite
    name = "contrib.gis.db.backends.postgis" if geodjango else "db.backends.postgresql"
    return f"django.{name}"


def middleware(found: Findings) -> Iterator[str]:
    """The answer to the load balancer, and who serves the static files."""
    names = [f"{found.home.module}.health.liveness"]
    yield "# Before all others: a load balancer asks by IP address, which no ALLOWED_HOSTS has."
    if found.whitenoise:
        yield "# Then the static files, which nothing else would serve."
        names.append("whitenoise.middleware.WhiteNoiseMiddleware")
    theirs = (
        "*MIDDLEWARE" if found.settings.has("MIDDLEWARE") else '*globals().get("MIDDLEWARE", [])'
    )
    if not found.settings.text.count("MIDDLEWARE"):
        theirs = ""
    listed = ", ".join([*(f'"{name}"' for name in names), *([theirs] if theirs else [])])
    yield f"MIDDLEWARE = [{listed}]"


def static_root(found: Findings) -> Iterator[str]:
    """Where static files are collected, if the settings have no folder in the project."""
    if static_outside(found):
        yield 'STATIC_ROOT = "/static"'
    if found.static == "collected" and not found.settings.has("STATIC_URL"):
        yield 'STATIC_URL = "/static/"'


def compressed(found: Findings) -> Iterator[str]:
    """A container cannot write static files, and so the build compresses all of them."""
    if found.compressed and found.settings.values.get("COMPRESS_OFFLINE") is not True:
        yield "# The build compresses: a container cannot write static files, nor serve new ones."
        yield "COMPRESS_ENABLED = COMPRESS_OFFLINE = True"


def sqlite(found: Findings) -> Iterator[str]:
    """A file of SQLite's belongs where it can be written to."""
    if "sqlite" in found.settings.text.lower() or "DATABASE_URL" in found.settings.variables:
        yield "# A file of SQLite's is kept in the volume. The image refuses it on a stage."
        yield "for database in DATABASES.values():"
        yield '    if str(database.get("ENGINE")).endswith(("sqlite3", "spatialite")):'
        yield '        database["NAME"] = "/data/" + os.path.basename(str(database["NAME"]))'


def without_value(found: Findings) -> Iterator[str]:
    """What Django cannot be without and the settings do not have."""
    missing = [name for name in ("SECRET_KEY", "ALLOWED_HOSTS") if not found.settings.has(name)]
    if missing:
        yield "# Your settings have none."
    if "SECRET_KEY" in missing:
        yield 'SECRET_KEY = os.environ["SECRET_KEY"]'
    if "ALLOWED_HOSTS" in missing:
        yield 'ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")'


def dynaconf(found: Findings) -> Iterator[str]:
    """Dynaconf's object takes the place of Django's settings, and of this module."""
    if "DjangoDynaconf(" in found.settings.text:
        yield "# Dynaconf's object, which Django asks in place of this module."
        yield "given = {name: value for name, value in globals().items() if name.isupper()}"
        yield "DYNACONF.update(given)"


def of_the_stage(found: Findings) -> Iterator[str]:
    """The stage's values, where the settings read none for it."""
    settings = found.settings
    lines = []
    if settings.is_fixed_postgresql:
        lines += database(found)
    elif settings.is_fixed_sqlite:
        lines += database(found, with_engine=True)
        if "wagtail.search" in settings.text and "django.contrib.postgres" not in settings.text:
            lines += ["# Wagtail's search wants it on PostgreSQL."]
            lines += ['INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.postgres"]']
    elif settings.has_no_database:
        lines += ['DATABASES = {"default": {}}', *database(found, with_engine=True)]
    elif settings.may_be_sqlite and not engines(found):
        lines += ['if "sqlite" in DATABASES["default"]["ENGINE"]:']
        lines += [f"    {line}" for line in database(found, with_engine=True)]
    if re.search("ssl_require|sslmode", settings.text) and not settings.configuration:
        lines += ['if "PGSSLMODE" in os.environ:']
        lines += ['    options = DATABASES["default"].setdefault("OPTIONS", {})']
        lines += ['    options["sslmode"] = os.environ["PGSSLMODE"]']
    if is_fixed(found, "SECRET_KEY"):
        lines += ['SECRET_KEY = os.environ.get("SECRET_KEY", SECRET_KEY)']
    if is_fixed(found, "ALLOWED_HOSTS"):
        lines += ['ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "").split(",")']
    if not settings.has("SECURE_PROXY_SSL_HEADER"):
        lines += ['SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")']
    if settings.is_debug:
        lines += ["DEBUG = False"]
    if settings.has("SECURE_SSL_REDIRECT"):
        lines += ['if os.environ.get("HTTPS") == "false":  # while the stage has no certificate']
        lines += ["    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False"]
    if lines:
        yield "# On a stage, which gives PGHOST: its own values, where your settings read none."
        yield 'if "PGHOST" in os.environ:'
        yield from (f"    {line}" for line in lines)


def database(found: Findings, *, with_engine: bool = False) -> list[str]:
    """The default connection to the stage's database, in place of what is written down."""
    of_sqlite = [f'    "ENGINE": "{engine(found)}",', '    "OPTIONS": {},']
    return [
        'DATABASES["default"] |= {',
        *(of_sqlite if with_engine else []),
        '    "HOST": os.environ["PGHOST"],',
        '    "PORT": os.environ.get("PGPORT", "5432"),',
        '    "NAME": os.environ["PGDATABASE"],',
        '    "USER": os.environ["PGUSER"],',
        '    "PASSWORD": os.environ["PGPASSWORD"],',
        "}",
    ]


def is_fixed(found: Findings, name: str) -> bool:
    """Whether a setting has a value that is written in the settings themselves."""
    expressions = found.settings.expressions.get(name, [])
    read = any(variables_in(node) for node in expressions)
    return bool(expressions) and not read and name in found.settings.values
