"""What a client was told is kept is kept, whatever is killed."""

import json
import sqlite3
from contextlib import closing

import psycopg
import pytest

from template.rehearsal.machine import free_port
from template.tests import exhaustive
from template.tests.image.containers import docker, volume
from template.tests.resilience.figures import FIGURES
from template.tests.resilience.load import Client, Load

WRITES_BETWEEN = 40
ROWS = "SELECT id, title FROM itemslist_itemlist"
DUMP = f"""
import json, sqlite3
print(json.dumps(sqlite3.connect("/data/db.sqlite3").execute("{ROWS}").fetchall()))
"""


def kill_worker(task):
    """Kill one of gunicorn's workers in the middle of its work."""
    docker("exec", task.name, "sh", "-c", f"kill -9 {task.workers()[0]}")


def kill_container(task):
    """Kill a container, and start it again on what it left behind."""
    docker("kill", "--signal", "KILL", task.name)
    docker("start", task.name)
    task.wait_until_healthy()


def writers(port):
    """Clients that do nothing but write."""
    kept = [Client(port) for _ in range(3)]
    fresh = [Client(port, keep_alive=False) for _ in range(3)]
    return Load(*kept, *fresh, requests=("create",), pause=FIGURES.pause)


def write_while(load, victim, *killers):
    """Write while the killers strike one after another; the number of kills and the tally."""
    kills = 0
    with load:
        for kill in killers * FIGURES.kills:
            expected = len(load.tally.created) + WRITES_BETWEEN
            while len(load.tally.created) < expected:
                load.ended.wait(0.05)
            kill(victim)
            kills += 1
    return kills, load.tally


def check(report, what, kills, tally, kept):
    """Report, and raise AssertionError if an acknowledged write is not what the database has."""
    lost = {number for number, title in tally.created.items() if kept.get(number) != title}
    figures = {"kills": kills, "acknowledged": len(tally.created), "lost": len(lost)}
    report.add(what, **figures, unanswered=len(tally.failures))
    assert lost == set()
    assert len(tally.created) >= kills * WRITES_BETWEEN


@exhaustive.MARK
def test_sqlite_keeps_what_was_acknowledged(images, tasks, report):
    """Workers and containers of the demo are killed under load: every 201 is on the volume."""
    with volume() as name:
        options = (f"--volume={name}:/data",)
        task = tasks.start(images[0], free_port(), *options, LOG_LEVEL="WARNING")
        task.wait_until_healthy()
        kills, tally = write_while(writers(task.port), task, kill_worker, kill_container)
        kept = json.loads(docker("exec", task.name, "python", "-c", DUMP).stdout)
        docker("rm", "--force", task.name)
    check(report, "Nothing lost, SQLite", kills, tally, dict(kept))


@exhaustive.MARK
def test_postgresql_keeps_what_was_acknowledged(images, production, cluster, tasks, report):
    """Workers, containers and the database itself are killed under load: every 201 is there."""

    def kill_database(task):
        cluster.stop()
        cluster.start()

    task = tasks.start(images[0], free_port(), **production)
    task.wait_until_healthy()
    killers = (kill_worker, kill_container, kill_database)
    kills, tally = write_while(writers(task.port), task, *killers)
    with psycopg.connect(cluster.url) as connection:
        kept = dict(connection.execute(ROWS).fetchall())
    check(report, "Nothing lost, PostgreSQL", kills, tally, kept)


def test_lost_write_is_noticed(report):
    """An acknowledged write that the database has not, or has otherwise, is called lost."""
    with closing(sqlite3.connect(":memory:")) as database:
        kept = dict(database.execute("SELECT 1, 'kept'").fetchall())
    for created in ({1: "kept", 2: "gone"}, {1: "changed"}):
        tally = Client(free_port()).tally
        tally.created |= created
        with pytest.raises(AssertionError):
            check(type(report)(), "Lost", 0, tally, kept)
