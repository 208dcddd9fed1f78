"""Databases on PostgreSQL with as many rows as it takes."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from template.bench.servers import HEADERS, PRODUCTION
from template.tests import postgresql
from template.tests.image.containers import docker

OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c max_wal_size=8GB -c wal_level=minimal"
    " -c max_wal_senders=0 -c shared_buffers=512MB -c max_connections=400"
)
# Each user is in a group of their own. The first user is there already.
FILL = (
    "INSERT INTO itemslist_itemlist (title, content) "
    "SELECT 'Item ' || n, 'What there is to say about item ' || n FROM {numbers}",
    "INSERT INTO auth_group (id, name) SELECT n, 'group ' || n FROM {numbers}",
    "INSERT INTO accounts_user (password, is_superuser, username, first_name, last_name, email,"
    " is_staff, is_active, date_joined) SELECT '!', false, 'user' || n, '', '', 'user' || n ||"
    " '@example.com', false, true, '2026-01-01' FROM {numbers} WHERE n > 1",
    "INSERT INTO accounts_user_groups (user_id, group_id) SELECT n, n FROM {numbers}",
    "ANALYZE",
)
SIGN_IN = """
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
client.force_login(get_user_model().objects.create_superuser("admin"))
print("session:", client.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Database:
    """A migrated database with rows, and the session of a superuser in it."""

    url: str
    session: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a production service that uses it."""
        return PRODUCTION | {"DATABASE_URL": self.url}

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the superuser's requests."""
        return HEADERS | {"Cookie": f"sessionid={self.session}"}


@contextlib.contextmanager
def databases(image: str, *rows: int) -> Iterator[list[Database]]:
    """A database for each number of rows, migrated by the image, on a server of their own."""
    with server() as cluster:
        yield [filled(image, cluster, count) for count in rows]


@contextlib.contextmanager
def server() -> Iterator[postgresql.Cluster]:
    """A PostgreSQL server; raises RuntimeError, with what to do, where its programs are missing."""
    programs = postgresql.programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is missing. Install it: apt-get install postgresql")
    with postgresql.cluster(programs, OPTIONS) as cluster:
        yield cluster


def filled(image: str, cluster: postgresql.Cluster, rows: int) -> Database:
    """A new database with the rows."""
    url = f"{cluster.url.removesuffix('/postgres')}/rows{rows}"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE rows{rows}")
    environment = PRODUCTION | {"DATABASE_URL": url}
    manage(image, environment, "migrate", "--verbosity=0")
    printed = manage(image, environment, "shell", "--verbosity=0", "--command", SIGN_IN)
    [session] = re.findall(r"^session: (\w+)$", printed, re.MULTILINE)  # among lines of the log
    with psycopg.connect(url, autocommit=True) as connection:
        # Without a look at the foreign keys of each row, which are right.
        connection.execute("SET session_replication_role = replica")
        for statement in FILL:
            numbers = f"generate_series(1, {rows}) AS n"
            connection.execute(statement.format(numbers=numbers))
    return Database(url, session)


def manage(image: str, environment: dict[str, str], *command: str) -> str:
    """Run a management command of the image; returns what it prints."""
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    start = ("run", "--rm", "--network=host", *variables)
    return docker(*start, image, "python", "manage.py", *command).stdout
