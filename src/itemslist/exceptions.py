"""Errors of the database and of the interpreter that are the client's fault, not the server's."""

from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.status import HTTP_409_CONFLICT
from rest_framework.views import exception_handler as rest_framework_exception_handler


class Conflict(APIException):
    """Somebody else was faster, between the validation and the write."""

    status_code = HTTP_409_CONFLICT
    default_detail = "This conflicts with another change. Read again, then retry."
    default_code = "conflict"


def exception_handler(exc: Exception, context: dict) -> Response | None:
    """The response to an exception in a view; None leaves it to Django, as a server error."""
    if isinstance(exc, IntegrityError):
        exc = Conflict()
    elif isinstance(exc, RecursionError):
        exc = ParseError("The JSON is nested too deeply.")
    elif isinstance(exc, SuspiciousOperation):
        exc = ParseError(str(exc))
    return rest_framework_exception_handler(exc, context)
