"""The URLs in the documentation are those that the application answers."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from template.tests.docs.pages import PAGES, README, Page, code, spans_in

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ROWS = [(route, row[1]) for row in README.rows("The API") for route in spans_in(row[0])]
LIVENESS = "/health/live"  # answered by a middleware, before there is a route
LOOPBACK = r"http://(?:127\.0\.0\.1|localhost):\d+/[^\s`\"]*"


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    """The routes below a resolver; those of another package as what they all begin with."""
    for entry in resolver.url_patterns:
        route = prefix + plain(str(entry.pattern))
        if isinstance(entry, URLPattern) or entry.app_name:
            yield route
        else:
            yield from routes(entry, route)


def plain(pattern: str) -> str:
    """A pattern of Django's as people write it, such as items/<pk>/."""
    without = pattern.removeprefix("^").removesuffix("$").replace(r"\Z", "").replace("/?", "/")
    return re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", re.sub(r"<\w+:", "<", without))


def is_answered(path: str) -> bool:
    """Whether the application has a view for a path, with or without its last slash."""
    if path.rstrip("/") == LIVENESS:
        return True
    for candidate in (path, f"{path}/"):
        try:
            resolve(candidate)
            return True
        except Resolver404:
            continue
    return False


def test_every_route_is_documented() -> None:
    """The README's table has each route of the application once, and no other."""
    live = [route for route, _ in ROWS if route.rstrip("/") == LIVENESS]
    assert len(live) == 1
    assert sorted(route for route, _ in ROWS) == sorted([*routes(get_resolver()), *live])


@pytest.mark.django_db
@pytest.mark.parametrize(("route", "methods"), [row for row in ROWS if row[1]])
def test_route_has_the_documented_methods(client: Client, route: str, methods: str) -> None:
    """A route takes the methods in its row, and answers the others with 405."""
    client.force_login(get_user_model().objects.create_superuser("root"))
    path = route.replace("<pk>", "2")
    taken = [method for method in METHODS if client.generic(method, path).status_code != 405]
    assert taken == (list(METHODS) if methods == "any" else methods.split(", "))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_addresses_are_answered(page: Page) -> None:
    """Each address of this machine that a page names has a view."""
    found = re.findall(LOOPBACK, page.path.read_text())
    assert [url for url in found if not is_answered(urlsplit(url).path.rstrip(".,"))] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_are_answered_or_in_the_code(page: Page) -> None:
    """Each path from the root is an address of the application, or one that the code names."""
    found = {span for span in page.spans if span.startswith("/")} - {*routes(get_resolver())}
    unknown = [path for path in found if not is_answered(path)]
    assert [path for path in unknown if not re.search(rf"{re.escape(path)}(?!\w)", code())] == []


def test_strange_path_is_not_answered() -> None:
    """The check knows an address that does not exist."""
    assert not is_answered("/no-such-address")
