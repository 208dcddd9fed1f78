from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import JsonResponse
from django.views.decorators.cache import never_cache


@never_cache
def readiness(request):
    """200 when the database answers and has all migrations, else 503."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return JsonResponse({"missing_migrations": len(missing)}, status=503 if missing else 200)


def version(request):
    return JsonResponse({"commit": settings.COMMIT_SHA})
