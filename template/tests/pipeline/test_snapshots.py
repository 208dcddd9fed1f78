"""A release takes a snapshot of the database first, and changes nothing without it."""

import re
import signal
from collections.abc import Callable

import pytest

from template.rehearsal import cloud, project
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.rds import SUCCEEDS
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.ecs import timelines
from template.tests.pipeline import engines
from template.tests.pipeline.account import BEFORE, FIRST, PUSH, QUIET, Account, put_image
from template.tests.pipeline.faults import somebody_deploys, somebody_migrates
from template.tests.pipeline.interrupted import Interrupted

pytestmark = pytest.mark.usefixtures("docker")

ROLE = "staging-release"
UNCHANGED = "Nothing was changed."
RESTORE = "python3 -m deploy restore"


@pytest.fixture
def stacks():
    """The project, whose stages switch snapshots on."""
    return project.deploy(SnapshotBeforeRelease="true")


@pytest.fixture
def doubles(stacks):
    """AWS as those stacks describe it."""
    with cloud.run(stacks.values(), project.REPOSITORY, lambda: PUSH) as running:
        yield running


@pytest.fixture
def account(request, doubles, tmp_path, tools, stacks):
    """An account whose releases take a snapshot of the database; a test may want each engine."""
    engine = engines.ENGINES[getattr(request, "param", "CodeBuild")]
    made = Account(engine, doubles, tmp_path, tools)
    made.variables["SNAPSHOT_DATABASE"] = stacks["staging-database"].outputs["DatabaseIdentifier"]
    return made


in_both_engines = pytest.mark.parametrize("account", engines.ENGINES, indirect=True)


def is_unchanged(account: Account) -> bool:
    """Whether the tag names what it named, nothing was migrated, and nothing deployed."""
    actions = account.cloud.recording.actions(ROLE)
    changing = {"ecr:PutImage", "ecs:RunTask", "ecs:UpdateService"}
    return account.tags["staging"] == account.digests["before"] and changing.isdisjoint(actions)


@in_both_engines
def test_snapshot_is_taken_before_anything_changes(account):
    """It is available before the tag moves and the migration runs, and the report names it."""
    seen = {}
    rds = account.cloud.rds

    def look():
        (snapshot,) = rds.snapshots.values()
        seen["tag"] = account.tags["staging"]
        seen["looks"] = snapshot.looks

    account.faults.inject("rds", "DescribeDBSnapshots", look, skip=2)
    done = account.release()
    assert done.succeeded, done.output
    assert seen == {"tag": account.digests["before"], "looks": 2}
    (name,) = rds.snapshots
    assert re.fullmatch(rf"django-crud-app-staging-before-{FIRST[:12]}-\d{{14}}", name)
    assert f"| Snapshot | `{name}` |" in done.summary
    assert RESTORE not in done.output
    assert f"Snapshot {name}: available, 100 %" in done.output
    actions = account.cloud.recording.actions(ROLE)
    last_look = len(actions) - 1 - actions[::-1].index("rds:DescribeDBSnapshots")
    assert last_look < actions.index("ecr:PutImage") < actions.index("ecs:RunTask")
    assert account.tags["staging"] == account.digests["promoted"]


def test_release_looks_at_its_own_snapshot(account):
    """One that failed before does not end it, and stands first in RDS's list."""
    rds = account.cloud.rds
    rds.life = ("failed",)
    before = {"DBInstanceIdentifier": account.variables["SNAPSHOT_DATABASE"]}
    rds.call("CreateDBSnapshot", before | {"DBSnapshotIdentifier": "before"})
    rds.life = SUCCEEDS
    done = account.release()
    assert done.succeeded, done.output
    _, name = rds.snapshots
    assert f"| Snapshot | `{name}` |" in done.summary


def test_image_without_a_commit_is_named_by_its_digest(account):
    """Where no label tells the commit, the snapshot has digits of the digest."""
    digest = put_image(account.registry, [FIRST], "unknown")
    done = account.release()
    assert done.succeeded, done.output
    (name,) = account.cloud.rds.snapshots
    assert f"-before-{digest.removeprefix('sha256:')[:12]}-" in name


def way_to_the_data(account: Account) -> str:
    """What a release that has failed tells of its snapshot: the name, and how to restore it."""
    (name,) = account.cloud.rds.snapshots
    return f"the snapshot `{name}` was taken. To go back to its data: `{RESTORE} staging {name}`"


@in_both_engines
def test_failed_migration_names_the_snapshot(account):
    """Somebody needs it now, and finds it on the page of the run with the command."""
    account.timelines.run_task(timelines.MIGRATION_FAILS)
    done = account.release()
    assert not done.succeeded
    assert "the migration ended with exit code" in done.summary
    assert way_to_the_data(account) in done.summary


