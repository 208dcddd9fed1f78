"""The client's mistakes are answered as such; our own are errors with a traceback in the log."""

import json
import logging

import pytest

from tests.itemsAPP.models import Note

pytestmark = pytest.mark.usefixtures("sandbox")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BOTH = pytest.mark.parametrize("url", ["/fail/{}/", "/plain/fail/{}/"])


@pytest.fixture
def client(anonymous):
    """A client that gets 500 as a browser does."""
    anonymous.raise_request_exception = False
    return anonymous


def tracebacks(caplog):
    """The kinds of error that have a traceback in the log."""
    return [type(record.exc_info[1]).__name__ for record in caplog.records if record.exc_info]


@pytest.mark.django_db
def test_lost_race_is_a_conflict(client, caplog):
    """Two who take the same name: the second gets 409, and the log has the traceback."""
    Note.objects.create(name="tea")
    response = client.post("/notes/", {"name": "tea"})
    assert response.status_code == 409
    assert "conflicts" in response.json()["detail"]
    assert tracebacks(caplog) == ["IntegrityError"]


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "error", ["DataError", "RecursionError", "ValueError", "missing-table", "missing-value"]
)
@BOTH
def test_our_own_mistakes(client, settings, caplog, url, error, debug):
    """Our own mistakes are 500, and the log has their traceback, with DEBUG and without.

    SQLite calls a missing table an OperationalError, as if it were away.
    """
    settings.DEBUG = debug
    assert client.get(url.format(error)).status_code == 500
    assert tracebacks(caplog)
    assert any(record.levelno >= logging.ERROR for record in caplog.records)


@pytest.mark.parametrize("error", ["InterfaceError", "OperationalError"])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (BROWSER, "text/plain"),
    ],
)
@BOTH
def test_database_is_away(client, caplog, url, error, accept, content_type):
    """While the database is away it is worth trying again, and the log says why."""
    response = client.get(url.format(error), headers={"Accept": accept})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Content-Type"].startswith(content_type)
    assert "The database does not answer." in response.text
    assert error in tracebacks(caplog)


def test_database_is_away_in_development(client, settings):
    """With DEBUG it is Django's page with the traceback."""
    settings.DEBUG = True
    response = client.get("/plain/fail/OperationalError/", headers={"Accept": BROWSER})
    assert response.status_code == 500
    assert "Traceback" in response.text


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_too_deeply(client, text):
    """Such JSON is the client's mistake."""
    response = client.post("/notes/", text, content_type="application/json")
    assert response.status_code == 400
    assert response.json() == {"detail": "The JSON is nested too deeply."}


@pytest.mark.parametrize(
    "text", ["", "{", "\0", '{"name": NaN}', '{"name": %s}' % ("1" * 5000), "[]", "null", '"a"']
)
def test_json_that_makes_no_sense(client, text):
    """So is what is no JSON, and JSON that is no object."""
    response = client.post("/notes/", text, content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize("name", ["\0", "a\0b", "\ud800"])
def test_text_that_no_database_takes(client, name):
    """So are NULs and surrogates in a text."""
    response = client.post("/notes/", json.dumps({"name": name}), content_type="application/json")
    assert response.status_code == 400
    assert "name" in response.json()
