"""/item: the items for those who are signed in."""

import pytest
from rest_framework import status
from tests.app.factories import ItemFactory

from itemslist.models import ItemList

pytestmark = pytest.mark.django_db
SESSION = 2  # queries that find out who asks


def as_json(item):
    """The item as /item shows it."""
    url = f"http://testserver/item/{item.pk}/"
    return {"url": url, "title": item.title, "content": item.content}


def test_strangers_are_refused(anonymous, django_assert_num_queries):
    """Anonymous requests are refused with 403, and cost no query."""
    with django_assert_num_queries(0):
        response = anonymous.get("/item/")
    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert response.json() == {"detail": "Authentication credentials were not provided."}


def test_list(user, django_assert_num_queries):
    """The list costs one query, however many items there are."""
    items = ItemFactory.create_batch(20)
    with django_assert_num_queries(SESSION + 1):
        response = user.get("/item/")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == [as_json(item) for item in items]


def test_create(user, django_assert_num_queries):
    """POST creates an item, whose address is in the body and in the Location header."""
    with django_assert_num_queries(SESSION + 1):
        response = user.post("/item/", {"title": "tea"})
    item = ItemList.objects.get()
    assert response.status_code == status.HTTP_201_CREATED
    assert response.json() == as_json(item)
    assert response.headers["Location"] == response.json()["url"]


def test_read(user, django_assert_num_queries):
    """One item is read with one query."""
    item = ItemFactory()
    with django_assert_num_queries(SESSION + 1):
        response = user.get(f"/item/{item.pk}")
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(item))


@pytest.mark.parametrize("method", ["put", "patch"])
def test_update(user, django_assert_num_queries, method):
    """PUT and PATCH update an item."""
    item = ItemFactory()
    with django_assert_num_queries(SESSION + 2):
        response = getattr(user, method)(f"/item/{item.pk}", {"title": "coffee"})
    item.refresh_from_db()
    assert item.title == "coffee"
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(item))


def test_delete(user, django_assert_num_queries):
    """DELETE answers 204 without a body."""
    item, other = ItemFactory.create_batch(2)
    with django_assert_num_queries(SESSION + 2):
        response = user.delete(f"/item/{item.pk}")
    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    assert list(ItemList.objects.all()) == [other]
