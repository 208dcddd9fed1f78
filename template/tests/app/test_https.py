"""The production service behind a load balancer that speaks HTTPS to the world."""

import pytest
from rest_framework import status
from rest_framework.test import APIClient
from tests.app.people import person

from itemslist.models import ItemList

HOST = {"Host": "example.com"}
HTTPS = HOST | {"X-Forwarded-Proto": "https"}
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production")]


@pytest.mark.parametrize("headers", [{"Host": "10.0.1.5"}, {"Host": "10.0.1.5:8000"}, HOST, HTTPS])
def test_probe(anonymous, headers):
    """The load balancer's probe is answered with 200: no redirect, no Host to be known."""
    assert anonymous.get("/health/live", headers=headers).status_code == status.HTTP_200_OK


@pytest.mark.parametrize(
    "host", ["10.0.1.5", "example.com.evil.net", "testserver", "sub.example.com"]
)
@pytest.mark.parametrize("address", ["/ping", "/itemslist/", "/health/ready", "/version"])
def test_wrong_host(anonymous, host, address):
    """Any other address with a Host that is not ours is refused with 400, HTTPS or not."""
    for headers in ({"Host": host}, {"Host": host, "X-Forwarded-Proto": "https"}):
        assert anonymous.get(address, headers=headers).status_code == status.HTTP_400_BAD_REQUEST


@pytest.mark.parametrize("scheme", ["http", "HTTPS", "http, https", "", None])
def test_http_is_redirected(anonymous, scheme):
    """A request that did not come by HTTPS is redirected to the same address there."""
    headers = HOST | ({} if scheme is None else {"X-Forwarded-Proto": scheme})
    response = anonymous.get("/itemslist/?page_size=1", headers=headers)
    assert response.status_code == status.HTTP_301_MOVED_PERMANENTLY
    assert response.headers["Location"] == "https://example.com/itemslist/?page_size=1"


def test_https_is_answered(anonymous):
    """A request that came by HTTPS is answered, told to stay there, and gets https links."""
    response = anonymous.get("/ping", headers=HTTPS)
    assert response.status_code == status.HTTP_200_OK
    assert response.json()["users"] == "https://example.com/users/"
    assert response.headers["Strict-Transport-Security"] == "max-age=3600"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_strangers_cannot_write(anonymous):
    """Anonymous writes are off in production."""
    response = anonymous.post("/itemslist", {"title": "tea"}, headers=HTTPS)
    assert response.status_code == status.HTTP_403_FORBIDDEN
    assert not ItemList.objects.exists()


@pytest.mark.parametrize(
    ("host", "origin", "code"),
    [
        ("example.com", "https://example.com", status.HTTP_302_FOUND),
        ("a.example.org", "https://a.example.org", status.HTTP_302_FOUND),
        ("a.example.org", "https://b.example.org", status.HTTP_302_FOUND),
        ("example.com", "https://evil.example", status.HTTP_403_FORBIDDEN),
        ("example.com", "http://example.com", status.HTTP_403_FORBIDDEN),
        ("example.com", "https://sub.example.com", status.HTTP_403_FORBIDDEN),
    ],
)
def test_login(host, origin, code):
    """Logging in works from our own origins and no other, with cookies that only HTTPS carries."""
    user = person("superuser")
    user.set_password("correct horse")
    user.save()
    client = APIClient(enforce_csrf_checks=True, headers=HTTPS | {"Host": host})
    client.get("/api-auth/login/")
    token = client.cookies["csrftoken"]
    form = {
        "username": user.username,
        "password": "correct horse",
        "csrfmiddlewaretoken": token.value,
    }
    response = client.post("/api-auth/login/", form, format="multipart", headers={"Origin": origin})
    assert response.status_code == code
    assert ("sessionid" in client.cookies) == (code == status.HTTP_302_FOUND)
    assert all(cookie["secure"] for cookie in client.cookies.values())
