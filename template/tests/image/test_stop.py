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
PATIENCE = 120  # seconds that the server gives to requests, if there are any


def has_read(container):
    """Whether the server has taken a connection from outside, and all that came by it.

    A socket that no process has taken yet has no inode:
    https://docs.kernel.org/networking/proc_net_tcp.html
    """
    lines = [line.split() for line in container.run("cat", "/proc/net/tcp").splitlines()[1:]]
    return any(
        local.endswith(":0050")
        and not remote.startswith("0100007F:")
        and state == "01"
        and queues.endswith(":00000000")
        and inode != "0"
        for _, local, remote, state, queues, *_, inode in (line[:10] for line in lines)
    )


def test_request_in_flight_is_answered(image):
    """A slow request that began before SIGTERM is answered, and then the server ends with 0."""
    patient = f"--env=GUNICORN_CMD_ARGS=--graceful-timeout={PATIENCE}"
    with running(image, patient) as container:
        container.wait_until_live()
        with socket.create_connection(("127.0.0.1", container.port), timeout=60) as client:
            client.sendall(REQUEST)
            assert until(lambda: has_read(container))
            begin = time.monotonic()
            docker("kill", "--signal", "TERM", container.name)
            assert until(lambda: "Handling signal: term" in container.log)
            time.sleep(1)
            client.sendall(b'"Late"}')
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
        assert b'"title":"Late"' in answer
        assert docker("wait", container.name).stdout == "0\n"
        assert time.monotonic() - begin < PATIENCE


@exhaustive.MARK
def test_idle_server_stops_at_once(image):
    """Without connections it stops within Docker's ten seconds, and complained of nothing."""
    with running(image, *HARDENED) as container:
        container.wait_until_live()
        docker("stop", container.name)  # by SIGKILL after ten seconds, and then not with 0
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
