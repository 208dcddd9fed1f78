"""Fixtures of the tests of what serves every application."""

from typing import Any

import pytest

from tests.itemsAPP.models import Note


@pytest.fixture
def sandbox(settings: Any) -> None:
    """The URLs of the tests' application instead of the project's."""
    settings.ROOT_URLCONF = "tests.itemsAPP.urls"


@pytest.fixture
def notes(sandbox: None, db: None) -> list[Note]:
    """Five notes."""
    return Note.objects.bulk_create(Note(name=f"note {number}") for number in range(5))
