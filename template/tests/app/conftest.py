"""Fixtures of the application's tests."""

import os
import runpy
from pathlib import Path
from unittest import mock

import pytest
from rest_framework.test import APIClient
from tests.app.people import client_of, person

import itemsAPP.settings

PRODUCTION = {
    "DATABASE_URL": "postgres://app:password@db.example.com:5432/app",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
    "ALLOWED_HOSTS": "example.com,.example.org",
}
WITHOUT_DATABASE = {name: PRODUCTION[name] for name in ("SECRET_KEY", "ALLOWED_HOSTS")}
LIBPQ = {"PGHOST": "db", "PGDATABASE": "app", "PGUSER": "ann", "PGPASSWORD": "p@ss/word"}


def settings_from(**environment: str) -> dict:
    """The settings that the environment leads to, and nothing but this environment."""
    with mock.patch.dict(os.environ, environment, clear=True):
        return runpy.run_path(itemsAPP.settings.__file__)


@pytest.fixture
def demo(tmp_path: Path) -> dict:
    """The environment of a demo that keeps its data in a temporary folder."""
    return {"DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def production(settings):
    """The service's own security settings, instead of the relaxed ones of the tests."""
    for name, value in settings_from(**PRODUCTION).items():
        if name.startswith(("SECURE_", "CSRF_", "SESSION_", "ALLOWED_", "ANONYMOUS_")):
            setattr(settings, name, value)


@pytest.fixture
def anonymous(db) -> APIClient:
    """A client of somebody who is not signed in."""
    return client_of("anonymous")


@pytest.fixture
def user(db) -> APIClient:
    """A client of somebody who is signed in."""
    return client_of("user")


@pytest.fixture
def editor(db):
    """A member of the staff who may write accounts and groups."""
    return person("editor")


@pytest.fixture
def editing(editor) -> APIClient:
    """The client of the editor."""
    client = APIClient()
    client.force_login(editor)
    return client


@pytest.fixture
def superuser(db) -> APIClient:
    """A client of a superuser."""
    return client_of("superuser")
