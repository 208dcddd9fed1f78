"""Doubles are served on loopback, and leave nothing behind."""

import contextlib
import socket
import threading

import pytest
import requests
from werkzeug import Response

from template.rehearsal.serving import serve


def is_open(endpoint):
    """Whether anybody listens there."""
    host, port = endpoint.split(":")
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
        return True
    return False


def test_answers_while_the_context_lasts():
    """The application answers on a loopback port, which is closed afterwards."""
    with serve(Response("hello")) as endpoint:
        assert endpoint.startswith("127.0.0.1:")
        assert is_open(endpoint)
        assert requests.get(f"http://{endpoint}/", timeout=60).text == "hello"
    assert not is_open(endpoint)


def fail_while_serving(endpoints):
    """Ask a double, and be interrupted."""
    with serve(Response("hello")) as endpoint:
        endpoints.append(endpoint)
        requests.get(f"http://{endpoint}/", timeout=60)
        raise KeyboardInterrupt


def test_nothing_stays_after_a_failure():
    """Neither port nor thread outlives an exception of the user's, such as Ctrl-C."""
    before, endpoints = set(threading.enumerate()), []
    with pytest.raises(KeyboardInterrupt):
        fail_while_serving(endpoints)
    assert not is_open(endpoints[0])
    assert set(threading.enumerate()) <= before


def test_requests_are_answered_to_the_end():
    """Closing waits for a request that is being answered."""
    reached, answered = threading.Event(), []

    def slow(environ, start_response):
        reached.set()
        threading.Event().wait(0.1)
        return Response("late")(environ, start_response)

    with serve(slow) as endpoint:
        asking = threading.Thread(
            target=lambda: answered.append(requests.get(f"http://{endpoint}/", timeout=60).text)
        )
        asking.start()
        reached.wait(60)
    asking.join(60)
    assert answered == ["late"]


def test_connection_can_be_dropped():
    """An application that raises ConnectionAbortedError drops its connection at once."""

    def drop(environ, start_response):
        raise ConnectionAbortedError

    with serve(drop) as endpoint, pytest.raises(requests.ConnectionError, match="without response"):
        requests.get(f"http://{endpoint}/", timeout=60)


def test_strange_requests_are_ignored(capfd):
    """What is not HTTP, such as Docker's attempt at TLS, is refused without a word."""
    with serve(Response("hello")) as endpoint:
        host, port = endpoint.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"\x16\x03\x01\r\n\r\n")
            assert b"400" in connection.recv(1000)
    assert capfd.readouterr().err == ""
