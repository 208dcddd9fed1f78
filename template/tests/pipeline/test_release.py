"""release.yml tells the truth: how each release ends by CodeBuild's rules."""

import signal

import pytest

from template.rehearsal.ecs import timelines
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import BEFORE, FIRST, Account
from template.tests.pipeline.faults import FAULTS, Fault, check, somebody_deploys
from template.tests.pipeline.interrupted import Interrupted

pytestmark = pytest.mark.usefixtures("docker")


# A fault of each kind: of tasks, of the migration, of what is asked, of what AWS answers.
USUAL = (
    "an alarm rolls it back",
    "the migration fails",
    "no login",
    "there is no such image",
    "the tag may not be moved",
    "ECS throttles",
    "the worker is refused with ServiceNotActiveException",
    "the stage's configuration is no JSON",
    "fewer tasks than wanted",
    "the image of before is deleted with its layers",
)


@pytest.mark.parametrize(
    "fault",
    exhaustive.rows(FAULTS, *USUAL, key=lambda fault: fault.name),
    ids=lambda fault: fault.name,
)
def test_fault(stage, fault: Fault):
    """By CodeBuild's rules each fault ends as its row says."""
    check(stage(), fault)


@pytest.fixture
def stage(tmp_path, tools, doubles):
    """A function that makes an account in CodeBuild, in which staging is as it is told."""

    def make(**told) -> Account:
        return Account(engines.run_in_codebuild, doubles, tmp_path, tools, **told)

    return make


def test_first_release(stage):
    """The first image of a stage is deployed; there was nothing before it, and nothing is kept."""
    account = stage(new=True)
    done = account.release()
    assert done.succeeded, done.output
    assert "| From commit | `none` |" in done.summary
    assert account.serving() == {account.digests["promoted"]}
    assert "staging-previous" not in account.tags


@exhaustive.MARK
def test_first_release_to_a_service_without_tasks(stage):
    """A service that wants no task yet is told of: the release stands, and nothing runs."""
    account = stage(new=True, desired="0")
    done = account.release()
    assert done.succeeded, done.output
    assert "the service wants 0 tasks: nothing runs until" in done.summary
    assert account.serving() == set()


@exhaustive.MARK
def test_first_release_that_crashes_has_no_way_back(stage):
    """Without an earlier image the tag stays on the one that failed, and that is said."""
    account = stage(new=True)
    account.timelines.deploy(timelines.CRASH_LOOP)
    done = account.release()
    assert not done.succeeded
    assert "there is no earlier image to go back to" in done.summary
    assert account.tags["staging"] == account.digests["promoted"]


def test_roll_back_and_forth(stage):
    """What ran before is one release away, and after it so is what was rolled back."""
    account = stage()
    assert account.release().succeeded
    done = account.release(PREVIOUS_STAGE_NAME="staging-previous")
    assert done.succeeded, done.output
    assert f"| From commit | `{FIRST}` |" in done.summary
    assert f"| To commit | `{BEFORE}` |" in done.summary
    assert account.serving() == {account.digests["before"]}
    assert account.release(PREVIOUS_STAGE_NAME="staging-previous").succeeded
    assert account.serving() == {account.digests["promoted"]}


@pytest.mark.parametrize("command", exhaustive.rows(["", "none"], ""))
def test_migration_can_be_skipped(stage, command):
    """With no command, or with `none`, no task is run."""
    account = stage()
    done = account.release(MIGRATE_COMMAND=command)
    assert "| Migration | skipped |" in done.summary
    assert not any(call.action == "ecs:RunTask" for call in account.cloud.recording)


def test_failure_is_marked_on_the_run(stage):
    """On GitHub the reason stands above the log, too."""
    account = stage()
    done = account.release(GITHUB_ACTIONS="true", PREVIOUS_STAGE_NAME="f" * 40)
    assert "::error title=Release to staging::there is no image" in done.output


@exhaustive.MARK
def test_changes_are_linked(stage):
    """On GitHub the summary links the commits between what ran and what runs."""
    github = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r"}
    done = stage().release(**github)
    link = f"https://github.com/o/r/compare/{BEFORE}...{FIRST}"
    assert f"| Changes | [{BEFORE[:12]}...{FIRST[:12]}]({link}) |" in done.summary


@pytest.mark.parametrize(
    ("sent", "status"),
    exhaustive.rows([(signal.SIGINT, 130), (signal.SIGTERM, 143)], (signal.SIGTERM, 143)),
)
def test_interrupted_rollout(stage, sent, status):
    """A cancelled release puts the tag back and sends the service back to that image."""
    account = stage()
    account.timelines.deploy(timelines.SLOW)
    done = Interrupted(account, sent, "IN_PROGRESS")
    assert done.status == status, done.output
    assert "**Release to staging was interrupted.**" in done.output
    assert "brings the service web back to that image; it is not waited for" in done.output
    assert account.tags["staging"] == account.digests["before"]
    assert account.serving() == {account.digests["before"]}


@exhaustive.MARK
def test_interrupted_migration(stage):
    """A release that is cancelled while it migrates stops that task, and deploys nothing."""
    account = stage()
    account.timelines.run_task(timelines.MIGRATION_HANGS)
    done = Interrupted(account, signal.SIGTERM, "Migration: RUNNING")
    assert done.status == 143, done.output
    assert "The migration's task was stopped." in done.output
    assert account.tags["staging"] == account.digests["before"]
    assert not any(call.action == "ecs:UpdateService" for call in account.cloud.recording)


def test_interrupted_before_anything(stage):
    """A release that is cancelled before it changed anything says that."""
    account = stage()
    account.timelines.deploy(timelines.STUCK)
    somebody_deploys(account)
    done = Interrupted(account, signal.SIGTERM, "Waiting for the deployment")
    assert done.status == 143, done.output
    assert "Nothing was changed." in done.output
    assert account.tags["staging"] == account.digests["before"]
