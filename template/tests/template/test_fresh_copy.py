"""A copy made with Use this template is green before anything is configured."""

import re
import subprocess
from dataclasses import dataclass

import pytest

from template.begin.begin import Wish, begin
from template.rehearsal import machine
from template.rehearsal.github.act import Run
from template.rehearsal.github.checkout import Checkout
from template.rehearsal.github.jobs import Workflows
from template.tests import exhaustive
from template.tests.docs.pages import PAGES, ROOT
from template.tests.template.copies import clone, fresh_copy, git, ready_venv

OWNER = "somebody-else/their-shop"
# The job that deploys nothing yet, and those of CI, which take minutes.
JOBS = [
    ("deploy.yml", "push", "next-step"),
    *(exhaustive.left_out(("ci.yml", "pull_request", job)) for job in ("lint", "image")),
]


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
    folder = fresh_copy(tmp_path_factory.mktemp("fresh") / "copy")
    git(folder, "remote", "add", "origin", f"https://github.com/{OWNER}")
    return folder


@pytest.fixture(scope="module")
def begun(fresh, tmp_path_factory):
    """The same after `make begin`."""
    folder = clone(fresh, tmp_path_factory.mktemp("begun") / "copy")
    begin(folder, Wish("their-shop"))
    return folder


@pytest.fixture(params=["fresh", "begun"])
def copy(request, tmp_path):
    """The copy before it begins, and after, with workflows that act understands."""
    folder = clone(request.getfixturevalue(request.param), tmp_path / "copy")
    Workflows(folder).forget_queues()
    return folder


def run(copy, workflow, event, job, variables):
    """What happens when the workflow's job runs for an event."""
    stand_ins = {} if machine.reaches_github() else Checkout(copy, "", False).stand_ins()
    venv = copy.parent / "venv"
    environment = {
        "PATH": machine.search_path(),
        "HOME": str(copy.parent),
        "LANG": "C.UTF-8",
        "VENV": str(venv if venv.exists() else ready_venv(venv)),
    }
    one = OneJob(copy, workflow, event, variables, environment, stand_ins, job=job)
    with one.start() as events:
        return list(events)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("workflow", "event", "job"), JOBS)
def test_job_is_green(copy, workflow, event, job):
    """With nothing configured each job succeeds."""
    told = run(copy, workflow, event, job, {})
    results = [happened.text for happened in told if happened.kind == "job-result"]
    assert set(results) == {"success"}, [happened.text for happened in told]


def test_summary_tells_the_next_step(copy):
    """The run that deploys nothing says so, and what to run and to set."""
    told = run(copy, "deploy.yml", "push", "next-step", {})
    [summary] = [event.text for event in told if event.kind == "summary"]
    assert summary.startswith("### Nothing was deployed")
    assert "`make setup`" in summary
    for name in ("AWS_REGION", "ECR_IMAGE_URL", "AWS_BUILD_ROLE_ARN", "CLUSTER_ARN"):
        assert f"`{name}`" in summary


def test_summary_is_gone_once_deploying_is_set_up(copy):
    """With the variable that switches deploying on, the advice is not given any more."""
    role = {"AWS_BUILD_ROLE_ARN": "arn:aws:iam::1:role/b"}
    told = run(copy, "deploy.yml", "push", "next-step", role)
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
