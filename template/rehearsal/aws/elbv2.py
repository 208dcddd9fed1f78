"""Elastic Load Balancing: how a load balancer finds the tasks of a service.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
"""

from collections.abc import Callable
from typing import Any

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.ecs.tasks import Task

OPERATION = "DescribeTargetHealth"
HEALTHY = {"State": "healthy"}
STARTING = {
    "State": "initial",
    "Reason": "Elb.InitialHealthChecking",
    "Description": "Initial health checks in progress",
}

Params = dict[str, Any]


class LoadBalancing:
    """The service `elbv2` of the AWS double; `targets` has the tasks by target group."""

    name = "elbv2"

    def __init__(self, targets: Callable[[], dict[str, list[Task]]]):
        self._targets = targets

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The operation, which knows no resources. Raises AwsError for one that is not played."""
        if operation != OPERATION:
            raise AwsError(
                "UnknownOperationException",
                f"The rehearsal's Elastic Load Balancing does not play {operation}.",
            )
        return [Authorization(f"elasticloadbalancing:{operation}", "*")]

    def call(self, operation: str, params: Params) -> dict:
        """Make the call; the output is in the API's shape. Raises AwsError for no such group."""
        known = self._targets()
        if params["TargetGroupArn"] not in known:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        tasks = known[params["TargetGroupArn"]]
        return {"TargetHealthDescriptions": [_described(task) for task in tasks]}


def _described(task: Task) -> dict[str, Any]:
    port = task.order.container["portMappings"][0]["containerPort"]
    health = HEALTHY if task.healthy else STARTING
    return {"Target": {"Id": task.order.task, "Port": port}, "TargetHealth": health}
