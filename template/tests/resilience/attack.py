"""Clients that mean harm, or have a bad connection."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

CREATE = (
    b"POST /itemslist/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"X-Forwarded-Proto: https\r\n"
    b'Content-Length: 5000\r\n\r\n{"title":"'
)
# The largest of the static files, 1.6 MB, which needs no account.
STATIC = b"/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
TICK = 0.2  # seconds


@dataclass(frozen=True)
class Attack:
    """What a connection sends at first, and what it sends again and again."""

    opening: bytes
    drip: bytes = b""

    def connect(self, port: int, host: str) -> socket.socket:
        """A connection that has begun; its buffer is small, so that it can be slow to read."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, port))
        client.sendall(self.opening)
        return client

    def go_on(self, client: socket.socket, port: int, host: str) -> socket.socket:
        """Send some more on the connection; the next one, once the server has closed it."""
        try:
            client.sendall(self.drip)
        except OSError:
            client.close()
            return self.connect(port, host)
        return client

    @contextlib.contextmanager
    def running(self, port: int, connections: int, host: str = "127.0.0.1") -> Iterator[None]:
        """Attack with so many connections at once while the context lasts."""
        ended = threading.Event()
        clients = [self.connect(port, host) for _ in range(connections)]

        def attack() -> None:
            while not ended.wait(TICK):
                clients[:] = [self.go_on(client, port, host) for client in clients]

        thread = threading.Thread(target=attack)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for client in clients:
                client.close()


ATTACKS = {
    "idle connections": Attack(b""),
    "half a request line": Attack(b"GET /itemsli"),
    "slow headers": Attack(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"a"),
    "slow headers, kept alive": Attack(
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nG", b"a"
    ),
    "slow bodies": Attack(CREATE, b"a"),
    "slow readers": Attack(
        b"GET /itemslist/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n"
    ),
    "static files that nobody reads": Attack(
        b"GET " + STATIC + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ),
    "clients that do not close": Attack(b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    "garbage": Attack(b"\x16\x03\x01\x00\xff\xfe garbage\r\n\r\n", b"\x00\r\n\r\n"),
    "header flood": Attack(b"GET / HTTP/1.1\r\n" + b"X-Flood: 1\r\n" * 5000, b"X: 1\r\n"),
}