def test_failed_rollout_names_the_snapshot(account):
    """So it does where the schema is migrated and the new containers do not start."""
    account.timelines.deploy(timelines.CRASH_LOOP)
    done = account.release()
    assert not done.succeeded
    assert re.search(r"the deployment of web (failed|back): ", done.summary)
    assert way_to_the_data(account) in done.summary


def test_killed_release_names_the_snapshot(account, tmp_path):
    """The second step of the job tells it, where the first one could tell nothing more."""
    (tmp_path / "temp").mkdir()
    account.tools = {**account.tools, "RUNNER_TEMP": str(tmp_path / "temp")}
    account.timelines.run_task(timelines.MIGRATION_HANGS)
    killed = Interrupted(account, signal.SIGKILL, "Migration: RUNNING")
    assert RESTORE not in killed.output
    done = account.release(RELEASE_STEP="undo")
    assert done.succeeded, done.output
    assert way_to_the_data(account) in done.summary


def test_release_without_a_snapshot_names_none(account):
    """Nobody is told to restore what was not taken."""
    account.timelines.run_task(timelines.MIGRATION_FAILS)
    done = account.release(SNAPSHOT_DATABASE="")
    assert not done.succeeded
    assert "snapshot" not in done.output


@in_both_engines
def test_refused_snapshot_ends_the_release(account):
    """A database of which the role may take no snapshot is told, and nothing changes."""
    done = account.release(SNAPSHOT_DATABASE="another-database")
    assert not done.succeeded
    assert "AccessDenied" in done.output
    assert "RDS refused the snapshot django-crud-app-staging-before-" in done.summary
    assert UNCHANGED in done.summary
    assert is_unchanged(account)
    assert RESTORE not in done.output
    assert not account.cloud.rds.snapshots


def test_snapshot_of_that_name_ends_the_release(account):
    """A name that is taken, by a release in the same second, is refused and told."""
    taken = AwsError("DBSnapshotAlreadyExists", "Cannot create the snapshot: already exists.")
    account.faults.fail("rds", "CreateDBSnapshot", taken)
    done = account.release()
    assert not done.succeeded
    assert "DBSnapshotAlreadyExists" in done.output
    assert "RDS refused the snapshot django-crud-app-staging-before-" in done.summary
    assert UNCHANGED in done.summary
    assert is_unchanged(account)


def test_database_that_is_gone_ends_the_release(account):
    """So does an instance that is not there any more."""
    account.cloud.rds.instances.clear()
    done = account.release()
    assert not done.succeeded
    assert "DBInstanceNotFound" in done.output
    assert UNCHANGED in done.summary
    assert is_unchanged(account)


@in_both_engines
def test_failed_snapshot_ends_the_release(account):
    """A snapshot that RDS cannot finish is none."""
    account.cloud.rds.life = ("creating", "failed")
    done = account.release(SNAPSHOT_TIMEOUT="30")
    assert not done.succeeded
    assert re.search(r"the snapshot \S+ of \S+ failed\. RDS tells why", done.summary)
    assert UNCHANGED in done.summary
    assert RESTORE not in done.output
    assert is_unchanged(account)


@in_both_engines
def test_snapshot_that_takes_too_long_ends_the_release(account):
    """After SNAPSHOT_TIMEOUT nothing is changed."""
    account.cloud.rds.life = ("creating",)
    done = account.release(SNAPSHOT_TIMEOUT="1")
    assert not done.succeeded
    assert "was not available within 1 seconds. Raise SNAPSHOT_TIMEOUT" in done.summary
    assert UNCHANGED in done.summary
    assert RESTORE not in done.output
    assert is_unchanged(account)


def test_rds_that_does_not_answer_ends_the_release(account):
    """One look that fails is forgiven, five are not."""
    error = AwsError("InternalFailure", "Not now.", 400)
    account.faults.fail("rds", "DescribeDBSnapshots", error, times=1)
    account.faults.fail("rds", "DescribeDBSnapshots", error, times=5, skip=1)
    done = account.release()
    assert not done.succeeded
    assert "AWS did not answer, asking again (1 of 5)" in done.output
    assert "AWS did not tell how the snapshot is doing, five times in a row" in done.summary
    assert is_unchanged(account)


def test_release_of_another_meanwhile_is_not_undone(account):
    """Where somebody has moved the tag while the snapshot was taken, it stays theirs."""
    other = []
    account.faults.inject(
        "rds",
        "DescribeDBSnapshots",
        lambda: other.append(put_image(account.registry, ["staging"], "d" * 40)),
    )
    done = account.release()
    assert not done.succeeded
    assert f"moved the tag staging to {other[0]} while the snapshot was taken" in done.summary
    assert account.tags["staging"] == other[0]
    assert "ecs:RunTask" not in account.cloud.recording.actions(ROLE)


