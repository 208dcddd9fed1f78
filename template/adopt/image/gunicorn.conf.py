"""How gunicorn serves the application: https://gunicorn.org/reference/settings/."""

import gc
import os
import sys
from importlib import import_module

from gunicorn.arbiter import Arbiter


def whole_number(name: str, default: int, highest: int) -> int:
    """The environment variable as a number from 1 to the highest; anything else ends the start."""
    text = os.environ.get(name, str(default))
    if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
        return int(text)
    sys.exit(f"{name} must be a whole number from 1 to {highest}, not {text!r}.")


# The project's own application is found by its settings.
wsgi_app = "docker_image.server:load()"
chdir = os.environ.get("PROJECT_DIR", ".")
bind = f"0.0.0.0:{whole_number('PORT', 80, 65535)}"

# Loaded once, before the port opens: a refused configuration never serves, workers share memory.
preload_app = True

# Threads, because a synchronous worker keeps no connection alive; of our own kind, because
# gunicorn's gthread lets a few slow clients hold all of them.
# Two, because threads of a process take turns: more of them make the slowest answers slower, and
# pay only where requests wait for other services.
# Numbers, because a container sees the processors of its host, not its share of them.
worker_class = "docker_image.worker.BufferingWorker"
workers = whole_number("WEB_CONCURRENCY", 2, 1000)
threads = whole_number("WEB_THREADS", 2, 1000)

# Seconds. Longer than the load balancer keeps an idle connection (60), or it would answer 502
# when it uses one that is just being closed.
keepalive = 75
# Shorter than ECS waits before it kills a container (30 unless the task definition says more).
graceful_timeout = 25
# A worker that gives no sign of life for so long is replaced; requests may take longer.
timeout = 30

# The workers' signs of life are files, and a disk may stall. It is also writable in a container
# whose root is not.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - not a secret, and gunicorn unlinks the file at once
control_socket_disable = True  # needs a home directory, and nobody speaks to it


def on_starting(server: Arbiter) -> None:
    """Load the URLs once, before the port opens, and migrate a database of the container's own.

    A database that is shared is migrated by the release, once, and never by its servers.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    import_module(settings.ROOT_URLCONF)
    if not getattr(settings, "PRODUCTION", connection.vendor != "sqlite"):
        call_command("migrate", interactive=False, verbosity=0)
        # A connection must not be shared with the workers, which are forked from this process.
        connections.close_all()
    # What is loaded stays, and stays shared: https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
