"""Shapes as starters, courses and large applications have them: what they do, in few lines."""

import json
import subprocess
from pathlib import Path

from template.tests.template.projects import SETTINGS, locked, poetry, project, write
from template.tests.template.shapes import KEY, PLAIN, Shape

CELERY = """
import os
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{}")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""
POSTGRESQL = """
{{
    "ENGINE": "django.db.backends.postgresql",
    "NAME": {reader}("DB_NAME"),
    "USER": {reader}("DB_USER"),
    "PASSWORD": {reader}("DB_PASSWORD"),
    "HOST": {reader}("DB_HOST"),
    "PORT": {reader}("DB_PORT"),
}}
"""


def rename_settings(folder: Path, old: str, new: str, *files: str) -> None:
    """Let manage.py or wsgi.py name other settings."""
    for name in files:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))


def starter(folder: Path) -> None:
    """manage.py in src/, Celery and Redis, static files outside of the code, an own Dockerfile."""
    project(
        folder / "src",
        package="config",
        extra="""
        from distutils.util import strtobool

        SECRET_KEY = os.environ["SECRET_KEY"]
        DEBUG = bool(strtobool(os.getenv("DEBUG", "false")))
        allowed_hosts = os.getenv("ALLOWED_HOSTS", ".localhost,127.0.0.1,[::1]")
        ALLOWED_HOSTS = list(map(str.strip, allowed_hosts.split(",")))
        INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
        MIDDLEWARE = [
            "debug_toolbar.middleware.DebugToolbarMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            *MIDDLEWARE,
        ]
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": os.getenv("POSTGRES_DB", "hello"),
                "USER": os.getenv("POSTGRES_USER", "hello"),
                "PASSWORD": os.getenv("POSTGRES_PASSWORD", "password"),
                "HOST": os.getenv("POSTGRES_HOST", "postgres"),
                "PORT": os.getenv("POSTGRES_PORT", "5432"),
            }
        }
        REDIS_URL = os.getenv("REDIS_URL", "redis://redis:6379/0")
        CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": REDIS_URL,
            }
        }
        CELERY_BROKER_URL = REDIS_URL
        STATICFILES_DIRS = ["/public", os.path.join(BASE_DIR, "..", "public")]
        STATIC_ROOT = "/public_collected"
        """,
    )
    requirements = "celery\nDjango~=5.2.0\ndjango-debug-toolbar\ngunicorn==23.0.0\npsycopg\nredis\n"
    files = {
        "requirements.txt": requirements + "whitenoise\nsetuptools<81\n",
        "Dockerfile": "FROM scratch\n",
        "compose.yaml": "services: {worker: {command: celery -A config worker -l info}}\n",
        "src/config/gunicorn.py": "bind = '0.0.0.0:8000'\n",
        "src/config/celery.py": CELERY.format("config.settings"),
        "src/config/__init__.py": "from .celery import app as celery_app\n",
        "assets/package.json": '{"scripts": {"build": "esbuild"}, "dependencies": {"a": "1"}}',
    }
    write(folder, files)


def styleguide(folder: Path) -> None:
    """Settings in two packages, a module that reads variables, HTTPS unless told otherwise."""
    project(folder, package="config", settings="config.django.base")
    head = "from config.env import BASE_DIR, env\nenv.read_env(os.path.join(BASE_DIR, '.env'))\n"
    base = SETTINGS.format(package="config", depth=2).partition("SECRET_KEY")
    base = "import os\n" + head + base[1] + base[2].partition("DATABASES")[0]
    base += """
