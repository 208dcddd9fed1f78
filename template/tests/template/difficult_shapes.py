"""Shapes that are hard to serve: classes of settings, words that choose, drivers of their time."""

from pathlib import Path

from template.tests.template.projects import project, write
from template.tests.template.shapes import BY_URL, KEY, PLAIN, Shape

SERVER = """
    "ENGINE": "django.db.backends.postgresql",
    "NAME": {reader}("DB_NAME", "shop"),
    "USER": {reader}("DB_USER", "shop"),
    "PASSWORD": {reader}("DB_PASSWORD", "shop"),
    "HOST": {reader}("DB_HOST", "db"),
"""


def classes(folder: Path) -> None:
    """Settings in classes, which only the starters of django-configurations can load."""
    project(folder)
    module = (folder / "shop/settings.py").read_text().strip()
    head, _, rest = module.partition("BASE_DIR")
    common = "\n".join(f"    {line}" for line in f"BASE_DIR{rest}".splitlines())
    head += "import dj_database_url\nfrom configurations import Configuration, values\n\n"
    common += """
    DEBUG = values.BooleanValue(False)
    SECRET_KEY = values.SecretValue()
    ALLOWED_HOSTS = values.ListValue(["localhost"])
    DATABASES = {"default": dj_database_url.config(default="postgres://postgres@postgres/shop")}
"""
    (folder / "shop/settings.py").write_text(f"{head}\nclass Common(Configuration):\n{common}")
    with (folder / "shop/settings.py").open("a") as file:
        file.write("\n\nclass Production(Common):\n    INSTALLED_APPS = [*Common.INSTALLED_APPS]\n")
    for name, old, new in (
        ("shop/wsgi.py", "django.core.wsgi", "configurations.wsgi"),
        ("manage.py", "django.core.management", "configurations.management"),
    ):
        text = (folder / name).read_text().replace(old, new)
        choice = 'os.environ.setdefault("DJANGO_CONFIGURATION", "Production")\n'
        first, import_, rest = text.partition(f"from {new}")
        last = first.rpartition("\n")
        (folder / name).write_text(f"{last[0]}\n{last[2]}{choice}{last[2]}{import_}{rest}")
    pins = "Django~=5.2.0\ndjango-configurations\ndj-database-url\npsycopg[binary]\n"
    write(folder, {"requirements.txt": pins})


