"""Sentry is told of errors, by a server that takes what Sentry does, or that answers nobody."""

import gzip
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from template.tests import exhaustive
from template.tests.app.commands import gunicorn, manage, production, worker
from template.tests.image.containers import until

COMMIT = "c" * 40
TOKEN = "d9x2m1-" + "a" * 32
LONG = 30  # seconds, after which the SDK would itself have ended to wait for an answer
FAIL = "raise ValueError('no tea for bob@example.com')"


class Envelopes(ThreadingHTTPServer):
    """A server at a DSN, with the events that it was sent."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def dsn(self) -> str:
        """The DSN that leads here."""
        return f"http://0123456789abcdef@127.0.0.1:{self.server_port}/1"


class Handler(BaseHTTPRequestHandler):
    """Reads an envelope: https://develop.sentry.dev/sdk/foundations/transport/envelopes/"""

    server: Envelopes

    def do_POST(self) -> None:
        """Keep the events of an envelope."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        lines = [json.loads(line) for line in body.splitlines() if line]
        for header, payload in zip(lines[1::2], lines[2::2], strict=True):
            if header["type"] == "event":
                self.server.events.append(payload)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[Envelopes]:
    """A server at a DSN."""
    with Envelopes() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def silence() -> Iterator[str]:
    """A DSN whose server takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://0123456789abcdef@127.0.0.1:{server.getsockname()[1]}/1"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A production service of a commit, and its stage."""
    return production(tmp_path) | {"COMMIT_SHA": COMMIT, "SENTRY_ENVIRONMENT": "staging"}


@pytest.fixture
def broken(environment: dict[str, str]) -> dict[str, str]:
    """The same without the table of the sessions, which its code takes for granted."""
    manage("shell", "--command", drop("django_session"), **environment)
    return environment


def drop(table: str) -> str:
    """Code that takes a table away."""
    return f"from django.db import connection; connection.cursor().execute('DROP TABLE {table}')"


def the_event(sentry: Envelopes) -> dict[str, Any]:
    """The one event that comes."""
    assert until(lambda: sentry.events)
    time.sleep(0.5)
    [event] = sentry.events
    return event


def kind(event: dict[str, Any]) -> str:
    """The name of the error."""
    return event["exception"]["values"][-1]["type"]


def test_error_of_a_request(sentry, broken, tmp_path):
    """An error has its commit and its stage, and nothing that is only between us and a person."""
    with gunicorn(tmp_path / "log", **broken, SENTRY_DSN=sentry.dsn) as url:
        answer = requests.put(
            f"{url}/item/{TOKEN}/?next=/{TOKEN}",
            json={"title": "tea", "password": "correct horse"},
            cookies={"sessionid": "secretcookie1234567890123456789012"},
            timeout=60,
        )
        assert answer.status_code == 500
        event = the_event(sentry)
    assert (event["release"], event["environment"]) == (COMMIT, "staging")
    assert kind(event) == "OperationalError"
    assert event["request"]["url"] == f"{url}/item/***/"
    assert event["request"]["query_string"] == "next=/***"
    said = json.dumps(event)
    for secret in ("correct horse", "secretcookie", TOKEN, broken["SECRET_KEY"]):
        assert secret not in said


def test_error_of_a_task(sentry, environment):
    """A task that fails is told, by its worker."""
    queue = "from itemslist.tasks import delete_duplicates as task; task.enqueue('no list')"
    manage("shell", "--command", queue, **environment)
    with worker(**environment, SENTRY_DSN=sentry.dsn) as process:
        event = the_event(sentry)
        assert process.poll() is None
    assert (event["release"], event["environment"]) == (COMMIT, "staging")
    assert kind(event) == "ValueError"


def test_error_of_a_command(sentry, environment):
    """So is an error of a command, before it ends."""
    with pytest.raises(subprocess.CalledProcessError):
        manage("shell", "--command", FAIL, **environment, SENTRY_DSN=sentry.dsn)
    assert kind(the_event(sentry)) == "ValueError"


def test_nothing_is_told_without_a_dsn(sentry, broken, tmp_path):
    """Without SENTRY_DSN nobody is told, and the SDK is not even loaded."""
    with gunicorn(tmp_path / "log", **broken) as url:
        answer = requests.get(f"{url}/admin/", cookies={"sessionid": "a" * 32}, timeout=60)
        assert answer.status_code == 500
    loaded = "import sys; print('sentry_sdk' in sys.modules)"
    assert "False" in manage("shell", "--command", loaded, **broken)
    assert sentry.events == []


@pytest.mark.parametrize("where", exhaustive.rows(["silent", "closed"], "silent"))
def test_sentry_is_away(silence, broken, tmp_path, where):
    """A server that does not answer delays no response, and no stop for more than moments."""
    dsn = silence if where == "silent" else "http://0123456789abcdef@127.0.0.1:1/1"
    with gunicorn(tmp_path / "log", **broken, SENTRY_DSN=dsn) as url:
        for _ in range(5):
            answer = requests.get(f"{url}/admin/", cookies={"sessionid": "a" * 32}, timeout=LONG)
            assert answer.status_code == 500
        assert requests.get(f"{url}/itemslist", timeout=60).status_code == 200
    begin = time.monotonic()
    with pytest.raises(subprocess.CalledProcessError):
        manage("shell", "--command", FAIL, **broken, SENTRY_DSN=dsn)
    assert time.monotonic() - begin < LONG
    with worker(**broken, SENTRY_DSN=dsn) as process:
        assert until(lambda: "Starting worker" in process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0
