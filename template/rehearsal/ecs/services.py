"""An ECS service: its state, and what DescribeServices says of it."""

import math
import uuid
from collections import deque
from typing import Any

from template.rehearsal.clock import timestamp
from template.rehearsal.ecs.deployments import PRIMARY, Deployment
from template.rehearsal.ecs.names import service_arn
from template.rehearsal.ecs.tasks import Task

KEPT_EVENTS = 100
DEFAULTS = {
    "desiredCount": 1,
    "platformVersion": "1.4.0",
    "platformFamily": "Linux",
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "deploymentConfiguration": {},
    "loadBalancers": [],
    "serviceRegistries": [],
    "placementConstraints": [],
    "placementStrategy": [],
    "healthCheckGracePeriodSeconds": 0,
    "enableECSManagedTags": False,
    "propagateTags": "NONE",
    "enableExecuteCommand": False,
}


class Service:
    """A service; `settings` has its configuration in the API's shape."""

    def __init__(self, cluster_arn: str, settings: dict[str, Any], created: float):
        self.cluster_arn = cluster_arn
        self.settings = DEFAULTS | settings
        self.created = created
        self.status = "ACTIVE"
        self.deployments: list[Deployment] = []
        self.tasks: list[Task] = []
        self.completed: Deployment | None = None
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings["serviceName"]

    @property
    def arn(self) -> str:
        """Its ARN."""
        return service_arn(self.cluster_arn, self.name)

    @property
    def primary(self) -> Deployment:
        """The deployment that decides what runs."""
        return next(each for each in self.deployments if each.status == PRIMARY)

    @property
    def desired(self) -> int:
        """How many tasks it should run."""
        return self.settings["desiredCount"]

    @property
    def most(self) -> int:
        """How many tasks may run at once during a deployment."""
        percent = self.settings["deploymentConfiguration"].get("maximumPercent", 200)
        return math.floor(self.desired * percent / 100)

    @property
    def fewest(self) -> int:
        """How many healthy tasks a deployment leaves running."""
        percent = self.settings["deploymentConfiguration"].get("minimumHealthyPercent", 100)
        return math.ceil(self.desired * percent / 100)

    @property
    def breaker_threshold(self) -> int | None:
        """Failed tasks in a row that trip the circuit breaker; None where there is none.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        """
        if not self.rule("deploymentCircuitBreaker").get("enable"):
            return None
        return min(max(3, math.ceil(self.desired / 2)), 200)

    def rule(self, name: str) -> dict[str, Any]:
        """How deployments are judged: `deploymentCircuitBreaker` or `alarms`."""
        return self.settings["deploymentConfiguration"].get(name, {})

    @property
    def balanced(self) -> bool:
        """Whether its tasks are behind a load balancer."""
        return bool(self.settings.get("loadBalancers"))

    @property
    def target_group(self) -> str:
        """The target group of its load balancer, as events name it, or its Classic one."""
        balancer = next(iter(self.settings.get("loadBalancers", [])), {})
        if self.tells_rollouts:
            return f"(target-group {balancer.get('targetGroupArn')})"
        return f"(elb {balancer['loadBalancerName']})"

    @property
    def tells_rollouts(self) -> bool:
        """Whether its deployments have a rolloutState: not behind a Classic Load Balancer.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
        """
        balancers = self.settings.get("loadBalancers", [])
        return not any("loadBalancerName" in each for each in balancers)

    def forget_events(self) -> None:
        """Have no event any more: ECS keeps the newest 100."""
        self._events.clear()

    def say(self, at: float, text: str) -> None:
        """Add an event."""
        message = f"(service {self.name}) {text}"
        event = {"id": str(uuid.uuid4()), "createdAt": timestamp(at), "message": message}
        self._events.appendleft(event)

    def _deployment(self, each: Deployment) -> dict[str, Any]:
        told = each.describe(self.settings, self.tasks)
        hidden = set() if self.tells_rollouts else {"rolloutState", "rolloutStateReason"}
        return {name: value for name, value in told.items() if name not in hidden}

    def describe(self) -> dict[str, Any]:
        """The service in the API's shape."""
        live = [task for task in self.tasks if task.live]
        return {
            **self.settings,
            "serviceArn": self.arn,
            "clusterArn": self.cluster_arn,
            "status": self.status,
            "pendingCount": sum(task.waiting for task in live),
            "runningCount": sum(not task.waiting for task in live),
            "deployments": [self._deployment(each) for each in self.deployments],
            "events": list(self._events),
            "createdAt": timestamp(self.created),
        }
