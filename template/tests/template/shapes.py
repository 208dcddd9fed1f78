"""The shapes of projects that are adopted: how each is written, and what is asked of its image."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from template.tests.template.projects import pinned, poetry, project, write

DJANGO = ("django", "asgiref", "sqlparse")
PLAIN = {"requirements.txt": "Django~=5.2.0\n"}
WHITENOISE = """
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
"""
PRODUCTION = """
import environ
from .base import *

env = environ.Env()
DEBUG = False
SECRET_KEY = env("DJANGO_SECRET_KEY")
DATABASES = {"default": env.db("DATABASE_URL")}
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["example.com"])
ADMIN_URL = env("DJANGO_ADMIN_URL")
REDIS_URL = env("REDIS_URL")
ANYMAIL = {"MAILGUN_API_KEY": env("MAILGUN_API_KEY")}
TIMEOUT = env.int("WORKER_TIMEOUT")
SECURE_SSL_REDIRECT = env.bool("DJANGO_SECURE_SSL_REDIRECT", default=False)
"""


@dataclass(frozen=True)
class Shape:
    """A kind of project, what its container is told, the host that it is asked for, a file."""

    make: Callable[[Path], None]
    environment: tuple[str, ...] = ()
    host: str = "localhost"
    style: str = "/static/notes/style.css"
    # Whether a stage's database can be brought to it. Where not, the image refuses to start there.
    connected: bool = True
    alone: bool = True  # whether it runs on SQLite, where no server is named
    python: int = 13  # of Python 3, in FROM
    place: str = ""  # of the Dockerfile, where it is not the root


def tutorial(folder: Path) -> None:
    """manage.py in the root, plain requirements, a database that was committed."""
    project(folder)
    write(folder, PLAIN | {"db.sqlite3": "nothing that an image should have"})


def nested(folder: Path) -> None:
    """manage.py one level down, requirements above, another project's manage.py beside."""
    project(folder / "backend")
    write(folder, PLAIN | {"frontend/manage.py": "print('of another framework')\n"})


def nested_with_requirements(folder: Path) -> None:
    """Everything one level down."""
    project(folder / "backend")
    write(folder / "backend", PLAIN)


def source_folder(folder: Path) -> None:
    """The packages in src/, which manage.py puts on the path."""
    project(folder, code="src", paths="sys.path.insert(0, str(Path(__file__).parent / 'src'))")
    write(folder, PLAIN)


def hashed(folder: Path) -> None:
    """Requirements with hashes."""
    project(folder)
    lines = (
        " ".join([f"{name}=={version}", *(f"--hash={digest}" for digest in hashes)])
        for name, (version, hashes) in pinned(*DJANGO).items()
    )
    write(folder, {"requirements.txt": "\n".join(lines)})


def cookiecutter(folder: Path) -> None:
    """Settings for each place, which want variables; requirements for each place."""
    project(
        folder,
        package="config",
        settings="config.settings.base",
        extra=WHITENOISE,
        paths="sys.path.append(str(Path(__file__).resolve().parent / 'shop'))",
    )
    (folder / "notes").rename(folder / "shop")
    (folder / "shop").rename(folder / "moved")
    (folder / "shop").mkdir()
    (folder / "moved").rename(folder / "shop/notes")
    wsgi = (folder / "config/wsgi.py").read_text()
    manage = (folder / "manage.py").read_text()
    path = "import sys\nsys.path.append('/app/shop')\n"
    write(
        folder,
        {
            "manage.py": manage.replace("settings.base", "settings.local"),
            "config/wsgi.py": path + wsgi.replace("settings.base", "settings.production"),
            "config/settings/__init__.py": "",
            "config/settings/local.py": "from .base import *\nimport debug_toolbar\n",
            "config/settings/production.py": PRODUCTION,
            "requirements/base.txt": "Django~=5.2.0\ndjango-environ\nwhitenoise\n",
            "requirements/local.txt": "-r base.txt\ndjango-debug-toolbar\npytest-django\n",
            "requirements/production.txt": "-r base.txt\ngunicorn==23.0.0\n",
        },
    )


def uv_lock(folder: Path) -> None:
    """A pyproject.toml and the lock file that uv wrote."""
    pyproject(folder)
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)


def pyproject(folder: Path) -> None:
    """A pyproject.toml with dependencies, and no lock file."""
    project(folder)
    text = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
    text += 'dependencies = ["Django~=5.2.0"]\n[dependency-groups]\ndev = ["pytest-django"]\n'
    write(folder, {"pyproject.toml": text})


