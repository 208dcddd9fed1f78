"""The image's health check, run by Docker inside the image against servers of every kind."""

import pytest

from template.tests import exhaustive
from template.tests.image.containers import running, until

pytestmark = pytest.mark.usefixtures("docker")
OFTEN = ("--health-interval=300ms", "--health-retries=1", "--health-start-period=1ms")
SERVER = """
import http.server, os, sys

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        elsewhere = self.path != "/health/live"
        self.send_response(200 if elsewhere else int(sys.argv[1]))
        self.send_header("Location", "/elsewhere")
        self.end_headers()

http.server.HTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""


def judgement(image, *options, command):
    """What Docker thinks of a container that runs the command."""
    with running(image, *OFTEN, *options, command=command) as container:
        until(lambda: container.health != "starting")
        return container.health


@pytest.mark.parametrize("status", ["200", "204"])
def test_success_is_healthy(image, status):
    """A server that answers 2xx is healthy."""
    with running(image, *OFTEN, command=("python", "-c", SERVER, status)) as container:
        # The first look may come before the server listens.
        assert until(lambda: container.health == "healthy")


STATUSES = ["301", "302", "400", "404", "500", "503"]


@pytest.mark.parametrize("status", exhaustive.rows(STATUSES, "301", "503"))
def test_anything_else_is_unhealthy(image, status):
    """A server that answers otherwise is not, even where a redirect would lead to 200."""
    assert judgement(image, command=("python", "-c", SERVER, status)) == "unhealthy"


def test_no_server_is_unhealthy(image):
    """A container where nobody listens is unhealthy."""
    assert judgement(image, command=("sleep", "60")) == "unhealthy"


@exhaustive.MARK
def test_silent_server_is_unhealthy(image):
    """A server that takes the connection and says nothing is unhealthy."""
    silent = "import socket, time; server = socket.create_server(('', 80)); time.sleep(60)"
    assert judgement(image, command=("python", "-c", silent)) == "unhealthy"


def test_port_is_the_servers_own(image):
    """The check asks the port that PORT names."""
    command = ("python", "-c", SERVER, "200")
    with running(image, *OFTEN, "--env=PORT=8080", command=command) as container:
        assert until(lambda: container.health == "healthy")
