"""What is refused before a view sees it: bodies that are too long, and NULs."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

pytestmark = pytest.mark.usefixtures("sandbox")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(autouse=True)
def _limits(settings):
    """Limits that are soon reached."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    settings.MAX_UPLOAD_BYTES = 5000


def upload(client, size, **headers):
    """The response to a file of so many bytes."""
    file = SimpleUploadedFile("photo.jpg", b"a" * size)
    return client.post("/upload/", {"file": file}, format="multipart", headers=headers)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "x"]
)
@pytest.mark.parametrize("url", ["/notes/", "/upload/", "/admin/login/", "/nowhere/"])
def test_long_body(anonymous, url, content_type):
    """A body beyond the limit is 413 wherever it goes, with the headers of all responses."""
    response = anonymous.post(url, b"a" * 2001, content_type=content_type)
    assert response.status_code == 413
    assert response.json() == {"detail": "The body is longer than 2000 bytes."}
    assert "Content-Security-Policy" in response.headers


def test_body_at_the_limit(anonymous, db):
    """A body of exactly the limit is taken."""
    body = b'{"name": "tea"}'.ljust(2000)
    assert anonymous.post("/notes/", body, content_type="application/json").status_code == 201


def test_upload(anonymous):
    """A file may be longer than other bodies, up to a limit of its own."""
    response = upload(anonymous, 4000)
    assert (response.status_code, response.json()) == (200, 4000)
    assert upload(anonymous, 5001).status_code == 413


def test_fields_of_an_upload(anonymous):
    """What comes with a file and is kept in memory has the limit of other bodies."""
    anonymous.raise_request_exception = False
    response = anonymous.post("/upload/", {"file": "a" * 3000}, format="multipart")
    assert response.status_code in (400, 413)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "", "image/png"])
def test_api_clients_get_json(anonymous, accept):
    """Whoever does not ask for a page gets JSON."""
    assert upload(anonymous, 6000, accept=accept).json() == {
        "detail": "The body is longer than 5000 bytes."
    }


def test_browsers_get_text(anonymous):
    """Whoever prefers a page gets a sentence."""
    response = upload(anonymous, 6000, accept=BROWSER)
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.text == "The body is longer than 5000 bytes."


@pytest.mark.parametrize("url", ["/notes/%00", "/%00/", "/notes/?q=%00", "/notes/?q=a%00b"])
def test_nul_in_the_url(anonymous, url):
    """A NUL in a URL is 400: no text in PostgreSQL has one."""
    assert anonymous.get(url).status_code == 400


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "any"])
def test_nul_in_a_cookie(anonymous, name):
    """So is one in a cookie, which may be written in octal digits."""
    response = anonymous.get("/private/", headers={"Cookie": f'{name}="\\000abc"'})
    assert response.status_code == 400


@pytest.mark.django_db
def test_other_cookies(anonymous):
    """A session that does not exist is no session."""
    response = anonymous.get("/private/", headers={"Cookie": "sessionid=%00abc; a=b"})
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("url", "age", "times"), [("/", 0, 1), ("/", 60, 0), ("/", None, 0), ("/stream/", 0, 0)]
)
def test_database_is_free_for_others(anonymous, monkeypatch, url, age, times):
    """A client that reads slowly holds no connection, unless what it reads comes out of it."""
    closed = []
    monkeypatch.setattr(connection, "close", lambda: closed.append(url))
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", age)
    anonymous.get(url)
    assert len(closed) == times
