"""The JSON that goes in and out. What is no field here cannot be set from outside."""

from typing import ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.db import transaction
from rest_framework import serializers

from itemslist.models import ItemList
from itemslist.permissions import covers


class UserSerializer(serializers.HyperlinkedModelSerializer):
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


class GroupSerializer(serializers.HyperlinkedModelSerializer):
    """A group, without its permissions."""

    class Meta:
        model = Group
        fields = ("url", "name")


class ItemSerializer(serializers.HyperlinkedModelSerializer):
    """An item, for those who are signed in."""

    class Meta:
        model = ItemList
        fields = ("url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "item-detail"}}


class ItemsListSerializer(serializers.HyperlinkedModelSerializer):
    """An item, for everybody."""

    class Meta:
        model = ItemList
        fields = ("id", "url", "title", "content")
        extra_kwargs: ClassVar = {"url": {"view_name": "itemslist-detail"}}
