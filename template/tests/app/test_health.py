"""The probes: liveness for load balancers, readiness and version for people."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler
from dockerflow.django import checks
from rest_framework import status

from itemsAPP import health

IP_ADDRESS = {"Host": "10.0.1.5"}


@pytest.fixture
def broken_database(monkeypatch):
    """A database that cannot be reached."""
    broken = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nonexistent/db.sqlite3"}
    connection = ConnectionHandler({"default": broken})["default"]
    monkeypatch.setattr(health, "connection", connection)
    monkeypatch.setattr(checks, "connection", connection)


@pytest.mark.parametrize("address", ["/health/live", "/health/live/"])
@pytest.mark.parametrize("headers", [IP_ADDRESS, {"Host": "evil.example"}, {"Host": "a b"}, {}])
def test_live(client, address, headers):
    """Liveness is 200 whatever the Host is, with an empty body and without the database."""
    response = client.get(address, headers=headers)
    assert (response.status_code, response.content) == (status.HTTP_200_OK, b"")


@pytest.mark.parametrize(
    "address",
    [
        *["/", "/itemslist", "/health/ready", "/version", "/nowhere", "/static/admin/css/base.css"],
        *["/health/live/x", "/health/livex", "/x/health/live", "/health/live%0A"],
    ],
)
def test_wrong_host(client, address):
    """Everything but liveness is refused with 400 when the Host is not ours."""
    assert client.get(address, headers=IP_ADDRESS).status_code == status.HTTP_400_BAD_REQUEST


@pytest.mark.django_db
def test_ready(client, django_assert_max_num_queries):
    """Readiness is 200 when the database answers and is migrated, and is never cached."""
    with django_assert_max_num_queries(3):
        response = client.get("/health/ready")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_not_ready_without_database(client, broken_database, caplog):
    """Readiness is 503 and names the database that does not answer; liveness is as before."""
    response = client.get("/health/ready")
    assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert response.json()["status"] == "failing"
    assert response.json()["checks"]["database"] == "error"
    assert "unable to open database file" in caplog.text
    assert client.get("/health/live").status_code == status.HTTP_200_OK


@pytest.mark.django_db
def test_not_ready_without_migrations(client):
    """Readiness is 503 and names the migrations when one is missing."""
    MigrationRecorder(connection).record_unapplied("itemslist", "0001_initial")
    response = client.get("/health/ready")
    assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert response.json()["checks"] == {"database": "ok", "migrations": "warning"}


@pytest.mark.parametrize("commit", ["0123456789abcdef0123456789abcdef01234567", None])
def test_version(client, settings, commit):
    """The version is the commit that the image was built from, where it is known."""
    settings.COMMIT_SHA = commit
    response = client.get("/version")
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, {"commit": commit})


@pytest.mark.django_db
def test_broken_database_is_broken(broken_database):
    """The database of these tests fails the way that a lost one does."""
    with pytest.raises(OperationalError):
        health.connection.cursor()
