"""Serves a WSGI application on a port of its own, of the loopback address if no other is named."""

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
def serve(application: WSGIApplication, host: str = HOST) -> Iterator[str]:
    """Serve while the context lasts; the value is the endpoint, `HOST:PORT`."""
    server = _Server(host, 0, application, handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
