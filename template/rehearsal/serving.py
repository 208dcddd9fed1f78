"""Serves a WSGI application on a loopback port of its own."""

import contextlib
import threading
from collections.abc import Iterator
from wsgiref.types import WSGIApplication

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds that a silent client is waited for


class _Handler(WSGIRequestHandler):
    """Logs nothing: what was asked is in the recording."""

    timeout = PATIENCE

    def connection_dropped(self, error: BaseException, environ: object = None) -> None:
        """Close the connection, which would otherwise wait for another request."""
        self.close_connection = True

    def log(self, kind: str, message: str, *arguments: object) -> None:
        """Say nothing."""


class _Server(ThreadedWSGIServer):
    """Waits for its requests to end when it is closed."""

    daemon_threads = False


@contextlib.contextmanager
def serve(application: WSGIApplication) -> Iterator[str]:
    """Serve while the context lasts; the value is the endpoint, `127.0.0.1:PORT`."""
    server = _Server(HOST, 0, application, handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
