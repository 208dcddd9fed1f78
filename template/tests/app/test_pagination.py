"""Lists come in pages: bounded, in the order of the ids, found by key and never counted."""

import base64

import pytest
from itemslist.pagination import LinkPagination
from requests.utils import parse_header_links
from rest_framework import status
from tests.app.factories import GroupFactory, ItemFactory, UserFactory

pytestmark = pytest.mark.django_db
LISTS = {"/itemslist/": ItemFactory, "/item/": ItemFactory, "/groups/": GroupFactory}


def links(response):
    """The addresses of other pages by their relation, as RFC 8288 has them."""
    header = response.headers.get("Link", "")
    return {link["rel"]: link["url"] for link in parse_header_links(header)}


def ids(response):
    """The ids in the array."""
    return [item["id"] for item in response.json()]


def at(position):
    """The query of a page at the position, encoded as the links have it."""
    return {"cursor": base64.b64encode(position.encode()).decode()}


def test_every_page_once(anonymous, django_assert_num_queries):
    """Following `next` meets every item once, in order; `prev` leads back; each costs a query."""
    items = [item.pk for item in ItemFactory.create_batch(7)]
    pages = [anonymous.get("/itemslist?page_size=3")]
    while address := links(pages[-1]).get("next"):
        with django_assert_num_queries(1):
            pages.append(anonymous.get(address))
    assert [ids(page) for page in pages] == [items[:3], items[3:6], items[6:]]
    back = anonymous.get(links(pages[-1])["prev"])
    assert ids(back) == items[3:6]
    assert ids(anonymous.get(links(back)["prev"])) == items[:3]
    assert ids(anonymous.get(links(back)["next"])) == items[6:]


def test_single_page_has_no_links(anonymous):
    """A list that fits on a page has no Link header, be it empty or full."""
    assert "Link" not in anonymous.get("/itemslist/")
    ItemFactory.create_batch(3)
    assert "Link" not in anonymous.get("/itemslist/?page_size=3")


def test_pages_do_not_shift(anonymous):
    """What is deleted or added meanwhile makes no item appear twice or get lost."""
    items = ItemFactory.create_batch(5)
    first = anonymous.get("/itemslist/?page_size=2")
    items[0].delete()
    items[1].delete()
    added = ItemFactory()
    rest = anonymous.get(links(first)["next"].replace("page_size=2", "page_size=9"))
    assert ids(rest) == [*(item.pk for item in items[2:]), added.pk]


def test_page_after_the_last(anonymous):
    """A page behind the last item is empty, and leads back."""
    items = ItemFactory.create_batch(2)
    response = anonymous.get("/itemslist/", at(f"p={items[-1].pk}"))
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, [])
    assert ids(anonymous.get(links(response)["prev"])) == [items[0].pk]


@pytest.mark.parametrize("address", [*LISTS, "/users/"])
def test_default_size(user, django_assert_max_num_queries, address):
    """No list is longer than a hundred entries by default, nor takes more than four queries."""
    LISTS.get(address, UserFactory).create_batch(101)
    with django_assert_max_num_queries(4):
        response = user.get(address)
    assert len(response.json()) == 100
    assert set(links(response)) == {"next"}


def test_largest_size(anonymous, monkeypatch):
    """A page is never larger than the maximum, whatever the client asks for."""
    assert LinkPagination.max_page_size == 1000
    monkeypatch.setattr(LinkPagination, "max_page_size", 2)
    ItemFactory.create_batch(3)
    assert len(anonymous.get(f"/itemslist/?page_size={10**30}").json()) == 2


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ("0", "Ensure this value is greater than or equal to 1."),
        ("-1", "Ensure this value is greater than or equal to 1."),
        ("", "A valid integer is required."),
        ("ten", "A valid integer is required."),
        ("\0", "A valid integer is required."),
        ("9" * 5000, "String value too large."),
    ],
)
def test_wrong_size(anonymous, size, error):
    """A page size that is none is refused with 400."""
    response = anonymous.get("/itemslist/", {"page_size": size})
    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert response.json() == {"page_size": [error]}


@pytest.mark.parametrize(
    "query",
    [{"cursor": text} for text in ("", "!", "é", "\0", "AAAA", "9" * 5000)]
    + [at(text) for text in ("p=", "p=a", "p=-1", "p=1.5", "p=\0", "o=1", "r=x&p=1", "p=9" * 5000)],
)
def test_wrong_cursor(anonymous, query):
    """A cursor that is none of ours is refused with 404."""
    response = anonymous.get("/itemslist/", query)
    assert response.status_code == status.HTTP_404_NOT_FOUND
    assert response.json() == {"detail": "Invalid cursor"}


@pytest.mark.parametrize(
    ("position", "found"), [(f"p={2**63}", False), (f"p={2**63}&r=1", True), ("p=0", True)]
)
def test_position_beyond_every_id(anonymous, position, found):
    """A position beyond what an id can be is before or after every item."""
    item = ItemFactory()
    response = anonymous.get("/itemslist/", at(position))
    assert (response.status_code, ids(response)) == (status.HTTP_200_OK, [item.pk] * found)


def test_strange_query_survives_in_the_links(anonymous):
    """Other parameters, however odd, are carried along without breaking the header."""
    ItemFactory.create_batch(2)
    response = anonymous.get("/itemslist/?page_size=1&a=%00%ff%0d%0a%3E%2C%22")
    assert links(response)["next"].startswith("http://testserver/itemslist/?a=%00%EF%BF%BD%0D%0A")


def test_page_is_found_by_key(anonymous, django_assert_num_queries):
    """The database starts at the primary key: it skips no rows, sorts none, and counts none."""
    ItemFactory.create_batch(5)
    address = links(anonymous.get("/itemslist/?page_size=2"))["next"]
    with django_assert_num_queries(1) as queries:
        anonymous.get(address)
    sql = queries[0]["sql"].replace('"itemslist_itemlist".', "")
    assert 'WHERE "id" > ' in sql
    assert sql.endswith('ORDER BY "id" ASC LIMIT 3')
    assert "COUNT" not in sql
