"""A release that is cut short goes the way back in time, and a second step finishes it."""

import signal
from pathlib import Path

import pytest

from template.rehearsal.aws.faults import ANY
from template.rehearsal.ecs import timelines
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import Account
from template.tests.pipeline.faults import BROKEN, somebody_releases
from template.tests.pipeline.interrupted import Interrupted

pytestmark = pytest.mark.usefixtures("docker")

REQUEST_SECONDS = 0.4
PATIENCE = 4.0  # seconds of the seven and a half that GitHub leaves, were they all in a row


@pytest.fixture
def account(tmp_path, tools, doubles):
    """An account in CodeBuild, with the folder that GitHub gives to the steps of a job."""
    (tmp_path / "temp").mkdir()
    told = {**tools, "RUNNER_TEMP": str(tmp_path / "temp")}
    return Account(engines.run_in_codebuild, doubles, tmp_path, told)


def left(account: Account) -> list[str]:
    """What lies in the folder for the steps of the job."""
    return sorted(file.name for file in Path(account.tools["RUNNER_TEMP"]).iterdir())


def undo(account: Account) -> engines.Outcome:
    """The second step of the job."""
    return account.release(RELEASE_STEP="undo")


@pytest.mark.parametrize("sent", exhaustive.rows([signal.SIGINT, signal.SIGTERM], signal.SIGINT))
def test_way_back_is_quick(account, sent):
    """With 0.4 s for each request, the tag is back and the service sent back within 4 s.

    What a busy machine takes besides is not counted.
    """
    account.timelines.deploy(timelines.SLOW)
    asked = []
    done = Interrupted(account, sent, "IN_PROGRESS", then=lambda: slow_down(account, asked))
    assert "brings the service web back" in done.output
    assert account.tags["staging"] == account.digests["before"]
    assert (len(calls(account)) - len(asked)) * REQUEST_SECONDS < PATIENCE, done.output


def test_way_back_from_the_migration_is_quick(account):
    """The migration's task is stopped while the tag is put back."""
    account.timelines.run_task(timelines.MIGRATION_HANGS)
    asked = []
    done = Interrupted(
        account, signal.SIGINT, "Migration: RUNNING", then=lambda: slow_down(account, asked)
    )
    assert "The migration's task was stopped." in done.output
    assert account.tags["staging"] == account.digests["before"]
    assert (len(calls(account)) - len(asked)) * REQUEST_SECONDS < PATIENCE, done.output


@pytest.mark.parametrize("sent", exhaustive.rows([signal.SIGTERM, signal.SIGKILL], signal.SIGTERM))
def test_migration_that_starts_just_then_is_stopped(account, sent):
    """A task that ECS starts while the release is ended does not go on unseen."""
    account.timelines.run_task(timelines.MIGRATION_HANGS)
    account.faults.inject("ecs", "RunTask", lambda: account.process.send_signal(sent))
    Interrupted(account, sent, "never said")
    undo(account)
    assert running_migrations(account) == []
    assert account.tags["staging"] == account.digests["before"]


def calls(account: Account) -> list[str]:
    """What was asked of AWS and the registry so far."""
    return account.cloud.recording.actions()


def slow_down(account: Account, asked: list[str]) -> None:
    """Every request takes its time from now on; what was asked before is kept."""
    asked += calls(account)
    for service in ("registry", "ecr", "ecs"):
        account.faults.slow(service, ANY, REQUEST_SECONDS, times=1000)


def test_release_that_ends_well_leaves_nothing(account):
    """Neither notes nor a password are left, and a second step has nothing to do."""
    assert account.release().succeeded
    assert left(account) == []
    done = undo(account)
    assert done.succeeded
    assert "Nothing is left to undo." in done.output
    assert account.tags["staging"] == account.digests["promoted"]


