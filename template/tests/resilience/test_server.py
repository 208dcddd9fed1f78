"""What the web server makes of requests that arrive in unusual ways, as its clients see it."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.image.containers import PATIENCE, docker
from template.tests.resilience import fleet
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.load import Client, Load

MIB = 2**20
GET = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /itemslist/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
ITEM = json.dumps({"title": "Bread", "content": "x" * 5000}).encode()
RESET = struct.pack("ii", 1, 0)  # close with a reset
BOUNDARY = "boundary-of-the-tests"
OPENING = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nBread\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bread.bin"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
CLOSING = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture(scope="module")
def task(images):
    """A container of the demo that takes large uploads."""
    with fleet.tasks() as tasks:
        limits = {"MAX_UPLOAD_BYTES": str(200 * MIB), "MAX_BODY_BYTES": str(4 * MIB)}
        task = tasks.start(images[0], free_port(), LOG_LEVEL="WARNING", **limits)
        task.wait_until_healthy()
        yield task


@pytest.fixture
def client(task):
    """A connection to it."""
    with connected(task) as client:
        yield client


@pytest.fixture
def others(task):
    """Other clients, none of whom may fail or wait while the test runs."""
    clients = (Client(task.port), Client(task.port, keep_alive=False))
    load = Load(*clients, requests=("create", "version", "read"), pause=0.02)
    with load:
        load.wait_for(6)
        yield load
        load.wait_for(load.tally.requests + 6)
    assert load.tally.failures == []
    assert load.tally.quantile(0.99) < FIGURES.worst_seconds


def connected(task):
    """A connection to a container."""
    return socket.create_connection(("127.0.0.1", task.port), timeout=60)


def answer(client):
    """The status and the body of the next response; what comes before it http.client ignores."""
    with http.client.HTTPResponse(client) as response:
        response.begin()
        return response.status, response.read()


def upload(task, size, seconds=0.0):
    """Upload a file of so many bytes, evenly over so many seconds; the status."""
    connection = http.client.HTTPConnection("127.0.0.1", task.port, timeout=120)
    connection.putrequest("POST", "/itemslist/")
    connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    connection.putheader("Content-Length", str(len(OPENING) + size + len(CLOSING)))
    connection.endheaders(OPENING)
    piece = min(size, 64 * 1024)
    for sent in range(0, size, piece):
        connection.send(b"x" * min(piece, size - sent))
        time.sleep(seconds * piece / size)
    connection.send(CLOSING)
    with contextlib.closing(connection):
        return connection.getresponse().status


@pytest.mark.parametrize("pieces", [[GET], [GET[:9], GET[9:]], [b"\r\n", GET, GET[:5], GET[5:]]])
def test_request_in_pieces_is_answered(client, others, pieces):
    """However a request arrives, it is answered."""
    for piece in pieces:
        client.sendall(piece)
        time.sleep(0.2)
    assert answer(client)[0] == 200


def test_body_in_pieces_is_answered(client, others):
    """A body may arrive as slowly as it likes, and is whole."""
    client.sendall(POST + b"Content-Length: %d\r\n\r\n" % len(ITEM))
    for begin in range(0, len(ITEM), 1000):
        client.sendall(ITEM[begin : begin + 1000])
        time.sleep(0.2)
    status, body = answer(client)
    assert status == 201
    assert json.loads(ITEM).items() <= json.loads(body).items()


@pytest.mark.parametrize("mebibytes", [2, 17, 100])
def test_large_upload_is_taken(task, others, mebibytes):
    """A file of any size that the settings allow is taken, while nobody else waits."""
    assert upload(task, mebibytes * MIB) == 201


def test_large_uploads_at_once_are_taken(task, others):
    """Several people upload at once."""
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(upload(task, 17 * MIB))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 4


@exhaustive.MARK
def test_slow_upload_is_taken(task, others):
    """An upload that goes on is never too slow: a photo of 2 MiB at 50 kB/s takes 41 seconds."""
    assert upload(task, 2 * MIB, seconds=41) == 201


def test_body_beyond_the_limit_is_refused(client, others):
    """A body that is announced to be longer than the limit gets 413 before it is sent."""
    client.sendall(POST + b"Content-Length: %d\r\n\r\n" % (5 * MIB))
    assert answer(client)[0] == 413


def test_chunked_request_without_a_body_is_answered(client, others):
    """A proxy that does not know the length of a GET sends it as chunks: none."""
    client.sendall(GET[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert answer(client)[0] == 200
    client.sendall(GET)
    assert answer(client)[0] == 200


def test_chunked_body_is_answered(client, others):
    """Django reads no body without a length, and says what is missing; the connection goes on."""
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ITEM), ITEM)
    client.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer(client)[0] == 400
    client.sendall(GET)
    assert answer(client)[0] == 200


@pytest.mark.parametrize("body", [b"1", b"{}", b'"abc"', ITEM], ids=len)
def test_client_that_asks_is_told_to_go_on(client, others, body):
    """A client that waits for 100 before it sends a body gets it, once, and then the answer."""
    client.sendall(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(body)
    reply = client.recv(65536)
    assert re.match(rb"HTTP/1.1 (201 Created|400 Bad Request)\r\n", reply)
    assert b"100 Continue" not in reply


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + b"X-Flood: 1\r\n" * 6000 + b"\r\n", 431),
        (b"garbage\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345", 400),
    ],
    ids=["flood", "garbage", "negative", "two framings", "two lengths"],
)
def test_malformed_request_is_refused(client, others, request_, status):
    """What is no request, or two in one, is refused with the reason, and the connection ends."""
    client.sendall(request_)
    reply = client.makefile("rb").read()
    assert reply.startswith(b"HTTP/1.1 %d " % status)
    assert reply.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "opening", [b"", b"GET", GET + b"GET", POST + b"Content-Length: 9\r\n\r\n1"]
)
def test_client_that_vanishes_costs_nothing(task, others, opening):
    """Connections that are reset, at whatever point, harm nobody; gunicorn logs no error."""
    for _ in range(20):
        with connected(task) as client:
            client.sendall(opening)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert "ERROR gunicorn" not in docker("logs", task.name).stdout


@pytest.mark.parametrize("opening", [b"", b"GET /ping HTTP/1.1\r\nX-Slow: "])
def test_connection_without_a_request_is_closed(images, tasks, opening):
    """A connection that is idle, or half a request, lives as long as one that is kept alive."""
    options = ("--env=GUNICORN_CMD_ARGS=--keep-alive=2",)
    task = tasks.start(images[0], free_port(), *options)
    task.wait_until_healthy()
    begin = time.monotonic()
    with connected(task) as client:
        client.sendall(opening)
        assert client.recv(65536) == b""
    assert time.monotonic() - begin > 1


def test_encryption_up_to_the_container(images, tasks, tmp_path):
    """With a certificate the server speaks HTTPS, which a load balancer can ask of its targets."""
    tmp_path.chmod(0o755)
    files = {"certfile": "server.pem", "keyfile": "server.key"}
    names = ("-keyout", files["keyfile"], "-out", files["certfile"], "-subj", "/CN=localhost")
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    subprocess.run([*new, "-nodes", *names], cwd=tmp_path, check=True, capture_output=True)
    for file in files.values():
        (tmp_path / file).chmod(0o644)
    arguments = " ".join(f"--{name}=/tls/{file}" for name, file in files.items())
    options = (f"--volume={tmp_path}:/tls:ro", f"--env=GUNICORN_CMD_ARGS={arguments}")
    task = tasks.start(images[0], free_port(), *options)
    trust = ssl.create_default_context(cafile=tmp_path / files["certfile"])
    for _ in range(3):
        connection = secure_connection(task, trust)
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
        connection.close()


def secure_connection(task, trust):
    """An HTTPS connection, once the server listens."""
    end = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPSConnection("localhost", task.port, context=trust, timeout=60)
        try:
            connection.connect()
        except OSError:
            assert time.monotonic() < end, docker("logs", task.name).stdout
            time.sleep(0.2)
        else:
            return connection
