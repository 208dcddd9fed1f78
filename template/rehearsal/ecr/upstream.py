"""Passes a request on to the real registry and its answer back, a piece at a time."""

import base64
import http.client
from collections.abc import Iterator

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecr.registry import USER, Registry

PIECE = 64 * 1024  # bytes
PATIENCE = 60.0  # seconds
ASKED = ("Accept", "Content-Length", "Content-Range", "Content-Type", "Range", "Transfer-Encoding")
DROPPED = {"connection", "date", "server", "transfer-encoding"}


def forward(request: Request, registry: Registry, *, query: bool) -> Response:
    """Send the request to the registry; the response reads on while it is sent.

    The registry builds its Location headers from the Host header, which is the front's. Raises
    ConnectionAbortedError when the client goes away, AwsError when the registry does not answer.
    """
    connection = http.client.HTTPConnection(registry.endpoint, timeout=PATIENCE)
    headers = _headers(request, registry)
    chunked = "Transfer-Encoding" in headers
    path = request.full_path if query and request.query_string else request.path
    body = _pieces(request) if chunked or request.content_length else None
    try:
        connection.request(request.method, path, body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
    except ConnectionAbortedError:
        connection.close()
        raise
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise AwsError(
            "InternalFailure", f"The registry behind ECR does not answer: {error!r}", 502
        ) from None
    return _response(connection, answer)


def _headers(request: Request, registry: Registry) -> dict[str, str]:
    login = base64.b64encode(f"{USER}:{registry.password}".encode()).decode()
    passed = {name: request.headers[name] for name in ASKED if name in request.headers}
    return {**passed, "Host": request.host, "Authorization": f"Basic {login}"}


def _pieces(request: Request) -> Iterator[bytes]:
    try:
        yield from iter(lambda: request.stream.read(PIECE), b"")
    except (OSError, HTTPException):
        raise ConnectionAbortedError("the client went away") from None


def _response(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Response:
    response = Response(
        iter(lambda: answer.read(PIECE), b""),
        answer.status,
        [(name, value) for name, value in answer.getheaders() if name.lower() not in DROPPED],
    )
    response.call_on_close(answer.close)
    response.call_on_close(connection.close)
    return response
