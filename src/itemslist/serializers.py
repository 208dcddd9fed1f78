"""The JSON that goes in and out. What is no field here cannot be set from outside."""

from copy import deepcopy
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.reverse import reverse

from itemslist.models import ItemList
from itemslist.permissions import covers


class Addresses:
    """The addresses in one answer: what is around the keys of all objects is looked up once."""

    def __init__(self, view_name: str, request: Request) -> None:
        address = reverse(view_name, kwargs={"pk": 0}, request=request)
        self.before, _, self.after = address.rpartition("0")

    def of(self, obj: Model) -> str | None:
        """The address of this object, or None as long as it is not saved."""
        return None if obj.pk is None else f"{self.before}{obj.pk}{self.after}"


class AddressField(serializers.HyperlinkedIdentityField):
    """The address of an object."""

    @cached_property
    def addresses(self) -> Addresses:
        """Those of the view that shows one object."""
        return Addresses(self.view_name, self.context["request"])

    def get_url(self, obj: Model, *args: object) -> str | None:
        """The address of this object, or None as long as it is not saved."""
        return self.addresses.of(obj)


class ResourceSerializer(serializers.HyperlinkedModelSerializer):
    """A serializer that makes its fields of the model once, and copies them for each request."""

    serializer_url_field = AddressField

    def get_fields(self) -> dict[str, serializers.Field]:
        """Fields of this instance's own: a field knows the serializer that it is part of."""
        if "made_fields" not in vars(type(self)):
            type(self).made_fields = super().get_fields()
        return deepcopy(self.made_fields)


class UserSerializer(ResourceSerializer):
    """An account, without its password and its privileges."""

    class Meta:
        model = User
        fields = ("url", "username", "email", "groups")

    def validate_username(self, username: str) -> str:
        """The name in the form that the login looks for: no two names look the same."""
        return User.normalize_username(username)

    def validate_groups(self, groups: list[Group]) -> list[Group]:
        """Nobody hands out permissions that they do not have."""
        user = self.context["request"].user
        beyond = sorted(group.name for group in groups if not covers(user, group))
        if beyond:
            raise serializers.ValidationError(
                f"You lack permissions of: {', '.join(beyond)}. Ask a superuser."
            )
        return groups

    @transaction.atomic
    def save(self, **kwargs: object) -> User:
        """Write the account and its groups together, or nothing."""
        return super().save(**kwargs)

    def create(self, validated_data: dict) -> User:
        """Create an account that cannot log in until it is given a password."""
        return super().create({**validated_data, "password": make_password(None)})


class GroupSerializer(ResourceSerializer):
    """A group, without its permissions."""

    class Meta:
        model = Group
        fields = ("url", "name")


class ItemSerializer(ResourceSerializer):
    """An item, for those who are signed in."""

    class Meta:
        model = ItemList
        fields = ("url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "item-detail"}}

    @cached_property
    def addresses(self) -> Addresses:
        """Those of the view that shows one item."""
        return Addresses(self.Meta.extra_kwargs["url"]["view_name"], self.context["request"])

    def to_representation(self, item: ItemList) -> dict[str, str | None]:
        """The fields' values, by hand: to ask each field of each item takes a quarter of a list."""
        return {"url": self.addresses.of(item), "title": item.title, "content": item.content}


class ItemsListSerializer(ItemSerializer):
    """An item, for everybody."""

    class Meta(ItemSerializer.Meta):
        fields = ("id", "url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "itemslist-detail"}}

    def to_representation(self, item: ItemList) -> dict[str, int | str | None]:
        """The same with the number of the item."""
        return {"id": item.pk, **super().to_representation(item)}
