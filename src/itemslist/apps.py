"""The application's entry in INSTALLED_APPS."""

from django.apps import AppConfig


class ItemsListConfig(AppConfig):
    """The items, and the API of the accounts that work on them."""

    name = "itemslist"
    verbose_name = "Items"
