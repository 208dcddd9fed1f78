"""Requests per second and the slowest answers, under the server settings that others use."""

import contextlib
from dataclasses import replace

from template.bench import wrk
from template.bench.databases import Database, databases
from template.bench.figures import Figures
from template.bench.images import Images
from template.bench.rows import Goal, Row, at_least, at_most, figure, ratios
from template.bench.servers import HEADERS, Server, serving

ITEMS = 10
PATH = "/itemslist/"
OURS = "the image"
SEED = "the seed's way: `runserver`, a list without pages"
FLOOR = "the floor: the same SQL and JSON in a bare WSGI function, the same gunicorn"
# `--config=/dev/null`, or gunicorn would read the image's deploy/gunicorn.conf.py.
GUNICORN = "gunicorn itemsAPP.wsgi --config=/dev/null --bind=127.0.0.1:{port}"
COMMANDS = {
    OURS: "",
    SEED: "python -m django runserver --settings=seed.settings 127.0.0.1:{port}",
    "cookiecutter-django's flags: sync, 1 worker": GUNICORN,
    "zagaran's flags: 2 workers, 5 threads": f"{GUNICORN} --workers=2 --threads=5",
    "nickjj's flags: sync, 2 workers a processor": f"{GUNICORN} --workers={{workers}}",
    FLOOR: "gunicorn floor:application",
}
SPEED = "requests/s"
GOALS = {SEED: at_least(6), FLOOR: at_least(0.25)}


def measure(figures: Figures, images: Images) -> list[Row]:
    """The rows for each kind of database."""
    rows = []
    for kind in figures.databases:
        with databases(images.ours, kind, ITEMS) as (database,):
            rows += compare(figures, images, database)
    return rows


def compare(figures: Figures, images: Images, database: Database) -> list[Row]:
    """The rows for one database."""
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(start(images, database, command))
            for name, command in COMMANDS.items()
        }
        check_bodies(servers)
        loads = put_under_load(figures, servers)
        pair = {name: servers[name] for name in (OURS, SEED)}
        speeds = per_second(put_under_load(replace(figures, connections=1), pair))
    alone = row(f"{SPEED} of one client", SEED, database.kind, speeds, GOALS[SEED], SPEED)
    rivals = [name for name in COMMANDS if name != OURS]
    return [alone, *(row for name in rivals for row in rows_against(name, loads, database.kind))]


def start(
    images: Images, database: Database, command: str
) -> contextlib.AbstractContextManager[Server]:
    """Start a server on the database."""
    command = command.replace("{workers}", str(2 * images.processors))
    return serving(images.ours, command, *database.options, **database.environment)


def check_bodies(servers: dict[str, Server]) -> None:
    """Raise AssertionError unless all servers answer the same, byte for byte."""
    bodies = {name: server.wait_for(PATH) for name, server in servers.items()}
    different = [name for name, body in bodies.items() if body != bodies[OURS]]
    if different or bodies[OURS].count(b'"title"') != ITEMS:
        raise AssertionError(f"These do not answer like the image: {different}: {bodies}")


def put_under_load(figures: Figures, servers: dict[str, Server]) -> dict[str, list[wrk.Load]]:
    """What each server did in the rounds, in which all have their turn, but for the first."""
    loads: dict[str, list[wrk.Load]] = {name: [] for name in servers}
    for _ in range(figures.rounds + 1):
        for name, server in servers.items():
            url = server.url + PATH
            loads[name].append(wrk.run(url, figures.seconds, figures.connections, HEADERS))
    return {name: rounds[1:] for name, rounds in loads.items()}


def per_second(loads: dict[str, list[wrk.Load]]) -> dict[str, list[float]]:
    """The requests a second of each server, by rounds."""
    return {name: [load.per_second for load in rounds] for name, rounds in loads.items()}


def rows_against(name: str, loads: dict[str, list[wrk.Load]], kind: str) -> list[Row]:
    """The comparison with one rival: requests a second, and p99 with those that are like us."""
    rows = [row(SPEED, name, kind, per_second(loads), GOALS.get(name, at_least(1)), SPEED)]
    if name not in GOALS:
        slowest = {key: [1000 * load.p99 for load in rounds] for key, rounds in loads.items()}
        rows.append(row("p99", name, kind, slowest, at_most(1), "ms"))
    return rows


def row(
    what: str, name: str, kind: str, values: dict[str, list[float]], goal: Goal, unit: str
) -> Row:
    """One comparison."""
    return Row(
        part="throughput",
        what=f"{what}, GET {PATH} with {ITEMS} items, {kind}",
        against=name,
        ours=figure(values[OURS], unit),
        theirs=figure(values[name], unit),
        values=ratios(values[OURS], values[name]),
        goal=goal,
    )
