"""The production service on a PostgreSQL server of its own."""

from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from rest_framework import status

from tests import exhaustive, postgresql
from tests.app.commands import manage, runserver
from tests.app.conftest import PRODUCTION, WITHOUT_DATABASE
from tests.requirements import require

ADMINISTRATOR = "-c application_name=administrator"
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE usename = 'app' AND application_name <> 'administrator'"
)
SHOW = (
    "from django.db import connection;"
    "print(connection.cursor().execute('SHOW statement_timeout').fetchone()[0])"
)


@pytest.fixture(scope="module")
def programs():
    """The folder with PostgreSQL's programs."""
    folder = postgresql.programs()
    require(folder is not None, "PostgreSQL's initdb is missing", variable=postgresql.REQUIRED)
    return folder


@pytest.fixture(scope="module")
def database_url(programs):
    """The address of a server with the tables of the application."""
    with postgresql.server(programs) as url:
        manage("migrate", **PRODUCTION | {"DATABASE_URL": url})
        yield url


@pytest.fixture
def browser():
    """A client behind the load balancer."""
    with requests.Session() as session:
        session.headers["Host"] = "example.com"
        session.headers["X-Forwarded-Proto"] = "https"
        session.headers["Connection"] = "close"
        yield session


def test_lost_connections_are_replaced(database_url, browser):
    """A service whose connections the database cut answers the very next request."""
    environment = PRODUCTION | {"DATABASE_URL": database_url}
    with (
        runserver("--nothreading", **environment) as address,
        psycopg.connect(database_url, autocommit=True, options=ADMINISTRATOR) as administrator,
    ):
        for path in ("/itemslist", "/health/ready"):
            assert browser.get(address + path).status_code == status.HTTP_200_OK
            killed = administrator.execute(KILL).fetchall()
            assert (True,) in killed
            assert browser.get(address + path).status_code == status.HTTP_200_OK


def test_lost_database_is_named(programs, browser):
    """A service whose database is gone is not ready, and says why, but it is alive."""
    with ExitStack() as stack:
        environment = PRODUCTION | {
            "DATABASE_URL": stack.enter_context(postgresql.server(programs))
        }
        with runserver("--nothreading", **environment) as address:
            stack.close()
            response = browser.get(f"{address}/health/ready")
            assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
            assert response.json()["checks"]["database"] == "error"
            assert browser.get(f"{address}/health/live").status_code == status.HTTP_200_OK


@exhaustive.MARK
def test_libpq_variables_connect(database_url, tmp_path):
    """libpq's variables, the password in a file, lead to the same database as the URL."""
    password = tmp_path / "password"
    password.write_text("not asked for\n")
    url = urlsplit(database_url)
    libpq = {"PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username}
    libpq |= {"PGDATABASE": url.path[1:], "PGPASSWORD_FILE": str(password)}
    migrations = manage("showmigrations", "itemslist", **WITHOUT_DATABASE, **libpq)
    assert "[X] 0001_initial" in migrations


@exhaustive.MARK
def test_requests_time_out_and_migrations_do_not(database_url):
    """A query of a request ends after 30 seconds or PGOPTIONS; one of a command may take long."""
    environment = PRODUCTION | {"DATABASE_URL": database_url}
    web = f"import itemsAPP.wsgi; {SHOW}"
    assert manage("shell", "--no-imports", "-c", SHOW, **environment) == "0\n"
    assert manage("shell", "--no-imports", "-c", web, **environment) == "30s\n"
    environment["PGOPTIONS"] = "-c statement_timeout=5s"
    assert manage("shell", "--no-imports", "-c", web, **environment) == "5s\n"
