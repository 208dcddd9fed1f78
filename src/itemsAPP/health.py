from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


def liveness(get_response):
    """Answer /health/live whatever the Host header is: a load balancer asks by IP address."""

    def middleware(request):
        if request.path_info.rstrip("/") == "/health/live":
            return HttpResponse(headers={"Cache-Control": "no-store"})
        return get_response(request)

    return middleware


@require_safe
@never_cache
def readiness(request):
    """200 when the database answers and has all migrations, else 503 with what is missing."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        checks = {"database": "ok", "migrations": "missing" if missing else "ok"}
    except DatabaseError:
        checks = {"database": "error", "migrations": "unknown"}
    return JsonResponse({"checks": checks}, status=200 if {*checks.values()} == {"ok"} else 503)


@require_safe
def version(request):
    """The commit that the image was built from."""
    return JsonResponse({"commit": settings.COMMIT_SHA})
