"""Test data."""

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from itemslist.models import ItemList


class GroupFactory(factory.django.DjangoModelFactory):
    """A group without permissions."""

    class Meta:
        model = Group

    name = factory.Sequence("group {}".format)


class UserFactory(factory.django.DjangoModelFactory):
    """A user without privileges, who cannot log in with a password."""

    class Meta:
        model = get_user_model()

    username = factory.Sequence("user{}".format)
    email = factory.LazyAttribute("{0.username}@example.com".format)
    password = factory.LazyFunction(lambda: make_password(None))


class ItemFactory(factory.django.DjangoModelFactory):
    """An item."""

    class Meta:
        model = ItemList

    title = factory.Sequence("item {}".format)
    content = factory.Faker("sentence")
