"""A copy's pull request and merge: their jobs, run here one by one, and the minutes billed."""

import contextlib
import io
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

from template.begin.begin import Wish, begin
from template.bench.figures import Figures
from template.bench.rows import Goal, Row, at_most, number
from template.rehearsal.github import act, checkout
from template.rehearsal.github.jobs import fill
from template.rehearsal.github.progress import Progress
from template.rehearsal.project import REPOSITORY
from template.rehearsal.rehearse import stand_ins, through_github
from template.rehearsal.report import Ran
from template.rehearsal.sandbox import Sandbox, set_up
from template.tests.image.containers import ROOT

START_UP = 15  # seconds that GitHub takes to start a job and to end it: an estimate
# A job's machine at GitHub has no layers of an earlier build.
DOCKER = """#!/bin/sh
if [ "$1" = build ]; then shift; exec {docker} build --no-cache "$@"; fi
exec {docker} "$@"
"""


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: jobs and minutes of both, and the way of a merge to production step by step."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        copy = copy_of(ROOT, Path(name) / "copy")
        pull_request, merge = run(copy, Path(name))
        seconds = {ran.stage: ran.seconds + START_UP for ran in merge}
        minutes = longest(copy / ".github/workflows", "deploy.yml", seconds) / 60
    return [
        *rows_of_run("a pull request", pull_request, at_most(4), at_most(5)),
        *(row(f"job of a pull request: {ran.stage}", ran.seconds, "s") for ran in pull_request),
        *rows_of_run("a merge to production", merge),
        *(
            row(f"merge to production, step {ran.stage}", ran.seconds, "s")
            for ran in merge
            if ran.stage not in {job.stage for job in pull_request}
        ),
        row("merge to production, from end to end", minutes, "minutes"),
    ]


def rows_of_run(
    what: str, ran: list[Ran], most_jobs: Goal | None = None, most_minutes: Goal | None = None
) -> list[Row]:
    """How many jobs a run has, and what they cost."""
    return [
        row(f"jobs of {what}", len(ran), "jobs", most_jobs),
        row(f"billed minutes of {what}", sum(map(billed, ran)), "minutes", most_minutes),
    ]


def row(what: str, value: float, unit: str, goal: Goal | None = None) -> Row:
    """A figure that nothing is compared with."""
    ours = f"{number(value)} {unit}"
    return Row(part="workflows", what=what, ours=ours, values=[value], unit=unit, goal=goal)


def billed(ran: Ran) -> int:
    """The minutes that GitHub bills for a job: each is rounded up to whole ones.

    https://docs.github.com/en/billing/concepts/product-billing/github-actions
    """
    return math.ceil((ran.seconds + START_UP) / 60)


def longest(
    folder: Path, workflow: str, seconds: dict[str, float], inputs: dict | None = None
) -> float:
    """Seconds until a run ends in which each job starts when those that it needs have ended.

    `seconds` are those of each job, by its environment or else by its name; a job that is not
    among them was skipped.
    """
    jobs = yaml.safe_load((folder / workflow).read_text())["jobs"]

    def duration(job: dict) -> float:
        if "uses" in job:
            return longest(folder, Path(job["uses"]).name, seconds, job.get("with"))
        name = job.get("environment") or job["name"].lower()
        return seconds.get(fill(name, inputs or {}), 0)

    def end(key: str) -> float:
        needs = jobs[key].get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        return max(map(end, needs), default=0) + duration(jobs[key])

    return max(map(end, jobs))


def copy_of(source: Path, folder: Path) -> Path:
    """A clone of the commit that has begun: without the workshop, with an owner's names."""
    checkout.clone(source, folder, REPOSITORY)
    for command in (
        ("config", "user.name", "Bench"),
        ("config", "user.email", "bench@example.com"),
        ("remote", "remove", "origin"),  # which would name its default branch
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    with contextlib.redirect_stdout(io.StringIO()):  # it tells an owner what to do next
        begin(folder, Wish("shop"))
    return folder


def run(copy: Path, folder: Path) -> tuple[list[Ran], list[Ran]]:
    """The jobs of a pull request and of a merge. Raises RuntimeError when one fails."""
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("== "):  # the end of a job
            print(text, flush=True)

    with set_up(copy, say) as sandbox:
        sandbox.machine["PATH"] = without_layers(folder, sandbox.machine["PATH"])
        return (
            green(through_ci(sandbox), said),
            green(through_github(sandbox), said),
        )


def through_ci(sandbox: Sandbox) -> list[Ran]:
    """Run ci.yml for a pull request; what ran, in order."""
    folder, actions = sandbox.checkout.folder, stand_ins(sandbox)
    progress = Progress(sandbox.say)
    with act.Run(folder, "ci.yml", "pull_request", {}, sandbox.machine, actions).start() as events:
        progress.follow(events)
    return [Ran(_name(each.job), each.result, each.seconds) for each in progress.ended]


def _name(job: str) -> str:
    return job.rpartition("/")[2].lower()


def without_layers(folder: Path, path: str) -> str:
    """A search path on which `docker build` uses nothing of earlier builds."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER.format(docker=shutil.which("docker", path=path)))
    (programs / "docker").chmod(0o755)
    return f"{programs}:{path}"


def green(ran: list[Ran], said: list[str]) -> list[Ran]:
    """The jobs; raises RuntimeError, with the end of what they printed, unless all succeeded."""
    red = [f"{each.stage}: {each.result}" for each in ran if each.result != "success"]
    if red or not ran:
        raise RuntimeError("\n".join([*said[-60:], f"Not green: {', '.join(red) or 'no job ran'}"]))
    return ran
