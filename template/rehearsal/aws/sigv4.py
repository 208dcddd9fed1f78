"""Checks AWS Signature Version 4 on requests, with botocore's own signer.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug import Request

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.sessions import Session, Sessions

CLOCK_SKEW = timedelta(minutes=5)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)"
    r"/(?P<service>[^/]+)/aws4_request, *SignedHeaders=(?P<headers>[^,]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Scope:
    """What an Authorization header claims."""

    access_key: str
    date: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str


def scope_of(request: Request) -> Scope:
    """Read the Authorization header. Raises AwsError where it is missing or malformed."""
    header = request.headers.get("Authorization")
    if header is None:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
    found = AUTHORIZATION.fullmatch(header)
    if found is None:
        raise AwsError(
            "IncompleteSignatureException", "Authorization header is not of AWS4-HMAC-SHA256."
        )
    key, date, region, service, headers, signature = found.groups()
    return Scope(key, date, region, service, tuple(headers.split(";")), signature)


def verify(request: Request, scope: Scope, sessions: Sessions) -> Session:
    """The session that signed the request.

    Raises AwsError for an unknown access key or session token, a signature that does not match
    the request, one that is too old, and expired credentials.
    """
    session = sessions.find(scope.access_key)
    token = request.headers.get("X-Amz-Security-Token", "")
    if session is None or not hmac.compare_digest(session.token, token):
        raise AwsError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    _check_time(request, scope)
    if not hmac.compare_digest(_signature(request, scope, session), scope.signature):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check"
            " your AWS Secret Access Key and signing method. Consult the service documentation"
            " for details."
        )
    if session.expired:
        raise AwsError(
            "ExpiredTokenException", "The security token included in the request is expired"
        )
    return session


def _mismatch(message: str) -> AwsError:
    return AwsError("InvalidSignatureException", message)


def _check_time(request: Request, scope: Scope) -> None:
    stamp = request.headers.get("X-Amz-Date", "")
    try:
        signed = datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise _mismatch(f"X-Amz-Date must be like {SIGV4_TIMESTAMP}, not {stamp!r}.") from None
    if not stamp.startswith(scope.date):
        raise _mismatch(f"Date in Credential scope does not match YYYYMMDD from {stamp}.")
    now = datetime.now(UTC)
    if abs(now - signed) > CLOCK_SKEW:
        raise _mismatch(
            f"Signature expired: {stamp} is not within 5 minutes of {now:{SIGV4_TIMESTAMP}}."
        )


def _signature(request: Request, scope: Scope, session: Session) -> str:
    """The signature that the request should carry."""
    signer = SigV4Auth(
        Credentials(session.access_key, session.secret_key), scope.service, scope.region
    )
    signed = AWSRequest(
        method=request.method,
        url=request.url,
        data=request.get_data(),
        headers={name: request.headers.get(name, "") for name in _signed_headers(request, scope)},
    )
    signed.context["timestamp"] = request.headers["X-Amz-Date"]
    return signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)


def _signed_headers(request: Request, scope: Scope) -> tuple[str, ...]:
    """The headers to sign; they have to cover the host, the time and the token."""
    required = {"host", "x-amz-date", "x-amz-security-token"}
    if missing := required - set(scope.headers):
        raise _mismatch(f"'{sorted(missing)[0]}' must be a signed header.")
    digest = request.headers.get("X-Amz-Content-Sha256")
    if digest not in (None, hashlib.sha256(request.get_data()).hexdigest()):
        raise _mismatch("The provided 'x-amz-content-sha256' does not match what was computed.")
    return scope.headers
