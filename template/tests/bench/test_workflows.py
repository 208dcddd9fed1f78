"""What the jobs of a pull request and of a merge cost."""

import subprocess

import pytest

from template.bench import workflows
from template.rehearsal.report import Ran
from template.tests.image.containers import ROOT

OUTER = """
jobs:
  test:
    name: Test
    uses: ./.github/workflows/inner.yml
  aside:
    name: Aside
    steps: []
  ship:
    name: Ship
    needs: [test]
    uses: ./.github/workflows/stage.yml
    with: {stage: staging}
"""
INNER = """
jobs:
  quick: {name: Quick, steps: []}
  slow: {name: Slow, steps: []}
  gate: {name: Gate, needs: [quick, slow], steps: []}
"""
STAGE = """
jobs:
  release: {name: Release, environment: "${{ inputs.stage }}", steps: []}
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of workflow files that call each other."""
    for name, text in (("outer", OUTER), ("inner", INNER), ("stage", STAGE)):
        (tmp_path / f"{name}.yml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 1), (60 - workflows.START_UP, 1), (61 - workflows.START_UP, 2), (121, 3)],
)
def test_each_job_is_billed_in_whole_minutes(seconds, minutes):
    """A job costs its seconds and GitHub's own, rounded up."""
    assert workflows.billed(Ran("lint", "success", seconds)) == minutes


def test_minutes_of_a_run_are_those_of_its_jobs():
    """Three short jobs cost three minutes, and more than the goal is a goal that is missed."""
    ran = [Ran(name, "success", 1) for name in ("lint", "tests", "image")]
    jobs, minutes = workflows.rows_of_run("a run", ran, workflows.at_most(4), workflows.at_most(2))
    assert (jobs.ours, jobs.is_met) == ("3 jobs", True)
    assert (minutes.ours, minutes.is_met) == ("3 minutes", False)


def test_jobs_that_wait_for_nobody_run_side_by_side(folder):
    """A run takes as long as its longest chain of jobs; one that was skipped takes nothing."""
    seconds = {"quick": 5, "slow": 30, "gate": 1, "staging": 100}
    assert workflows.longest(folder, "outer.yml", seconds) == 131
    assert workflows.longest(folder, "outer.yml", seconds | {"aside": 200}) == 200


def test_steps_to_production_are_a_chain():
    """In the project's own workflows each step to production waits for the one before it."""
    seconds = {"build": 1, "staging": 10, "production": 100}
    assert workflows.longest(ROOT / ".github/workflows", "deploy.yml", seconds) == 111


def test_jobs_that_fail_have_no_figures():
    """A run with a job that failed, or without any, is refused with what it printed."""
    ran = [Ran("lint", "success", 1), Ran("tests", "failure", 2)]
    with pytest.raises(RuntimeError, match="one test is red\nNot green: tests: failure"):
        workflows.green(ran, ["one test is red"])
    with pytest.raises(RuntimeError, match="no job ran"):
        workflows.green([], [])
    assert workflows.green(ran[:1], []) == ran[:1]


def test_copy_has_begun(tmp_path):
    """What is measured is an owner's: a commit without template/, on the branch that deploys."""
    copy = workflows.copy_of(ROOT, tmp_path / "copy")
    assert not (copy / "template").exists()
    assert (copy / ".github/workflows/ci.yml").exists()
    status = ["git", "status", "--porcelain", "--branch"]
    printed = subprocess.run(status, cwd=copy, check=True, capture_output=True, text=True).stdout
    assert printed == "## main\n"


def test_builds_find_no_layers_of_earlier_ones(tmp_path):
    """`docker build` of a job starts with nothing, and other commands are passed on as they are."""
    program = tmp_path / "docker"
    program.write_text(workflows.DOCKER.format(docker="echo"))
    for arguments, passed_on in (
        (["build", "--tag", "a b", "."], "build --no-cache --tag a b ."),
        (["push", "build"], "push build"),
    ):
        ran = subprocess.run(
            ["sh", program, *arguments], capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == passed_on
