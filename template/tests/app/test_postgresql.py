"""The production service on a PostgreSQL server of its own."""

import select
from contextlib import ExitStack
from urllib.parse import urlsplit

import dj_database_url
import psycopg
import pytest
import requests
from django.db import ProgrammingError
from django.db.utils import ConnectionHandler
from rest_framework import status

from template.tests import exhaustive, postgresql
from template.tests.app.commands import manage, runserver
from template.tests.app.conftest import PRODUCTION, WITHOUT_DATABASE
from template.tests.requirements import require

ADMINISTRATOR = "-c application_name=administrator"
KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE usename = 'app' AND application_name <> 'administrator'"
)
LAST_QUERY = "SELECT query FROM pg_stat_activity WHERE pid = %s"
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


@pytest.fixture
def administrator(database_url):
    """A connection beside those of the application."""
    with psycopg.connect(database_url, autocommit=True, options=ADMINISTRATOR) as connection:
        yield connection


@pytest.fixture
def connection(database_url, django_db_blocker):
    """A connection of the application, kept between requests."""
    url = dj_database_url.parse(database_url, engine="itemsAPP.postgresql")
    settings = url | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "TIME_ZONE": None}
    wrapper = ConnectionHandler({"default": settings})["default"]
    with django_db_blocker.unblock():
        yield wrapper
    wrapper.close()


def request(connection, query="SELECT 'a request'"):
    """Run the query as a request does; the process of the server that answered."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute(query)
    return connection.connection.info.backend_pid


def test_lost_connections_are_replaced(database_url, browser, administrator):
    """A service whose connections the database cut answers the very next request."""
    environment = PRODUCTION | {"DATABASE_URL": database_url}
    with runserver("--nothreading", **environment) as address:
        for path in ("/itemslist", "/health/ready"):
            assert browser.get(address + path).status_code == status.HTTP_200_OK
            killed = administrator.execute(KILL).fetchall()
            assert (True,) in killed
            assert browser.get(address + path).status_code == status.HTTP_200_OK


def test_silent_server_is_not_asked(connection, administrator):
    """A connection is used again without a query that only checks it."""
    process = request(connection)
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()
    assert administrator.execute(LAST_QUERY, [process]).fetchone() == ("SELECT 'a request'",)
    assert request(connection) == process


def test_connection_that_was_ended_is_replaced(connection, administrator):
    """After the server has ended a connection, the next request has another."""
    process = request(connection)
    assert (True,) in administrator.execute(KILL).fetchall()
    select.select([connection.connection], [], [], 5)
    assert request(connection) != process


def test_server_that_has_spoken_is_asked(connection, administrator):
    """A message that nobody waited for is no reason to part."""
    process = request(connection, "LISTEN news")
    administrator.execute("NOTIFY news")
    select.select([connection.connection], [], [], 5)
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()
    assert administrator.execute(LAST_QUERY, [process]).fetchone() == ("SELECT 1",)
    assert request(connection) == process


def test_server_is_asked_after_an_error(connection, administrator):
    """A connection on which something went wrong has to prove that it works."""
    process = request(connection)
    with pytest.raises(ProgrammingError):
        request(connection, "SELECT nothing")
    connection.close_if_unusable_or_obsolete()
    assert administrator.execute(LAST_QUERY, [process]).fetchone() == ("SELECT 1",)
    assert request(connection) == process


def test_connection_whose_end_a_query_met_is_replaced(connection, administrator):
    """A connection that is known to be lost is replaced, also if Django does not know it yet."""
    process = request(connection)
    administrator.execute(KILL)
    select.select([connection.connection], [], [], 5)
    with pytest.raises(psycopg.OperationalError):
        connection.connection.execute("SELECT 1")
    assert request(connection) != process


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
