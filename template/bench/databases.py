"""Databases with as many rows as it takes, on PostgreSQL and on SQLite."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from template.bench.servers import HEADERS, PRODUCTION
from template.tests import postgresql
from template.tests.image.containers import docker

FOLDER = "/bench"
OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c max_wal_size=8GB -c wal_level=minimal"
    " -c max_wal_senders=0 -c shared_buffers=512MB -c max_connections=400"
)
NUMBERS = {
    "PostgreSQL": "SELECT n FROM generate_series(1, {rows}) AS n",
    "SQLite": "WITH RECURSIVE numbers(n) AS "
    "(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) SELECT n FROM numbers",
}
# Each user is in a group of their own. The first user is there already.
FILL = (
    "INSERT INTO itemslist_itemlist (title, content) "
    "SELECT 'Item ' || n, 'What there is to say about item ' || n FROM ({numbers}) AS t",
    "INSERT INTO auth_group (id, name) SELECT n, 'group ' || n FROM ({numbers}) AS t",
    "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email,"
    " is_staff, is_active, date_joined) SELECT '!', {false}, 'user' || n, '', '', 'user' || n ||"
    " '@example.com', {false}, {true}, '2026-01-01' FROM ({numbers}) AS t WHERE n > 1",
    "INSERT INTO auth_user_groups (user_id, group_id) SELECT n, n FROM ({numbers}) AS t",
    "ANALYZE",
)
SIGN_IN = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
client.force_login(User.objects.create_superuser("admin"))
print(client.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Database:
    """A migrated database with rows, and the session of a superuser in it."""

    kind: str
    url: str
    rows: int
    options: tuple[str, ...]
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
def databases(image: str, kind: str, *rows: int) -> Iterator[list[Database]]:
    """A database for each number of rows, migrated by the image.

    Raises RuntimeError, with what to do, where PostgreSQL is needed and missing.
    """
    places = servers() if kind == "PostgreSQL" else files()
    with places as place:
        yield [filled(image, kind, place, count) for count in rows]


@contextlib.contextmanager
def servers() -> Iterator[postgresql.Cluster]:
    """A PostgreSQL server."""
    programs = postgresql.programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is missing. Install it: apt-get install postgresql")
    with postgresql.cluster(programs, OPTIONS) as cluster:
        yield cluster


@contextlib.contextmanager
def files() -> Iterator[Path]:
    """A folder that the image's user may write to."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def filled(image: str, kind: str, place: postgresql.Cluster | Path, rows: int) -> Database:
    """A new database with the rows."""
    options: tuple[str, ...] = ()
    if kind == "PostgreSQL":
        url = f"{place.url.removesuffix('/postgres')}/rows{rows}"
        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE rows{rows}")
    else:
        options = (f"--volume={place}:{FOLDER}",)
        url = f"sqlite:///{FOLDER}/rows{rows}.sqlite3"
    environment = PRODUCTION | {"DATABASE_URL": url}
    run(image, options, environment, "migrate", "--verbosity=0")
    session = run(image, options, environment, "shell", "--verbosity=0", "--command", SIGN_IN)
    if kind == "PostgreSQL":
        with psycopg.connect(url, autocommit=True) as connection:
            # Without a look at the foreign keys of each row, which are right.
            connection.execute("SET session_replication_role = replica")
            fill(connection, kind, rows)
    else:
        with contextlib.closing(sqlite3.connect(place / f"rows{rows}.sqlite3")) as connection:
            fill(connection, kind, rows)
            connection.commit()
    return Database(kind, url, rows, options, session.strip())


def run(image: str, options: tuple[str, ...], environment: dict[str, str], *command: str) -> str:
    """Run a management command of the image; returns what it prints."""
    variables = [f"--env={key}={value}" for key, value in environment.items()]
    start = ("run", "--rm", "--network=host", *options, *variables)
    return docker(*start, image, "python", "manage.py", *command).stdout


def fill(connection: psycopg.Connection | sqlite3.Connection, kind: str, rows: int) -> None:
    """Insert the rows."""
    numbers = NUMBERS[kind].format(rows=rows)
    for statement in FILL:
        connection.execute(statement.format(numbers=numbers, true="true", false="false"))
