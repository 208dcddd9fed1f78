"""/itemslist/: the items, for everybody."""

import pytest

from itemslist.models import ItemList

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(db):
    """An item."""
    return ItemList.objects.create(title="tea", content="green")


@pytest.mark.parametrize("url", ["/itemslist", "/itemslist/"])
@pytest.mark.parametrize("method", ["put", "post"])
def test_create(anonymous, url, method):
    """PUT creates an item, and so does POST."""
    response = getattr(anonymous, method)(url, {"title": "tea"})
    assert response.status_code == 201
    item = ItemList.objects.get()
    assert (response.json()["id"], response.json()["title"], item.title) == (item.pk, "tea", "tea")


@pytest.mark.parametrize("url", ["/itemslist", "/itemslist/"])
def test_options(anonymous, url):
    """OPTIONS tells the fields of an item."""
    actions = anonymous.options(url).json()["actions"]
    assert actions["POST"]["title"]["required"] is True


def test_list(anonymous, item):
    """The list is an array of items, each of which is at its URL."""
    (found,) = anonymous.get("/itemslist").json()
    assert (found["id"], found["title"]) == (item.pk, "tea")
    assert anonymous.get(found["url"]).json() == found


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["put", "post"])
def test_update(anonymous, item, slash, method):
    """PUT on an item updates it, and so does POST."""
    response = getattr(anonymous, method)(f"/itemslist/{item.pk}{slash}", {"title": "coffee"})
    assert response.status_code == 200
    assert ItemList.objects.get().title == response.json()["title"] == "coffee"


def test_partial_update(anonymous, item):
    """PATCH leaves alone what it does not name."""
    anonymous.patch(f"/itemslist/{item.pk}", {"content": "black"})
    item.refresh_from_db()
    assert (item.title, item.content) == ("tea", "black")


def test_delete(anonymous, item):
    """DELETE answers 204, and then there is nothing."""
    assert anonymous.delete(f"/itemslist/{item.pk}").status_code == 204
    for method in ("get", "put", "post", "patch", "delete"):
        response = getattr(anonymous, method)(f"/itemslist/{item.pk}", {"title": "new"})
        assert response.status_code == 404
    assert not ItemList.objects.exists()


@pytest.mark.parametrize("method", ["put", "post", "patch", "delete"])
def test_without_anonymous_writes(anonymous, user, settings, item, method):
    """Where ANONYMOUS_WRITES is off, everybody reads, and those who are signed in write."""
    settings.ANONYMOUS_WRITES = False
    url = f"/itemslist/{item.pk}"
    assert getattr(anonymous, method)(url, {"title": "new"}).status_code == 403
    assert anonymous.post("/itemslist/", {"title": "new"}).status_code == 403
    assert anonymous.get(url).json()["title"] == "tea"
    assert getattr(user, method)(url, {"title": "new"}).status_code in (200, 204)


def test_admin_searches_titles(superuser, item):
    """The admin finds items by their title."""
    url = "/admin/itemslist/itemlist/"
    assert "green" in superuser.get(url, {"q": "tea"}).text
    assert "green" not in superuser.get(url, {"q": "coffee"}).text
