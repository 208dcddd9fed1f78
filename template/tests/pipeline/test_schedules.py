"""A schedule starts its task as the stacks say, and as nobody else."""

import contextlib
import json

import pytest

from deploy.stages import Schedule, StageChoices
from template.rehearsal import cloud, project, schedules
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.timelines import MIGRATES, MIGRATION_ENDS_WITH_3, NO_FARGATE
from template.tests.pipeline.account import PUSH
from template.tests.pipeline.stages import NEW, Recorded

NAME = "clear-sessions"
COMMAND = 'python manage.py "clear sessions"'
CHOICES = StageChoices(schedules={NAME: Schedule(COMMAND, "0 3 * * ? *")})
STACKS = project.deploy(choices=dict.fromkeys(project.STAGES, CHOICES))
CLUSTER = STACKS["staging-stage"].outputs["ClusterArn"]
STACK = STACKS[f"staging-schedule-{NAME}"]
ROLE = f"{project.NAME}-staging-scheduler"


@pytest.fixture
def account():
    """AWS with a stage that has a schedule: the cloud, ECS, and what launches tasks."""
    with cloud.run(STACKS.values(), project.REPOSITORY, lambda: PUSH) as running:
        launcher = Recorded()
        ecs = Ecs(Clock(1000), Logs(), lambda image: NEW)
        ecs.add_stage(launcher, STACKS["staging-stage"])
        yield running, ecs, launcher


def test_task_is_that_of_the_stage(account):
    """It has the stage's image, the schedule's command and group, and waits for migrations."""
    running, ecs, launcher = account
    task = schedules.start(STACK, running, ecs)
    (order,) = launcher.orders.values()
    assert order.image.endswith(f"@{NEW}")
    assert order.group == f"schedule:{NAME}"
    assert order.container["command"] == ["sh", "-c", f"exec {COMMAND}"]
    variables = {each["name"]: each["value"] for each in order.container["environment"]}
    assert variables["WAIT_FOR_MIGRATIONS"] == "1"
    assert variables["PGDATABASE"] == "app"
    assert {each["name"] for each in order.container["secrets"]} >= {"STAGE_CONFIG", "SECRET_KEY"}
    assert task == ecs.task(CLUSTER, task).arn
    assert {call.principal.split("/")[1] for call in running.recording} == {ROLE}
    assert set(running.recording.actions()) == {"ecs:RunTask", "iam:PassRole"}


@pytest.mark.parametrize(("life", "code"), [(MIGRATES, 0), (MIGRATION_ENDS_WITH_3, 3)])
def test_end_is_waited_for(account, life, code):
    """What became of the command is known by its exit code."""
    running, ecs, launcher = account
    launcher.run_task(life)
    ended = schedules.wait(CLUSTER, schedules.start(STACK, running, ecs), ecs)
    assert (ended.stop.exit_code, ended.digest) == (code, NEW)


def test_patience_ends(account, monkeypatch):
    """A command that does not end is told as it is."""
    monkeypatch.setattr(schedules, "PATIENCE", 0)
    running, ecs, launcher = account
    launcher.run_task(((1, "PENDING"),))
    assert not schedules.wait(CLUSTER, schedules.start(STACK, running, ecs), ecs).ended


def statements(running, name):
    """The statements of the role's permissions with a name, to be changed."""
    documents = running.iam.role(ROLE).policies.values()
    return [each for document in documents for each in document["Statement"] if each["Sid"] == name]


@contextlib.contextmanager
def kept(document):
    """Undo what is changed in a document of the stacks, which the tests share."""
    before = json.dumps(document)
    yield document
    document.clear()
    document.update(json.loads(before))


@pytest.mark.parametrize("name", ["StartTasks", "LendTaskRoles"])
def test_missing_permission_is_refused(account, name):
    """Without one of its permissions the role starts nothing."""
    running, ecs, launcher = account
    (statement,) = statements(running, name)
    with kept(statement):
        statement["Effect"] = "Deny"
        with pytest.raises(AwsError, match="is not authorized to perform") as refusal:
            schedules.start(STACK, running, ecs)
    assert refusal.value.code == "AccessDeniedException"
    assert launcher.orders == {}


def test_role_is_lent_to_its_schedules_alone(account):
    """A schedule of another group does not get the role."""
    running, ecs, launcher = account
    (trusted,) = running.iam.role(ROLE).trust["Statement"]
    with kept(trusted):
        trusted["Condition"]["ArnEquals"]["aws:SourceArn"] += "2"
        with pytest.raises(AwsError, match="not allowed to assume"):
            schedules.start(STACK, running, ecs)
    assert launcher.orders == {}


def test_refusal_of_ecs_is_told(account):
    """Where ECS starts no task, its reason is in the error."""
    running, ecs, launcher = account
    launcher.run_task(NO_FARGATE)
    with pytest.raises(AwsError, match="Capacity is unavailable"):
        schedules.start(STACK, running, ecs)
