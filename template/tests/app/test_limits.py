"""Bodies and items have a longest length, in the API and in the administration."""

import io
import json

import pytest
from django.urls import reverse
from rest_framework import status
from tests.app.factories import ItemFactory

from itemsAPP.middleware import limit_body
from itemslist.models import ItemList

pytestmark = pytest.mark.django_db
BYTES, CHARACTERS = 2000, 10_000
TOO_LONG = {"detail": f"The body is longer than {BYTES} bytes."}


@pytest.fixture
def small(settings):
    """A limit that is soon reached."""
    settings.MAX_BODY_BYTES = BYTES


def body_of(size):
    """An item in JSON, of so many bytes."""
    return json.dumps({"title": "a"}).ljust(size)


@pytest.mark.parametrize("address", ["/itemslist/", "/item/", "/admin/login/", "/nowhere/"])
def test_body_beyond_the_limit(user, small, address):
    """A body of a byte too many is refused with 413 wherever it goes."""
    response = user.post(address, body_of(BYTES + 1), content_type="application/json")
    assert (response.status_code, response.json()) == (
        status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        TOO_LONG,
    )
    assert "Content-Security-Policy" in response
    assert not ItemList.objects.exists()


def test_body_at_the_limit(anonymous, small):
    """A body of exactly the limit is taken."""
    response = anonymous.post("/itemslist/", body_of(BYTES), content_type="application/json")
    assert response.status_code == status.HTTP_201_CREATED


@pytest.mark.parametrize(
    "length", [str(BYTES + 1), str(10**30), "9" * 5000, "-1", "1e3", "two", "\u0663", "1,1", " 1"]
)
def test_long_body_is_not_read(rf, small, length):
    """A length beyond the limit, or one that is none, is refused before a byte is read."""
    body = io.BytesIO(b"a" * 2 * BYTES)
    request = rf.post("/itemslist/", CONTENT_LENGTH=length, **{"wsgi.input": body})
    response = limit_body(pytest.fail)(request)
    assert response.status_code == status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    assert body.tell() == 0


@pytest.mark.parametrize("length", [None, "", "0", str(BYTES)])
def test_other_bodies_pass(rf, small, length):
    """A length within the limit, or none, is left to the application."""
    request = rf.get("/", CONTENT_LENGTH=length)
    assert limit_body(lambda request: request.path)(request) == "/"


@pytest.mark.parametrize("address", ["/itemslist/", "/item/"])
@pytest.mark.parametrize("character", ["a", "\N{TEACUP WITHOUT HANDLE}"])
def test_longest_content(user, address, character):
    """Content has 10,000 characters at most, whatever they are; the refusal names the field."""
    longest = {"title": "a", "content": character * CHARACTERS}
    assert user.post(address, longest).status_code == status.HTTP_201_CREATED
    response = user.post(address, longest | {"content": character * (CHARACTERS + 1)})
    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert response.json() == {"content": ["Ensure this field has no more than 10000 characters."]}


def test_longest_content_in_the_administration(superuser):
    """The form of the administration takes 10,000 characters and refuses one more."""
    address = reverse("admin:itemslist_itemlist_add")
    for size in (CHARACTERS, CHARACTERS + 1):
        page = superuser.post(address, {"title": "a", "content": "a" * size})
    assert "Ensure this value has at most 10000 characters (it has 10001)." in page.text
    assert ItemList.objects.get().content == "a" * CHARACTERS


def test_older_items_may_be_longer(anonymous):
    """An item from before there was a limit is shown, and its title may change."""
    item = ItemFactory(content="a" * (CHARACTERS + 1))
    response = anonymous.patch(f"/itemslist/{item.pk}", {"title": "new"})
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == anonymous.get(f"/itemslist/{item.pk}").json()
    assert response.json()["content"] == item.content
