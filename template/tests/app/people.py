"""Who asks, and with which rights."""

from rest_framework.test import APIClient

from template.tests.app.factories import UserFactory

ROLES = ("anonymous", "user", "staff", "superuser")


def client_of(role: str) -> APIClient:
    """A client of somebody in the role, with a session where there is somebody."""
    client = APIClient()
    if role != "anonymous":
        user = UserFactory(
            is_staff=role in ("staff", "superuser"), is_superuser=role == "superuser"
        )
        client.force_login(user)
    return client
