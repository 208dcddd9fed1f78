from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from rest_framework import serializers

User = get_user_model()


class UserSerializer(serializers.HyperlinkedModelSerializer):
    """An account. What is no field here cannot be set from outside: passwords, privileges."""

    class Meta:
        model = User
        fields = ["url", "username", "email", "groups"]

    def validate_username(self, username):
        return User.normalize_username(username)  # as the login does: no two look the same

    @transaction.atomic  # with its groups
    def create(self, validated_data):
        """Create an account that cannot log in until it is given a password."""
        return super().create({**validated_data, "password": make_password(None)})


class PublicUserSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = User
        fields = ["url", "username", "groups"]


class GroupSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Group
        fields = ["url", "name"]
