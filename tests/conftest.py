"""Fixtures of all tests."""

import os
import runpy
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from rest_framework.test import APIClient

import itemsAPP.settings

PRODUCTION = {
    "DATABASE_URL": "postgres://app:password@db.example.com:5432/app",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
    "ALLOWED_HOSTS": "example.com,.example.org",
}


def settings_from(**environment: str) -> dict[str, Any]:
    """The settings that the environment leads to, and nothing but this environment."""
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("environs.FileAwareEnv.read_env"),  # a developer's .env
    ):
        return runpy.run_path(itemsAPP.settings.__file__)


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    """No test finds what another has counted."""
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture
def production(settings: Any) -> None:
    """The security settings of production, instead of the relaxed ones of the tests."""
    for name, value in settings_from(**PRODUCTION).items():
        if name.startswith(("SECURE_", "CSRF_", "SESSION_", "ALLOWED_", "ANONYMOUS_")):
            setattr(settings, name, value)


@pytest.fixture
def make_user(db: None) -> Callable[..., Any]:
    """Makes accounts: make_user("ann", is_superuser=True)."""
    return get_user_model().objects.create_user


@pytest.fixture
def anonymous() -> APIClient:
    """A client of somebody who is not signed in."""
    return APIClient()


@pytest.fixture
def user(make_user: Callable[..., Any]) -> APIClient:
    """A client of somebody who is signed in."""
    client = APIClient()
    client.force_login(make_user("user", email="user@example.com"))
    return client


@pytest.fixture
def superuser(make_user: Callable[..., Any]) -> APIClient:
    """A client of a superuser."""
    client = APIClient()
    client.force_login(make_user("superuser", is_staff=True, is_superuser=True))
    return client