def meanwhile(account: Account, happens: Callable[[], object]) -> None:
    """Let something happen while the snapshot is taken."""
    account.faults.inject("rds", "DescribeDBSnapshots", happens)


def test_migration_of_another_meanwhile_is_waited_for(account):
    """Two at once could harm: a second one begins while the snapshot is taken, and is let be."""
    meanwhile(account, lambda: somebody_migrates(account))
    done = account.release(WAIT_TIMEOUT="2")
    assert not done.succeeded
    assert "Waiting for the migration of another release" in done.output
    assert UNCHANGED in done.summary
    assert account.tags["staging"] == account.digests["before"]
    assert "ecs:RunTask" not in account.cloud.recording.actions(ROLE)


def test_deployment_of_another_meanwhile_is_what_ran_before(account):
    """What somebody deploys while the snapshot is taken has not to be sent back afterwards."""

    def deploys():
        somebody_deploys(account)
        account.clock.advance(QUIET)

    meanwhile(account, deploys)
    account.timelines.run_task(timelines.MIGRATION_FAILS)
    done = account.release()
    assert not done.succeeded
    assert "the migration ended with exit code" in done.summary
    assert "brings the service web back" not in done.summary
    assert "ecs:UpdateService" not in account.cloud.recording.actions(ROLE)


def test_registry_that_does_not_answer_afterwards_ends_the_release(account):
    """What the tag names by then has to be known."""
    denied = AwsError("AccessDeniedException", "not today", 400)
    meanwhile(account, lambda: account.faults.fail("registry", "BatchGetImage", denied))
    done = account.release()
    assert not done.succeeded
    assert "the registry did not tell what" in done.summary
    assert UNCHANGED in done.summary
    assert is_unchanged(account)


@in_both_engines
def test_roll_back_takes_no_snapshot(account):
    """Going back to what ran before does not wait for one."""
    put_image(account.registry, ["staging-previous"], BEFORE)
    done = account.release(PREVIOUS_STAGE_NAME="staging-previous")
    assert done.succeeded, done.output
    assert took_none(account, done)


@pytest.mark.parametrize(
    "variables",
    [{"SNAPSHOT_DATABASE": ""}, {"SERVICE_NAME": "placeholder"}],
    ids=["no database", "no service"],
)
def test_nothing_is_taken_where_nothing_is_named(account, variables):
    """Without a database there is no snapshot, and without a service nothing to fear."""
    done = account.release(**variables)
    assert done.succeeded, done.output
    assert took_none(account, done)


def took_none(account: Account, done: engines.Outcome) -> bool:
    """Whether RDS was not asked, and the report has no row of it."""
    actions = account.cloud.recording.actions(ROLE)
    asked = [action for action in actions if action.startswith("rds:")]
    return not asked and not account.cloud.rds.snapshots and "| Snapshot |" not in done.summary


def test_timeout_has_to_be_a_number(account):
    """A SNAPSHOT_TIMEOUT that is no number of seconds is told before anything is asked."""
    done = account.release(SNAPSHOT_TIMEOUT="30m")
    assert not done.succeeded
    assert "SNAPSHOT_TIMEOUT must be a number of seconds above 0, such as 600" in done.summary
    assert is_unchanged(account)
    assert not account.cloud.rds.snapshots


@pytest.mark.parametrize(
    ("instance", "name", "code"),
    [
        ("nobody", "a-1", "DBInstanceNotFound"),
        (None, "taken", "DBSnapshotAlreadyExists"),
        (None, "two--hyphens", "InvalidParameterValue"),
        (None, "ends-", "InvalidParameterValue"),
    ],
)
def test_rds_says_no(doubles, instance, name, code):
    """The double refuses what RDS refuses."""
    known = min(doubles.rds.instances)
    doubles.rds.call(
        "CreateDBSnapshot", {"DBInstanceIdentifier": known, "DBSnapshotIdentifier": "taken"}
    )
    with pytest.raises(AwsError) as refusal:
        doubles.rds.call(
            "CreateDBSnapshot",
            {"DBInstanceIdentifier": instance or known, "DBSnapshotIdentifier": name},
        )
    assert refusal.value.code == code


def test_rds_wants_permissions_on_both(doubles):
    """On the instance, and on the snapshot by its name."""
    params = {"DBInstanceIdentifier": "one", "DBSnapshotIdentifier": "two"}
    prefix = "arn:aws:rds:eu-central-1:123456789012:"
    assert doubles.rds.authorizations("CreateDBSnapshot", params) == [
        Authorization("rds:CreateDBSnapshot", f"{prefix}db:one"),
        Authorization("rds:CreateDBSnapshot", f"{prefix}snapshot:two"),
    ]
    with pytest.raises(AwsError, match="does not play"):
        doubles.rds.authorizations("DeleteDBSnapshot", {"DBSnapshotIdentifier": "two"})
