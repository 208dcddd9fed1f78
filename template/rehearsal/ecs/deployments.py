"""A deployment of an ECS service: its state, and what DescribeServices says of it."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from template.rehearsal.clock import timestamp
from template.rehearsal.ecs.launching import Plan
from template.rehearsal.ecs.tasks import Task

PRIMARY = "PRIMARY"
ACTIVE = "ACTIVE"
IN_PROGRESS = "IN_PROGRESS"
COMPLETED = "COMPLETED"
FAILED = "FAILED"

# Copied from the service into each of its deployments.
SHARED = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
)


def new_id() -> str:
    """An id as ECS makes them: ecs-svc/ and 19 digits."""
    return f"ecs-svc/{secrets.randbelow(10**19):019}"


@dataclass
class Deployment:
    """A deployment; `digest` is what the image's tag named when it began.

    `undoes` says what a rollback undoes. It completes no earlier than `not_before`, and
    `steady_since` is when all of its tasks were healthy.
    """

    plan: Plan
    definition: dict[str, Any]
    digest: str | None
    created: float
    undoes: bool = False
    not_before: float = 0
    id: str = field(default_factory=new_id)
    status: str = PRIMARY
    rollout_state: str = IN_PROGRESS
    reason: str = ""
    failed: int = 0
    steady_since: float | None = None
    updated: float = 0
    happenings: deque[tuple[float, str]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.reason = self.reason or f"ECS deployment {self.id} in progress."
        self.updated = self.created
        self.happenings.extend(
            (self.created + seconds, what) for seconds, what in self.plan.happenings
        )

    def become(self, rollout_state: str, reason: str, at: float) -> None:
        """Change the state of the rollout."""
        self.rollout_state = rollout_state
        self.reason = reason
        self.updated = at

    @property
    def ready_at(self) -> float | None:
        """When it completes, as things stand."""
        if self.steady_since is None:
            return None
        return max(self.steady_since + self.plan.bake_seconds, self.not_before)

    def tasks(self, tasks: list[Task]) -> list[Task]:
        """Those of the tasks that it has started or taken over."""
        return [task for task in tasks if task.deployment == self.id]

    def describe(self, settings: dict[str, Any], tasks: list[Task]) -> dict[str, Any]:
        """The deployment in the API's shape."""
        live = [task for task in self.tasks(tasks) if task.live]
        primary = self.status == PRIMARY
        return {
            "id": self.id,
            "status": self.status,
            "taskDefinition": self.definition["taskDefinitionArn"],
            "desiredCount": settings["desiredCount"] if primary else len(live),
            "pendingCount": sum(task.waiting for task in live),
            "runningCount": sum(not task.waiting for task in live),
            "failedTasks": self.failed,
            "createdAt": timestamp(self.created),
            "updatedAt": timestamp(self.updated),
            "rolloutState": self.rollout_state,
            "rolloutStateReason": self.reason,
            **{name: settings[name] for name in SHARED if name in settings},
        }