def poetry_lock(folder: Path) -> None:
    """A pyproject.toml of Poetry's and its lock file."""
    project(folder)
    write(folder, poetry({"python": "^3.11", "Django": "^5.2"}, pinned(*DJANGO)))


def pipfile_lock(folder: Path) -> None:
    """A Pipfile and its lock file."""
    project(folder)
    source = {"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}
    default = {
        name: {"version": f"=={version}", "hashes": hashes}
        for name, (version, hashes) in pinned(*DJANGO).items()
    }
    meta = {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": [source]}
    lock = {"_meta": meta, "default": default, "develop": {}}
    pipfile = (
        '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\n[packages]\ndjango = "*"\n'
    )
    write(folder, {"Pipfile": pipfile, "Pipfile.lock": json.dumps(lock)})


def compiled(folder: Path) -> None:
    """Drivers that are compiled, and want libraries of the system when they run."""
    project(folder, imports="import psycopg2, MySQLdb, pycurl")
    write(folder, {"requirements.txt": "Django~=5.2.0\npsycopg2\nmysqlclient\npycurl\n"})


def psycopg_without_binary(folder: Path) -> None:
    """A driver in Python, which opens the database's library by its name."""
    project(folder, imports="import psycopg")
    write(folder, {"requirements.txt": "Django~=5.2.0\npsycopg\n"})


def demanding(folder: Path) -> None:
    """Settings that want variables in four ways, two of them of a certain kind."""
    project(
        folder,
        extra="""
        from decouple import config
        SECRET_KEY = os.environ["SHOP_SECRET"]
        PAGE = int(os.environ["SHOP_PAGE"])
        STRIPE = config("STRIPE_KEY")
        VERBOSE = config("VERBOSE", cast=bool)
        """,
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\npython-decouple\n"})


def django_4(folder: Path) -> None:
    """The oldest Django that is promised, with whitenoise set as it was then."""
    project(
        folder,
        extra="""
        MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
        STATIC_URL = "/static/"
        STATIC_ROOT = os.path.join(BASE_DIR, "static")
        STATICFILES_STORAGE = "whitenoise.storage.CompressedStaticFilesStorage"
        """,
    )
    write(folder, {"requirements.txt": "Django~=4.2.0\nwhitenoise==6.6.0\n"})


def django_6(folder: Path) -> None:
    """A Django after the long-term support line."""
    project(folder)
    write(folder, {"requirements.txt": "Django>=6.0,<7\n"})


def asynchronous(folder: Path) -> None:
    """No wsgi.py and no WSGI_APPLICATION, only asgi.py."""
    project(folder, extra="del WSGI_APPLICATION\nASGI_APPLICATION = 'shop.asgi.application'\n")
    (folder / "shop/wsgi.py").unlink()
    text = (
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    )
    write(folder, PLAIN | {"shop/asgi.py": text})


def undecided(folder: Path) -> None:
    """Two projects side by side: which one cannot be guessed."""
    project(folder / "shop")
    project(folder / "warehouse")
    write(folder, PLAIN)


def uv_groups(folder: Path) -> None:
    """uv.lock with a group for production, an extra that the settings import, and uv's version."""
    project(
        folder,
        extra="""
        import dj_database_url
        import environ

        DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR}/db.sqlite3")}
        """,
    )
    text = """
        [project]
        name = "shop"
        version = "1"
        requires-python = ">=3.11"
        dependencies = ["Django~=5.2.0"]
        [project.optional-dependencies]
        env = ["django-environ"]
        docs = ["sphinx"]
        [dependency-groups]
        prod = ["dj-database-url", "psycopg[binary]"]
        dev = ["pytest-django"]
        [tool.uv]
        required-version = ">=0.9"
        """
    write(folder, {"pyproject.toml": text})
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)


def environ_names(folder: Path) -> None:
    """POSTGRES_* by os.environ, hosts that are split without a default, a folder for uploads."""
    project(
        folder,
        extra="""
        SECRET_KEY = os.environ["SECRET_KEY"]
        if len(SECRET_KEY) < 50:
            raise ValueError("SECRET_KEY is too short")
        DEBUG = bool(int(os.environ.get("DEBUG", default=0)))
        ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS").split(" ")
        DATABASES = {
            "default": {
                "ENGINE": os.environ.get("SQL_ENGINE", "django.db.backends.sqlite3"),
                "NAME": os.environ.get("SQL_DATABASE", BASE_DIR / "db.sqlite3"),
                "USER": os.environ.get("SQL_USER", "user"),
                "PASSWORD": os.environ.get("SQL_PASSWORD", "password"),
                "HOST": os.environ.get("SQL_HOST", "localhost"),
                "PORT": os.environ.get("SQL_PORT", "5432"),
            }
        }
        MEDIA_ROOT = BASE_DIR / "media"
        """,
    )
    write(folder, {"requirements.txt": "Django==5.1.4\npsycopg2-binary==2.9.10\n"})


def decouple(folder: Path) -> None:
    """DB_* by decouple, on psycopg without its library."""
    project(
        folder,
        extra="""
        from decouple import Csv, config

        SECRET_KEY = config("SECRET_KEY")
        DEBUG = config("DEBUG", default=False, cast=bool)
        ALLOWED_HOSTS = config("ALLOWED_HOSTS", cast=Csv())
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": config("DB_NAME"),
                "USER": config("DB_USER"),
                "PASSWORD": config("DB_PASSWORD"),
                "HOST": config("DB_HOST"),
                "PORT": config("DB_PORT", cast=int),
            }
        }
        """,
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\npython-decouple\npsycopg\n"})


def pydantic(folder: Path) -> None:
    """Settings that come from a class of pydantic's."""
    project(
        folder,
        extra="""
        from shop.config import config

        SECRET_KEY = config.secret_key
        ALLOWED_HOSTS = config.allowed_hosts
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": config.postgres_db,
                "USER": config.postgres_user,
                "PASSWORD": config.postgres_password,
                "HOST": config.postgres_host,
            }
        }
        """,
    )
    text = """
        from pydantic_settings import BaseSettings, SettingsConfigDict


        class Config(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="shop_")
            secret_key: str
            allowed_hosts: list[str] = ["localhost"]
            postgres_db: str
            postgres_user: str
            postgres_password: str
            postgres_host: str = "localhost"


        config = Config()
        """
    requirements = "Django~=6.0.0\npydantic-settings\npsycopg[binary]\n"
    write(folder, {"shop/config.py": text, "requirements.txt": requirements})


def old_pins(folder: Path) -> None:
    """Pins of 2021, with the Django and the Python of that time."""
    project(
        folder,
        extra="""
        import dj_database_url

        DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR}/db.sqlite3")}
        """,
    )
    pins = "Django==3.2.25\npsycopg2-binary==2.9.1\ndj-database-url==0.5.0\nPillow==8.3.1\n"
    write(folder, {"requirements.txt": pins + "gunicorn==20.1.0\nwhitenoise==5.3.0\n"})


def no_wheel(folder: Path) -> None:
    """A driver that has no wheel for the usual Python."""
    project(folder, extra=BY_URL)
    write(folder, {"requirements.txt": "Django~=5.2.0\npsycopg2-binary==2.9.9\ndj-database-url\n"})


def removed_module(folder: Path) -> None:
    """Settings that import what Python has no longer."""
    project(folder, extra="import distutils\n")
    write(folder, PLAIN)


def newest_python(folder: Path) -> None:
    """Python 3.14 and the newest Django."""
    project(folder, extra=BY_URL)
    write(
        folder,
        {"requirements.txt": "Django~=6.1.0\ndj-database-url\n", ".python-version": "3.14\n"},
    )


def geodjango(folder: Path) -> None:
    """GeoDjango, whose libraries are opened by name."""
    project(
        folder,
        imports="from django.contrib.gis.geos import Point\n",
        extra="""
        INSTALLED_APPS.append("django.contrib.gis")
        """,
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\n"})


def channels(folder: Path) -> None:
    """WebSockets by Channels, beside pages."""
    project(
        folder,
        extra=BY_URL
        + 'INSTALLED_APPS.insert(0, "channels")\nASGI_APPLICATION = "shop.asgi.application"\n'
        + 'CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}\n',
    )
    text = """
        import os
        from channels.generic.websocket import WebsocketConsumer
        from channels.routing import ProtocolTypeRouter, URLRouter
        from django.core.asgi import get_asgi_application
        from django.urls import path

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")


        class Echo(WebsocketConsumer):
            def receive(self, text_data=None, bytes_data=None):
                self.send(text_data=text_data)


        sockets = URLRouter([path("ws/", Echo.as_asgi())])
        application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})
        """
    pins = "Django~=5.2.0\nchannels\ndj-database-url\npsycopg[binary]\n"
    write(folder, {"shop/asgi.py": text, "requirements.txt": pins})


def own_files(folder: Path) -> None:
    """A Dockerfile, a .dockerignore, settings of gunicorn and a deploy/ of its own."""
    project(folder, extra=BY_URL)
    write(
        folder,
        {
            "requirements.txt": "Django~=5.2.0\ndj-database-url\npsycopg2-binary\n",
            "Dockerfile": "FROM scratch\n",
            ".dockerignore": "deploy\n*.txt\n",
            "gunicorn.conf.py": "workers = 3\n",
            "deploy/nginx.conf": "",
            "deploy.py": "",
        },
    )


def data_folder(folder: Path) -> None:
    """SQLite in a folder that is not in Git, tests and a document that the code reads."""
    project(
        folder,
        imports="from tests import NAME",
        extra="""
        DATABASES["default"]["NAME"] = BASE_DIR / "data" / "db.sqlite3"
        VERSION = (BASE_DIR / "CHANGELOG.md").read_text()
        """,
    )
    write(folder, PLAIN | {"tests/__init__.py": "NAME = 'a'\n", "CHANGELOG.md": "1.0\n"})


def postgis(folder: Path) -> None:
    """GeoDjango on PostGIS, whose libraries are opened by name when the settings are loaded."""
    project(
        folder,
        imports="from django.contrib.gis.geos import Point\n",
        extra="""
        INSTALLED_APPS.append("django.contrib.gis")
        DATABASES = {
            "default": {
                "ENGINE": "django.contrib.gis.db.backends.postgis",
                "NAME": os.environ.get("DB_NAME", "gis"),
                "USER": os.environ.get("DB_USER", "gis"),
                "PASSWORD": os.environ.get("DB_PASSWORD", "gis"),
                "HOST": os.environ.get("DB_HOST", "db"),
                "PORT": os.environ.get("DB_PORT", "5432"),
            }
        }
        """,
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\npsycopg[binary]\n"})


def hidden_database(folder: Path) -> None:
    """A database of which only running the settings tells that it is SQLite."""
    parts = '[("ENGINE", "django.db.backends." + "sqlite3"), ("NAME", BASE_DIR / "db.sqlite3")]'
    project(folder, extra=f'DATABASES = {{"default": dict({parts})}}\n')
    write(folder, PLAIN)


BY_URL = """
import dj_database_url

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
"""
KEY = "SECRET_KEY=0123456789-0123456789-0123456789-0123456789-0123456789"
SHAPES = {
    "tutorial": Shape(tutorial),
    "cookiecutter": Shape(
        cookiecutter,
        (
            *("DJANGO_SECRET_KEY=secret", "DATABASE_URL=sqlite:////data/db.sqlite3"),
            *("DJANGO_ADMIN_URL=a/", "REDIS_URL=redis://a", "MAILGUN_API_KEY=a"),
            "WORKER_TIMEOUT=5",
        ),
        host="example.com",
    ),
    "nested": Shape(nested),
    "nested-with-requirements": Shape(nested_with_requirements),
    "source-folder": Shape(source_folder),
    "hashed": Shape(hashed),
    "uv-lock": Shape(uv_lock),
    "uv-groups": Shape(uv_groups),
    "pyproject": Shape(pyproject),
    "poetry-lock": Shape(poetry_lock),
    "pipfile-lock": Shape(pipfile_lock),
    "compiled": Shape(compiled),
    "psycopg": Shape(psycopg_without_binary),
    "demanding": Shape(
        demanding, ("SHOP_SECRET=s", "SHOP_PAGE=3", "STRIPE_KEY=s", "VERBOSE=false")
    ),
    "environ": Shape(environ_names, (KEY, "DJANGO_ALLOWED_HOSTS=localhost")),
    "decouple": Shape(decouple, (KEY, "ALLOWED_HOSTS=localhost"), alone=False),
    "pydantic": Shape(pydantic, (KEY.replace("SECRET", "SHOP_SECRET"),), alone=False),
    "old-pins": Shape(old_pins, python=9),
    "no-wheel": Shape(no_wheel, python=11),
    "removed-module": Shape(removed_module, python=11),
    "newest-python": Shape(newest_python, python=14),
    "geodjango": Shape(geodjango),
    "channels": Shape(channels),
    "own-files": Shape(own_files, place="tools/deploy/"),
    "django-4": Shape(django_4, python=11),
    "django-6": Shape(django_6),
    "asynchronous": Shape(asynchronous),
    "undecided": Shape(undecided),
    "data-folder": Shape(data_folder),
    "hidden-database": Shape(hidden_database, connected=False),
}