DEBUG = env.bool("DJANGO_DEBUG", default=True)
ALLOWED_HOSTS = ["*"]
THIRD_PARTY_APPS = ["django_celery_beat", "corsheaders"]
INSTALLED_APPS = [*INSTALLED_APPS, *THIRD_PARTY_APPS]
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///styleguide")}
DATABASES["default"]["ATOMIC_REQUESTS"] = True
if os.environ.get("GITHUB_WORKFLOW"):
    DATABASES["default"] = {"ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
STATIC_ROOT = os.path.join(BASE_DIR, "staticfiles")
from config.settings.files import *
"""
    production = """
from config.env import env
from .base import *
DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
"""
    uploads = """
import os
from config.env import BASE_DIR, env
MEDIA_ROOT_NAME = "media"
MEDIA_ROOT = os.path.join(BASE_DIR, MEDIA_ROOT_NAME)
FILE_UPLOAD_STRATEGY = env("FILE_UPLOAD_STRATEGY", default="standard")
if FILE_UPLOAD_STRATEGY == "direct":
    AWS_S3_ACCESS_KEY_ID = env("AWS_S3_ACCESS_KEY_ID")
"""
    env = "import environ\nenv = environ.Env()\nBASE_DIR = environ.Path(__file__) - 2\n"
    requirements = "Django~=5.2.0\npsycopg\ndjango-environ\nwhitenoise\ndjango-cors-headers\n"
    files = {
        "config/django/__init__.py": "",
        "config/django/base.py": base,
        "config/django/production.py": production,
        "config/django/local.py": "from .base import *\n",
        "config/settings/__init__.py": "",
        "config/settings/files.py": uploads,
        "config/env.py": env,
        "config/tasks.py": CELERY.format("config.django.base"),
        "Procfile": "release: ./migrate\nweb: ./serve\nbeat: celery -A config.tasks beat\n",
        "requirements/base.txt": requirements + "celery\ndjango-celery-beat\n",
        "requirements/local.txt": "-r base.txt\npytest-django\n",
        "requirements/production.txt": "-r base.txt\ngunicorn==23.0.0\n",
        "requirements.txt": "-r requirements/production.txt\n",
    }
    write(folder, files)


def generator(folder: Path) -> None:
    """What a widespread generator writes: HTTPS only, loggers that are switched off, Celery."""
    project(
        folder,
        package="config",
        settings="config.settings.base",
        extra="""
        import environ

        env = environ.Env()
        if env.bool("DJANGO_READ_DOT_ENV_FILE", default=False):
            env.read_env(str(BASE_DIR / ".env"))
        DEBUG = env.bool("DJANGO_DEBUG", False)
        DATABASES = {"default": env.db("DATABASE_URL")}
        DATABASES["default"]["ATOMIC_REQUESTS"] = True
        PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
        INSTALLED_APPS += ["allauth", "allauth.account", "django_celery_beat"]
        MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
        MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
        STATIC_ROOT = str(BASE_DIR / "staticfiles")
        STATIC_URL = "/static/"
        MEDIA_ROOT = str(BASE_DIR / "shop" / "media")
        REDIS_URL = env("REDIS_URL", default="redis://redis:6379/0")
        CELERY_BROKER_URL = REDIS_URL
        """,
    )
    rename_settings(folder, "settings.base", "settings.local", "manage.py")
    rename_settings(folder, "settings.base", "settings.production", "config/wsgi.py")
    production = """
        from .base import *
        from .base import DATABASES, INSTALLED_APPS, REDIS_URL, env

        SECRET_KEY = env("DJANGO_SECRET_KEY")
        ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["example.com"])
        if not env("DATABASE_URL", default=None):
            raise ValueError("DATABASE_URL must be set in production.")
        DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
        CACHES = {
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": REDIS_URL,
                "OPTIONS": {"IGNORE_EXCEPTIONS": True},
            }
        }
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        SECURE_SSL_REDIRECT = env.bool("DJANGO_SECURE_SSL_REDIRECT", default=True)
        SESSION_COOKIE_SECURE = True
        STORAGES = {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {
                "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
            },
        }
        ADMIN_URL = env("DJANGO_ADMIN_URL")
        INSTALLED_APPS += ["anymail"]
        EMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
        ANYMAIL = {"MAILGUN_API_KEY": env("MAILGUN_API_KEY")}
        LOGGING = {
            "version": 1,
            "disable_existing_loggers": True,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"level": "INFO", "handlers": ["console"]},
        }
        """
    requirements = "argon2-cffi\nwhitenoise\ncelery\ndjango-celery-beat\ndjango~=5.2.0\nredis\n"
    files = {
        "config/__init__.py": "from .celery_app import app as celery_app\n",
        "config/celery_app.py": CELERY.format("config.settings.local"),
        "config/settings/__init__.py": "",
        "config/settings/local.py": "from .base import *\nINSTALLED_APPS += ['debug_toolbar']\n",
        "config/settings/production.py": production,
        "requirements/base.txt": requirements + "django-environ\ndjango-allauth\ndjango-redis\n",
        "requirements/production.txt": "-r base.txt\ngunicorn\npsycopg[c]\ndjango-anymail\n",
        "docker-compose.production.yml": "services: {celeryworker: {command: /start-worker}}\n",
        ".python-version": "3.13\n",
    }
    write(folder, files)


def bakery(folder: Path) -> None:
    """A connection that is updated, a key that is made where there is none, hosts by `;`."""
    project(
        folder,
        settings="shop.settings.base",
        extra="""
        STATIC_ROOT = os.path.join(BASE_DIR, "collect_static")
        MEDIA_ROOT = os.path.join(BASE_DIR, "media")
        """,
    )
    rename_settings(folder, "settings.base", "settings.dev", "manage.py")
    rename_settings(folder, "settings.base", "settings.production", "shop/wsgi.py")
    production = """
        import random
        import string

        import dj_database_url

        from .base import *

        DEBUG = os.getenv("DJANGO_DEBUG", "off") == "on"
        if "DJANGO_SECRET_KEY" in os.environ:
            SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
        else:
            SECRET_KEY = "".join([random.choice(string.printable) for i in range(50)])
        SECURE_SSL_REDIRECT = os.getenv("DJANGO_SECURE_SSL_REDIRECT", "off") == "on"
        ALLOWED_HOSTS = os.getenv("DJANGO_ALLOWED_HOSTS", "*").split(";")
        DATABASES["default"].update(dj_database_url.config(conn_max_age=500, ssl_require=True))
        MIDDLEWARE.append("whitenoise.middleware.WhiteNoiseMiddleware")
        if "AWS_STORAGE_BUCKET_NAME" in os.environ:
            INSTALLED_APPS.append("storages")
        """
    files = {
        "shop/settings/__init__.py": "",
        "shop/settings/dev.py": "from .base import *\n",
        "shop/settings/production.py": production,
        "requirements/base.txt": "Django>=4.2,<5.3\ndj-database-url\n",
        "requirements/production.txt": "-r base.txt\nwhitenoise\npsycopg2-binary\n",
        "requirements.txt": "-r requirements/base.txt\n",
    }
    write(folder, files)


def heroku(folder: Path) -> None:
    """Settings that a package of Heroku's completes, with a file of SQLite's before."""
    project(
        folder,
        extra="""
        import django_heroku

        SECRET_KEY = os.environ.get("SECRET_KEY", "dev")
        DEBUG = os.environ.get("DEBUG_VALUE") == "True"
        ALLOWED_HOSTS = ["my-shop.herokuapp.com"]
        STATIC_ROOT = os.path.join(BASE_DIR, "staticfiles")
        django_heroku.settings(locals())
        """,
    )
    pins = "Django~=4.2.0\ndjango-heroku\ngunicorn==20.1.0\npsycopg2\n"
    write(
        folder, {"requirements.txt": pins, "runtime.txt": "python-3.11.4", "Procfile": "web: a\n"}
    )


def sandbox(folder: Path) -> None:
    """Settings beside manage.py, in no package, with a lambda for paths and DATABASE_*."""
    project(folder)
    settings = SETTINGS.format(package="shop", depth=0).replace('"shop.', '"')
    extra = """
