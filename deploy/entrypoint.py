"""Completes the environment of a container, and then becomes the container's command."""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import quote

WAIT_MINUTES = 30
PG_VARIABLES = ("PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE")

command = sys.argv[1:]
if not command:
    sys.exit("There is no command to run.")

# A stage's own variables, in one secret. What the container has already is left alone.
try:
    for name, value in json.loads(os.environ.get("STAGE_CONFIG") or "{}").items():
        os.environ.setdefault(name, value)
except (AttributeError, OSError, RecursionError, TypeError, ValueError):
    sys.exit("STAGE_CONFIG must be a JSON object whose members are strings.")

# Many settings read DATABASE_URL and none of libpq's variables. A file is the settings' to read.
server = os.environ.get("PGHOST")
files = {f"{name}_FILE" for name in (*PG_VARIABLES, "DATABASE_URL")} & os.environ.keys()
if server and not files and not os.environ.get("DATABASE_URL"):
    parts = (quote(os.environ.get(name, ""), safe="") for name in PG_VARIABLES)
    os.environ["DATABASE_URL"] = "postgresql://{}:{}@{}:{}/{}".format(*parts)
environment = dict(os.environ)  # before settings are loaded, which may add to it

sys.path[0] = str(Path.cwd())  # as for manage.py, in place of the folder of this file
# Where there is a server, SQLite would be a second database, lost when the container ends.
if server and "DJANGO_SETTINGS_MODULE" in os.environ:
    import django
    from django.core.exceptions import AppRegistryNotReady
    from django.db import connection

    try:
        vendor = connection.vendor
    except AppRegistryNotReady:  # GeoDjango's want the applications first
        django.setup()
        vendor = connection.vendor
    if vendor == "sqlite":
        sys.exit(
            "PGHOST names a database server, but DATABASES in the settings is SQLite. Read it from "
            "DATABASE_URL, or from PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD."
        )

# A release's image is there before its migrations are, and so a scheduled command waits for them.
if os.environ.get("WAIT_FOR_MIGRATIONS"):
    import django
    from django.core.management import call_command

    django.setup()
    for _ in range(WAIT_MINUTES * 6):
        try:
            call_command("migrate", check_unapplied=True, verbosity=0)
            break
        except SystemExit:
            time.sleep(10)
    else:
        sys.exit(f"The database lacks migrations of this image after {WAIT_MINUTES} minutes.")

try:
    os.execvpe(command[0], command, environment)  # noqa: S606 - so that signals reach the command
except OSError as error:
    sys.exit(f"{command[0]}: {error.strerror}")
