"""/item/: the items, for those who are signed in."""

import pytest

from itemslist.models import ItemList

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(db):
    """An item."""
    return ItemList.objects.create(title="tea", content="green")


def test_only_those_who_are_signed_in(anonymous, item):
    """Whoever is not signed in sees and changes nothing."""
    for url in ("/item/", f"/item/{item.pk}/"):
        for method in ("get", "post", "put", "patch", "delete"):
            assert getattr(anonymous, method)(url, {"title": "new"}).status_code == 403
    assert ItemList.objects.get().title == "tea"


def test_read(user, item):
    """An item is read alone and in the list."""
    found = user.get(f"/item/{item.pk}/").json()
    assert found["title"] == "tea"
    assert user.get("/item/").json() == [found]
    assert user.get(found["url"]).json() == found


def test_write(user):
    """An item is created, changed and deleted."""
    url = user.post("/item/", {"title": "tea"}).json()["url"]
    assert user.patch(url, {"content": "green"}).json()["title"] == "tea"
    assert user.put(url, {"title": "coffee"}).json()["title"] == "coffee"
    assert ItemList.objects.get().title == "coffee"
    assert user.delete(url).status_code == 204
    assert user.get(url).status_code == 404


def test_every_field_of_the_serializer_is_shown(user, item):
    """What the API takes, and what its schema promises, it also shows."""
    from itemslist.serializers import ItemSerializer

    assert set(user.get(f"/item/{item.pk}").json()) == set(ItemSerializer.Meta.fields)


@pytest.mark.parametrize("pk", ["x", "0", "9" * 40, "1.5"])
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_missing_item(user, item, method, pk):
    """An item that is not there is 404."""
    assert getattr(user, method)(f"/item/{pk}/", {"title": "new"}).status_code == 404


@pytest.mark.parametrize(
    "fields", [{}, {"title": ""}, {"title": "a" * 251}, {"title": "a", "content": "a" * 10_001}]
)
def test_bad_fields(user, fields):
    """A title is needed, and both texts have their longest length."""
    assert user.post("/item/", fields, format="json").status_code == 400
    assert not ItemList.objects.exists()
