"""The items' task: queued by an action of the admin, done by the worker."""

from unittest import mock

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient

from itemslist import tasks
from itemslist.models import ItemList

pytestmark = pytest.mark.django_db
for_the_worker = pytest.mark.django_db(transaction=True)  # which has a connection of its own
ITEMS = "/admin/itemslist/itemlist/"
RESULTS = "/admin/django_tasks_database/dbtaskresult/"


@pytest.fixture
def items(db):
    """An item, its duplicate, and two that resemble it."""
    fields = [("tea", "green"), ("tea", "green"), ("tea", ""), ("Tea", "green")]
    return [ItemList.objects.create(title=title, content=content) for title, content in fields]


def choose(client, items):
    """Choose the action for the items; the page that follows."""
    form = {"action": "delete_duplicates", "_selected_action": [item.pk for item in items]}
    return client.post(ITEMS, form, format="multipart", follow=True)


def work():
    """Do what is queued, as `python manage.py db_worker` does, but with pytest's own signals."""
    with mock.patch("signal.signal"):
        call_command("db_worker", batch=True, interval=0)


def test_older_item_stays(items):
    """Of two that say the same the older one stays, whatever the order of the choice."""
    assert tasks.delete_duplicates.func([items[1].pk, items[0].pk, items[3].pk]) == 1
    assert list(ItemList.objects.all()) == [items[0], *items[2:]]
    assert tasks.delete_duplicates.func([item.pk for item in items]) == 0


def test_item_that_was_not_chosen_stays(items):
    """Nothing but what was chosen is deleted."""
    assert tasks.delete_duplicates.func([items[0].pk, items[2].pk]) == 0
    assert ItemList.objects.count() == 4


def test_item_with_a_picture_stays(items):
    """An item with a picture is no duplicate of one that says the same."""
    ItemList.objects.filter(pk=items[1].pk).update(picture="items/tea.png")
    assert tasks.delete_duplicates.func([item.pk for item in items]) == 0


@for_the_worker
def test_queue(superuser, items):
    """What the action has queued waits for the worker, and then its result is in the admin."""
    page = choose(superuser, items)
    result = DBTaskResult.objects.get()
    assert f"Queued for the worker as task result {result.id}." in page.text
    assert "Ready" in superuser.get(RESULTS).text
    assert ItemList.objects.count() == 4
    work()
    assert ItemList.objects.count() == 3
    assert "Successful" in superuser.get(RESULTS).text
    result.refresh_from_db()
    assert (result.return_value, result.traceback) == (1, "")
    assert superuser.get(f"{RESULTS}{result.id}/change/").status_code == 200


def test_without_a_queue(superuser, items, settings):
    """With Django's immediate backend the request does it itself."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    assert "Queued" in choose(superuser, items).text
    assert ItemList.objects.count() == 3
    assert not DBTaskResult.objects.exists()


@for_the_worker
def test_failure_is_shown(superuser, items, monkeypatch):
    """A task that fails is in the admin with its traceback, and the next one is done."""
    choose(superuser, items)
    with monkeypatch.context() as patch:
        patch.setattr("itemslist.tasks.Exists", mock.Mock(side_effect=ValueError("no such thing")))
        work()
    choose(superuser, items)
    work()
    failed = DBTaskResult.objects.get(status="FAILED")
    assert "no such thing" in superuser.get(f"{RESULTS}{failed.id}/change/").text
    assert ItemList.objects.count() == 3


def test_only_those_who_may_delete(make_user, items):
    """Staff who may only look are not offered the action, and cannot choose it."""
    client, ann = APIClient(), make_user("ann", is_staff=True)
    ann.user_permissions.set(Permission.objects.filter(codename="view_itemlist"))
    client.force_login(ann)
    assert "delete_duplicates" not in client.get(ITEMS).text
    choose(client, items)
    assert not DBTaskResult.objects.exists()


def test_long_queue(superuser, django_assert_max_num_queries):
    """The list of the results counts to a limit, and reads one page."""
    task = {"task_path": "itemslist.tasks.delete_duplicates", "args_kwargs": {}}
    DBTaskResult.objects.bulk_create(
        DBTaskResult(**task, backend_name="default", run_after="2026-11-01T00:00Z")
        for _ in range(150)
    )
    with django_assert_max_num_queries(5) as queries:
        assert "150 Task Results" in superuser.get(RESULTS).text
    statements = [query["sql"] for query in queries if "dbtaskresult" in query["sql"]]
    assert all("LIMIT 100" in statement for statement in statements)
    assert not any("DISTINCT" in statement for statement in statements)
