"""The API of accounts."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture
def ann(make_user):
    """An account."""
    return make_user("ann", email="ann@example.com")


def test_everybody_who_is_signed_in_reads(anonymous, user, ann):
    """Accounts are for those who are signed in, and e-mail addresses for superusers."""
    url = f"/users/{ann.pk}/"
    assert anonymous.get(url).status_code == 403
    found = user.get(url).json()
    assert found["username"] == "ann"
    assert "ann@example.com" not in user.get("/users/").text
    assert "email" not in found


def test_superusers_read_everything(superuser, ann):
    """Superusers see the e-mail addresses."""
    assert superuser.get(f"/users/{ann.pk}/").json()["email"] == "ann@example.com"
    assert "ann@example.com" in superuser.get("/users/").text


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_others_write_nothing(anonymous, user, ann, method):
    """Whoever is no superuser changes no account, not even their own."""
    for client in (anonymous, user):
        for account in User.objects.all():
            response = getattr(client, method)(f"/users/{account.pk}/", {"username": "new"})
            assert response.status_code == 403
        assert client.post("/users/", {"username": "new"}).status_code == 403
    assert not User.objects.filter(username="new").exists()


def test_superusers_write(superuser):
    """Superusers create accounts with groups, change them and delete them."""
    group = Group.objects.create(name="cooks")
    url = superuser.get(f"/groups/{group.pk}/").json()["url"]
    created = superuser.post("/users/", {"username": "bob", "groups": [url]}, format="json")
    assert created.status_code == 201
    assert created.json()["groups"] == [url]
    bob = User.objects.get(username="bob")
    changed = superuser.patch(f"/users/{bob.pk}/", {"email": "bob@example.com"})
    assert (changed.status_code, changed.json()["email"]) == (200, "bob@example.com")
    assert list(bob.groups.all()) == [group]
    assert superuser.delete(f"/users/{bob.pk}/").status_code == 204
    assert not User.objects.filter(username="bob").exists()


def test_new_accounts_cannot_log_in(superuser):
    """A new account has no password until it is given one."""
    superuser.post("/users/", {"username": "bob"})
    assert not User.objects.get(username="bob").has_usable_password()


@pytest.mark.parametrize(
    "fields", [{"is_superuser": True}, {"is_staff": True}, {"password": "x"}, {"id": 99}]
)
def test_what_is_no_field_is_ignored(superuser, ann, fields):
    """Nobody sets privileges or passwords by the API."""
    before = User.objects.values().get(pk=ann.pk)
    assert superuser.patch(f"/users/{ann.pk}/", fields, format="json").status_code == 200
    assert User.objects.values().get(pk=ann.pk) == before


@pytest.mark.parametrize(
    "username", ["", "ann", "a b", "a" * 151, "\N{FULLWIDTH LATIN SMALL LETTER A}nn"]
)
def test_bad_names(superuser, ann, username):
    """A name that is taken, also in other letters that look the same, or that is none."""
    response = superuser.post("/users/", {"username": username})
    assert response.status_code in (400, 409)
    assert User.objects.filter(email="").count() == 1  # the superuser


def test_lists_cost_the_same(superuser, make_user, django_assert_max_num_queries):
    """A list of accounts with groups costs no query for each of them."""
    for number in range(10):
        make_user(str(number)).groups.add(Group.objects.create(name=str(number)))
    with django_assert_max_num_queries(6):
        assert len(superuser.get("/users/").json()) == 11
