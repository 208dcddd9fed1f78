"""`docker stop`, or ECS, ends the server without losing a request."""

import re
import socket
import time

import pytest

from template.tests import exhaustive
from template.tests.image.containers import HARDENED, docker, inspect, running, until

pytestmark = pytest.mark.usefixtures("docker")
REQUEST = (
    b"POST /itemslist/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Connection: close\r\n"
    b'Content-Length: 16\r\n\r\n{"title":'
)


def test_request_in_flight_is_answered(image):
    """A slow request that began before SIGTERM is answered, and then the server ends with 0."""
    with running(image) as container:
        container.wait_until_live()
        with socket.create_connection(("127.0.0.1", container.port), timeout=60) as client:
            client.sendall(REQUEST)
            time.sleep(1)
            begin = time.monotonic()
            docker("kill", "--signal", "TERM", container.name)
            assert until(lambda: "Handling signal: term" in container.log)
            time.sleep(1)
            client.sendall(b'"Late"}')
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
        assert b'"title":"Late"' in answer
        assert docker("wait", container.name).stdout == "0\n"
        assert time.monotonic() - begin < 20


@exhaustive.MARK
def test_idle_server_stops_at_once(image):
    """Without connections it stops within Docker's ten seconds, and complained of nothing."""
    with running(image, *HARDENED) as container:
        container.wait_until_live()
        begin = time.monotonic()
        docker("stop", container.name)
        assert time.monotonic() - begin < 10
        assert inspect(container.name)["State"]["ExitCode"] == 0
        assert not re.search("WARN|ERROR|CRITICAL|Traceback", container.log)


@exhaustive.MARK
def test_idle_connections_delay_a_stop_for_less_than_ecs_waits(image):
    """Clients that keep their connections open do not make ECS kill the server after 30 seconds."""
    with running(image) as container:
        container.wait_until_live()
        with socket.create_connection(("127.0.0.1", container.port), timeout=40) as client:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
            docker("stop", "--timeout", "30", container.name)
            assert client.recv(65536) in (b"", b"0\r\n\r\n")
        assert inspect(container.name)["State"]["ExitCode"] == 0
