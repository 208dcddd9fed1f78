"""/groups: the groups, which everybody signed in may read and editors may write."""

import pytest
from django.contrib.auth.models import Group
from rest_framework import status
from tests.app.factories import GroupFactory

pytestmark = pytest.mark.django_db
SESSION, PERMISSIONS = 2, 2  # queries that find out who asks, and what they may do


def as_json(group):
    """The group as /groups shows it."""
    return {"url": f"http://testserver/groups/{group.pk}/", "name": group.name}


def test_list(user, django_assert_num_queries):
    """The list costs one query, however many groups there are."""
    groups = GroupFactory.create_batch(10)
    with django_assert_num_queries(SESSION + 1):
        response = user.get("/groups/")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == [as_json(group) for group in groups]


def test_read(user, django_assert_num_queries):
    """One group is read with one query."""
    group = GroupFactory()
    with django_assert_num_queries(SESSION + 1):
        response = user.get(f"/groups/{group.pk}")
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(group))


def test_create(editing, django_assert_num_queries):
    """An editor creates a group, which has no permissions."""
    with django_assert_num_queries(SESSION + PERMISSIONS + 2):
        response = editing.post("/groups/", {"name": "readers"})
    group = Group.objects.get()
    assert (response.status_code, response.json()) == (status.HTTP_201_CREATED, as_json(group))
    assert not group.permissions.exists()


@pytest.mark.parametrize("method", ["put", "patch"])
def test_update(editing, django_assert_num_queries, method):
    """An editor renames a group."""
    group = GroupFactory()
    with django_assert_num_queries(SESSION + PERMISSIONS + 4):
        response = getattr(editing, method)(f"/groups/{group.pk}", {"name": "writers"})
    group.refresh_from_db()
    assert group.name == "writers"
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(group))


def test_delete(editing):
    """An editor deletes a group."""
    group = GroupFactory()
    response = editing.delete(f"/groups/{group.pk}")
    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["This field is required."]}),
        ({"name": "taken"}, {"name": ["group with this name already exists."]}),
        ({"name": "a" * 151}, {"name": ["Ensure this field has no more than 150 characters."]}),
    ],
)
def test_wrong_field(editing, body, errors):
    """A field that cannot be stored is refused by its name with 400."""
    GroupFactory(name="taken")
    response = editing.post("/groups/", body)
    assert (response.status_code, response.json()) == (status.HTTP_400_BAD_REQUEST, errors)
