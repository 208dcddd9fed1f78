"""Who asks: strangers, and people with the rights of their role."""

from django.contrib.auth.models import Group, Permission, User
from rest_framework.test import APIClient
from tests.app.factories import UserFactory

ROLES = ("anonymous", "user", "staff", "editor", "superuser")
ACCOUNT_PERMISSIONS = [
    f"{action}_{model}" for action in ("add", "change", "delete") for model in ("user", "group")
]


def grant(holder: User | Group, *codenames: str) -> None:
    """Give the permissions to the user or the group."""
    held = holder.user_permissions if isinstance(holder, User) else holder.permissions
    held.add(*Permission.objects.filter(codename__in=codenames))


def person(role: str) -> User:
    """A new user in the role: an editor is staff who may write accounts and groups."""
    user = UserFactory(
        is_staff=role in ("staff", "editor", "superuser"), is_superuser=role == "superuser"
    )
    if role == "editor":
        grant(user, *ACCOUNT_PERMISSIONS)
    return user


def client_of(role: str) -> APIClient:
    """A client of somebody in the role, with a session where there is somebody."""
    client = APIClient()
    if role != "anonymous":
        client.force_login(person(role))
    return client
