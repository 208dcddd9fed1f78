"""Middleware for what clients may write in two ways, and for what they may not write at all."""

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.urls import is_valid_path
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request


def append_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer /items like /items/, without Django's redirect, which loses the body of a POST."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if not is_valid_path(path) and is_valid_path(f"{path}/"):
            request.path_info += "/"
            request.path += "/"
        return get_response(request)

    return middleware


class DataErrorMiddleware(MiddlewareMixin):
    """Answers 400 to what PostgreSQL cannot even look up, like a session id with a NUL."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The response to the exception; None leaves it to Django."""
        return bad_request(request, exception) if isinstance(exception, DataError) else None
