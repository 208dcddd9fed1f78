"""The migrations are committed, and lead to the models."""

import pytest
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def test_migrations_are_up_to_date(capsys):
    """No model has changed without a migration."""
    call_command("makemigrations", check=True, dry_run=True)
    assert capsys.readouterr().out == "No changes detected\n"


def test_columns():
    """The table of the items has the columns that the model promises."""
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "itemslist_itemlist")
    assert [column.name for column in columns] == ["id", "title", "content"]
    assert not any(column.null_ok for column in columns)
