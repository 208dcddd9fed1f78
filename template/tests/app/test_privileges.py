"""Nobody gets more rights than they have, however they ask for them."""

import pytest
from django.contrib.auth.models import User
from rest_framework import status
from tests.app.factories import GroupFactory, UserFactory
from tests.app.people import grant

pytestmark = pytest.mark.django_db
FORBIDDEN = status.HTTP_403_FORBIDDEN


@pytest.fixture
def powerful_group():
    """A group with a permission that editors do not have."""
    group = GroupFactory(name="powerful")
    grant(group, "delete_session")
    return group


@pytest.fixture
def covered_group():
    """A group with a permission that editors have too."""
    group = GroupFactory(name="covered")
    grant(group, "change_user")
    return group


@pytest.fixture(params=["superuser", "by permission", "by group", "inactive"])
def stronger(request, powerful_group):
    """An account with a right that editors do not have."""
    account = UserFactory(
        is_superuser=request.param == "superuser", is_active=request.param != "inactive"
    )
    if request.param == "by permission":
        grant(account, "delete_session")
    if request.param in ("by group", "inactive"):
        account.groups.add(powerful_group)
    return account


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_stronger_accounts_are_out_of_reach(editing, stronger, method):
    """An editor can neither rename, re-address nor delete an account that has more rights."""
    body = {"username": "mine", "email": "me@example.com"}
    response = getattr(editing, method)(f"/users/{stronger.pk}/", body)
    assert response.status_code == FORBIDDEN
    assert User.objects.get(pk=stronger.pk).username == stronger.username


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_stronger_groups_are_out_of_reach(editing, powerful_group, method):
    """An editor can neither rename nor delete a group that has more rights."""
    response = getattr(editing, method)(f"/groups/{powerful_group.pk}/", {"name": "mine"})
    assert response.status_code == FORBIDDEN
    powerful_group.refresh_from_db()
    assert powerful_group.name == "powerful"


def test_nobody_joins_a_stronger_group(editing, editor, powerful_group, covered_group):
    """An editor can put neither themselves nor anybody else into a group that has more rights."""
    groups = [f"/groups/{group.pk}/" for group in (powerful_group, covered_group)]
    body = {"username": "accomplice", "groups": groups}
    for method, address in [
        ("patch", f"/users/{editor.pk}/"),
        ("put", f"/users/{UserFactory().pk}/"),
        ("post", "/users/"),
    ]:
        response = getattr(editing, method)(address, body, format="json")
        assert response.status_code == status.HTTP_400_BAD_REQUEST
        assert response.json() == {
            "groups": ["You lack permissions of: powerful. Ask a superuser."]
        }
    assert not powerful_group.user_set.exists()


def test_covered_groups_can_be_handed_out(editing, covered_group):
    """An editor can put an account into a group whose permissions they have, and take it out."""
    account = UserFactory()
    for groups in ([f"http://testserver/groups/{covered_group.pk}/"], []):
        response = editing.patch(f"/users/{account.pk}/", {"groups": groups}, format="json")
        assert (response.status_code, response.json()["groups"]) == (status.HTTP_200_OK, groups)


def test_superusers_may_do_all_that(superuser, stronger, powerful_group):
    """A superuser changes every account, and puts it into every group."""
    groups = [f"http://testserver/groups/{powerful_group.pk}/"]
    response = superuser.patch(f"/users/{stronger.pk}/", {"groups": groups}, format="json")
    assert (response.status_code, response.json()["groups"]) == (status.HTTP_200_OK, groups)
    assert superuser.delete(f"/users/{stronger.pk}/").status_code == status.HTTP_204_NO_CONTENT


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_privileges_are_no_fields(editing, method):
    """What is not shown cannot be set: id, password and privileges in the body are ignored."""
    account = UserFactory()
    address = "/users/" if method == "post" else f"/users/{account.pk}/"
    body = {"id": 10**6, "pk": 10**6, "username": "ann", "password": "known", "is_staff": True}
    body |= {"is_superuser": True, "user_permissions": [1], "is_active": False}
    assert getattr(editing, method)(address, body, format="json").status_code < 300
    changed = User.objects.get(username="ann")
    assert changed.pk < 10**6
    assert not changed.has_usable_password()
    assert changed.is_active
    assert not any([changed.is_staff, changed.is_superuser, changed.user_permissions.exists()])


def test_permission_without_staff_status_is_not_enough(user):
    """Somebody with every permission on accounts, who is no staff, reads and no more."""
    grant(User.objects.get(), "add_user", "change_user", "delete_user")
    assert user.post("/users/", {"username": "ann"}).status_code == FORBIDDEN
