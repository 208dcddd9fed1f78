"""From `docker run` to the first answer."""

import time
from functools import partial

from template.bench.databases import databases
from template.bench.figures import Figures
from template.bench.images import Images
from template.bench.rows import Row, at_most, figure, ratios
from template.bench.servers import serving

LIVENESS = "/health/live/"
HELLO = "gunicorn --config=/dev/null --bind=127.0.0.1:{port} hello:application"
PAUSE = 0.005  # seconds between two looks


def measure(figures: Figures, images: Images) -> list[Row]:
    """The rows: a production service, and the demo that migrates its own database."""
    with databases(images.ours, figures.databases[0], 10) as (database,):
        starts = {
            "production": partial(serving, images.ours, "", **database.environment),
            "demo": partial(serving, images.ours, ""),
            "hello": partial(serving, images.ours, HELLO),
        }
        if figures.databases[0] == "SQLite":
            starts["production"] = partial(
                serving, images.ours, "", *database.options, **database.environment
            )
        rounds = [
            {name: seconds_of(start) for name, start in starts.items()}
            for _ in range(figures.starts + 1)
        ][1:]
    seconds = {name: [each[name] for each in rounds] for name in starts}
    return [
        row(f"start of the container, {name}", seconds[name], seconds["hello"])
        for name in ("production", "demo")
    ]


def seconds_of(start: partial) -> float:
    """How long a new container takes to its first 200."""
    begin = time.perf_counter()
    with start() as server:
        server.wait_for(LIVENESS, PAUSE)
        return time.perf_counter() - begin


def row(what: str, ours: list[float], hello: list[float]) -> Row:
    """One comparison."""
    return Row(
        part="start",
        what=f"`docker run` to the first 200: {what}",
        against="a hello under a bare gunicorn, in a container",
        ours=figure(ours, "s"),
        theirs=figure(hello, "s"),
        values=ratios(ours, hello),
        goal=at_most(2),
    )
