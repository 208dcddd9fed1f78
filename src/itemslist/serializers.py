"""The JSON that goes in and out. What is no field here cannot be set from outside."""

from copy import deepcopy
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model
from rest_framework import serializers

from itemslist.models import ItemList
from itemslist.permissions import covers


class AddressField(serializers.HyperlinkedIdentityField):
    """The address of an object: a page looks up once what is around the keys."""

    @cached_property
    def around(self) -> tuple[str, str]:
        """What the addresses of all objects have before and after the key."""
        request = self.context["request"]
        address = self.reverse(self.view_name, kwargs={"pk": 0}, request=request)
        before, _, after = address.rpartition("0")
        return before, after

    def get_url(self, obj: Model, *args: object) -> str | None:
        """The address of this object, or None as long as it is not saved."""
        if obj.pk is None:
            return None
        before, after = self.around
        return f"{before}{obj.pk}{after}"


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


class ItemsListSerializer(ResourceSerializer):
    """An item, for everybody."""

    class Meta:
        model = ItemList
        fields = ("id", "url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "itemslist-detail"}}
