"""What the serializers share between requests, and what they must not share."""

import pytest
from django.urls import path
from rest_framework import reverse as rest_framework_reverse
from rest_framework.serializers import HyperlinkedModelSerializer
from tests.app.factories import ItemFactory

from itemslist.models import ItemList
from itemslist.serializers import ItemSerializer, ItemsListSerializer

pytestmark = pytest.mark.django_db


@pytest.fixture
def lookups(monkeypatch):
    """The views whose addresses were looked up."""
    names = []
    look_up = rest_framework_reverse.django_reverse

    def counted(viewname, *args, **kwargs):
        names.append(viewname)
        return look_up(viewname, *args, **kwargs)

    monkeypatch.setattr(rest_framework_reverse, "django_reverse", counted)
    return names


def test_a_page_looks_up_one_address(anonymous, lookups):
    """However long a page is, the address of its items is looked up once."""
    ItemFactory.create_batch(5)
    assert len(anonymous.get("/itemslist/").json()) == 5
    assert lookups == ["itemslist-detail"]


def test_addresses_are_those_of_the_request(anonymous, settings):
    """Each answer has the addresses of the host that was asked, whatever the one before it had."""
    settings.ALLOWED_HOSTS = ["one.example", "two.example"]
    item = ItemFactory()
    for host in ("one.example", "two.example", "one.example"):
        (shown,) = anonymous.get("/itemslist/", SERVER_NAME=host).json()
        assert shown["url"] == f"http://{host}/itemslist/{item.pk}/"


@pytest.mark.parametrize("route", ["shop/10/<int:pk>", "shop/10/<int:pk>/edit/"])
def test_key_may_be_anywhere_in_an_address(rf, route, settings):
    """However the route is written, the key is where it has its place."""
    settings.ROOT_URLCONF = (path(route, lambda request, pk: None, name="itemslist-detail"),)
    serializer = ItemsListSerializer(ItemFactory(pk=205), context={"request": rf.get("/")})
    expected = f"http://testserver/{route.replace('<int:pk>', '205')}"
    assert serializer.data["url"] == expected


@pytest.mark.parametrize("serializer_class", [ItemSerializer, ItemsListSerializer])
@pytest.mark.parametrize("content", ["", "How to\n\t<b>write</b> \N{SNOWMAN}"])
def test_items_say_what_their_fields_say(rf, serializer_class, content):
    """What is written by hand is what the fields would have made, in their order."""
    serializer = serializer_class(ItemFactory(content=content), context={"request": rf.get("/")})
    of_fields = HyperlinkedModelSerializer.to_representation(serializer, serializer.instance)
    assert list(serializer.data.items()) == list(of_fields.items())


def test_unsaved_object_has_no_address(rf):
    """What is not in the database yet has no address."""
    serializer = ItemsListSerializer(ItemFactory.build(), context={"request": rf.get("/")})
    assert serializer.data["url"] is None


def test_fields_belong_to_one_serializer():
    """What is done to the fields of one serializer is not seen by the next."""
    first, second = ItemsListSerializer(), ItemsListSerializer()
    first.fields["title"].read_only = True
    del first.fields["content"]
    assert second.fields["title"].read_only is False
    assert second.fields["title"].parent is second
    assert (
        list(second.fields)
        == list(ItemsListSerializer().fields)
        == ["id", "url", "title", "content"]
    )


def test_fields_belong_to_one_class():
    """Each serializer has fields of its own, also where one class is the other's child."""

    class Child(ItemSerializer):
        class Meta(ItemSerializer.Meta):
            fields = ("title",)

    ItemSerializer().fields  # noqa: B018 - makes the parent's fields first
    assert list(Child().fields) == ["title"]
    assert list(ItemSerializer().fields) == ["url", "title", "content"]


def test_rules_of_the_model_hold():
    """A copied field refuses what its model refuses."""
    longest = ItemList._meta.get_field("title").max_length
    assert ItemsListSerializer(data={"title": "x" * longest}).is_valid()
    assert not ItemsListSerializer(data={"title": "x" * (longest + 1)}).is_valid()
