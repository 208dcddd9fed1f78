"""The database's password changes, and the service goes on."""

import psycopg
import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from template.tests.app.conftest import WITHOUT_DATABASE, settings_from

pytestmark = pytest.mark.usefixtures("connecting")
HBA = "host all shop,buyer 127.0.0.1/32 scram-sha-256\nhost all app 127.0.0.1/32 trust\n"


@pytest.fixture(scope="module")
def administrator(cluster):
    """A connection of the administrator to a server that asks others for a password."""
    (cluster.data / "pg_hba.conf").write_text(HBA)
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE ROLE shop LOGIN PASSWORD 'first'")
        connection.execute("CREATE ROLE buyer LOGIN PASSWORD 'other'")
        yield connection


def service(**environment):
    """The database connection of an application that has started with this environment."""
    settings = settings_from(**WITHOUT_DATABASE, **environment)
    return ConnectionHandler({"default": settings["DATABASES"]["default"]})["default"]


def user(connection):
    """Who one is on a new connection; raises OperationalError when it is refused."""
    try:
        with connection.cursor() as cursor:
            return cursor.execute("SELECT current_user").fetchone()[0]
    finally:
        connection.close()


def test_password_in_a_file_is_read_anew(cluster, administrator, tmp_path):
    """New connections take what PGUSER_FILE and PGPASSWORD_FILE hold now, without a restart."""
    name, file = tmp_path / "user", tmp_path / "password"
    name.write_text("shop\n")
    file.write_text("first\n")
    environment = {"PGHOST": "127.0.0.1", "PGPORT": str(cluster.port), "PGDATABASE": "postgres"}
    connection = service(**environment, PGUSER_FILE=str(name), PGPASSWORD_FILE=str(file))
    assert user(connection) == "shop"
    administrator.execute("ALTER ROLE shop PASSWORD 'second'")
    with pytest.raises(OperationalError, match="password authentication failed"):
        user(connection)
    file.write_text("second\n")
    assert user(connection) == "shop"
    administrator.execute("ALTER ROLE buyer PASSWORD 'other'")
    name.write_text("buyer")
    file.write_text("other")
    assert user(connection) == "buyer"


def test_url_in_a_file_is_read_anew(cluster, administrator, tmp_path):
    """New connections take the user and the password that DATABASE_URL_FILE holds now."""
    file = tmp_path / "url"
    url = f"127.0.0.1:{cluster.port}/postgres"
    file.write_text(f"postgres://app@{url}")
    connection = service(DATABASE_URL_FILE=str(file))
    assert user(connection) == "app"
    administrator.execute("ALTER ROLE buyer PASSWORD 'p@ss/word'")
    file.write_text(f"postgres://buyer:p%40ss%2Fword@{url}\n")
    assert user(connection) == "buyer"


def test_open_connections_survive(cluster, administrator):
    """A connection that is open when the password changes goes on."""
    connection = service(DATABASE_URL=cluster.url)
    with connection.cursor() as cursor:
        administrator.execute("ALTER ROLE app PASSWORD 'second'")
        assert cursor.execute("SELECT 1").fetchone() == (1,)
    connection.close()
