"""The API of groups."""

import pytest
from django.contrib.auth.models import Group

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(db):
    """A group."""
    return Group.objects.create(name="cooks")


def test_everybody_who_is_signed_in_reads(anonymous, user, group):
    """Groups are for those who are signed in."""
    assert anonymous.get("/groups/").status_code == 403
    assert user.get("/groups/").json() == [
        {"url": f"http://testserver/groups/{group.pk}", "name": "cooks"}
    ]


def test_superusers_write(user, superuser, group):
    """Superusers create, rename and delete groups; others do not."""
    url = f"/groups/{group.pk}/"
    assert user.post("/groups/", {"name": "new"}).status_code == 403
    assert user.put(url, {"name": "new"}).status_code == 403
    assert user.delete(url).status_code == 403
    assert superuser.post("/groups/", {"name": "cooks"}).status_code == 400
    assert superuser.post("/groups/", {"name": "waiters"}).status_code == 201
    assert superuser.put(url, {"name": "bakers"}).json()["name"] == "bakers"
    assert superuser.delete(url).status_code == 204
    assert [found.name for found in Group.objects.all()] == ["waiters"]
