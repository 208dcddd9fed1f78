"""What ECS and a launcher of tasks say to each other.

A launcher decides what becomes of containers: timelines.py plays stories, containers.py runs
Docker. ECS asks each task for its changes and does the rest as AWS does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

PENDING = "PENDING"
RUNNING = "RUNNING"
HEALTHY = "HEALTHY"
UNHEALTHY = "UNHEALTHY"
UNPLACED = "UNPLACED"
STOPPED = "STOPPED"

Line = tuple[float, str]


@dataclass(frozen=True)
class Stop:
    """How a task ended, in the words of ECS.

    `exit_code` is missing when the container never ran.
    """

    code: str
    reason: str
    exit_code: int | None = None
    container_reason: str | None = None


UNSTOPPED = Stop("", "")


@dataclass(frozen=True)
class Change:
    """Something that becomes of a task at a moment.

    `why` explains UNHEALTHY and UNPLACED, `stop` tells how STOPPED came about.
    """

    at: float
    to: str
    why: str = ""
    stop: Stop = UNSTOPPED


@dataclass(frozen=True)
class Order:
    """A task to start: its container with the overrides applied, at the digest to run.

    `balanced` tells that a load balancer asks it how it is.
    """

    at: float
    task: str
    group: str
    image: str
    container: dict[str, Any]
    definition: dict[str, Any]
    grace_seconds: float = 0
    balanced: bool = False


class Run(Protocol):
    """A task's container, played or real."""

    def next(self, now: float) -> Change | None:
        """The earliest change up to now that was not taken yet."""

    def take(self) -> None:
        """Take the change that `next` told."""

    def stop(self, now: float) -> None:
        """End the container as ECS does: SIGTERM, the stop timeout, SIGKILL."""

    def log(self, now: float) -> list[Line] | None:
        """What it has written so far; None before it ran."""


@dataclass(frozen=True)
class Plan:
    """How one deployment goes: what starts its tasks, and what happens around them.

    `happenings` are (seconds after its start, ALARM, REDEPLOY or DELETE). `bake_seconds` is how
    long ECS goes on watching once every task is healthy.
    """

    start: Callable[[Order], Run]
    happenings: tuple[tuple[float, str], ...] = ()
    bake_seconds: float = 0


ALARM = "alarm"
REDEPLOY = "redeploy"
DELETE = "delete"


@dataclass(frozen=True)
class Refusal:
    """Why RunTask starts no task; it goes into the failures of the answer."""

    reason: str

    def describe(self) -> dict[str, str]:
        """The failure in the API's shape."""
        return {"reason": self.reason}


class Launcher(Protocol):
    """Starts the tasks of a stage."""

    def plan(self, *, rollback: bool) -> Plan:
        """The plan of a deployment that begins now."""

    def run(self, order: Order) -> Run | Refusal:
        """Start a task for RunTask."""
