"""The two wire protocols of the services that are played: JSON 1.1 and query.

https://smithy.io/2.0/aws/protocols/index.html
"""

import base64
import json
import uuid
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import ClassVar

from botocore.model import OperationModel, StructureShape
from werkzeug import Request, Response

from template.rehearsal.aws.errors import AwsError

REQUEST_ID = "x-amzn-RequestId"


class Json:
    """JSON 1.1: the operation is in X-Amz-Target, the parameters are the body."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, request: Request):
        self.target, _, self.operation = request.headers["X-Amz-Target"].rpartition(".")
        self._body = request.get_data()

    def params(self, operation: OperationModel) -> dict:
        """The parameters. Raises AwsError when the body is not a JSON object."""
        try:
            params = json.loads(self._body)
        except ValueError:
            params = None
        if not isinstance(params, dict):
            raise AwsError("SerializationException", "The request's body is not a JSON object.")
        return params

    def answer(self, operation: OperationModel, output: dict) -> Response:
        """The response with an operation's output."""
        return self._response(output, 200)

    def refuse(self, error: AwsError) -> Response:
        """The response with an error."""
        return self._response({"__type": error.code, "message": error.message}, error.status)

    def _response(self, content: dict, status: int) -> Response:
        body = json.dumps(content, default=_json_value)
        headers = {REQUEST_ID: str(uuid.uuid4())}
        return Response(body, status, headers, content_type=self.content_type)


class Query:
    """Query: the operation and the parameters are form fields, the answer is XML."""

    content_type = "text/xml"
    codes: ClassVar[dict[str, tuple[str, int]]] = {
        "AccessDeniedException": ("AccessDenied", 403),
        "ExpiredTokenException": ("ExpiredToken", 403),
        "ExpiredWebIdentityToken": ("ExpiredTokenException", 400),
        "IncompleteSignatureException": ("IncompleteSignature", 400),
        "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
        "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
        "ThrottlingException": ("Throttling", 400),
        "UnknownOperationException": ("InvalidAction", 400),
        "UnrecognizedClientException": ("InvalidClientTokenId", 403),
        "ValidationException": ("ValidationError", 400),
    }

    def __init__(self, request: Request):
        self._form = request.form
        self.target = ""
        self.operation = self._form.get("Action", "")

    def params(self, operation: OperationModel) -> dict:
        """The parameters; lists and structures are not played and stay unknown names."""
        members = operation.input_shape.members
        return {
            name: _typed(text, getattr(members.get(name), "type_name", "string"))
            for name, text in self._form.items()
            if name not in ("Action", "Version")
        }

    def answer(self, operation: OperationModel, output: dict) -> Response:
        """The response with an operation's output."""
        namespace = operation.service_model.metadata["xmlNamespace"]
        root = ET.Element(f"{operation.name}Response", xmlns=namespace)
        _append(ET.SubElement(root, f"{operation.name}Result"), output, operation.output_shape)
        _append(root, {"ResponseMetadata": _metadata()})
        return self._response(root, 200)

    def refuse(self, error: AwsError) -> Response:
        """The response with an error."""
        code, status = self.codes.get(error.code, (error.code, error.status))
        root = ET.Element("ErrorResponse")
        kind = "Receiver" if status >= 500 else "Sender"
        _append(root, {"Error": {"Type": kind, "Code": code, "Message": error.message}})
        _append(root, _metadata())
        return self._response(root, status)

    def _response(self, root: ET.Element, status: int) -> Response:
        body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return Response(body, status, content_type=self.content_type)


def _json_value(value: object) -> float | str:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{value!r} has no place in an answer")


def _metadata() -> dict[str, str]:
    return {"RequestId": str(uuid.uuid4())}


def _typed(text: str, type_name: str) -> str | int:
    return int(text) if type_name == "integer" and text.isdecimal() else text


def _append(parent: ET.Element, content: dict, shape: StructureShape | None = None) -> None:
    """Write an answer; a list, of structures, needs the shape, which knows its members' name."""
    for name, value in content.items():
        child = ET.SubElement(parent, name)
        if isinstance(value, list):
            member = shape.members[name].member
            for each in value:
                tag = ET.SubElement(child, member.serialization.get("name", "member"))
                _append(tag, each, member)
        elif isinstance(value, dict):
            _append(child, value)
        elif isinstance(value, datetime):
            child.text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        else:
            child.text = str(value)