def test_release_that_went_back_leaves_nothing(account):
    """A way back that reached its end is not gone twice."""
    account.timelines.deploy(timelines.CRASH_LOOP)
    assert not account.release().succeeded
    assert left(account) == []


@pytest.mark.parametrize(
    ("when", "life", "story"),
    [
        ("Migration: RUNNING", timelines.MIGRATION_HANGS, timelines.SLOW),
        ("IN_PROGRESS", timelines.MIGRATES, timelines.SLOW),
    ],
    ids=["migration", "rollout"],
)
def test_killed_release_is_undone_by_the_next_step(account, when, life, story):
    """The second step stops the migration, puts the tag back and sends the service back."""
    account.timelines.run_task(life)
    account.timelines.deploy(story)
    killed = Interrupted(account, signal.SIGKILL, when)
    assert "Should this release be killed, the way back is: docker buildx" in killed.output
    assert account.tags["staging"] == account.digests["promoted"]
    done = undo(account)
    assert done.succeeded, done.output
    assert "Finishing the way back of the release to staging." in done.summary
    assert "The tag `staging` is back on" in done.summary
    assert account.tags["staging"] == account.digests["before"]
    assert account.serving() == {account.digests["before"]}
    assert running_migrations(account) == []


def running_migrations(account: Account) -> list[str]:
    """The tasks of releases that run."""
    where = {"cluster": account.service["cluster"], "startedBy": "release-staging"}
    return account.ecs.call("ListTasks", where)["taskArns"]


def test_second_step_goes_on_where_the_first_was_refused(account):
    """What the first step left half-done, with expired credentials, the second one does."""
    account.timelines.deploy(timelines.STUCK)
    account.faults.inject("ecs", "DescribeServices", account.cloud.expire, skip=5)
    first = account.release()
    assert "**Left half-done:**" in first.output
    assert left(account) == ["release-staging.undo"]
    assert undo(account).succeeded
    assert left(account) == []
    assert account.serving() == {account.digests["before"]}


def test_second_step_that_is_refused_says_so(account):
    """A way back that cannot be gone is a failure, with what to do by hand."""
    account.timelines.deploy(timelines.SLOW)
    Interrupted(account, signal.SIGKILL, "IN_PROGRESS")
    account.faults.fail("registry", ANY, BROKEN, times=1000)
    done = undo(account)
    assert not done.succeeded
    assert "**Left half-done:** the registry does not answer." in done.output


def test_second_step_leaves_others_alone(account):
    """Where somebody else has released meanwhile, nothing is moved."""
    account.timelines.deploy(timelines.SLOW)
    Interrupted(account, signal.SIGKILL, "IN_PROGRESS")
    somebody_releases(account)
    done = undo(account)
    assert done.succeeded
    assert "left as it is" in done.output
    assert account.tags["staging"] == account.digests["other"]


def test_registry_that_hangs_is_given_up(account):
    """A call of the registry ends after REGISTRY_TIMEOUT, and a signal is heard by then."""
    account.faults.slow("registry", "BatchGetImage", 3600, times=1000)
    done = account.release(REGISTRY_TIMEOUT="10")
    assert not done.succeeded
    assert "did not tell what" in done.output
    assert "Nothing was changed." in done.output


def test_password_does_not_stay(account):
    """Docker's own configuration has no password during a release, and the copy is gone."""
    config = Path(account.machine["DOCKER_CONFIG"], "config.json")
    config.write_text('{"psFormat": "kept"}')
    assert account.release().succeeded
    assert config.read_text() == '{"psFormat": "kept"}'
    assert left(account) == []


@exhaustive.MARK
def test_password_of_a_killed_release_goes_with_the_job(account):
    """What a killed release leaves is in the folder that GitHub empties after the job."""
    account.timelines.deploy(timelines.SLOW)
    Interrupted(account, signal.SIGKILL, "IN_PROGRESS")
    kinds = {name.partition(".")[0] for name in left(account)}
    assert kinds == {"release", "release-staging"}
