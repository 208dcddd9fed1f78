"""The database's password changes, and the service goes on."""

import psycopg
import pytest

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.resilience import fleet

HBA = "host all shop 127.0.0.1/32 scram-sha-256\nhost all app 127.0.0.1/32 trust\n"
OLD, NEW = "first p@ss/word?", "second #%41"


@pytest.fixture
def administrator(cluster, production):
    """A connection of the administrator to a server that asks others for a password."""
    (cluster.data / "pg_hba.conf").write_text(HBA)
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE ROLE shop LOGIN PASSWORD '{OLD}' IN ROLE app")
        yield connection
        connection.execute("DROP ROLE shop")


@pytest.fixture
def libpq(cluster):
    """The variables that a stage gives its containers, but for the password."""
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGDATABASE": "postgres",
        "PGUSER": "shop",
    }


def test_open_connections_survive(administrator, images, tasks, libpq):
    """What runs goes on with the connections that it has; what starts takes the new password."""
    environment = fleet.PRODUCTION | libpq | {"DB_POOL_SIZE": "1", "WEB_CONCURRENCY": "1"}
    task = tasks.start(images[0], free_port(), **environment, PGPASSWORD=OLD)
    task.wait_until_healthy()
    assert task.client(keep_alive=False).ask("GET", "/itemslist/")[0] == 200
    administrator.execute(f"ALTER ROLE shop PASSWORD '{NEW}'")
    assert task.client(keep_alive=False).ask("GET", "/itemslist/")[0] == 200
    refused = fleet.database_user(images[0], **libpq, PGPASSWORD=OLD)
    assert "password authentication failed" in refused or "couldn't get a connection" in refused
    assert "connected as shop" in fleet.database_user(images[0], **libpq, PGPASSWORD=NEW)


@exhaustive.MARK
@pytest.mark.parametrize("name", ["PGPASSWORD_FILE", "DATABASE_URL_FILE"])
def test_password_may_be_in_a_file(administrator, images, libpq, tmp_path, name):
    """A container that is given a file, as Docker gives secrets, reads the password there."""
    tmp_path.chmod(0o755)
    url = f"postgres://shop:first%20p%40ss%2Fword%3F@127.0.0.1:{libpq['PGPORT']}/postgres"
    (tmp_path / "secret").write_text(f"{url if name == 'DATABASE_URL_FILE' else OLD}\n")
    options = (f"--volume={tmp_path}:/secrets:ro", f"--env={name}=/secrets/secret")
    variables = {} if name == "DATABASE_URL_FILE" else libpq
    assert "connected as shop" in fleet.database_user(images[0], *options, **variables)
