"""How gunicorn serves the application: https://gunicorn.org/reference/settings/."""

import gc
import logging
import os
from importlib import import_module, util

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))  # a container sees its host's processors
if workers < 1:
    raise ValueError("WEB_CONCURRENCY must be 1 or more.")
# A client that is slow costs gevent a few kilobytes, and gthread one of its threads. gthread is
# for projects without gevent, or whose database driver would block it: WORKER_CLASS=gthread.
worker_class = os.environ.get("WORKER_CLASS", "gevent" if util.find_spec("gevent") else "gthread")
worker_connections, threads = 500, 4  # of each process: the former for gevent
if worker_class == "gevent":  # before Django is loaded, or requests share a database connection
    import_module("gevent.monkey").patch_all()
preload_app = True  # what cannot start never opens the port, and processes share memory
keepalive = 75  # seconds: longer than the load balancer's 60, or it would answer 502
graceful_timeout = 25  # seconds: shorter than ECS's default of 30, after which it kills
worker_tmp_dir = "/dev/shm"  # noqa: S108 - writable, no disk that stalls, unlinked at once
control_socket_disable = True  # it needs a home directory, and nobody speaks to it


def on_starting(server):
    """Load the URLs, and migrate SQLite: a shared database is migrated by the release, once."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    import_module(settings.ROOT_URLCONF)
    if connection.vendor == "sqlite":
        call_command("migrate", interactive=False, verbosity=0)
        connections.close_all()  # the workers are forked from this process
    if not (settings.LOGGING or settings.DEBUG):  # Django's own shows errors with DEBUG only
        handler = logging.StreamHandler()
        handler.setLevel(logging.ERROR)
        logging.getLogger("django").addHandler(handler)
    for name in ("gunicorn.access", "gunicorn.error"):  # disable_existing_loggers means them too
        logging.getLogger(name).disabled = False
    gc.freeze()  # what is loaded stays shared: the collector would copy it to each worker
