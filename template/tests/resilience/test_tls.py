"""The application speaks to the right PostgreSQL server only, when it is told to look."""

import os
import shutil
import subprocess
from unittest import mock

import psycopg
import pytest
from django.db import OperationalError

from template.tests.postgresql import ordinary_user
from template.tests.resilience.test_password import service, user

pytestmark = pytest.mark.usefixtures("connecting")
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


def connect(cluster, *, host="localhost", **environment):
    """Connect as the application does, with libpq's variables; raises OperationalError."""
    url = f"postgres://app@{host}:{cluster.port}/postgres"
    with mock.patch.dict(os.environ, environment | {"PGHOSTADDR": "127.0.0.1"}):
        return user(service(DATABASE_URL=url))


def test_right_server_is_trusted(encrypted, authorities):
    """With verify-full, the authority's certificate and the server's name it connects."""
    root = str(authorities[0][0])
    assert connect(encrypted, PGSSLMODE="verify-full", PGSSLROOTCERT=root) == "app"


def test_other_authority_is_refused(encrypted, authorities):
    """A server whose certificate another authority has signed is refused."""
    root = str(authorities[1][0])
    with pytest.raises(OperationalError, match="certificate verify failed"):
        connect(encrypted, PGSSLMODE="verify-full", PGSSLROOTCERT=root)


def test_other_name_is_refused(encrypted, authorities):
    """A server whose certificate is for another name is refused."""
    root = str(authorities[0][0])
    with pytest.raises(OperationalError, match="does not match host name"):
        connect(encrypted, host="db.test", PGSSLMODE="verify-full", PGSSLROOTCERT=root)


def test_require_encrypts_and_asks_for_no_name(encrypted):
    """The mode require connects without a look at the certificate, and disable not at all."""
    assert connect(encrypted, host="db.test", PGSSLMODE="require") == "app"
    with pytest.raises(OperationalError, match="no encryption"):
        connect(encrypted, PGSSLMODE="disable")
