"""What IAM is asked for each operation of ECS, and what the release role of the template may do."""

import pytest

from template.rehearsal import project
from template.rehearsal.aws.endpoint import Aws
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.timelines import Timelines
from template.rehearsal.iam.roles import Iam
from template.rehearsal.serving import serve
from template.tests.pipeline.stages import (
    CLUSTER,
    CLUSTER_ARN,
    LOG_GROUP,
    NETWORK,
    OLD,
    Stage,
    stacks,
)

ECS = "arn:aws:ecs:eu-central-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/"
TASK = "0" * 32
IN_CLUSTER = {"ecs:cluster": CLUSTER_ARN}
RELEASE = "django-crud-app-staging-release"


@pytest.fixture(scope="module")
def ecs():
    """ECS with the stage `staging`."""
    return Stage().ecs


def asked(ecs, operation, **params):
    """The permissions that a call needs, as tuples."""
    needed = ecs.authorizations(operation, {"cluster": CLUSTER, **params})
    return [(each.action, each.resource, each.context) for each in needed]


@pytest.mark.parametrize(
    ("operation", "params", "resource"),
    [
        ("DescribeServices", {"services": ["web"]}, f"service/{CLUSTER}/web"),
        ("UpdateService", {"service": "web"}, f"service/{CLUSTER}/web"),
        ("DescribeTasks", {"tasks": [TASK]}, f"task/{CLUSTER}/{TASK}"),
        ("DescribeTasks", {"tasks": [f"{ECS}task/{CLUSTER}/{TASK}"]}, f"task/{CLUSTER}/{TASK}"),
        ("StopTask", {"task": TASK}, f"task/{CLUSTER}/{TASK}"),
        ("ListTasks", {"serviceName": "web"}, f"container-instance/{CLUSTER}/*"),
    ],
)
@pytest.mark.parametrize("cluster", [CLUSTER, CLUSTER_ARN])
def test_operation_on_a_resource(ecs, operation, params, resource, cluster):
    """Operations are asked for on the ARN of what they touch, with the cluster as context."""
    needed = asked(ecs, operation, **params, cluster=cluster)
    assert needed == [(f"ecs:{operation}", ECS + resource, IN_CLUSTER)]


def test_several_resources(ecs):
    """Each service of a call needs its own permission."""
    resources = [each[1] for each in asked(ecs, "DescribeServices", services=["web", "app"])]
    assert resources == [f"{ECS}service/{CLUSTER}/{name}" for name in ("web", "app")]


def test_clusters(ecs):
    """DescribeClusters is asked for on every cluster, `default` when none is named."""
    named = ecs.authorizations("DescribeClusters", {"clusters": [CLUSTER]})
    unnamed = ecs.authorizations("DescribeClusters", {})
    assert [each.resource for each in named + unnamed] == [CLUSTER_ARN, f"{ECS}cluster/default"]


def test_task_definitions_know_no_resources(ecs):
    """DescribeTaskDefinition can be allowed on everything only."""
    (needed,) = ecs.authorizations("DescribeTaskDefinition", {"taskDefinition": CLUSTER})
    assert (needed.resource, needed.context) == ("*", {})


@pytest.mark.parametrize(
    ("named", "context"),
    [(CLUSTER, f"task-definition/{CLUSTER}:1"), ("other:7", "task-definition/other:7")],
)
def test_update_with_a_task_definition(ecs, named, context):
    """The task definition that a service is pointed at is a condition."""
    ((_, _, known),) = asked(ecs, "UpdateService", service="web", taskDefinition=named)
    assert known == {**IN_CLUSTER, "ecs:task-definition": ECS + context}


@pytest.mark.parametrize("form", [CLUSTER, f"{CLUSTER}:1", f"{ECS}task-definition/{CLUSTER}:1"])
def test_run_task(ecs, form):
    """RunTask is asked for on the task definition as it was named, and lends both its roles."""
    lent = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    resource = form if form.startswith("arn:") else f"{ECS}task-definition/{form}"
    assert asked(ecs, "RunTask", taskDefinition=form) == [
        ("ecs:RunTask", resource, IN_CLUSTER),
        ("iam:PassRole", f"{ROLE}{CLUSTER}-task", lent),
        ("iam:PassRole", f"{ROLE}{CLUSTER}-execution", lent),
    ]


def test_run_task_with_another_role(ecs):
    """A role in the overrides is lent instead of the definition's."""
    overrides = {"taskRoleArn": f"{ROLE}admin"}
    needed = asked(ecs, "RunTask", taskDefinition=CLUSTER, overrides=overrides)
    assert [each[1] for each in needed[1:]] == [f"{ROLE}admin", f"{ROLE}{CLUSTER}-execution"]


