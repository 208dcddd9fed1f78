"""A stage of the template on the ECS double, for tests that call it without a server."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from template.rehearsal import project
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.launching import Launcher, Order, Refusal, Run
from template.rehearsal.ecs.timelines import Timeline, Timelines

CLUSTER = "django-crud-app-staging"
CLUSTER_ARN = f"arn:aws:ecs:eu-central-1:123456789012:cluster/{CLUSTER}"
LOG_GROUP = f"/ecs/{CLUSTER}"
OLD = "sha256:" + "0" * 64
NEW = "sha256:" + "1" * 64
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@functools.cache
def stacks() -> dict[str, Stack]:
    """The stacks of the whole project, with one container for each stage."""
    return project.deploy(DesiredCount="1")


def stack(desired: int = 1) -> Stack:
    """The stack of the stage `staging`."""
    return changed("Service", {"DesiredCount": str(desired)}, stacks()["staging-stage"])


def changed(resource: str, properties: Mapping[str, Any], original: Stack | None = None) -> Stack:
    """The stack with some properties of a resource replaced."""
    original = original or stack()
    old = original.resources[resource]
    new = replace(old, properties={**old.properties, **properties})
    return replace(original, resources={**original.resources, resource: new})


class Recorded(Timelines):
    """Timelines that keep the orders of RunTask."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Order] = {}

    def run(self, order: Order) -> Run | Refusal:
        """Start a task, and keep what was ordered by its id."""
        self.orders[order.task] = order
        return super().run(order)


class Stage:
    """The stage, on a clock that stands still until it is moved."""

    def __init__(
        self,
        launcher: Launcher | None = None,
        declared: Stack | None = None,
        resolve: Callable[[str], str] | None = None,
        clock: Clock | None = None,
    ):
        self.clock = clock or Clock(speed=0)
        self.tag: str | None = OLD
        self.logs = Logs()
        self.ecs = Ecs(self.clock, self.logs, resolve or self.resolve)
        self.launcher = launcher or Recorded()
        self.ecs.add_stage(self.launcher, declared or stack())

    def resolve(self, image: str) -> str:
        """The digest that the stage's tag names."""
        if self.tag is None:
            raise LookupError(image)
        return self.tag

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call ECS in the stage's cluster; the answer has to fit the API's model."""
        where = (
            {}
            if operation in ("DescribeClusters", "DescribeTaskDefinition")
            else {"cluster": CLUSTER}
        )
        return checked(self.ecs, operation, {**where, **params})

    def read(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call Logs for the stage's group; the answer has to fit the API's model."""
        return checked(self.logs, operation, {"logGroupName": LOG_GROUP, **params})

    def service(self) -> dict[str, Any]:
        """What DescribeServices says."""
        return self.call("DescribeServices", services=["web"])["services"][0]

    def deploy(self, **params: Any) -> str:
        """Force a new deployment; its id."""
        answer = self.call("UpdateService", service="web", forceNewDeployment=True, **params)
        return answer["service"]["deployments"][0]["id"]

    def story(self, timeline: Timeline, seconds: float) -> str:
        """Deploy a new image in the way of the timeline and let so many seconds pass; its id."""
        self.launcher.deploy(timeline)
        self.tag = NEW
        deployment = self.deploy()
        self.clock.advance(seconds)
        return deployment

    def served(self) -> list[str]:
        """The digests of the healthy tasks."""
        return [task.digest for task in self.ecs.serving(CLUSTER_ARN, "web")]

    def lost(self, deployment: str) -> list[dict[str, Any]]:
        """The stopped tasks that the deployment had started."""
        stopped = self.tasks(serviceName="web", desiredStatus="STOPPED")
        return [task for task in stopped if task["startedBy"] == deployment]

    def deployment(self, wanted: str) -> dict[str, Any] | None:
        """What DescribeServices says of a deployment, if it still does."""
        return next((each for each in self.service()["deployments"] if each["id"] == wanted), None)

    def events(self) -> list[str]:
        """The messages of the service's events, oldest first, without their subject."""
        messages = [event["message"] for event in self.service()["events"]]
        return [message.removeprefix("(service web) ") for message in reversed(messages)]

    @property
    def service_image(self) -> str:
        """The image with the stage's tag, as the task definition names it."""
        found = self.call("DescribeTaskDefinition", taskDefinition=CLUSTER)["taskDefinition"]
        return found["containerDefinitions"][0]["image"]

    def run_task(self, **params: Any) -> dict[str, Any]:
        """Call RunTask with what the service has."""
        settings = {
            "taskDefinition": CLUSTER,
            "launchType": "FARGATE",
            "networkConfiguration": NETWORK,
        }
        return self.call("RunTask", **{**settings, **params})

    def tasks(self, **filters: Any) -> list[dict[str, Any]]:
        """What DescribeTasks says of the tasks that ListTasks lists."""
        arns = self.call("ListTasks", **filters)["taskArns"]
        return self.call("DescribeTasks", tasks=arns)["tasks"] if arns else []


def refused(stage: Stage, operation: str, **params: Any) -> tuple[str, str]:
    """The code and the message of the error that ECS answers with."""
    with pytest.raises(AwsError) as refusal:
        stage.call(operation, **params)
    return refusal.value.code, refusal.value.message


@functools.cache
def model(service: str) -> ServiceModel:
    """The API of a service as botocore knows it."""
    return botocore.session.get_session().get_service_model(service)


def checked(service: Any, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """Call a service as the AWS double does, with the model's opinion of both messages."""
    shape = model(service.name).operation_model(operation)
    _fits(params, shape.input_shape)
    assert service.authorizations(operation, params)
    answer = service.call(operation, params)
    _fits(answer, shape.output_shape)
    return answer


def _fits(values: dict[str, Any], shape: Any) -> None:
    report = ParamValidator().validate(values, shape)
    assert not report.has_errors(), report.generate_report()
