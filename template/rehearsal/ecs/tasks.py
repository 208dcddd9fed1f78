"""A task of ECS: its state, and what DescribeTasks says of it."""

from dataclasses import dataclass, field, replace
from typing import Any

from template.rehearsal.clock import timestamp
from template.rehearsal.ecs import launching
from template.rehearsal.ecs.launching import (
    PENDING,
    RUNNING,
    STOPPED,
    UNSTOPPED,
    Change,
    Order,
    Run,
    Stop,
)
from template.rehearsal.ecs.names import task_arn

PROVISIONING = "PROVISIONING"
DEACTIVATING = "DEACTIVATING"
WAITING = {PROVISIONING, PENDING}


@dataclass(eq=False)
class Task:
    """A task; `request` has what was asked for it in the shape of RunTask."""

    order: Order
    run: Run
    cluster_arn: str
    digest: str | None
    request: dict[str, Any]
    deployment: str = ""
    last_status: str = PROVISIONING
    desired_status: str = RUNNING
    healthy: bool = False
    stop: Stop = UNSTOPPED
    moments: dict[str, float] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return task_arn(self.cluster_arn, self.order.task)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.last_status == STOPPED

    @property
    def live(self) -> bool:
        """Whether it runs or is about to, and nobody asked it to stop."""
        return self.desired_status == RUNNING

    @property
    def waiting(self) -> bool:
        """Whether its container has not started yet."""
        return self.last_status in WAITING

    @property
    def log_group(self) -> str:
        """The log group of its container."""
        return self._log_options["awslogs-group"]

    @property
    def log_stream(self) -> str:
        """The log stream of its container."""
        container = self.order.container["name"]
        return f"{self._log_options['awslogs-stream-prefix']}/{container}/{self.order.task}"

    @property
    def _log_options(self) -> dict[str, str]:
        return self.order.container["logConfiguration"]["options"]

    def matches(self, filters: dict[str, Any]) -> bool:
        """Whether the filters of ListTasks let it through."""
        own = {
            "desiredStatus": self.desired_status,
            "family": self.order.definition["family"],
            "startedBy": self.request.get("startedBy"),
            "launchType": self.request.get("launchType"),
        }
        wanted = {"desiredStatus": RUNNING} | filters
        return all(wanted.get(name, value) == value for name, value in own.items())

    def advance(self, now: float) -> None:
        """Let everything happen that happens up to now, for a task without a service."""
        while not self.ended and (change := self.run.next(now)):
            self.run.take()
            self.apply(change)

    def apply(self, change: Change) -> None:
        """Let a change happen."""
        match change.to:
            case launching.HEALTHY:
                self.healthy = True
            case launching.STOPPED:
                self._end(change)
            case launching.PENDING:
                self.last_status = PENDING
            case launching.RUNNING:
                self.last_status = RUNNING
                self.moments["startedAt"] = change.at

    def ask_to_stop(self, at: float, code: str, reason: str) -> None:
        """Begin its end; a task that is ending already goes on as it is."""
        if not self.live:
            return
        self.desired_status = STOPPED
        self.last_status = DEACTIVATING
        self.healthy = False
        self.stop = Stop(code, reason)
        self.moments["stoppingAt"] = at
        self.run.stop(at)

    def _end(self, change: Change) -> None:
        stop = change.stop
        asked = not self.live
        self.stop = replace(stop, code=self.stop.code, reason=self.stop.reason) if asked else stop
        self.last_status = self.desired_status = STOPPED
        self.healthy = False
        self.moments.setdefault("stoppingAt", change.at)
        self.moments["stoppedAt"] = change.at

    def describe(self) -> dict[str, Any]:
        """The task in the API's shape."""
        definition = self.order.definition
        optional = {
            "startedBy": self.request.get("startedBy"),
            "launchType": self.request.get("launchType"),
            "stopCode": self.stop.code or None,
            "stoppedReason": self.stop.reason or None,
        }
        return {
            "taskArn": self.arn,
            "clusterArn": self.cluster_arn,
            "taskDefinitionArn": definition["taskDefinitionArn"],
            "group": self.order.group,
            "lastStatus": self.last_status,
            "desiredStatus": self.desired_status,
            "healthStatus": "UNKNOWN",
            "createdAt": timestamp(self.order.at),
            "cpu": definition["cpu"],
            "memory": definition["memory"],
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "overrides": self.request.get("overrides", {}),
            "enableExecuteCommand": self.request.get("enableExecuteCommand", False),
            "attachments": self._attachments(),
            "containers": [self._container()],
            "tags": [],
            "version": 1 + len(self.moments),
            **{name: timestamp(moment) for name, moment in self.moments.items()},
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _container(self) -> dict[str, Any]:
        last_status = "PENDING" if self.waiting else self.last_status
        optional = {
            "imageDigest": self.digest if "startedAt" in self.moments else None,
            "exitCode": self.stop.exit_code,
            "reason": self.stop.container_reason,
        }
        return {
            "containerArn": self.arn.replace(":task/", ":container/") + "/1",
            "taskArn": self.arn,
            "name": self.order.container["name"],
            "image": self.order.container["image"],
            "lastStatus": RUNNING if last_status == DEACTIVATING else last_status,
            "healthStatus": "UNKNOWN",
            "networkInterfaces": [],
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _attachments(self) -> list[dict[str, Any]]:
        network = self.request["networkConfiguration"]["awsvpcConfiguration"]
        details = [{"name": "subnetId", "value": network["subnets"][0]}]
        return [
            {
                "id": self.order.task,
                "type": "ElasticNetworkInterface",
                "status": "DELETED" if self.ended else "ATTACHED",
                "details": details,
            }
        ]
