"""The pages that are asked for."""

from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from itemsAPP.pagination import LinkPagination
from template.bench import growth


@pytest.mark.parametrize("position", [1, 500_000, 999_900])
def test_cursors_are_the_apis(position):
    """A page after a position is asked for as the API's own links ask for it."""
    query = parse_qs(f"cursor={growth.cursor(position)}")
    request = Request(APIRequestFactory().get("/", query))
    assert LinkPagination().decode_cursor(request).position == str(position)


def test_every_list_and_a_create():
    """Each list is asked for at its beginning and its end, the API's in the middle; then POST."""
    *pages, creates = growth.lists(1_000_000)
    paths = [[urlsplit(page.path).path for page in each] for each in pages]
    assert paths == [[path] * 3 for path in growth.LISTS] + [[path] * 2 for path in growth.ADMIN]
    assert [(page.method, page.path) for page in creates] == [("POST", "/itemslist/")]


def test_turns():
    """Two actions are called one after the other, and each has its own median."""
    calls = []
    values = iter([1, 10, 3, 30, 2, 20])

    def action(name: str) -> float:
        calls.append(name)
        return next(values)

    assert growth.take_turns(3, lambda: action("a"), lambda: action("b")) == [2, 20]
    assert "".join(calls) == "ababab"
