"""The web server's worker gives a thread to requests that have arrived, and to nothing else."""

import contextlib
import http.client
import logging
import os
import socket
import struct
import threading
import time

import pytest
from gunicorn.config import Config
from gunicorn.workers import gthread

from docker_image import worker as module
from docker_image.worker import BufferingWorker
from template.tests.image.containers import until
from template.tests.resilience.attack import Attack

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n"
RESET = struct.pack("ii", 1, 0)  # close with a reset


def application(environ, start_response):
    """Answer with the length of the body."""
    body = b"%d" % len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Server:
    """A worker with one thread, in a thread of the tests."""

    def __init__(self, keepalive=10, listener=None):
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        config = Config()
        for name, value in {"threads": 1, "keepalive": keepalive, "graceful_timeout": 5}.items():
            config.set(name, value)
        log = logging.getLogger("worker")
        log.access = lambda *_: None
        arguments = (0, os.getppid(), [self.listener], None, 30, config, log)
        self.worker = BufferingWorker(*arguments)
        self.worker.wsgi = application
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = module.selectors.DefaultSelector()
        self.worker.method_queue.init()
        self.thread = threading.Thread(target=self.worker.run)

    def connect(self):
        """A connection of a client."""
        return socket.create_connection(self.listener.getsockname(), timeout=5)

    def stop(self):
        """Stop like gunicorn does at SIGTERM; the seconds that it took."""
        begin = time.monotonic()
        self.worker.handle_exit(None, None)
        self.thread.join()
        return time.monotonic() - begin


@contextlib.contextmanager
def serving(**options):
    """A running worker."""
    server = Server(**options)
    server.thread.start()
    try:
        yield server
    finally:
        server.stop()
        server.worker.tmp.close()


@pytest.fixture
def server():
    """A running worker."""
    with serving() as server:
        yield server


@pytest.fixture
def client(server):
    """A connection to the worker."""
    with server.connect() as client:
        yield client


def status(client):
    """The status of the next answer, or nothing when the connection is closed without one."""
    return client.recv(65536).partition(b"\r\n")[0].partition(b" ")[2].decode()


def content(client):
    """The body of the next answer, which is 200; before it comes what http.client ignores."""
    with http.client.HTTPResponse(client) as response:
        response.begin()
        assert response.status == 200
        return response.read()


def others_are_served(server):
    """Whether another client gets its answer at once."""
    with server.connect() as other:
        begin = time.monotonic()
        other.sendall(GET)
        return status(other) == "200 OK" and time.monotonic() - begin < 1


@pytest.mark.parametrize("pieces", [[GET], [GET[:9], GET[9:]], [b"\r\n", GET, GET[:5], GET[5:]]])
def test_request_in_pieces_is_answered(server, client, pieces):
    """However a request arrives, it is answered, and the only thread is free meanwhile."""
    for piece in pieces:
        client.sendall(piece)
        assert others_are_served(server)
    assert status(client) == "200 OK"


@pytest.mark.parametrize("size", [5, 100_000, 900_000])
def test_body_in_pieces_is_answered(server, client, size):
    """A body arrives as slowly as it likes, is whole, and the thread is free meanwhile."""
    client.sendall(POST % (size, b"") + b"x" * (size - 1))
    assert others_are_served(server)
    client.sendall(b"x")
    assert content(client) == b"%d" % size


def test_body_larger_than_the_buffer_is_read_as_it_comes(server, client, monkeypatch):
    """A request that is larger than its buffer is given to a thread before it is whole."""
    monkeypatch.setattr(module, "LARGEST_WAIT", 100_000)
    client.sendall(POST % (300_000, b"") + b"x" * 150_000)
    time.sleep(0.2)
    client.sendall(b"x" * 150_000)
    assert content(client) == b"300000"


def test_client_that_asks_is_told_to_go_on(server, client):
    """A client that waits for 100 before it sends a body gets it, and then the answer."""
    client.sendall(POST % (5, b"Expect: 100-continue\r\n"))
    assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"12345")
    assert content(client) == b"5"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\n" + b"X-Flood: 1\r\n" * 6000, "431 Request Header Fields Too Large"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411 Length Required"),
        (POST % (2_000_000, b""), "413 Content Too Large"),
        (POST % (10**25, b""), "413 Content Too Large"),
        (b"garbage\r\n\r\n", "400 Bad Request"),
    ],
)
def test_refused(client, request_, expected):
    """What no thread shall see is refused with the reason, and the connection ends."""
    client.sendall(request_)
    assert status(client) == expected
    assert client.recv(65536) == b""


def test_half_a_request_is_refused(client):
    """A client that ends in the middle of a request gets 400."""
    client.sendall(POST % (50, b"") + b"x")
    client.shutdown(socket.SHUT_WR)
    assert status(client) == "400 Bad Request"