def word(folder: Path) -> None:
    """A word in DB chooses one of three databases; a module that may be missing comes last."""
    server = SERVER.format(reader="os.getenv")
    project(
        folder,
        extra=f"""
def from_env(name, default):
    value = os.getenv(name, default=default)
    if value not in ("True", "False"):
        raise ValueError(name)
    return value == "True"


DEBUG = from_env("DEBUG", "True")
ALLOWED_HOSTS = os.getenv("ALLOWED_HOSTS", "*").split(",")
if os.getenv("DB") == "postgres":
    DATABASES = {{"default": {{{server}}}}}
if os.getenv("DB") == "mysql":
    DATABASES = {{"default": {{{server.replace("postgresql", "mysql")}}}}}
if os.path.exists(BASE_DIR / "shop/local_settings.py"):
    from .local_settings import *
""",
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\npsycopg2-binary\n"})


def elsewhere(folder: Path) -> None:
    """A course's back end: uploads, static files and a log in places of another image."""
    server = SERVER.format(reader="os.environ.get")
    project(
        folder / "app",
        package="app",
        extra=f"""
DATABASES = {{"default": {{{server}}}}}
STATIC_URL = "/static/static/"
MEDIA_ROOT = "/vol/web/media"
STATIC_ROOT = "/vol/web/static"
LOGGING = {{
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {{
        "app": {{"class": "logging.FileHandler", "filename": "/var/log/app/app.log"}},
        "all": {{"class": "logging.FileHandler", "filename": "/var/log/all.log"}},
        "own": {{"class": "logging.FileHandler", "filename": BASE_DIR / "logs/own.log"}},
    }},
    "root": {{"handlers": ["app", "all", "own"]}},
}}
""",
    )
    pins = "Django>=4.2,<4.3\npsycopg2>=2.9.9,<2.10\nPillow>=9.5,<9.6\n"
    write(folder, {"requirements.txt": pins, "Dockerfile": "FROM python:3.11-alpine3.18\n"})


def kept_from_git(folder: Path) -> None:
    """The database is in a module that no repository has, and nothing else names one."""
    project(folder)
    settings = folder / "shop/settings.py"
    before, _, after = settings.read_text().partition("DATABASES = {")
    settings.write_text(
        before
        + after.partition("\n}\n")[2]
        + "try:\n    from .local_settings import *\nexcept ImportError:\n    pass\n"
    )
    write(folder, PLAIN)


def lists_in_json(folder: Path) -> None:
    """pydantic reads lists as JSON, where a stage gives them with commas; a URL of its own type."""
    project(
        folder,
        extra="""
        import dj_database_url
        from shop.config import config

        SECRET_KEY = config.secret_key.get_secret_value()
        ALLOWED_HOSTS = config.allowed_hosts
        DATABASES = {"default": dj_database_url.parse(str(config.database_url))}
        """,
    )
    text = """
        from pydantic import EmailStr, PostgresDsn, SecretStr
        from pydantic_settings import BaseSettings


        class Config(BaseSettings):
            secret_key: SecretStr
            allowed_hosts: list[str] = ["shop.example"]
            csrf_trusted_origins: list[str] = []
            database_url: PostgresDsn
            admin_email: EmailStr


        config = Config()
        """
    pins = "Django~=5.2.0\npydantic[email]\npydantic-settings\npsycopg[binary]\ndj-database-url\n"
    write(folder, {"shop/config.py": text, "requirements.txt": pins})


def compressed(folder: Path) -> None:
    """A page whose style a request would compress, into a folder that it cannot write to."""
    project(
        folder,
        extra=BY_URL
        + """
INSTALLED_APPS += ["compressor"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "compressor.finders.CompressorFinder",
]
STATIC_ROOT = BASE_DIR / "staticfiles"
""",
    )
    link = """<link rel="stylesheet" href="{% static 'notes/style.css' %}">"""
    view = """
        from django.http import HttpResponse
        from django.template.loader import render_to_string
        from notes.models import Note


        def page(request):
            style = render_to_string("style.html")
            return HttpResponse(f"{Note.objects.count()} notes" if "CACHE" in style else style)
        """
    page = "{% load compress static %}{% compress css %}" + link + "{% endcompress %}"
    pins = "Django~=4.2.0\ndjango-compressor==4.4\ndj-database-url\npsycopg2-binary\n"
    files = {"notes/views.py": view, "notes/templates/style.html": page, "requirements.txt": pins}
    write(folder, files)


def pipfile(folder: Path) -> None:
    """A Pipfile, and no lock of it."""
    project(folder, extra=BY_URL)
    text = """
        [packages]
        django = "~=5.2.0"
        dj-database-url = "*"
        psycopg = {extras = ["binary"], version = "*"}
        [requires]
        python_version = "3.11"
        """
    write(folder, {"Pipfile": text})


def old_driver(folder: Path) -> None:
    """Django 2.2 on SQLite: the driver that a stage wants is of that time."""
    project(folder, extra="STATIC_ROOT = BASE_DIR / 'static'\n")
    pins = "Django==2.2.28\ngunicorn==20.0.4\nwhitenoise==4.1.4\nPillow>=8,<8.1\n"
    write(folder, {"requirements.txt": pins, "runtime.txt": "python-3.7.5\n"})


def object_of_dynaconf(folder: Path) -> None:
    """Dynaconf's object takes the place of the module that Django would ask."""
    project(folder, extra="\nimport dynaconf\n\nsettings = dynaconf.DjangoDynaconf(__name__)\n")
    files = {"settings.toml": "[default]\nSTRIPE_KEY = 'a'\n"}
    write(folder, {"requirements.txt": "Django~=5.2.0\ndynaconf\n", **files})


def course(folder: Path) -> None:
    """A course's back end of 2019, whose ranges are older than any Python that has an image."""
    server = SERVER.format(reader="os.environ.get")
    lines = f'DATABASES = {{"default": {{{server}}}}}\nSTATIC_ROOT = "/vol/web/static"\n'
    project(folder / "app", package="app", imports="from PIL import Image", extra=lines)
    pins = "Django>=2.1.3,<2.2.0\npsycopg2>=2.7.5,<2.8.0\nPillow>=5.3.0,<5.4.0\n"
    write(folder, {"requirements.txt": pins, "Dockerfile": "FROM python:3.7-alpine\n"})


def resources(folder: Path) -> None:
    """Packages that import pkg_resources, on a Python that has none."""
    project(folder, imports="import apscheduler", extra=BY_URL)
    pins = "Django~=5.2.0\ngunicorn==20.1.0\nAPScheduler==3.9.1\ndj-database-url\npsycopg2-binary\n"
    write(folder, {"requirements.txt": pins})


SHAPES = {
    "classes": Shape(classes, (f"DJANGO_{KEY}",), alone=False),
    "word": Shape(word),
    "elsewhere": Shape(
        elsewhere, alone=False, style="/static/static/notes/style.css", python=11, place="deploy/"
    ),
    "kept-from-git": Shape(kept_from_git, alone=False),
    "lists-in-json": Shape(lists_in_json, ("ADMIN_EMAIL=a@example.com",), alone=False),
    "compressed": Shape(compressed, python=11),
    "pipfile": Shape(pipfile, python=11),
    "old-driver": Shape(old_driver, python=9),
    "resources": Shape(resources),
    "dynaconf": Shape(object_of_dynaconf),
    "course": Shape(course, alone=False, python=9, place="deploy/"),
}
