"""From `docker run` to the first answer."""

import time
from functools import partial

from template.bench.databases import databases
from template.bench.figures import Figures
from template.bench.rows import Row, at_most, figure, ratios
from template.bench.servers import BARE, serving

LIVENESS = "/health/live"
PAUSE = 0.005  # seconds between two looks


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: a production service, and the demo that migrates its own database."""
    with databases(image, 10) as (database,):
        starts = {
            "production": partial(serving, image, "", **database.environment),
            "demo": partial(serving, image, ""),
            "hello": partial(serving, image, f"{BARE} hello:application"),
        }
        rounds = [
            {name: seconds_of(start) for name, start in starts.items()}
            for _ in range(figures.starts + 1)
        ][1:]
    seconds = {name: [each[name] for each in rounds] for name in starts}
    return [row(name, seconds[name], seconds["hello"]) for name in ("production", "demo")]


def seconds_of(start: partial) -> float:
    """How long a new container takes to its first 200."""
    begin = time.perf_counter()
    with start() as server:
        server.wait_for(LIVENESS, PAUSE)
        return time.perf_counter() - begin


def row(name: str, ours: list[float], hello: list[float]) -> Row:
    """One comparison."""
    return Row(
        part="start",
        what=f"`docker run` to the first 200, {name}",
        against="a hello under a bare gunicorn, in a container",
        ours=figure(ours, "s"),
        theirs=figure(hello, "s"),
        values=ratios(ours, hello),
        goal=at_most(2),
    )