location = lambda path: os.path.join(os.path.dirname(os.path.realpath(__file__)), path)
DATABASES = {
    "default": {
        "ENGINE": os.environ.get("DATABASE_ENGINE", "django.db.backends.sqlite3"),
        "NAME": os.environ.get("DATABASE_NAME", location("db.sqlite")),
        "USER": os.environ.get("DATABASE_USER", None),
        "PASSWORD": os.environ.get("DATABASE_PASSWORD", None),
        "HOST": os.environ.get("DATABASE_HOST", None),
        "PORT": os.environ.get("DATABASE_PORT", None),
    }
}
MEDIA_ROOT = location("public/media")
STATIC_ROOT = location("public/static")
STATICFILES_DIRS = (location("static/"),)
try:
    from settings_local import *
except ImportError:
    pass
"""
    (folder / "shop/settings.py").unlink()
    for name in ("urls.py", "wsgi.py"):
        (folder / "shop" / name).rename(folder / name)
    rename_settings(folder, "shop.settings", "settings", "manage.py", "wsgi.py")
    write(folder, {"settings.py": settings + extra, "static/a.css": "", **PLAIN})


def powershell(folder: Path) -> None:
    """Requirements in UTF-16, with packages of another machine, as `pip freeze` wrote them."""
    project(folder)
    pins = "Django==5.1.4\r\npkg-resources==0.0.0\r\npywin32==308\r\nsqlparse==0.5.3\r\n"
    (folder / "requirements.txt").write_bytes(pins.encode("utf-16"))


def branches(folder: Path) -> None:
    """DEBUG decides between SQLite and a server, and is on unless told otherwise."""
    project(
        folder,
        extra="""
        import dj_database_url
        from decouple import config

        SECRET_KEY = config("SECRET_KEY", default="a")
        DEBUG = config("DEBUG", default=True, cast=bool)
        ALLOWED_HOSTS = config(
            "ALLOWED_HOSTS", default="localhost", cast=lambda names: names.split(",")
        )
        if not DEBUG:
            DATABASES = {"default": dj_database_url.parse(config("DATABASE_URL"))}
            SECURE_SSL_REDIRECT = True
        """,
    )
    pins = "Django~=5.1.0\npython-decouple\ndj-database-url\npsycopg2-binary\n"
    write(folder, {"requirements.txt": pins})


def engines(folder: Path) -> None:
    """A variable chooses between three databases, by a word of the project's own."""
    reader = "os.getenv"
    server = POSTGRESQL.format(reader=reader)
    project(
        folder,
        extra=f"""
import pymysql

pymysql.install_as_MySQLdb()
if os.environ.get("DB_ENGINE") == "mysql":
    DATABASES = {{"default": {server.replace("postgresql", "mysql").strip()}}}
elif os.environ.get("DB_ENGINE") == "postgres":
    DATABASES = {{"default": {server.strip()}}}
""",
    )
    write(folder, {"requirements.txt": "Django~=5.2.0\npymysql\npsycopg2-binary\n"})


