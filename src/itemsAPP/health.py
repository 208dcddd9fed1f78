"""What load balancers and operators ask: is it alive, is it ready, which version is it?"""

import logging
import re
import time
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.encoding import escape_uri_path
from django.utils.functional import empty
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from dockerflow import checks
from dockerflow.django.checks import check_migrations_applied
from dockerflow.django.views import lbheartbeat
from dockerflow.logging import request_id_context

LIVENESS = re.compile(r"/health/live/?")
REQUEST_ID = re.compile(r"[\w.=;:-]{1,128}", re.ASCII)
summary_logger = logging.getLogger("request.summary")


class HealthMiddleware(MiddlewareMixin):
    """Answers liveness before the Host header is looked at, and logs every other request.

    A load balancer probes by IP address, which is in no ALLOWED_HOSTS. dockerflow's own middleware
    has other paths and fields, and reads all headers of a request for the one that it wants.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer the probe, or give the request an id, its own one if that is fit for a log."""
        if LIVENESS.fullmatch(request.path_info):
            return lbheartbeat(request)
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id_context.set(given if REQUEST_ID.fullmatch(given) else str(uuid4()))
        request._start_timestamp = time.time()
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Put the request id on the response, and write the line of the log."""
        if request.path_info.startswith("/health/"):
            return response
        response.headers["X-Request-ID"] = request_id_context.get()
        fields = {
            "agent": request.META.get("HTTP_USER_AGENT", ""),
            "method": request.method,
            "path": escape_uri_path(request.path),
            "status": response.status_code,
            "t": round(1000 * (time.time() - request._start_timestamp)),
            "uid": user_id(request),
        }
        summary_logger.info("{method} {path} {status}".format_map(fields), extra=fields)
        return response


def user_id(request: HttpRequest) -> int | None:
    """The id of the user if the request came to ask for it: a log line costs no query."""
    user = getattr(request, "user", None)
    return None if getattr(user, "_wrapped", user) in (None, empty) else user.pk


def check_database(**kwargs: object) -> list[CheckMessage]:
    """A check that asks the database for something, on a new connection if the old one is dead."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return [Error(str(error), id="health.database")]
    return []


CHECKS = [
    ("database", check_database),
    ("migrations", lambda: check_migrations_applied(app_configs=None)),
]


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the application can do its work, else 503 with the check that fails."""
    results = checks.run_checks(CHECKS)
    failing = results.level >= checks.WARNING
    payload = {"status": "failing" if failing else "ok", "checks": results.statuses}
    return JsonResponse(payload, status=503 if failing else 200)


def version(root: Path) -> dict[str, str | None]:
    """The content of /version: the commit that the image was built from."""
    return {"commit": settings.COMMIT_SHA}
