"""Building and pushing again after a change of one line, in two orders of the Dockerfile."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from template.bench.figures import Figures
from template.bench.registry import Registry, serve
from template.bench.rows import Goal, Row, at_most, number
from template.bench.servers import RIVALS, build
from template.tests.image.containers import ROOT, base_image, docker

CHANGED = "src/itemslist/views.py"
RIVAL = "`COPY . .` before `pip install`, the same application"


@dataclass(frozen=True)
class Rebuild:
    """What a change cost."""

    seconds: float
    kilobytes: float


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: the time of the build, and what is pushed."""
    with checkout() as folder, serve() as registry:
        ours = rebuilds(folder, folder / "Dockerfile", registry, figures.rebuilds)
        rival = RIVALS / "seed.Dockerfile"
        theirs = rebuilds(folder, rival, registry, 1, BASE_IMAGE=base_image())
    seconds = [[each.seconds for each in side] for side in (ours, theirs)]
    sizes = [[each.kilobytes for each in side] for side in (ours, theirs)]
    return [
        row("build after a change of one line", *seconds, at_most(3), "s"),
        row("bytes to push after a change of one line", *sizes, at_most(200), "KB"),
    ]


@contextlib.contextmanager
def checkout() -> Iterator[Path]:
    """A copy of what git keeps."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        archive = subprocess.run(
            ["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True
        ).stdout
        subprocess.run(["tar", "--extract", "--directory", name], input=archive, check=True)
        yield Path(name)


def rebuilds(
    folder: Path, dockerfile: Path, registry: Registry, times: int, **arguments: str
) -> list[Rebuild]:
    """Build and push, then change a line and do it again, so many times."""
    known: dict[str, int] = {}
    done = []
    for number_of_change in range(times + 1):
        with (folder / CHANGED).open("a") as source:
            source.write(f"# change {number_of_change} at {time.time_ns()}\n")
        begin = time.perf_counter()
        image = build(dockerfile, folder, **arguments)
        seconds = time.perf_counter() - begin
        registry.push(image, "rebuild")
        docker("image", "rm", image)
        layers = registry.layers("rebuild")
        pushed = sum(size for digest, size in layers.items() if digest not in known)
        known |= layers
        done.append(Rebuild(seconds, pushed / 1e3))
    return done[1:]


def row(what: str, ours: list[float], theirs: list[float], goal: Goal, unit: str) -> Row:
    """One comparison, judged by our own figure."""
    return Row(
        part="rebuild",
        what=what,
        against=RIVAL,
        ours=f"{number(median(ours))} {unit}",
        theirs=f"{number(median(theirs))} {unit}",
        values=ours,
        goal=goal,
        unit=unit,
    )
