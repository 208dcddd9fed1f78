"""The web server's worker: a thread is for a request that has arrived, never for one that may.

gunicorn's own reads requests and takes leave of clients in its few threads and in its only loop,
so that a handful of slow clients keeps all others waiting. Here the loop reads, without waiting,
and a thread begins when the last byte of a request is there.
"""

import os
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from django.conf import settings
from gunicorn.util import write_error
from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 30  # for all of a request to arrive
LEAVE_SECONDS = 2  # for the client to close, once it has its answer
STALL_SECONDS = struct.pack("ll", 10, 0)  # for a thread to move a byte
CHUNK = 64 * 1024  # bytes that are read at once
LARGEST_HEAD = 64 * 1024  # bytes, as many as a load balancer of AWS forwards
LARGEST_WAIT = 2 * 1024**2  # bytes, after which a thread reads on as they come
PAUSE_SECONDS = 0.001  # for other workers to accept, once all threads here have a client
BUDGET = 16 * 1024**2  # bytes of large requests that may be arriving at once
RESPONSE_BUFFER = 1024**2  # bytes of a response that a thread need not wait for
CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*0*(\d+)", re.IGNORECASE | re.MULTILINE)
TRANSFER_ENCODING = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
EXPECT = re.compile(rb"^expect[ \t]*:[ \t]*100-continue", re.IGNORECASE | re.MULTILINE)


class RefusedError(Exception):
    """A request that no thread shall see, with the status and the reason of its answer."""


def missing(data: bytes) -> int:
    """How many bytes of the request have yet to arrive, at least; raises RefusedError."""
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        if len(data) >= LARGEST_HEAD:
            raise RefusedError(431, "Request Header Fields Too Large")
        return 1
    if TRANSFER_ENCODING.search(head):
        raise RefusedError(411, "Length Required")
    length = CONTENT_LENGTH.search(head)
    expected = int(length[1][:20]) if length else 0
    if expected > getattr(settings, "MAX_BODY_BYTES", expected):
        raise RefusedError(413, "Content Too Large")
    return max(expected - len(body), 0)


def receive(conn: TConn) -> bool:
    """Take in what has arrived, which gunicorn reads first; whether more may come."""
    try:
        data = conn.sock.recv(CHUNK, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except OSError:
        return False
    conn.parser.unreader.buf.seek(0, os.SEEK_END)
    conn.parser.unreader.buf.write(data)
    return bool(data)


class BufferingWorker(ThreadWorker):
    """A gthread worker that slow clients do not slow down."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.arriving: dict[TConn, tuple[float, int]] = {}  # its deadline, and its bytes at least
        self.accept_at = 0.0  # not before

    def run(self) -> None:
        """Serve, with limits that every accepted connection inherits from its listener."""
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, STALL_SECONDS)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, STALL_SECONDS)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RESPONSE_BUFFER)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, then let others go first: clients stay with whom they came to."""
        super().accept(listener)
        if self.nr_conns > self.cfg.threads:
            self.accept_at = time.monotonic() + PAUSE_SECONDS
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin to accept, unless it is too early, or end it."""
        if not enabled or time.monotonic() >= self.accept_at:
            super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, but no longer than until connections may be accepted again."""
        pause = self.accept_at - time.monotonic()
        super().wait_for_and_dispatch_events(min(timeout, pause) if pause > 0 else timeout)

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a request that has arrived to a thread; let any other arrive first."""
        conn.init()
        goes_on = receive(conn)
        begun = self.arriving.pop(conn, None)
        buffer = conn.parser.unreader.buf
        try:
            if buffer.getbuffer().nbytes:
                self.begin_or_wait(conn, begun, buffer.getbuffer().nbytes, goes_on=goes_on)
            elif goes_on:
                # Idle, and let be as long as a connection that is kept alive.
                deadline = time.monotonic() + self.cfg.keepalive
                self.park(conn, deadline, self.on_pending_socket_readable)
            else:
                self.drop(conn)
        except RefusedError as error:
            self.refuse(conn, *error.args)
        except OSError:
            self.drop(conn)

    def begin_or_wait(
        self, conn: TConn, begun: tuple[float, int] | None, arrived: int, *, goes_on: bool
    ) -> None:
        """Hand over the request, or wait for its rest; raises RefusedError if that is in vain."""
        deadline, size = begun or (time.monotonic() + REQUEST_SECONDS, 0)
        if arrived >= size:
            data = conn.parser.unreader.buf.getvalue()
            size = arrived + missing(data)
            if size > arrived + 1 and EXPECT.search(data):
                conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if arrived >= min(size, LARGEST_WAIT):
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        if not goes_on:
            raise RefusedError(400, "Bad Request")
        self.wait_for_rest(conn, deadline, size, arrived)

    def wait_for_rest(self, conn: TConn, deadline: float, size: int, arrived: int) -> None:
        """Let the rest of a request arrive; raises RefusedError if too much is arriving."""
        if size > LARGEST_HEAD and size + sum(size for _, size in self.arriving.values()) > BUDGET:
            raise RefusedError(503, "Service Unavailable")
        self.arriving[conn] = (deadline, size)
        self.park(conn, deadline, self.on_pending_socket_readable)

    def park(self, conn: TConn, deadline: float, callback: Callable) -> None:
        """Let the poller call back when the client has sent something, until the deadline."""
        conn.sock.setblocking(False)
        conn.timeout = deadline
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))

    def unpark(self, conn: TConn) -> None:
        """Take the connection out of the poller."""
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)

    def murder_pending(self) -> None:
        """Refuse the requests that did not arrive in time; close what else is overdue."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now]:
            self.unpark(conn)
            if self.arriving.pop(conn, None):
                self.refuse(conn, 408, "Request Timeout")
            else:
                self.drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """A server that stops waits for requests that are arriving, not for idle connections."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            if conn not in self.arriving:
                conn.timeout = min(conn.timeout, deadline)

    def finish_request(self, conn: TConn, fs: Future) -> None:
        """Keep the connection, or leave without holding up the loop that serves the others."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self.leave(conn)

    def refuse(self, conn: TConn, status: int, reason: str) -> None:
        """Answer with an error, and leave."""
        self.log.info("Refused a request from %s: %d %s", conn.client, status, reason)
        try:
            write_error(conn.sock, status, reason, "")
        except OSError:
            self.drop(conn)
        else:
            self.leave(conn)

    def leave(self, conn: TConn) -> None:
        """Say that the answer is whole, then wait for the client to close (RFC 9112, 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.drop(conn)
        else:
            self.park(conn, time.monotonic() + LEAVE_SECONDS, self.on_leaving_readable)

    def on_leaving_readable(self, conn: TConn, client: socket.socket) -> None:
        """Throw away what still arrives, which would cut off the answer; close when all has."""
        self.unpark(conn)
        goes_on = receive(conn)
        conn.parser.unreader.take_buffered()
        if goes_on and conn.timeout > time.monotonic():
            self.park(conn, conn.timeout, self.on_leaving_readable)
        else:
            self.drop(conn)

    def drop(self, conn: TConn) -> None:
        """Close the connection."""
        self.nr_conns -= 1
        conn.close()
