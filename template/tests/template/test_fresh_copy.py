"""A copy made with Use this template is green before anything is configured."""

import os
import re
import subprocess
from dataclasses import dataclass

import pytest

from template.rehearsal import machine
from template.rehearsal.github.act import Run
from template.rehearsal.github.checkout import Checkout
from template.tests.docs.conftest import copy_to
from template.tests.docs.pages import PAGES, ROOT

OWNER = "somebody-else/their-shop"
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false")
# These install, test and lint for minutes: `make test-fresh-copy`.
LONG = [("deploy.yml", "test"), ("ci.yml", "lint"), ("ci.yml", "sqlite"), ("ci.yml", "docs")]
JOBS = [("deploy.yml", "next-step"), *(LONG if os.environ.get("ALL_JOBS") else ())]


@dataclass(frozen=True)
class OneJob(Run):
    """A run of one job of a workflow, with the jobs that it needs."""

    job: str = ""

    def command(self) -> list[str]:
        """The command line of act."""
        return [*super().command(), "--job", self.job]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The files of this repository, in one commit of another owner's."""
    folder = copy_to(tmp_path_factory.mktemp("fresh") / "copy")
    for command in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", f"https://github.com/{OWNER}"),
        ("add", "--all"),
        (*AUTHOR, "commit", "--quiet", "--message=Initial commit"),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def run(fresh, workflow, job, variables):
    """What happens when the workflow's job runs for the push of the one commit."""
    stand_ins = {} if machine.reaches_github() else Checkout(fresh, "", False).stand_ins()
    environment = {"PATH": os.environ["PATH"], "HOME": str(fresh.parent), "LANG": "C.UTF-8"}
    with OneJob(fresh, workflow, "push", variables, environment, stand_ins, job).start() as events:
        return list(events)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_job_is_green(fresh, workflow, job):
    """With nothing configured each job succeeds."""
    told = run(fresh, workflow, job, {})
    results = [event.text for event in told if event.kind == "job-result"]
    assert set(results) == {"success"}, [event.text for event in told]


def test_summary_tells_the_next_step(fresh):
    """The run that deploys nothing says so, and what to run and to set."""
    told = run(fresh, "deploy.yml", "next-step", {})
    [summary] = [event.text for event in told if event.kind == "summary"]
    assert summary.startswith("### Nothing was deployed")
    assert "`make setup`" in summary
    for name in ("AWS_REGION", "ECR_IMAGE_URL", "AWS_BUILD_ROLE_ARN", "CLUSTER_ARN"):
        assert f"`{name}`" in summary


def test_summary_is_gone_once_deploying_is_set_up(fresh):
    """With the variable that switches deploying on, the advice is not given any more."""
    told = run(fresh, "deploy.yml", "next-step", {"AWS_BUILD_ROLE_ARN": "arn:aws:iam::1:role/b"})
    assert [event for event in told if event.kind in ("summary", "job-result")] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_stay_within_the_copy(page):
    """Links and pictures of the documentation lead into the copy, not to where it came from."""
    inside = re.compile(r"https?://(?:www\.)?github\.com/(?!OWNER/)[\w.-]+/[\w.-]+", re.I)
    assert inside.findall(page.path.read_text()) == []


def test_nothing_names_an_owner(fresh):
    """No file that runs or describes the copy names whose template it was."""
    licence = (ROOT / "LICENSE").read_text()
    holder = re.search(r"Copyright \(c\) [\d, -]*(.+)", licence)[1]
    said = subprocess.run(
        ["git", "grep", "--ignore-case", "--name-only", "--fixed-strings", holder],
        cwd=fresh,
        check=False,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == ["LICENSE"]