def daphne(folder: Path) -> None:
    """Channels behind its own server, a layer in Redis, a host that compose names."""
    project(
        folder,
        extra="""
        INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "channels"]
        ASGI_APPLICATION = "shop.asgi.application"
        CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [(os.environ.get("REDIS_HOST", "127.0.0.1"), 6379)]},
            }
        }
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": os.environ.get("POSTGRES_NAME"),
                "USER": os.environ.get("POSTGRES_USER"),
                "PASSWORD": os.environ.get("POSTGRES_PASSWORD"),
                "HOST": "db",
                "PORT": 5432,
            }
        }
        """,
    )
    asgi = """
        import os

        from channels.auth import AuthMiddlewareStack
        from channels.routing import ProtocolTypeRouter, URLRouter
        from django.core.asgi import get_asgi_application

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        pages = get_asgi_application()
        from notes.routing import sockets

        application = ProtocolTypeRouter(
            {"http": pages, "websocket": AuthMiddlewareStack(URLRouter(sockets))}
        )
        """
    routing = """
        from channels.generic.websocket import AsyncWebsocketConsumer
        from django.urls import path

        sockets = [path("ws/", AsyncWebsocketConsumer.as_asgi())]
        """
    pins = "channels[daphne]\nchannels-redis\nDjango~=5.1.0\npsycopg2-binary\n"
    write(folder, {"requirements.txt": pins, "shop/asgi.py": asgi, "notes/routing.py": routing})


def opened_dotenv(folder: Path) -> None:
    """Settings that cannot be loaded without a file .env, which no image has."""
    project(
        folder,
        extra="""
        from decouple import Config, RepositoryEnv

        config = Config(RepositoryEnv(BASE_DIR / ".env"))
        SECRET_KEY = config("SECRET_KEY")
        DEBUG = config("DEBUG", default=False, cast=bool)
        """,
    )
    files = {".env": "SECRET_KEY=of-a-developer\n", ".gitignore": ".env\n"}
    write(folder, {"requirements.txt": "Django~=5.1.0\npython-decouple\n", **files})


