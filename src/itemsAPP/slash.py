"""The middleware that makes the slash at the end of an address optional."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import is_valid_path


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
