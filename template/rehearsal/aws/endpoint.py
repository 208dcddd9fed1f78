"""The AWS double: one endpoint for every service that is plugged in, which can say no."""

import functools
from typing import Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

import botocore.session
from botocore.model import (
    OperationModel,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StructureShape,
)
from botocore.validate import ParamValidator
from werkzeug import Request, Response

from template.rehearsal.aws import sigv4
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import Faults
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.protocols import Json, Query
from template.rehearsal.aws.recording import NOBODY, Authorization
from template.rehearsal.aws.sessions import Caller, Sessions, caller
from template.rehearsal.iam.judge import PolicyError

UNSIGNED = "AssumeRoleWithWebIdentity"
NOTHING = StructureShape("Nothing", {"type": "structure", "members": {}})


class Service(Protocol):
    """A service of AWS, as the double plugs it in; `name` is botocore's."""

    name: str

    def authorizations(self, operation: str, params: dict) -> list[Authorization]:
        """The permissions that the call needs, all of them. Raises AwsError."""

    def call(self, operation: str, params: dict) -> dict:
        """Make the call; return the output in botocore's shape. Raises AwsError."""


class Aws:
    """The WSGI application behind AWS_ENDPOINT_URL."""

    def __init__(self, guard: Guard, sessions: Sessions, faults: Faults):
        self.guard = guard
        self.sessions = sessions
        self.faults = faults
        self._services: dict[str, tuple[Service, ServiceModel]] = {}

    def add(self, service: Service) -> None:
        """Plug a service in, in place of one of the same name."""
        model = _model(service.name)
        self._services[model.signing_name] = (service, model)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.get_data()  # kept for the signature, which covers what the form is parsed from
        protocol = Json(request) if "X-Amz-Target" in request.headers else Query(request)
        if not request.headers.get("X-Amz-Target", "").startswith("secretsmanager."):
            self.guard.recording.bodies.append(request.get_data(as_text=True))
        try:
            response = self._respond(request, protocol)
        except AwsError as error:
            response = protocol.refuse(error)
        except PolicyError as error:
            response = protocol.refuse(AwsError("InternalFailure", str(error), 500))
        return response(environ, start_response)

    def _respond(self, request: Request, protocol: Json | Query) -> Response:
        name, by = self._authenticate(request, protocol)
        caller.set(by)  # for this thread, which answers no other request
        service, model = self._services[name]
        session = by and by.session
        with self.guard.recording.refusals(
            session.arn if session else NOBODY, f"{name}:{protocol.operation}", allowed=True
        ):
            operation = _operation(model, protocol)
            params = protocol.params(operation)
            _check(params, operation.input_shape, "ValidationException")
            wanted = service.authorizations(operation.name, params)
        with self.guard.permitted(session, wanted):
            self.faults.meet(service.name, operation.name)
            output = service.call(operation.name, params)
            _check(output, operation.output_shape, "InternalFailure")
        return protocol.answer(operation, output)

    def _authenticate(self, request: Request, protocol: Json | Query) -> tuple[str, Caller | None]:
        """The service asked, and who asks; nobody for the one call that needs no signature."""
        if protocol.operation == UNSIGNED:
            return "sts", None
        with self.guard.recording.refusals(NOBODY, protocol.operation, allowed=False):
            scope = sigv4.scope_of(request)
            if scope.service not in self._services:
                raise AwsError(
                    "UnknownOperationException",
                    f"The rehearsal plays {', '.join(sorted(self._services))},"
                    f" but not {scope.service}.",
                )
            return scope.service, Caller(sigv4.verify(request, scope, self.sessions), scope.region)


@functools.cache
def _model(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def _operation(model: ServiceModel, protocol: Json | Query) -> OperationModel:
    try:
        operation = model.operation_model(protocol.operation)
    except OperationNotFoundError:
        operation = None
    if operation is None or protocol.target != model.metadata.get("targetPrefix", ""):
        raise AwsError(
            "UnknownOperationException",
            f"{model.service_name} has no operation {protocol.target}.{protocol.operation}.",
        )
    return operation


def _check(values: dict, shape: Shape | None, code: str) -> None:
    """Compare parameters or an answer with AWS's model. Raises AwsError with the code."""
    report = ParamValidator().validate(values, shape or NOTHING)
    if report.has_errors():
        raise AwsError(code, report.generate_report())