def test_run_task_of_an_unknown_definition(ecs):
    """There is no role to lend for a task definition that does not exist."""
    assert len(asked(ecs, "RunTask", taskDefinition="other")) == 1


def test_run_task_with_tags_and_a_shell(ecs):
    """Tags need a permission of their own; a shell in the container is a condition."""
    params = {"tags": [{"key": "a", "value": "b"}], "enableExecuteCommand": True}
    needed = asked(ecs, "RunTask", taskDefinition=CLUSTER, **params)
    assert needed[0][2] == {**IN_CLUSTER, "ecs:enable-execute-command": "true"}
    tagging = {**IN_CLUSTER, "ecs:CreateAction": "RunTask"}
    assert needed[-1] == ("ecs:TagResource", f"{ECS}task/{CLUSTER}/*", tagging)


def test_operation_that_is_not_played(ecs):
    """Other operations are refused by name."""
    with pytest.raises(AwsError, match="does not play CreateService"):
        ecs.authorizations("CreateService", {})


# ---- The policies of the template, over the wire ----


@pytest.fixture
def iam(judge):
    """The roles of every template."""
    return Iam(stacks().values(), judge)


@pytest.fixture
def aws_endpoint(iam, recording, sessions, faults):
    """The AWS double with ECS and Logs, and both stages."""
    aws = Aws(Guard(iam, recording), sessions, faults)
    logs = Logs()
    ecs = Ecs(Clock(speed=1000), logs, lambda image: OLD)
    for stage in project.STAGES:
        ecs.add_stage(Timelines(), stacks()[f"{stage}-stage"])
    aws.add(ecs)
    aws.add(logs)
    with serve(aws) as endpoint:
        yield endpoint


@pytest.fixture
def release(client, sessions):
    """Makes clients with the credentials of a release to staging."""
    session = sessions.issue(RELEASE, "release")
    return lambda service: client(service, session)


def test_release_is_allowed(release, recording):
    """Everything that a release does is allowed, and answered over the wire."""
    ecs, logs = release("ecs"), release("logs")
    in_cluster = {"cluster": CLUSTER_ARN}
    (service,) = ecs.describe_services(**in_cluster, services=["web"])["services"]
    ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    (task,) = ecs.run_task(
        **in_cluster,
        taskDefinition=service["taskDefinition"],
        launchType=service["launchType"],
        networkConfiguration=service["networkConfiguration"],
    )["tasks"]
    ecs.get_waiter("tasks_stopped").wait(
        **in_cluster, tasks=[task["taskArn"]], WaiterConfig={"Delay": 0}
    )
    stream = f"web/web/{task['taskArn'][-32:]}"
    events = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
    ecs.update_service(**in_cluster, service="web", forceNewDeployment=True)
    ecs.list_tasks(**in_cluster, serviceName="web", desiredStatus="STOPPED")
    ecs.stop_task(**in_cluster, task=task["taskArn"])
    assert events[-1]["message"].endswith("OK")
    assert recording.refused() == []


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("ecs", "update_service", {"service": "web"}),
        ("ecs", "run_task", {"taskDefinition": "django-crud-app-production"}),
        ("ecs", "stop_task", {"task": TASK}),
        ("ecs", "list_tasks", {}),
    ],
)
def test_other_stage_is_denied(release, service, operation, params):
    """A release to staging cannot touch production."""
    call = getattr(release(service), operation)
    with pytest.raises(release(service).exceptions.AccessDeniedException, match="not authorized"):
        call(cluster=CLUSTER_ARN.replace("staging", "production"), **params)


def test_other_log_is_denied(release):
    """A release to staging cannot read production's log."""
    logs = release("logs")
    with pytest.raises(logs.exceptions.ClientError, match="AccessDeniedException"):
        logs.get_log_events(
            logGroupName=LOG_GROUP.replace("staging", "production"), logStreamName="web/web/1"
        )


def test_other_role_cannot_be_lent(release):
    """A migration cannot run with a role of somebody's choice."""
    ecs = release("ecs")
    with pytest.raises(ecs.exceptions.AccessDeniedException, match="iam:PassRole"):
        ecs.run_task(
            cluster=CLUSTER_ARN,
            taskDefinition=CLUSTER,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            overrides={"taskRoleArn": f"{ROLE}django-crud-app-production-task"},
        )


def test_refusals_over_the_wire(release):
    """Errors of ECS reach an SDK under their names."""
    ecs = release("ecs")
    with pytest.raises(ecs.exceptions.ClientException, match=r"TaskDefinition not found\."):
        ecs.run_task(cluster=CLUSTER_ARN, taskDefinition=f"{CLUSTER}:9")
