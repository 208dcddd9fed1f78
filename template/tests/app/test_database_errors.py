"""What clients are told while the database is away."""

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from rest_framework import status

from itemslist.views import ItemsListView


@pytest.fixture
def fail(monkeypatch):
    """A function that lets the list of items fail with an exception."""

    def fail_with(exception):
        def get_queryset(view):
            raise exception

        monkeypatch.setattr(ItemsListView, "get_queryset", get_queryset)

    return fail_with


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_lost_database_is_503(anonymous, fail, caplog, error):
    """A request that the database fails is answered with 503, a time to wait, and a traceback."""
    fail(error("the connection is lost"))
    response = anonymous.get("/itemslist/")
    assert response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE
    assert response.json() == {"detail": "The database does not answer. Try again."}
    assert response.headers["Retry-After"] == "5"
    assert "the connection is lost" in caplog.text


def test_wrong_query_is_500(anonymous, fail):
    """An error of our own is no reason to try again."""
    fail(ProgrammingError("no such table"))
    anonymous.raise_request_exception = False
    response = anonymous.get("/itemslist/")
    assert response.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR
