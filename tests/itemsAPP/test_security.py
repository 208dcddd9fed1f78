"""Hosts, HTTPS, CSRF and the headers of every response."""

import pytest
from rest_framework.test import APIClient

from tests.itemsAPP.models import Note

HOST = {"Host": "example.com"}
HTTPS = HOST | {"X-Forwarded-Proto": "https"}
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]
in_production = pytest.mark.usefixtures("production")


@in_production
@pytest.mark.parametrize(
    "host", ["10.0.1.5", "example.com.evil.net", "testserver", "sub.example.com"]
)
@pytest.mark.parametrize("url", ["/", "/notes/", "/admin/login/"])
def test_wrong_host(anonymous, host, url):
    """A Host that is not ours is refused with 400, HTTPS or not."""
    for headers in ({"Host": host}, {"Host": host, "X-Forwarded-Proto": "https"}):
        assert anonymous.get(url, headers=headers).status_code == 400


@in_production
@pytest.mark.parametrize("scheme", ["http", "HTTPS", "http, https", "", None])
def test_http_is_redirected(anonymous, scheme):
    """A request that did not come by HTTPS is redirected to the same URL there."""
    headers = HOST | ({} if scheme is None else {"X-Forwarded-Proto": scheme})
    response = anonymous.get("/notes/?page_size=1", headers=headers)
    assert response.status_code == 301
    assert response.headers["Location"] == "https://example.com/notes/?page_size=1"


@in_production
def test_https_is_answered(anonymous):
    """A request that came by HTTPS is answered, told to stay there, and gets https links."""
    response = anonymous.get("/", headers=HTTPS)
    assert response.status_code == 200
    assert response.json()["notes"].startswith("https://example.com/notes")
    assert response.headers["Strict-Transport-Security"] == "max-age=3600"


@pytest.mark.parametrize("url", ["/", "/nowhere/", "/fail/ValueError/", "/notes/%00", "/admin/"])
def test_headers(anonymous, url):
    """Every response says what a page may load and ask for, be it an error."""
    anonymous.raise_request_exception = False
    headers = anonymous.get(url).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "camera=()" in headers["Permissions-Policy"]


@in_production
@pytest.mark.parametrize(
    ("host", "origin", "code"),
    [
        ("example.com", "https://example.com", 302),
        ("a.example.org", "https://b.example.org", 302),
        ("example.com", "https://evil.example", 403),
        ("example.com", "http://example.com", 403),
        ("example.com", "https://sub.example.com", 403),
    ],
)
def test_login(make_user, host, origin, code):
    """Logging in works from our own origins and no other, with cookies that only HTTPS carries."""
    make_user("ann", password="correct horse")
    client = APIClient(enforce_csrf_checks=True, headers=HTTPS | {"Host": host})
    client.get("/api-auth/login/")
    token = client.cookies["csrftoken"].value
    form = {"username": "ann", "password": "correct horse", "csrfmiddlewaretoken": token}
    response = client.post("/api-auth/login/", form, format="multipart", headers={"Origin": origin})
    assert response.status_code == code
    assert ("sessionid" in client.cookies) == (code == 302)
    assert all(cookie["secure"] for cookie in client.cookies.values())


def test_session_needs_a_csrf_token(make_user):
    """A session writes nothing without the token that other sites cannot know."""
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(make_user("ann", is_superuser=True))
    assert client.post("/notes/", {"name": "tea"}).status_code == 403
    assert not Note.objects.exists()


def test_token(make_user):
    """Programs have a token instead of a session, and need no CSRF token with it.

    A password in the header is none, though it is the right one: each would cost half a second.
    """
    from rest_framework.authtoken.models import Token

    token = Token.objects.create(user=make_user("ann", password="pw"))
    client = APIClient(enforce_csrf_checks=True)
    assert client.get("/private/", headers={"Authorization": f"Token {token}"}).json() == "ann"
    for bad in (f"Token {token}x", "Token", f"Bearer {token}", "Basic YW5uOnB3"):
        assert client.get("/private/", headers={"Authorization": bad}).status_code == 403


@pytest.mark.parametrize(
    ("method", "anonymous_code", "user_code", "superuser_code"),
    [
        ("get", 403, 200, 200),
        ("head", 403, 200, 200),
        ("options", 403, 200, 200),
        ("post", 403, 403, 201),
    ],
)
def test_superusers_write(
    anonymous, user, superuser, method, anonymous_code, user_code, superuser_code
):
    """IsSuperuserOrReadOnly: whoever is signed in may read, superusers may write."""
    codes = [
        getattr(client, method)("/guarded/", {"name": "tea"}).status_code
        for client in (anonymous, user, superuser)
    ]
    assert codes == [anonymous_code, user_code, superuser_code]


def test_views_are_private_by_default(anonymous, user):
    """A view that says nothing about permissions is for those who are signed in."""
    assert anonymous.get("/private/").status_code == 403
    assert user.get("/private/").json() == "user"


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_slash_does_not_matter(anonymous, notes, method, slash):
    """What a router serves answers with and without its last slash, and keeps the body."""
    url = "/notes" if method == "post" else f"/notes/{notes[0].pk}"
    response = getattr(anonymous, method)(url + slash, {"name": "tea"})
    assert response.status_code in (200, 201, 204)
    if method != "delete":
        assert response.json()["name"] == ("note 0" if method == "get" else "tea")
