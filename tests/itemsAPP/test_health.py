"""The load balancer's probe, readiness and the version."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder


@pytest.mark.parametrize("url", ["/health/live", "/health/live/"])
@pytest.mark.parametrize("host", ["10.0.1.5", "10.0.1.5:8000", "example.com", "evil.example", ""])
@pytest.mark.usefixtures("production")
def test_alive(anonymous, url, host):
    """Alive is 200 whatever the Host is, without HTTPS and without a query."""
    response = anonymous.get(url, headers={"Host": host})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("url", ["/health/live/x", "/health/liveness", "/health", "/x/health/live"])
def test_nothing_else_is(anonymous, url):
    """Nothing beside the probe's URL is answered so."""
    assert anonymous.get(url).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/health/ready", "/health/ready/"])
def test_ready(anonymous, url):
    """Ready is 200 when the database answers and has all migrations."""
    response = anonymous.get(url)
    assert (response.status_code, response.json()) == (200, {"missing_migrations": 0})
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_migration_is_missing(anonymous):
    """A database without the last migrations is not ready."""
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")
    response = anonymous.get("/health/ready")
    assert (response.status_code, response.json()) == (503, {"missing_migrations": 1})


def test_database_is_away(anonymous, monkeypatch):
    """Nor is a service whose database does not answer; it is alive nevertheless."""

    def fail(*args):
        raise OperationalError("no route to host")

    monkeypatch.setattr("itemsAPP.health.MigrationExecutor", fail)
    assert anonymous.get("/health/ready").status_code == 503
    assert anonymous.get("/health/live").status_code == 200


@pytest.mark.parametrize("url", ["/version", "/version/"])
@pytest.mark.parametrize("commit", [None, "0123abc"])
def test_version(anonymous, settings, url, commit):
    """The version is the commit that the image was built from."""
    settings.COMMIT_SHA = commit
    assert anonymous.get(url).json() == {"commit": commit}
