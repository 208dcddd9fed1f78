"""Requests per second and the slowest answers, under the server settings that others use."""

import contextlib
import os
from dataclasses import replace

from template.bench import wrk
from template.bench.databases import databases
from template.bench.figures import Figures
from template.bench.rows import Goal, Row, at_least, at_most, figure, ratios
from template.bench.servers import BARE, CONFIGURED, HEADERS, Server, serving

ITEMS = 10
PATH = "/itemslist/"
OURS = "the image"
SEED = "the seed's way: `runserver`, a list without pages"
FLOOR = "the floor: the same SQL and JSON in a bare WSGI function, the same gunicorn"
RIVALS = {
    "cookiecutter-django's flags: sync, 1 worker": "",
    "zagaran's flags: 2 workers, 5 threads": "--workers=2 --threads=5",
    "nickjj's flags: sync, 2 workers a processor": f"--workers={2 * (os.cpu_count() or 1)}",
}
COMMANDS = {
    OURS: "",
    SEED: "python -m django runserver --settings=seed.settings 127.0.0.1:{port}",
    **{name: f"{BARE} {flags} itemsAPP.wsgi" for name, flags in RIVALS.items()},
    FLOOR: f"{CONFIGURED} floor:application",
}
SPEED = "requests/s"


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: one client, then many, beside each rival."""
    with databases(image, ITEMS) as (database,), contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving(image, command, **database.environment))
            for name, command in COMMANDS.items()
        }
        check_bodies(servers)
        loads = put_under_load(figures, servers)
        pair = {name: servers[name] for name in (OURS, SEED)}
        alone = put_under_load(replace(figures, connections=1), pair)
    speeds = per_second(loads)
    slowest = {name: [1000 * load.p99 for load in rounds] for name, rounds in loads.items()}
    return [
        *(row(SPEED, name, speeds, SPEED, at_least(1)) for name in RIVALS),
        *(row("p99", name, slowest, "ms", at_most(1)) for name in RIVALS),
        row(SPEED, SEED, speeds, SPEED),
        row(f"{SPEED} of one client", SEED, per_second(alone), SPEED),
        row(SPEED, FLOOR, speeds, SPEED),
    ]


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


def row(
    what: str, name: str, values: dict[str, list[float]], unit: str, goal: Goal | None = None
) -> Row:
    """One comparison."""
    return Row(
        part="throughput",
        what=f"{what}, GET {PATH} with {ITEMS} items",
        against=name,
        ours=figure(values[OURS], unit),
        theirs=figure(values[name], unit),
        values=ratios(values[OURS], values[name]),
        goal=goal,
    )
