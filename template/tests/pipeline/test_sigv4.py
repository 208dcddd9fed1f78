"""Requests are accepted only with the signature that their credentials make."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from template.rehearsal.aws import sigv4
from template.rehearsal.aws.errors import AwsError

URL = "http://127.0.0.1:8080/"


def signed(session, **headers):
    """The headers of a request that botocore has signed."""
    request = AWSRequest("POST", URL, data=b"{}", headers={"X-Amz-Target": "T.Op", **headers})
    credentials = Credentials(session.access_key, session.secret_key, session.token)
    SigV4Auth(credentials, "ecs", "eu-central-1").add_auth(request)
    return dict(request.headers)


def verify(sessions, headers, body=b"{}"):
    """Who signed a request, as the double sees it."""
    request = Request(
        EnvironBuilder(method="POST", base_url=URL, data=body, headers=headers).get_environ()
    )
    return sigv4.verify(request, sigv4.scope_of(request), sessions)


def refusal(sessions, headers, body=b"{}"):
    """The error for a request."""
    with pytest.raises(AwsError) as error:
        verify(sessions, headers, body)
    return error.value


def test_signer_is_known(sessions, session):
    """A request is its signer's."""
    assert verify(sessions, signed(session)) == session


def test_scope_names_service_and_region(session):
    """The header says for which service and region the signature was made."""
    request = Request(EnvironBuilder(headers=signed(session)).get_environ())
    scope = sigv4.scope_of(request)
    assert (scope.access_key, scope.region, scope.service) == (
        session.access_key,
        "eu-central-1",
        "ecs",
    )


def test_wrong_secret_is_refused(sessions, session):
    """A signature made with another secret does not match."""
    error = refusal(sessions, signed(replace(session, secret_key="another")))
    assert error.code == "InvalidSignatureException"
    assert "does not match the signature you provided" in error.message


@pytest.mark.parametrize("part", ["access_key", "token"])
def test_unknown_credentials_are_refused(sessions, session, part):
    """An access key, or a session token, that nobody handed out is invalid."""
    error = refusal(sessions, signed(replace(session, **{part: "stranger"})))
    assert error.code == "UnrecognizedClientException"


def test_expired_credentials_are_refused(sessions, session):
    """A right signature is worth nothing once the credentials have expired."""
    sessions.expire()
    assert refusal(sessions, signed(session)).code == "ExpiredTokenException"


def test_tampered_body_is_refused(sessions, session):
    """The signature covers the body."""
    assert refusal(sessions, signed(session), b'{"a": 1}').code == "InvalidSignatureException"


def test_tampered_header_is_refused(sessions, session):
    """The signature covers the operation's name."""
    headers = signed(session) | {"X-Amz-Target": "T.DeleteEverything"}
    assert refusal(sessions, headers).code == "InvalidSignatureException"


def test_body_digest_is_checked(sessions, session):
    """A signed digest of the body is accepted when it is true, and only then."""
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    headers = signed(session, **{"X-Amz-Content-Sha256": digest})
    assert verify(sessions, headers) == session
    error = refusal(sessions, headers, b'{"a": 1}')
    assert "x-amz-content-sha256" in error.message


def test_missing_signature_is_refused(sessions):
    """An unsigned request lacks its authentication token."""
    assert refusal(sessions, {}).code == "MissingAuthenticationTokenException"


def test_other_schemes_are_refused(sessions):
    """Only Signature Version 4 is understood."""
    assert refusal(sessions, {"Authorization": "Basic x"}).code == "IncompleteSignatureException"


def test_host_has_to_be_signed(sessions, session):
    """A signature that leaves out the host is refused."""
    headers = signed(session)
    headers["Authorization"] = headers["Authorization"].replace("host;", "")
    assert "'host' must be a signed header" in refusal(sessions, headers).message


@pytest.mark.parametrize("minutes", [-6, 6])
def test_old_and_early_signatures_are_refused(sessions, session, minutes):
    """A signature is good for five minutes around its time."""
    headers = signed(session)
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    stamp = moment.strftime(SIGV4_TIMESTAMP)
    headers["Authorization"] = headers["Authorization"].replace(
        headers["X-Amz-Date"][:8], stamp[:8]
    )
    error = refusal(sessions, headers | {"X-Amz-Date": stamp})
    assert error.message.startswith("Signature expired")


def test_date_of_the_scope_has_to_be_the_request_s(sessions, session):
    """The scope's day is the day of the request."""
    headers = signed(session) | {"X-Amz-Date": "19991231T235959Z"}
    assert "does not match YYYYMMDD" in refusal(sessions, headers).message


def test_unreadable_date_is_refused(sessions, session):
    """A date that is none is refused."""
    headers = signed(session) | {"X-Amz-Date": "today"}
    assert "not 'today'" in refusal(sessions, headers).message
