"""The server's settings and the entry point serve a project that knows nothing of the sample."""

import textwrap

import psycopg
import pytest
import requests

from template.rehearsal.machine import free_port
from template.tests.image.containers import GUNICORN, docker, inspect, running, until
from template.tests.resilience import fleet

pytestmark = pytest.mark.usefixtures("docker")
SETTINGS = """
import os
from pathlib import Path
SECRET_KEY = "not-secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
PRODUCTION = False  # a name that anybody may use
"""
SQLITE = 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/db"}}\n'
POSTGRESQL = """
import dj_database_url
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}
"""
URLS = """
import os
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import path

def users(request):
    return HttpResponse(User.objects.count())

def fails(request):
    raise RuntimeError("the reason why")

urlpatterns = [path("users", users), path("fails", fails)]
"""
MANAGE = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
WSGI = """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
SERVE = (*GUNICORN, "shop.wsgi")


@pytest.fixture
def project(tmp_path):
    """A function that makes the project, and returns the options that bring it into a container."""

    def make(settings, **files):
        tmp_path.chmod(0o755)  # the container's user is another one
        package = tmp_path / "shop"
        package.mkdir()
        modules = {"settings": SETTINGS + settings, "urls": URLS, "wsgi": WSGI, "__init__": ""}
        for name, text in modules.items():
            (package / f"{name}.py").write_text(text)
        for name, text in {"manage.py": MANAGE, **files}.items():
            (tmp_path / name).write_text(textwrap.dedent(text))
        return (
            *(f"--volume={tmp_path}:/srv:ro", "--workdir=/srv", "--read-only", "--no-healthcheck"),
            *("--env=PYTHONPATH=/srv", "--env=DJANGO_SETTINGS_MODULE=shop.settings"),
            "--env=WORKER_CLASS=gthread",
        )

    return make


def answer(url, path):
    """The status and the text of a page, once the server listens."""

    def ask():
        try:
            response = requests.get(f"{url}/{path}", timeout=60)
        except requests.RequestException:
            return None
        return response.status_code, response.text

    return until(ask)


def test_sqlite_is_migrated_at_the_start(image, project):
    """A project on SQLite is served from a fresh volume, by threads where it asks for them."""
    with running(image, *project(SQLITE), command=SERVE) as container:
        assert answer(container.url, "users") == (200, "0")
        assert until(lambda: "Using worker: gthread" in container.log)


def test_own_configuration_of_gunicorn_is_not_read(image, project):
    """A gunicorn.conf.py in the project's folder takes the place of nothing."""
    options = project(SQLITE, **{"gunicorn.conf.py": "workers = 5\nbind = '127.0.0.1:81'\n"})
    with running(image, *options, command=SERVE) as container:
        assert answer(container.url, "users") == (200, "0")
        assert until(lambda: container.log.count("Booting worker") == 2)


@pytest.mark.parametrize("logging", ["", "LOGGING = {}\n"])
def test_errors_are_in_the_log(image, project, logging):
    """Under Django's own LOGGING, which prints errors with DEBUG only, a traceback is printed."""
    with running(image, *project(SQLITE + logging), command=SERVE) as container:
        assert answer(container.url, "fails")[0] == 500
        assert until(lambda: "RuntimeError: the reason why" in container.log)
        assert container.log.count("RuntimeError: the reason why") == 1


@pytest.mark.parametrize("settings", ["DEBUG = True\n", "LOGGING = {'version': 1}\n"])
def test_logging_of_the_project_stays(image, project, settings):
    """Settings that print errors themselves, or want none, are left as they are."""
    with running(image, *project(SQLITE + settings), command=SERVE) as container:
        assert answer(container.url, "fails")[0] == 500
        docker("stop", container.name)  # after which the log is complete
        assert container.log.count("RuntimeError: the reason why") == ("DEBUG" in settings)


def test_server_goes_on_logging(image, project):
    """A LOGGING that disables the loggers of before it does not mean gunicorn's."""
    settings = "LOGGING = {'version': 1, 'disable_existing_loggers': True}\n"
    command = (*GUNICORN, "--access-logfile", "-", "shop.wsgi")
    with running(image, *project(SQLITE + settings), command=command) as container:
        assert answer(container.url, "users") == (200, "0")
        assert until(lambda: '"GET /users HTTP/1.1" 200' in container.log)
        container.run("sh", "-c", "kill -KILL $(cat /proc/1/task/1/children)")
        assert until(lambda: "was sent SIGKILL" in container.log)


def test_shared_database_is_never_migrated_by_a_server(image, project, database):
    """Whatever the project calls its settings, a server leaves a PostgreSQL database alone."""
    port = free_port()
    environment = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(database.port),
        "PGDATABASE": "postgres",
        "PGUSER": "app",
        "PORT": str(port),
    }
    options = project(POSTGRESQL)
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    with fleet.tasks() as tasks:
        tasks.start(image, port, *options, command=SERVE, **environment)
        assert answer(f"http://127.0.0.1:{port}", "users")[0] == 500
        with psycopg.connect(database.url) as connection:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            assert connection.execute(tables).fetchall() == []
        migrate = ("python", "manage.py", "migrate")
        docker("run", "--rm", "--network=host", *options, *variables, image, *migrate)
        assert answer(f"http://127.0.0.1:{port}", "users") == (200, "0")


@pytest.mark.parametrize("command", [SERVE, ("python", "manage.py", "migrate", "--noinput")])
def test_sqlite_beside_a_server_is_refused(image, project, command):
    """Where the stage gives a database that the settings ignore nothing starts, nor migrates."""
    options = (*project(SQLITE), "--env=PGHOST=db.example.com")
    with running(image, *options, command=command) as container:
        assert until(lambda: inspect(container.name)["State"]["Status"] == "exited")
        assert inspect(container.name)["State"]["ExitCode"] == 1
        assert "DATABASES in the settings is SQLite" in container.log
        assert "Listening at" not in container.log
