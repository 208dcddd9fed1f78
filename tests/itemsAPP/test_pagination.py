"""Lists are in pages: an array, and the neighbours in the Link header."""

import re
from base64 import b64encode

import pytest

from itemsAPP.pagination import BoundedPaginator
from tests.itemsAPP.models import Note


def neighbours(response):
    """The URLs in the Link header by their relation."""
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {relation: url for url, relation in found}


def names(response):
    """The names of the notes in the page."""
    return [note["name"] for note in response.json()]


def cursor(position):
    """A cursor to what is after the position."""
    return b64encode(f"p={position}".encode()).decode()


def test_pages_turn(anonymous, notes):
    """Following `next` shows every note once, and `prev` leads back."""
    pages, url = [], "/notes/?page_size=2"
    while url:
        response = anonymous.get(url)
        pages.append(names(response))
        url = neighbours(response).get("next")
    assert pages == [["note 0", "note 1"], ["note 2", "note 3"], ["note 4"]]
    back = anonymous.get(neighbours(response)["prev"])
    assert names(back) == ["note 2", "note 3"]


def test_all_on_one_page(anonymous, notes):
    """A list that fits on a page has no neighbours."""
    response = anonymous.get("/notes/")
    assert len(response.json()) == len(notes)
    assert "Link" not in response.headers


def test_new_rows_do_not_move_a_page(anonymous, notes):
    """What is deleted meanwhile shifts nothing: pages are found by key, not by number."""
    following = neighbours(anonymous.get("/notes/?page_size=2"))["next"]
    notes[0].delete()
    assert names(anonymous.get(following)) == ["note 2", "note 3"]


@pytest.mark.parametrize("size", ["1001", "99999999999999999999"])
def test_size_is_bounded(anonymous, sandbox, db, size):
    """No page has more than 1000 rows."""
    Note.objects.bulk_create(Note(name=str(number)) for number in range(1005))
    assert len(anonymous.get("/notes/", {"page_size": size}).json()) == 1000
    assert len(anonymous.get("/notes/").json()) == 100


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", ""])
def test_other_sizes_are_the_default(anonymous, notes, size):
    """What is no size counts for none, as REST framework has it."""
    assert len(anonymous.get("/notes/", {"page_size": size}).json()) == len(notes)


@pytest.mark.parametrize(
    "bad", ["x", cursor("x"), cursor("1.5"), cursor("\0"), cursor("1\0"), "bz0tNQ=="]
)
def test_bad_cursor(anonymous, notes, bad):
    """A cursor that is none of ours is 404, and no server error."""
    response = anonymous.get("/notes/", {"cursor": bad})
    assert response.status_code == 404
    assert list(response.json()) == ["detail"]


def test_cursor_beyond_every_key(anonymous, notes):
    """A key that no database could hold has nothing after it."""
    response = anonymous.get("/notes/", {"cursor": cursor("9" * 40)})
    assert (response.status_code, response.json()) == (200, [])


def test_list_is_not_counted(anonymous, notes, django_assert_num_queries):
    """A page costs one query."""
    with django_assert_num_queries(1) as queries:
        anonymous.get("/notes/?page_size=2")
    assert "COUNT" not in queries[0]["sql"]


def test_admin_counts_no_further(db):
    """The admin's paginator counts to its limit."""
    Note.objects.bulk_create(Note(name=str(number)) for number in range(10_001))
    notes = Note.objects.order_by("pk")
    assert BoundedPaginator(notes.filter(name__in=["1", "2", "3"]), 2).count == 3
    assert BoundedPaginator(notes, 2).count == 10_000
