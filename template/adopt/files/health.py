"""Answers the load balancer's probe, before any other middleware of Django's sees it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def liveness(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """GET /health/live is 200: the probe names an IP address as its host and follows no redirect."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.rstrip("/") == "/health/live":
            return HttpResponse(content_type="text/plain")
        return get_response(request)

    return middleware
