"""Of two who want the same name at the same moment one gets it, and the other a 409."""

import pytest
from rest_framework import status
from tests.app.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_conflict(editing, monkeypatch):
    """A name that is taken after it was found free is refused with 409, not a server error."""
    UserFactory(username="taken")
    monkeypatch.setattr("rest_framework.validators.qs_exists", lambda queryset: False)
    response = editing.post("/users/", {"username": "taken"})
    assert response.status_code == status.HTTP_409_CONFLICT
    assert response.json() == {
        "detail": "This conflicts with another change. Read again, then retry."
    }


def test_server_errors_stay_server_errors(anonymous, monkeypatch):
    """An error that is nobody's input is raised on."""
    monkeypatch.setattr("itemslist.models.ItemList.save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        anonymous.post("/itemslist/", {"title": "tea"})
