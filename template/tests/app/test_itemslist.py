"""/itemslist: the items for everybody, with the verbs of the sample's table."""

import pytest
from rest_framework import status
from tests.app.factories import ItemFactory

from itemslist.models import ItemList

pytestmark = pytest.mark.django_db
STRANGER = {"detail": "No ItemList matches the given query."}


def as_json(item):
    """The item as /itemslist shows it."""
    return {
        "id": item.pk,
        "url": f"http://testserver/itemslist/{item.pk}/",
        "title": item.title,
        "content": item.content,
    }


def test_list_is_an_array(anonymous, django_assert_num_queries):
    """The list is a plain JSON array of the items in the order of their ids, from one query."""
    items = ItemFactory.create_batch(3)
    with django_assert_num_queries(1):
        response = anonymous.get("/itemslist")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == [as_json(item) for item in items]


@pytest.mark.parametrize("method", ["put", "post"])
def test_create(anonymous, django_assert_num_queries, method):
    """PUT creates an item and answers 201, as the sample's table has it; POST does too."""
    with django_assert_num_queries(1):
        response = getattr(anonymous, method)("/itemslist/", {"title": "tea", "content": "green"})
    item = ItemList.objects.get()
    assert (item.title, item.content) == ("tea", "green")
    assert response.status_code == status.HTTP_201_CREATED
    assert response.json() == as_json(item)


@pytest.mark.parametrize("method", ["put", "post", "patch"])
def test_create_needs_no_content(anonymous, method):
    """An item without content is created with an empty one; PATCH creates nothing."""
    response = getattr(anonymous, method)("/itemslist/", {"title": "tea"})
    created = ItemList.objects.filter(title="tea", content="").count()
    assert created == (response.status_code == status.HTTP_201_CREATED) == (method != "patch")


def test_read(anonymous, django_assert_num_queries):
    """One item is read with one query."""
    item = ItemFactory()
    with django_assert_num_queries(1):
        response = anonymous.get(f"/itemslist/{item.pk}")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == as_json(item)


@pytest.mark.parametrize("method", ["put", "post", "patch"])
def test_update(anonymous, django_assert_num_queries, method):
    """PUT and PATCH update an item, and POST does too, as the sample's table has it."""
    item, other = ItemFactory.create_batch(2)
    with django_assert_num_queries(2):
        response = getattr(anonymous, method)(f"/itemslist/{item.pk}", {"title": "coffee"})
    assert response.status_code == status.HTTP_200_OK
    item.title = "coffee"
    assert response.json() == as_json(item)
    assert list(ItemList.objects.values_list("title", flat=True)) == ["coffee", other.title]


def test_delete(anonymous, django_assert_num_queries):
    """DELETE answers 204 without a body; the item is a stranger from then on."""
    item, other = ItemFactory.create_batch(2)
    with django_assert_num_queries(2):
        response = anonymous.delete(f"/itemslist/{item.pk}")
    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    assert list(ItemList.objects.all()) == [other]
    response = anonymous.get(f"/itemslist/{item.pk}")
    assert (response.status_code, response.json()) == (status.HTTP_404_NOT_FOUND, STRANGER)


@pytest.mark.parametrize("method", ["put", "post"])
def test_client_cannot_choose_the_id(anonymous, method):
    """An id in the body is ignored: a new item gets its own, an old one keeps it."""
    item = ItemFactory()
    created = getattr(anonymous, method)("/itemslist/", {"id": item.pk, "title": "new"})
    assert created.json()["id"] != item.pk
    updated = getattr(anonymous, method)(f"/itemslist/{item.pk}/", {"id": 10**6, "title": "old"})
    assert updated.json()["id"] == item.pk
    assert ItemList.objects.count() == 2


def test_session_needs_a_csrf_token(user):
    """A signed-in browser cannot be made to write by another site: no token, no write."""
    user.handler.enforce_csrf_checks = True
    response = user.post("/itemslist/", {"title": "forged"})
    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert response.json() == {"detail": "CSRF Failed: CSRF cookie not set."}
    assert not ItemList.objects.exists()


def test_item_is_called_by_its_title():
    """An item shows itself as its title, and is an Item among Items."""
    assert str(ItemFactory(title="tea")) == "tea"
    assert (ItemList._meta.verbose_name, ItemList._meta.verbose_name_plural) == ("Item", "Items")