def split(folder: Path) -> None:
    """Files of settings that a function includes, chosen by a variable."""
    project(
        folder,
        settings="shop.settings.components.common",
        extra=f"""
from decouple import AutoConfig

config = AutoConfig(search_path=BASE_DIR / "config")
SECRET_KEY = config("DJANGO_SECRET_KEY")
DATABASES = {{"default": {POSTGRESQL.format(reader="config").strip()}}}
""",
    )
    common = folder / "shop/settings/components/common.py"
    common.write_text(common.read_text().replace("DEBUG = True\nALLOWED_HOSTS = []\n", ""))
    names = ("manage.py", "shop/wsgi.py")
    rename_settings(folder, "shop.settings.components.common", "shop.settings", *names)
    init = """
        from os import environ

        from split_settings.tools import include, optional

        environ.setdefault("DJANGO_ENV", "development")
        _ENV = environ["DJANGO_ENV"]
        _base_settings = (
            "components/common.py",
            f"environments/{_ENV}.py",
            optional("environments/local.py"),
        )
        include(*_base_settings)
        """
    production = """
        from shop.settings.components.common import config

        DEBUG = False
        ALLOWED_HOSTS = [config("DOMAIN_NAME"), "localhost"]
        SECURE_SSL_REDIRECT = True
        """
    files = {
        "shop/settings/__init__.py": init,
        "shop/settings/components/__init__.py": "",
        "shop/settings/environments/__init__.py": "",
        "shop/settings/environments/development.py": "INSTALLED_APPS += ['debug_toolbar']\n",
        "shop/settings/environments/production.py": production,
        "requirements.txt": "django\npython-decouple\ndjango-split-settings\npsycopg2-binary\n",
    }
    write(folder, files)


def chosen(folder: Path) -> None:
    """A package of settings that imports those for a developer unless a variable says otherwise."""
    project(folder, settings="shop.settings.base")
    rename_settings(folder, "settings.base", "settings", "manage.py", "shop/wsgi.py")
    init = """
        import os

        if os.getenv("ENVIRONMENT", "development") == "production":
            from .production import *
        else:
            from .development import *
        """
    production = f"""
from .base import *

DEBUG = False
ALLOWED_HOSTS = os.getenv("ALLOWED_HOSTS").split(",")
DATABASES = {{"default": {POSTGRESQL.format(reader="os.getenv").strip()}}}
"""
    files = {
        "shop/settings/__init__.py": init,
        "shop/settings/development.py": "import debug_toolbar\nfrom .base import *\n",
        "shop/settings/production.py": production,
        "requirements.txt": "django~=5.2.0\npsycopg2-binary\n",
    }
    write(folder, files)


