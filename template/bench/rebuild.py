"""Building and pushing again after a change of one line, in two orders of the Dockerfile."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from template.bench.figures import Figures
from template.bench.registry import Registry, serve
from template.bench.rows import Row, at_most, figure, ratios
from template.bench.servers import RIVALS, build
from template.tests.image.containers import ROOT, base_image, docker

CHANGED = "src/itemslist/views.py"
RIVAL = "`COPY . .` before `pip install`, the same application"


@dataclass
class Order:
    """A Dockerfile, and what a registry knows of its images."""

    dockerfile: Path
    arguments: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def build_and_push(self, folder: Path, registry: Registry) -> tuple[float, float]:
        """The seconds of a build, and the kilobytes that the registry had not seen yet."""
        begin = time.perf_counter()
        image = build(self.dockerfile, folder, **self.arguments)
        seconds = time.perf_counter() - begin
        registry.push(image, "rebuild")
        docker("image", "rm", image)
        layers = registry.layers("rebuild")
        pushed = sum(size for digest, size in layers.items() if digest not in self.known)
        self.known |= set(layers)
        return seconds, pushed / 1e3


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: the time of the build, and what is pushed."""
    with checkout() as folder, serve() as registry:
        ours = Order(folder / "Dockerfile")
        theirs = Order(RIVALS / "seed.Dockerfile", {"BASE_IMAGE": base_image()})
        rounds = [rebuild(folder, registry, ours, theirs) for _ in range(figures.rebuilds + 1)][1:]
    (seconds, pushed), (rival_seconds, rival_pushed) = (
        zip(*(each[side] for each in rounds), strict=True) for side in (0, 1)
    )
    return [
        Row(
            part="rebuild",
            what="build after a change of one line",
            against=RIVAL,
            ours=figure(seconds, "s"),
            theirs=figure(rival_seconds, "s"),
            values=ratios(seconds, rival_seconds),
            goal=at_most(0.5),
        ),
        Row(
            part="rebuild",
            what="bytes to push after a change of one line",
            against=RIVAL,
            ours=figure(pushed, "KB"),
            theirs=figure(rival_pushed, "KB"),
            values=list(pushed),
            goal=at_most(200),
            unit="KB",
        ),
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


def rebuild(folder: Path, registry: Registry, *orders: Order) -> list[tuple[float, float]]:
    """Change a line, then build and push in one order after the other."""
    with (folder / CHANGED).open("a") as source:
        source.write(f"# changed at {time.time_ns()}\n")
    return [order.build_and_push(folder, registry) for order in orders]