@pytest.mark.parametrize("drips", [0, 30])
def test_late_request_is_refused(client, monkeypatch, drips):
    """A request that has not arrived in time gets 408, whether bytes still come or not."""
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.5)
    client.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
    with contextlib.suppress(OSError):
        for _ in range(drips):
            client.sendall(b"a")
            time.sleep(0.05)
    assert status(client) == "408 Request Timeout"


def test_too_much_at_once_is_refused(server, client, monkeypatch):
    """Large requests that are arriving share a budget; beyond it the answer is 503."""
    monkeypatch.setattr(module, "BUDGET", 400_000)
    client.sendall(POST % (300_000, b"") + b"x")
    time.sleep(0.2)
    with server.connect() as other:
        other.sendall(POST % (300_000, b"") + b"x")
        assert status(other) == "503 Service Unavailable"
    assert others_are_served(server)


def test_idle_connection_is_closed():
    """A connection without a request lives as long as one that is kept alive."""
    with serving(keepalive=1) as server, server.connect() as client:
        begin = time.monotonic()
        assert client.recv(1) == b""
        assert 1 <= time.monotonic() - begin < 4


def test_client_that_does_not_close_is_left(server, client):
    """A client that stays after the end of the answer, and sends on, holds up nobody."""
    client.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert client.makefile("rb").read().startswith(b"HTTP/1.1 200 OK")
    client.sendall(b"more")
    assert others_are_served(server)
    time.sleep(module.LEAVE_SECONDS)
    assert others_are_served(server)
    client.sendall(b"and more")
    time.sleep(0.2)
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        client.sendall(b"too late")


@pytest.mark.parametrize("opening", [b"", b"GET", GET + b"GET"])
def test_client_that_vanishes_is_forgotten(server, opening):
    """A connection that is reset, at whatever point, costs nothing."""
    client = server.connect()
    client.sendall(opening)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    time.sleep(0.2)
    client.close()
    assert others_are_served(server)


def test_attack_goes_on(server):
    """A connection of an attack that has ended is followed by the next one."""
    attack = Attack(GET, b"more")
    port = server.listener.getsockname()[1]
    ended = attack.connect(port)
    ended.close()
    with attack.go_on(ended, port) as client:
        assert status(client) == "200 OK"


@pytest.fixture
def dead():
    """A worker that does not run, and a connection whose client has asked and gone."""
    server = Server()
    ours, theirs = socket.socketpair()
    theirs.sendall(POST % (5, b"Expect: 100-continue\r\n"))
    theirs.close()
    server.worker.nr_conns = 1
    yield server.worker, module.TConn(server.worker.cfg, ours, None, None)
    server.thread.start()
    server.stop()
    server.worker.tmp.close()


@pytest.mark.parametrize(
    "step",
    [
        lambda worker, conn: worker.enqueue_req(conn),
        lambda worker, conn: worker.refuse(conn, 400, "Bad Request"),
        lambda worker, conn: (conn.sock.close(), worker.leave(conn)),
    ],
    ids=["asking", "refusing", "leaving"],
)
def test_dead_connection_is_dropped(dead, step):
    """A client that cannot be told anything any more costs nothing, and stops nobody."""
    worker, conn = dead
    step(worker, conn)
    assert worker.nr_conns == 0
    assert conn.sock.fileno() == -1


def test_stop_waits_for_requests_alone(server, client, monkeypatch):
    """A server that stops answers the request that is arriving, and leaves the idle ones."""
    monkeypatch.setattr(gthread, "STOP_KEEPALIVE_LINGER", 0.5)
    with server.connect() as idle:
        idle.sendall(GET)
        assert status(idle) == "200 OK"
        with server.connect() as silent:
            client.sendall(GET[:9])
            time.sleep(0.2)
            ending = threading.Timer(1, client.sendall, (GET[9:],))
            ending.start()
            assert server.stop() < 5
            ending.join()
            assert status(client) == "200 OK"
            assert silent.recv(1) == b""


def shares_of(number: int) -> list[int]:
    """How many of so many clients, who come at once and stay, two workers have."""
    with serving() as one, serving(listener=one.listener.dup()) as other:
        clients = [one.connect() for _ in range(number)]
        workers = (one.worker, other.worker)
        until(lambda: sum(worker.nr_conns for worker in workers) == number, seconds=5)
        shares = [worker.nr_conns for worker in workers]
        for client in clients:
            client.close()
    return shares


def test_clients_go_to_the_worker_that_is_idle(monkeypatch):
    """A worker with a client for each thread, and one more, lets another worker go first."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 2.0)
    assert shares_of(4) == [2, 2]


def test_all_clients_are_taken():
    """No client waits because all workers let each other go first."""
    assert sum(shares_of(24)) == 24
