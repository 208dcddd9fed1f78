"""What every url answers to every method of everybody: the whole contract in one table."""

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.http import HttpResponse

from template.tests import exhaustive
from template.tests.app.factories import GroupFactory, ItemFactory, UserFactory
from template.tests.app.people import ROLES, client_of

# A cell with one status is for everybody; one with four is for somebody anonymous, a user, staff
# without permissions, and a superuser.
OPEN, NONE = "200", "405"
READ = "403 200 200 200"
ADD, CHANGE, REMOVE = "403 403 403 201", "403 403 403 200", "403 403 403 204"
HIDDEN = "403 403 403 405"
USERS_ADD, USERS_CHANGE, USERS_REMOVE = "403 201 201 201", READ, "403 204 204 204"
USERS_NONE = "403 405 405 405"
STAFF = "302 302 200 200"

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
TABLE = {
    "/": (OPEN, OPEN, OPEN, NONE, NONE, NONE, NONE),
    "/ping/": (OPEN, OPEN, OPEN, NONE, NONE, NONE, NONE),
    "/users/": (READ, READ, READ, ADD, HIDDEN, HIDDEN, HIDDEN),
    "/users/<user>/": (READ, READ, READ, HIDDEN, CHANGE, CHANGE, REMOVE),
    "/groups/": (READ, READ, READ, ADD, HIDDEN, HIDDEN, HIDDEN),
    "/groups/<group>/": (READ, READ, READ, HIDDEN, CHANGE, CHANGE, REMOVE),
    "/item/": (READ, READ, READ, USERS_ADD, USERS_NONE, USERS_NONE, USERS_NONE),
    "/item/<item>/": (READ, READ, READ, USERS_NONE, USERS_CHANGE, USERS_CHANGE, USERS_REMOVE),
    "/itemslist/": (OPEN, OPEN, OPEN, "201", "201", NONE, NONE),
    "/itemslist/<item>/": (OPEN, OPEN, OPEN, "200", "200", "200", "204"),
    "/schema/": (OPEN, OPEN, OPEN, NONE, NONE, NONE, NONE),
    "/docs/": (OPEN, OPEN, NONE, NONE, NONE, NONE, NONE),
    "/admin/password_reset/": (OPEN, OPEN, OPEN, OPEN, OPEN, NONE, NONE),
    "/admin/password_reset/done/": (OPEN, OPEN, OPEN, NONE, NONE, NONE, NONE),
    "/admin/reset/a/b/": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN),
    "/admin/reset/done/": (OPEN, OPEN, OPEN, NONE, NONE, NONE, NONE),
    "/admin/": (STAFF, STAFF, STAFF, STAFF, STAFF, STAFF, STAFF),
    "/api-auth/login/": (OPEN, OPEN, OPEN, OPEN, OPEN, NONE, NONE),
    "/api-auth/logout/": (NONE, NONE, OPEN, OPEN, NONE, NONE, NONE),
    "/health/live/": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN),
    "/health/ready/": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN),
    "/version/": (OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN),
}
REDIRECTED = ("/admin/", "/api-auth/login/", "/api-auth/logout/")  # Django's own, where GET is bare
WITHOUT_ANONYMOUS_WRITES = {
    "/itemslist/": (OPEN, OPEN, OPEN, USERS_ADD, USERS_ADD, USERS_NONE, USERS_NONE),
    "/itemslist/<item>/": (OPEN, OPEN, OPEN, READ, READ, READ, USERS_REMOVE),
}
ABSENT = f"{10**30}/"
MISSING_READ = "403 404 404 404"
MISSING_WRITE = "403 403 403 404"
MISSING = {
    "/users/" + ABSENT: (MISSING_READ, MISSING_READ, READ, HIDDEN, *[MISSING_WRITE] * 3),
    "/groups/" + ABSENT: (MISSING_READ, MISSING_READ, READ, HIDDEN, *[MISSING_WRITE] * 3),
    "/item/" + ABSENT: (MISSING_READ, MISSING_READ, READ, USERS_NONE, *[MISSING_READ] * 3),
    "/itemslist/" + ABSENT: ("404", "404", OPEN, "404", "404", "404", "404"),
    "/nowhere/": ("404", "404", "404", "404", "404", "404", "404"),
}

SLASHES = exhaustive.rows(["/", ""], "/")
BODY = {"title": "new", "username": "new", "name": "new"}
TARGETS = {"<user>": UserFactory, "<group>": GroupFactory, "<item>": ItemFactory}


def cells(table: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str, HTTPStatus]]:
    """Every cell of a table: url, method, role, and the status that it promises."""
    for url, row in table.items():
        for method, cell in zip(METHODS, row, strict=True):
            statuses = cell.split() if " " in cell else [cell] * len(ROLES)
            for role, status in zip(ROLES, statuses, strict=True):
                yield url, method, role, HTTPStatus(int(status))


def answer(url: str, method: str, role: str, slash: str) -> HttpResponse:
    """The response at the url, where `<item>` stands for the id of one that exists."""
    for placeholder, target in TARGETS.items():
        if placeholder in url:
            url = url.replace(placeholder, str(target().pk))
    url = url.rstrip("/") + slash
    return client_of(role).generic(method, url, json.dumps(BODY), "application/json")


@pytest.mark.django_db
@pytest.mark.parametrize("slash", SLASHES, ids=["slash", "bare"])
@pytest.mark.parametrize(("url", "method", "role", "status"), [*cells(TABLE), *cells(MISSING)])
def test_access(url, method, role, status, slash):
    """Every url answers every method of everybody as the table says, slash or no slash."""
    response = answer(url, method, role, slash)
    if not slash and url in REDIRECTED:
        assert response.status_code == HTTPStatus.MOVED_PERMANENTLY
        assert response.headers["Location"] == url
        return
    if not slash and url.startswith("/admin/"):  # the admin's own, too, and to log in
        assert response.status_code in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND)
        return
    assert response.status_code == status
    assert ("Allow" in response) or status != HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.django_db
@pytest.mark.parametrize("slash", SLASHES, ids=["slash", "bare"])
@pytest.mark.parametrize(("url", "method", "role", "status"), [*cells(WITHOUT_ANONYMOUS_WRITES)])
def test_access_without_anonymous_writes(settings, url, method, role, status, slash):
    """Anyone can read the items, and nobody anonymous write any, once ANONYMOUS_WRITES is off."""
    settings.ANONYMOUS_WRITES = False
    assert answer(url, method, role, slash).status_code == status
