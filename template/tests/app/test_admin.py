"""The administration: its lists are bounded, and it is no way around the rules on privileges."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse
from itemslist.pagination import BoundedPaginator
from rest_framework import status
from tests.app.factories import GroupFactory, ItemFactory, UserFactory
from tests.app.people import grant

from itemslist.admin import BoundedAdmin
from itemslist.models import ItemList

pytestmark = pytest.mark.django_db
DENIED = status.HTTP_403_FORBIDDEN


def page(model, action, *args):
    """The address of a page about the model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def test_items_have_both_columns(superuser):
    """The list of items shows titles and contents, the newest first."""
    old, new = ItemFactory.create_batch(2)
    response = superuser.get(page(ItemList, "changelist"))
    assert response.context["cl"].list_display == ["action_checkbox", "title", "content"]
    assert list(response.context["cl"].result_list) == [new, old]
    assert old.content in response.text


@pytest.mark.parametrize("model", [ItemList, User, Group])
def test_lists_are_bounded(superuser, monkeypatch, django_assert_max_num_queries, model):
    """No list of the administration counts more of its table, or shows more, than the limit."""
    monkeypatch.setattr(BoundedPaginator, "limit", 3)
    for factory in (ItemFactory, UserFactory, GroupFactory):
        factory.create_batch(5)
    with django_assert_max_num_queries(7) as queries:
        response = superuser.get(page(model, "changelist"), {"_facets": "True"})
    assert response.status_code == status.HTTP_200_OK
    assert response.context["cl"].result_count == 3
    counts = [query["sql"] for query in queries if "COUNT" in query["sql"]]
    assert counts
    assert all("LIMIT 3)" in count for count in counts)


def test_every_list_is_bounded():
    """Every model that this project shows in the administration has the bounded lists."""
    assert all(
        isinstance(model_admin, BoundedAdmin) for model_admin in admin.site._registry.values()
    )


def test_filters_name_no_group(superuser):
    """The list of accounts can be filtered by what does not grow: not by each group there is."""
    group = GroupFactory()
    response = superuser.get(page(User, "changelist"))
    assert "is_staff__exact" in response.text
    assert group.name not in response.text


def test_search(superuser):
    """Items beyond the limit are found by their title."""
    item = ItemFactory(title="green tea")
    ItemFactory(title="coffee")
    response = superuser.get(page(ItemList, "changelist"), {"q": "tea"})
    assert list(response.context["cl"].result_list) == [item]


def test_items_can_be_kept(superuser):
    """A superuser adds, changes and deletes an item."""
    superuser.post(page(ItemList, "add"), {"title": "tea", "content": ""})
    item = ItemList.objects.get()
    superuser.post(page(ItemList, "change", item.pk), {"title": "coffee", "content": "black"})
    item.refresh_from_db()
    assert (item.title, item.content) == ("coffee", "black")
    superuser.post(page(ItemList, "delete", item.pk), {"post": "yes"})
    assert not ItemList.objects.exists()


def changed_user(client, account):
    """What became of the account when the client asked for a new name and every privilege."""
    response = client.post(
        page(User, "change", account.pk),
        {
            "username": "changed",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "groups": [group.pk for group in Group.objects.all()],
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
        },
    )
    account.refresh_from_db()
    return response.status_code, account


def test_staff_hands_out_no_privileges(editing, editor):
    """Staff who may change accounts can rename them, but make nobody more than they are."""
    grant(editor, "view_user")
    GroupFactory()
    for account in (UserFactory(), editor):
        was_staff = account.is_staff
        code, account = changed_user(editing, account)
        assert (code, account.username) == (status.HTTP_302_FOUND, "changed")
        assert (account.is_staff, account.is_superuser) == (was_staff, False)
        assert not account.groups.exists()
        account.username = f"user{account.pk}"
        account.save()


def test_superusers_hand_out_privileges(superuser):
    """A superuser makes a superuser."""
    group = GroupFactory()
    code, account = changed_user(superuser, UserFactory())
    assert (code, account.username) == (status.HTTP_302_FOUND, "changed")
    assert (account.is_staff, account.is_superuser) == (True, True)
    assert account.groups.get() == group


def test_stronger_accounts_are_out_of_reach(editing):
    """Staff can neither change nor delete an account with more rights, nor set its password."""
    account = UserFactory(is_superuser=True)
    assert changed_user(editing, account)[0] == DENIED
    assert editing.post(page(User, "delete", account.pk), {"post": "yes"}).status_code == DENIED
    password = reverse("admin:auth_user_password_change", args=[account.pk])
    assert editing.post(password, {"password1": "a", "password2": "a"}).status_code == DENIED
    action = {"action": "delete_selected", "_selected_action": account.pk, "post": "yes"}
    editing.post(page(User, "changelist"), action)
    assert User.objects.filter(pk=account.pk, username=account.username).exists()


def test_groups_get_no_permissions_from_staff(editing, editor):
    """Staff who may change groups can rename one, but give it no permission."""
    group = GroupFactory()
    editor.groups.add(group)
    response = editing.post(page(Group, "change", group.pk), {"name": "new", "permissions": [1]})
    group.refresh_from_db()
    assert (response.status_code, group.name) == (status.HTTP_302_FOUND, "new")
    assert not group.permissions.exists()
