"""Middleware for what clients may write in two ways, and for what they may not write at all."""

import re
from collections.abc import Callable

from django.conf import settings
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import is_valid_path
from django.utils.deprecation import MiddlewareMixin
from django.utils.log import log_response
from django.views.defaults import bad_request
from rest_framework.exceptions import Throttled
from rest_framework.status import (
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_503_SERVICE_UNAVAILABLE,
)

RETRY_SECONDS = 5
LENGTH = re.compile(r"[0-9]{1,18}")


def append_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer /items like /items/, without Django's redirect, which loses the body of a POST."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not path.endswith("/") and not is_valid_path(path) and is_valid_path(f"{path}/"):
            request.path_info += "/"
            request.path += "/"
        return get_response(request)

    return middleware


def limit_body(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 413 to a body that is longer than MAX_BODY_BYTES, before anybody reads it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if LENGTH.fullmatch(length) and int(length) <= settings.MAX_BODY_BYTES:
            return get_response(request)
        detail = f"The body is longer than {settings.MAX_BODY_BYTES} bytes."
        return JsonResponse({"detail": detail}, status=HTTP_413_REQUEST_ENTITY_TOO_LARGE)

    return middleware


class ClientErrorMiddleware(MiddlewareMixin):
    """Answers what is the client's fault, although it is only noticed deep inside.

    400 to what PostgreSQL cannot even look up, like a session id with a NUL, and 429 to one login
    too many.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The response to the exception; None leaves it to Django."""
        if isinstance(exception, DataError):
            return bad_request(request, exception)
        if isinstance(exception, Throttled):
            return JsonResponse(
                {"detail": exception.detail},
                status=exception.status_code,
                headers={"Retry-After": exception.wait},
            )
        return None


class DatabaseErrorMiddleware(MiddlewareMixin):
    """Answers 503 while the database is away or too busy: it is worth trying again."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The response to the exception, which is logged; None leaves it to Django."""
        if not isinstance(exception, (InterfaceError, OperationalError)):
            return None
        response = JsonResponse(
            {"detail": "The database does not answer. Try again."},
            status=HTTP_503_SERVICE_UNAVAILABLE,
            headers={"Retry-After": RETRY_SECONDS},
        )
        words = (response.reason_phrase, request.path)
        log_response("%s: %s", *words, response=response, request=request, exception=exception)
        return response
