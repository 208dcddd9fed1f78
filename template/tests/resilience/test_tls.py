"""The application speaks to the right PostgreSQL server only, when it is told to look."""

import shutil
import subprocess

import psycopg
import pytest

from template.tests.postgresql import ordinary_user
from template.tests.resilience import fleet

NEW_KEY = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def certificate(folder, name, *options):
    """Make a certificate with its key, valid for a day; the paths of both."""
    files = (folder / f"{name}.pem", folder / f"{name}.key")
    names = ("-keyout", str(files[1]), "-out", str(files[0]), "-subj", f"/CN={name}")
    command = (*NEW_KEY, "-nodes", "-days", "1", *names, *options)
    subprocess.run(command, check=True, capture_output=True)
    return files


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """Two certificate authorities, ours and somebody else's."""
    folder = tmp_path_factory.mktemp("authorities")
    folder.chmod(0o755)  # the container's user is another one
    return certificate(folder, "ours"), certificate(folder, "others")


@pytest.fixture(scope="module")
def encrypted(cluster, authorities):
    """A server with a certificate for localhost, which takes encrypted connections only."""
    authority, key = authorities[0]
    signed = ("-CA", str(authority), "-CAkey", str(key))
    files = certificate(cluster.data, "server", *signed, "-addext", "subjectAltName=DNS:localhost")
    for file in files:
        file.chmod(0o600)
        shutil.chown(file, **ordinary_user())
    with psycopg.connect(cluster.url, autocommit=True) as administrator:
        administrator.execute("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
        administrator.execute("ALTER SYSTEM SET ssl_key_file = 'server.key'")
        administrator.execute("ALTER SYSTEM SET ssl = on")
        (cluster.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
        administrator.execute("SELECT pg_reload_conf()")
    return cluster


@pytest.fixture
def connect(encrypted, authorities, images):
    """A function that connects as the application does, with libpq's variables for TLS."""
    folder = authorities[0][0].parent

    def connect_from_container(*, host="localhost", authority=None, **variables):
        environment = {
            "DATABASE_URL": f"postgres://app@{host}:{encrypted.port}/postgres",
            "PGHOSTADDR": "127.0.0.1",
            **variables,
        }
        if authority:
            environment["PGSSLROOTCERT"] = f"/authorities/{authority}.pem"
        volume = f"--volume={folder}:/authorities:ro"
        return fleet.database_user(images[0], volume, **environment)

    return connect_from_container


def test_right_server_is_trusted(connect):
    """With verify-full, the authority's certificate and the server's name it connects."""
    assert "connected as app" in connect(PGSSLMODE="verify-full", authority="ours")


@pytest.mark.parametrize(
    ("host", "authority"), [("localhost", "others"), ("db.test", "ours")], ids=["authority", "name"]
)
def test_other_server_is_refused(connect, host, authority):
    """A server whose certificate another authority has signed, or for another name, is refused."""
    said = connect(host=host, PGSSLMODE="verify-full", authority=authority)
    assert "connected as" not in said
    assert "certificate" in said or "couldn't get a connection" in said


def test_require_encrypts_and_asks_for_no_name(connect):
    """The mode require connects without a look at the certificate, and disable not at all."""
    assert "connected as app" in connect(host="db.test", PGSSLMODE="require")
    assert "connected as" not in connect(host="db.test", PGSSLMODE="disable")
