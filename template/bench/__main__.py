"""Measures everything: python -m template.bench [full|small] [PART...]; full replaces rows."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

from template.bench import growth, memory, promotion, rebuild, report, size, start, throughput
from template.bench.figures import FIGURES, Figures
from template.bench.images import Images, images
from template.bench.machine import machine
from template.bench.rows import Row
from template.bench.wrk import WrkError
from template.tests.image.containers import ROOT

RESULTS = ROOT / "template/bench/results"
PARTS: dict[str, Callable[[Figures, Images], list[Row]]] = {
    part.__name__.rpartition(".")[2]: part.measure
    for part in (throughput, start, growth, memory, size, rebuild, promotion)
}


def main(size_of_run: str, parts: list[str]) -> None:
    """Measure the parts, or all; what is measured in full replaces its rows in the results."""
    figures = FIGURES[size_of_run]
    conditions = machine()
    for name, value in conditions.items():
        print(f"{name}: {value}")
    begin = time.monotonic()
    with images() as built:
        rows = [row for part in parts or PARTS for row in timed(part, figures, built)]
    minutes = (time.monotonic() - begin) / 60
    conditions |= {
        "rounds": f"{figures.rounds}, and one before them that is thrown away",
        "connections under load": str(figures.connections),
        "minutes": f"{minutes:.1f}",
    }
    if size_of_run == "full":
        if parts:
            rows, conditions = report.merged(RESULTS, rows, parts)
        report.write(RESULTS, ROOT / "template/docs/performance.md", rows, conditions)
    print(report.markdown(rows, conditions))


def timed(part: str, figures: Figures, built: Images) -> list[Row]:
    """Measure a part, and say how long it took."""
    begin = time.monotonic()
    rows = PARTS[part](figures, built)
    print(f"{part}: measured in {time.monotonic() - begin:.0f} s", flush=True)
    return rows


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
