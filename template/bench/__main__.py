"""Measures everything: python -m template.bench [full|small] [PART...]; full replaces rows."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

from template.bench import (
    growth,
    memory,
    promotion,
    rebuild,
    report,
    size,
    start,
    throughput,
    workflows,
)
from template.bench.figures import FIGURES, Figures
from template.bench.machine import load, machine
from template.bench.rows import Row
from template.bench.servers import build
from template.bench.wrk import WrkError
from template.tests.image.containers import ROOT, docker

RESULTS = ROOT / "template/bench/results.json"
PAGE = ROOT / "template/docs/performance.md"
PARTS: dict[str, Callable[[Figures, str], list[Row]]] = {
    part.__name__.rpartition(".")[2]: part.measure
    for part in (workflows, rebuild, promotion, start, size, throughput, growth, memory)
}


def main(size_of_run: str, parts: list[str]) -> None:
    """Measure the parts, or all; what is measured in full replaces its rows in the results."""
    figures = FIGURES[size_of_run]
    conditions = {
        **machine(),
        "rounds": f"{figures.rounds}, and one before them that is thrown away",
        "connections under load": str(figures.connections),
    }
    measured = []
    image = build(ROOT / "Dockerfile", ROOT)
    try:
        for part in parts or PARTS:
            before, begin = load(), time.monotonic()
            rows = PARTS[part](figures, image)
            took = f"load {before} before it, {time.monotonic() - begin:.0f} s"
            print(f"{part}: {took}", flush=True)
            conditions[f"part {part}"] = took
            measured += rows
            if size_of_run == "full":
                report.write(RESULTS, PAGE, *report.merged(RESULTS, list(PARTS), rows, conditions))
    finally:
        docker("image", "rm", "--force", image)
    print(report.markdown(measured, conditions))


def arguments() -> argparse.Namespace:
    """What to measure; ends the process where it is something else."""
    parser = argparse.ArgumentParser("python -m template.bench")
    parser.add_argument("size", nargs="?", default="full", choices=FIGURES)
    parser.add_argument("parts", nargs="*", metavar="part", help=" ".join(PARTS))
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"not among the parts {' '.join(PARTS)}: {' '.join(unknown)}")
    return given


if __name__ == "__main__":
    try:
        given = arguments()
        main(given.size, given.parts)
    except WrkError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{error.stdout or ''}")
