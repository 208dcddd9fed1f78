import ipaddress
import logging
import sqlite3
import time

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.encoding import escape_uri_path
from dockerflow.logging import get_or_generate_request_id, request_id_context
from rest_framework.throttling import BaseThrottle

logger = logging.getLogger("request.summary")


def client_ip(request):
    """The client's IP address, as far as NUM_PROXIES trusts X-Forwarded-For."""
    try:
        return str(ipaddress.ip_address(BaseThrottle().get_ident(request)))
    except ValueError:
        return None


def log_requests(get_response):
    """Log a line for each request, with an id that all its other lines have too."""

    def middleware(request):
        # A load balancer asks by IP address, whatever ALLOWED_HOSTS and HTTPS say.
        if request.path_info.rstrip("/") == "/health/live":
            return HttpResponse(headers={"Cache-Control": "no-store"})
        start = time.monotonic()
        request_id_context.set(get_or_generate_request_id(request.headers))
        response = get_response(request)
        kept = connection.in_atomic_block or connection.settings_dict["CONN_MAX_AGE"] != 0
        if not (kept or response.streaming):
            connection.close()  # back to the pool, before a client that may be slow reads
        response.headers["X-Request-ID"] = request_id_context.get()
        fields = {
            "agent": request.headers.get("User-Agent"),
            "client": client_ip(request),
            "method": request.method,
            "path": escape_uri_path(request.path),
            "status": response.status_code,
            "t": round(1000 * (time.monotonic() - start)),  # milliseconds
            "trace": request.headers.get("X-Amzn-Trace-Id"),
        }
        logger.info("{method} {path} {status}".format_map(fields), extra=fields)
        return response

    return middleware


def refuse(request, status, detail, **headers):
    """A response that says why: text for browsers, JSON for all others."""
    if request.get_preferred_type(["application/json", "text/html"]) == "text/html":
        return HttpResponse(detail, status=status, content_type="text/plain", headers=headers)
    return JsonResponse({"detail": detail}, status=status, headers=headers)


def refuse_bad_requests(get_response):
    """Answer 413 to a body that is too long, 400 to a NUL, which PostgreSQL cannot look up."""

    def middleware(request):
        multipart = request.content_type == "multipart/form-data"
        limit = settings.MAX_UPLOAD_BYTES if multipart else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            return refuse(request, 413, f"The body is longer than {limit} bytes.")
        if "%00" in request.get_full_path() or any("\0" in v for v in request.COOKIES.values()):
            return refuse(request, 400, "There is a NUL in the URL or in a cookie.")
        return get_response(request)

    return middleware


class DatabaseErrorMiddleware(MiddlewareMixin):
    """Answers 503 while the database is away or too busy: it is worth trying again."""

    def process_exception(self, request, exception):
        # SQLite's code of "no such table" and the like, for which PostgreSQL has ProgrammingError.
        bug = getattr(exception.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
        if settings.DEBUG or bug or not isinstance(exception, (InterfaceError, OperationalError)):
            return None
        logging.getLogger(__name__).warning("The database does not answer.", exc_info=exception)
        return refuse(request, 503, "The database does not answer.", **{"Retry-After": "5"})