def pipenv(folder: Path) -> None:
    """Pipenv on Python 3.11, with environs."""
    project(
        folder,
        extra="""
        from environs import Env

        env = Env()
        env.read_env()
        SECRET_KEY = env.str("SECRET_KEY", "a")
        DEBUG = env.bool("DEBUG", False)
        ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost"])
        DATABASES = {"default": env.dj_db_url("DATABASE_URL", default="sqlite:///db.sqlite3")}
        """,
    )
    pins = locked("django~=5.2.0", "environs[django]", "psycopg2-binary")
    default = {
        name: {"version": f"=={version}", "hashes": hashes}
        for name, (version, hashes) in pins.items()
    }
    source = {"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}
    meta = {"hash": {"sha256": "0"}, "pipfile-spec": 6, "sources": [source]}
    meta["requires"] = {"python_version": "3.11"}
    lock = {"_meta": meta, "default": default, "develop": {}}
    pipfile = '[packages]\ndjango = "*"\n[requires]\npython_version = "3.11"\n'
    write(folder, {"Pipfile": pipfile, "Pipfile.lock": json.dumps(lock)})


def environ_and_poetry(folder: Path) -> None:
    """django-environ, Poetry and a driver that is compiled, in a folder below the root."""
    backend = folder / "backend"
    project(
        backend,
        package="config",
        settings="config.settings.base",
        extra="""
        import environ

        env = environ.Env()
        DEBUG = env.bool("DJANGO_DEBUG", False)
        SECRET_KEY = env("DJANGO_SECRET_KEY")
        ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=[])
        DATABASES = {"default": env.db("DATABASE_URL")}
        """,
    )
    rename_settings(backend, "settings.base", "settings.local", "manage.py")
    rename_settings(backend, "settings.base", "settings.production", "config/wsgi.py")
    local = 'import os\nos.environ.setdefault("DJANGO_SECRET_KEY", "of-a-developer")\n'
    local += 'os.environ.setdefault("DATABASE_URL", "sqlite:///db.sqlite3")\nfrom .base import *\n'
    production = """
        from .base import *

        MAILGUN_API_KEY = env("MAILGUN_API_KEY")
        SECURE_SSL_REDIRECT = env.bool("DJANGO_SECURE_SSL_REDIRECT", default=True)
        """
    files = {
        "config/settings/__init__.py": "",
        "config/settings/local.py": local,
        "config/settings/production.py": production,
    }
    wanted = {"python": "^3.11", "Django": "~5.2", "django-environ": "*", "psycopg2": "*"}
    pins = locked("django~=5.2.0", "django-environ", "psycopg2")
    write(backend, files | poetry(wanted, pins))


def decouple_and_uv(folder: Path) -> None:
    """decouple, POSTGRES_*, uv's lock, the packages in src/, Celery."""
    project(
        folder,
        code="src",
        paths="sys.path.insert(0, str(Path(__file__).parent / 'src'))",
        extra="""
        from decouple import Csv, config

        SECRET_KEY = config("SECRET_KEY")
        DEBUG = config("DEBUG", default=False, cast=bool)
        ALLOWED_HOSTS = config("ALLOWED_HOSTS", cast=Csv())
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": config("POSTGRES_DB"),
                "USER": config("POSTGRES_USER"),
                "PASSWORD": config("POSTGRES_PASSWORD"),
                "HOST": config("POSTGRES_HOST"),
                "PORT": config("POSTGRES_PORT", default=5432, cast=int),
            }
        }
        STRIPE_KEY = config("STRIPE_KEY")
        CELERY_BROKER_URL = config("CELERY_BROKER_URL", default="redis://localhost:6379/0")
        """,
    )
    text = """
        [project]
        name = "shop"
        version = "1"
        requires-python = ">=3.11"
        dependencies = ["Django~=5.2.0", "python-decouple", "psycopg[binary]", "celery[redis]"]
        """
    celery = {"src/shop/celery.py": CELERY.format("shop.settings")}
    write(folder, {"pyproject.toml": text} | celery)
    subprocess.run(["uv", "lock", "--quiet"], cwd=folder, check=True)


GENERATED = ("DJANGO_ADMIN_URL=a/", "MAILGUN_API_KEY=a")
SHAPES = {
    "starter": Shape(starter, alone=False, place="deploy/"),
    "styleguide": Shape(styleguide, alone=False),
    "generator": Shape(generator, GENERATED, alone=False),
    "bakery": Shape(bakery),
    "heroku": Shape(heroku, python=11),
    "sandbox": Shape(sandbox),
    "powershell": Shape(powershell),
    "branches": Shape(branches),
    "engines": Shape(engines),
    "daphne": Shape(daphne, alone=False),
    "opened-dotenv": Shape(opened_dotenv, ("SECRET_KEY=a",), alone=False),
    "split": Shape(split, alone=False),
    "chosen": Shape(chosen, alone=False),
    "pipenv": Shape(pipenv, python=11),
    "environ-poetry": Shape(
        environ_and_poetry,
        ("MAILGUN_API_KEY=a", f"DJANGO_{KEY}", "DATABASE_URL=sqlite:////data/db.sqlite3"),
        alone=False,
    ),
    "decouple-uv": Shape(decouple_and_uv, ("STRIPE_KEY=a",), alone=False),
}
