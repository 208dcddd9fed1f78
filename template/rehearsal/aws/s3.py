"""Amazon S3: the bucket of a stage, which moto keeps, behind the permissions of IAM.

Who asks is known by the credentials; whether the signature fits the request is not checked.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import contextlib
import hmac
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import create_backend_app
from werkzeug import Request, Response
from werkzeug.test import Client

from template.rehearsal.aws.account import PARTITION
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.recording import NOBODY, Authorization
from template.rehearsal.aws.sessions import Session, Sessions
from template.rehearsal.serving import serve

ACTIONS = {
    "DELETE": "DeleteObject",
    "GET": "GetObject",
    "HEAD": "GetObject",
    "POST": "PutObject",
    "PUT": "PutObject",
}
# Parameters that make another operation of a request, which wants other permissions.
OTHERS = {"acl", "delete", "tagging", "versionId", "versions"}
STATUS = {"AccessDeniedException": ("AccessDenied", 403)}


@dataclass(frozen=True)
class Bucket:
    """A bucket, a WSGI application: moto's S3 for those who may."""

    name: str
    guard: Guard
    sessions: Sessions
    moto: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            response = self._respond(request)
        except AwsError as error:
            code, status = STATUS.get(error.code, (error.code, error.status))
            body = f"<Error><Code>{code}</Code><Message>{error.message}</Message></Error>"
            response = Response(body, status, content_type="application/xml")
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        with self.guard.recording.refusals(NOBODY, f"s3:{request.method}", allowed=False):
            session = self._authenticate(request)
            wanted = self._wanted(request)
        with self.guard.permitted(session, [wanted]):
            response = Response.from_app(self.moto, request.environ)
        if response.status_code == 404:  # only who may list a bucket learns what is not in it
            with self.guard.permitted(session, [self._listing()]):
                pass
        return response

    def _authenticate(self, request: Request) -> Session:
        """Whose credentials signed the request, or the URL."""
        header = request.headers.get("Authorization", "").partition("Credential=")[2]
        credential = header or request.args.get("X-Amz-Credential", "")
        name = "X-Amz-Security-Token"
        token = request.headers.get(name) or request.args.get(name, "")
        if not credential:
            raise AwsError("AccessDenied", "Access Denied", 403)
        session = self.sessions.find(credential.partition("/")[0])
        if session is None or not hmac.compare_digest(session.token, token):
            raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id does not exist.", 403)
        if session.expired:
            raise AwsError("ExpiredToken", "The provided token has expired.", 400)
        return session

    def _wanted(self, request: Request) -> Authorization:
        """The permission that a request needs."""
        bucket, _, key = request.path.removeprefix("/").partition("/")
        if bucket != self.name:
            raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
        if not OTHERS.isdisjoint(request.args) or (not key and request.method != "GET"):
            raise AwsError("NotImplemented", "The rehearsal's S3 does not play this.", 501)
        if not key:
            return self._listing()
        resource = f"arn:{PARTITION}:s3:::{bucket}/{key}"
        return Authorization(f"s3:{ACTIONS[request.method]}", resource)

    def _listing(self) -> Authorization:
        return Authorization("s3:ListBucket", f"arn:{PARTITION}:s3:::{self.name}")


@contextlib.contextmanager
def serve_bucket(name: str, guard: Guard, sessions: Sessions, host: str) -> Iterator[str]:
    """Serve an empty bucket on an address of this machine; the value is `HOST:PORT`.

    Raises OSError where the machine does not have that address.
    """
    with socket.create_server((host, 0)):  # where that fails, werkzeug ends the process
        pass
    moto = create_backend_app("s3")
    Client(moto).put(f"/{name}", base_url="http://127.0.0.1")
    kept = s3_backends[DEFAULT_ACCOUNT_ID][PARTITION].buckets[name].keys
    kept.clear()  # of another rehearsal in this process
    with serve(Bucket(name, guard, sessions, moto), host) as endpoint:
        yield endpoint
