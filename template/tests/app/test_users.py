"""/users: the accounts, which everybody signed in may read and editors may write."""

import pytest
from django.contrib.auth.models import User
from rest_framework import status
from tests.app.factories import GroupFactory, UserFactory

pytestmark = pytest.mark.django_db
SESSION, PERMISSIONS = 2, 2  # queries that find out who asks, and what they may do
TRANSACTION = 2  # the savepoint around several writes
REFUSED = {"detail": "You do not have permission to perform this action."}


def as_json(user):
    """The account as /users shows it."""
    groups = user.groups.order_by("pk").values_list("pk", flat=True)
    return {
        "url": f"http://testserver/users/{user.pk}/",
        "username": user.username,
        "email": user.email,
        "groups": [f"http://testserver/groups/{pk}/" for pk in groups],
    }


def test_list(user, django_assert_num_queries):
    """The list costs two queries, however many accounts and groups there are."""
    for account in UserFactory.create_batch(10):
        account.groups.set(GroupFactory.create_batch(2))
    with django_assert_num_queries(SESSION + 2):
        response = user.get("/users/")
    assert response.status_code == status.HTTP_200_OK
    assert response.json() == [as_json(account) for account in User.objects.order_by("pk")]


def test_read(user, django_assert_num_queries):
    """One account is read with two queries, and shows neither password nor privileges."""
    account = UserFactory()
    with django_assert_num_queries(SESSION + 2):
        response = user.get(f"/users/{account.pk}")
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(account))


def test_create(editing, django_assert_num_queries):
    """An editor creates an account, which cannot log in before it gets a password."""
    group = GroupFactory()
    body = {"username": "ann", "email": "ann@example.com", "groups": [f"/groups/{group.pk}/"]}
    with django_assert_num_queries(SESSION + PERMISSIONS + TRANSACTION + 7):
        response = editing.post("/users/", body, format="json")
    account = User.objects.get(username="ann")
    assert response.status_code == status.HTTP_201_CREATED
    assert response.json() == as_json(account)
    assert not account.has_usable_password()


@pytest.mark.parametrize("method", ["put", "patch"])
def test_update(editing, django_assert_num_queries, method):
    """An editor updates an account; what the body does not name stays."""
    account = UserFactory()
    account.groups.add(GroupFactory())
    with django_assert_num_queries(SESSION + PERMISSIONS + TRANSACTION + 6):
        response = getattr(editing, method)(
            f"/users/{account.pk}", {"username": "bob"}, format="json"
        )
    account.refresh_from_db()
    assert account.username == "bob"
    assert (response.status_code, response.json()) == (status.HTTP_200_OK, as_json(account))


def test_delete(editing):
    """An editor deletes an account."""
    account = UserFactory()
    response = editing.delete(f"/users/{account.pk}")
    assert (response.status_code, response.content) == (status.HTTP_204_NO_CONTENT, b"")
    assert not User.objects.filter(pk=account.pk).exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_users_cannot_edit_anybody(user, method):
    """Somebody without privileges can change neither another account nor their own."""
    own = User.objects.get()
    for account in (UserFactory(), own):
        response = getattr(user, method)(f"/users/{account.pk}", {"username": "mallory"})
        assert (response.status_code, response.json()) == (status.HTTP_403_FORBIDDEN, REFUSED)
    assert User.objects.count() == 2
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("username", None, "This field may not be null."),
        ("username", "taken", "A user with that username already exists."),
        ("username", "a" * 151, "Ensure this field has no more than 150 characters."),
        ("email", "x", "Enter a valid email address."),
        ("groups", "x", 'Expected a list of items but got type "str".'),
        ("groups", [7], "Incorrect type. Expected URL string, received int."),
        ("groups", ["/users/1/"], "Invalid hyperlink - Incorrect URL match."),
        ("groups", ["/groups/%00/"], "Invalid hyperlink - No URL match."),
        ("groups", ["/groups/0/"], "Invalid hyperlink - Object does not exist."),
        ("groups", [f"/groups/{10**30}/"], "Invalid hyperlink - Object does not exist."),
    ],
)
def test_wrong_field(editing, field, value, error):
    """A field that cannot be stored is refused by its name with 400."""
    UserFactory(username="taken")
    response = editing.post("/users/", {"username": "ann", field: value}, format="json")
    assert response.status_code == status.HTTP_400_BAD_REQUEST
    assert response.json() == {field: [error]}


def test_names_that_look_the_same_are_the_same(editing):
    """A name is kept in the form that the login looks for, and taken in all its forms."""
    for code in (status.HTTP_201_CREATED, status.HTTP_400_BAD_REQUEST):
        response = editing.post("/users/", {"username": "\uff42ob" if code == 201 else "bob"})
        assert response.status_code == code
    assert User.objects.filter(username="bob").count() == 1
