"""Answers are written as each protocol wants them."""

import json
from datetime import UTC, datetime

import botocore.session
import pytest
from botocore.parsers import create_parser
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.protocols import Json, Query

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def operation(service, name):
    """An operation in AWS's model."""
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def json_request(body, target="Prefix.Operation"):
    """A request in the JSON protocol."""
    return Json(Request(EnvironBuilder(data=body, headers={"X-Amz-Target": target}).get_environ()))


def query_request(**form):
    """A request in the query protocol."""
    return Query(Request(EnvironBuilder(method="POST", data=form).get_environ()))


def test_json_operation_and_parameters():
    """The target names the service's prefix and the operation, the body is the parameters."""
    protocol = json_request(b'{"cluster": "a"}')
    assert (protocol.target, protocol.operation) == ("Prefix", "Operation")
    assert protocol.params(operation("ecs", "ListTasks")) == {"cluster": "a"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_json_needs_an_object(body):
    """A body that is no JSON object is refused."""
    with pytest.raises(AwsError) as error:
        json_request(body).params(operation("ecs", "ListTasks"))
    assert error.value.code == "SerializationException"


def test_json_values():
    """Times are seconds since the epoch, bytes are base64."""
    answer = json_request(b"{}").answer(None, {"at": NOON, "blob": b"\x00"})
    assert json.loads(answer.data) == {"at": NOON.timestamp(), "blob": "AA=="}
    assert answer.content_type == "application/x-amz-json-1.1"


def test_json_knows_its_types():
    """A value that no model has is the double's mistake."""
    with pytest.raises(TypeError, match="no place in an answer"):
        json_request(b"{}").answer(None, {"what": object()})


def test_json_error():
    """An error has its type and message in the body."""
    answer = json_request(b"{}").refuse(AwsError("ClientException", "no", 400))
    assert json.loads(answer.data) == {"__type": "ClientException", "message": "no"}
    assert answer.status_code == 400


def test_query_parameters_have_types():
    """Numbers of the model are numbers; what the model does not know stays for its check."""
    assume = operation("sts", "AssumeRoleWithWebIdentity")
    protocol = query_request(
        Action="AssumeRoleWithWebIdentity", Version="1", DurationSeconds="900", Other="x"
    )
    assert protocol.operation == "AssumeRoleWithWebIdentity"
    assert protocol.params(assume) == {"DurationSeconds": 900, "Other": "x"}
    assert query_request(DurationSeconds="long").params(assume) == {"DurationSeconds": "long"}


def parsed(answer, shape=None):
    """An answer as an SDK reads it."""
    content = {"status_code": answer.status_code, "headers": {}, "body": answer.data}
    return create_parser("query").parse(content, shape)


def test_query_answer_is_xml():
    """The answer is XML with the operation's names, which SDKs read back."""
    assume = operation("sts", "AssumeRoleWithWebIdentity")
    output = {"Audience": "a", "Credentials": {"Expiration": NOON}}
    answer = query_request().answer(assume, output)
    found = parsed(answer, assume.output_shape)
    assert found.pop("ResponseMetadata")["RequestId"]
    assert found == output


@pytest.mark.parametrize(
    ("given", "code", "status", "kind"),
    [
        (AwsError("InvalidSignatureException", "x"), "SignatureDoesNotMatch", 403, "Sender"),
        (AwsError("AccessDenied", "x", 403), "AccessDenied", 403, "Sender"),
        (AwsError("InternalFailure", "x", 500), "InternalFailure", 500, "Receiver"),
    ],
)
def test_query_errors_have_names_of_their_own(given, code, status, kind):
    """The query protocol names some errors differently."""
    answer = query_request().refuse(given)
    assert answer.status_code == status
    assert parsed(answer)["Error"] == {"Code": code, "Message": "x", "Type": kind}
