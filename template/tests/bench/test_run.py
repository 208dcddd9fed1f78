"""A run with the smallest numbers, in real containers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from template.tests import exhaustive

ROOT = Path(__file__).parents[3]


def bench(*arguments: str) -> str:
    """Measure; what is printed."""
    command = [sys.executable, "-m", "template.bench", "small", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.usefixtures("docker", "wrk", "postgresql_programs")
@exhaustive.MARK
def test_run():
    """Parts are measured and printed with the machine, and what was written before stays."""
    results = ROOT / "template/bench/results.json"
    before = results.stat().st_mtime_ns
    printed = bench("start", "memory")
    assert re.search(r"^- processors: \d+ x ", printed, re.MULTILINE)
    rows = [line.split(" | ") for line in printed.splitlines() if line.startswith("| ")][2:]
    assert [row[0].removeprefix("| ").split(",")[0] for row in rows] == [
        "`docker run` to the first 200",
        "`docker run` to the first 200",
        "memory after the start",
        "memory after 100 requests",
        "memory after 100 requests",
    ]
    assert all(re.fullmatch(r"[\d.,]+x", row[4]) for row in rows)
    assert re.search(r"^- part memory: load [\d.]+ before it, \d+ s$", printed, re.MULTILINE)
    assert results.stat().st_mtime_ns == before


def test_unknown_part():
    """A part that there is not is refused, with those that there are."""
    command = [sys.executable, "-m", "template.bench", "small", "speed"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "throughput" in ended.stderr
