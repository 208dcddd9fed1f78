"""Stories that ECS can live through, and the launcher that plays them.

A Life (playback.py) tells what becomes of one task, step by step. A Timeline tells what becomes
of a deployment: the lives of its tasks, the last one for all that follow, and what happens
meanwhile. The circuit breaker, rollbacks, events and counts are not written here:
scheduler.py derives them, as AWS does. Paces are those that people report for Fargate,
https://github.com/aws/containers-roadmap/issues/1206 among them.
"""

import threading
from collections import deque
from dataclasses import dataclass

from template.rehearsal.ecs.launching import (
    ALARM,
    DELETE,
    HEALTHY,
    PENDING,
    REDEPLOY,
    RUNNING,
    STOPPED,
    UNHEALTHY,
    UNPLACED,
    Order,
    Plan,
    Refusal,
    Run,
    Stop,
)
from template.rehearsal.ecs.playback import DEAF, LOG, Life, Playback

# Ends of a task. Wording: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/
# stopped-task-error-codes.html; {image} is the image that was asked for.

EXITED = "Essential container in task exited"
SUCCEEDED = Stop("EssentialContainerExited", EXITED, 0)
CRASHED = Stop("EssentialContainerExited", EXITED, 1)
ENDED_WITH_3 = Stop("EssentialContainerExited", EXITED, 3)
INTERRUPTED = Stop("UserInitiated", "Task stopped by user", 143)
OUT_OF_MEMORY = Stop(
    "EssentialContainerExited",
    EXITED,
    137,
    "OutOfMemoryError: Container killed due to memory usage",
)
CANNOT_PULL = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s):"
    " failed to resolve ref {image}: {image}: not found"
)
NOT_PULLED = Stop("TaskFailedToStart", CANNOT_PULL, None, CANNOT_PULL)
NO_SECRETS = Stop(
    "TaskFailedToStart",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource"
    " retrieval failed: unable to retrieve secret from asm: service call has been retried 1"
    " time(s): AccessDeniedException",
)
NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different"
    " availability zone. For more information, see the Troubleshooting section of the Amazon ECS"
    " Developer Guide."
)
STARTING = "Starting gunicorn"
CONFIG_ERROR = "STAGE_CONFIG must be a JSON object whose members are strings."
BOOT_ERROR = "django.core.exceptions.ImproperlyConfigured: SECRET_KEY must be set"
MIGRATION_ERROR = 'django.db.utils.ProgrammingError: column "title" already exists'

# Lives of a service's task.

SERVES: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, STARTING),
    (40, HEALTHY),
)
SERVES_LATE: Life = (
    (60, PENDING),
    (180, RUNNING),
    (181, LOG, STARTING),
    (300, HEALTHY),
)
CRASHES: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, STARTING),
    (22, LOG, BOOT_ERROR),
    (24, STOPPED, CRASHED),
)
FAILS_HEALTH_CHECKS: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, STARTING),
    (110, UNHEALTHY, "Health checks failed with these codes: [503]"),
)
CANNOT_BE_PULLED: Life = (
    (5, PENDING),
    (30, STOPPED, NOT_PULLED),
)
CANNOT_BE_PLACED: Life = ((2, UNPLACED, NO_CAPACITY),)
GETS_NO_SECRETS: Life = (
    (5, PENDING),
    (30, STOPPED, NO_SECRETS),
)
RUNS_OUT_OF_MEMORY: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, STARTING),
    (35, STOPPED, OUT_OF_MEMORY),
)

DOES_NOT_HEAR: Life = (*SERVES, (20, DEAF))

# Lives of a task that RunTask starts; CANNOT_BE_PULLED and GETS_NO_SECRETS suit it, too.

MIGRATES: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "Operations to perform:"),
    (22, LOG, "  Applying itemslist.0001_initial... OK"),
    (24, STOPPED, SUCCEEDED),
)
MIGRATION_FAILS: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "Operations to perform:"),
    (22, LOG, MIGRATION_ERROR),
    (24, STOPPED, CRASHED),
)
MIGRATION_ENDS_WITH_3: Life = (
    (5, PENDING),
    (20, RUNNING),
    (24, STOPPED, ENDED_WITH_3),
)
MIGRATION_IS_INTERRUPTED: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "Operations to perform:"),
    (24, STOPPED, INTERRUPTED),
)
CONFIG_IS_NO_JSON: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, CONFIG_ERROR),
    (21, STOPPED, CRASHED),
)
MIGRATION_HANGS: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "Operations to perform:"),
)
MIGRATION_NEVER_STARTS: Life = ((5, PENDING),)
MIGRATION_IS_KILLED: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "Operations to perform:"),
    (30, STOPPED, OUT_OF_MEMORY),
)
NO_CPU = Refusal("RESOURCE:CPU")
NO_FARGATE = Refusal(NO_CAPACITY)
NO_ANSWER = Refusal("")  # neither a task nor a failure


@dataclass(frozen=True)
class Timeline:
    """The story of a deployment; see Plan for the happenings and the baking."""

    tasks: tuple[Life, ...]
    happenings: tuple[tuple[float, str], ...] = ()
    bake_seconds: float = 0


# Stories of a deployment. Whether a crash loop is rolled back depends on the service's circuit
# breaker and on a deployment that completed before; a desired count of 0 needs no tasks at all.

SUCCEEDS = Timeline((SERVES,))
SLOW = Timeline((SERVES_LATE,))
RECOVERS = Timeline((CRASHES, SERVES))
CRASH_LOOP = Timeline((CRASHES,))
MEMORY_CRASH_LOOP = Timeline((RUNS_OUT_OF_MEMORY,))
UNHEALTHY_LOOP = Timeline((FAILS_HEALTH_CHECKS,))
UNPULLABLE = Timeline((CANNOT_BE_PULLED,))
WITHOUT_SECRETS = Timeline((GETS_NO_SECRETS,))
STUCK = Timeline((CANNOT_BE_PLACED,))
FLAPS: Life = (
    (5, PENDING),
    (20, RUNNING),
    (40, HEALTHY),
    (50, UNHEALTHY, "Request timed out"),
)
STUBBORN = Timeline((DOES_NOT_HEAR,))
FLAPPING = Timeline((FLAPS,), bake_seconds=180)
ALARMED = Timeline((SERVES,), happenings=((90, ALARM),), bake_seconds=180)
REPLACED = Timeline((SERVES_LATE,), happenings=((60, REDEPLOY),))
DELETED = Timeline((SERVES_LATE,), happenings=((60, DELETE),))


class Timelines:
    """Plays timelines for deployments and lives for RunTask, in the order in which they are given.

    Without one, deployments succeed and migrations migrate; so does every rollback. Safe for
    threads.
    """

    def __init__(self, *deployments: Timeline):
        self._deployments = deque(deployments)
        self._tasks: deque[Life | Refusal] = deque()
        self._lock = threading.Lock()

    def deploy(self, *timelines: Timeline) -> None:
        """Play these for the next deployments."""
        with self._lock:
            self._deployments.extend(timelines)

    def run_task(self, *lives: Life | Refusal) -> None:
        """Play these for the next tasks of RunTask."""
        with self._lock:
            self._tasks.extend(lives)

    def plan(self, *, rollback: bool) -> Plan:
        """The plan of a deployment that begins now."""
        timeline = SUCCEEDS if rollback else self._next(self._deployments, SUCCEEDS)
        lives = deque(timeline.tasks)

        def start(order: Order) -> Run:
            return Playback(lives.popleft() if len(lives) > 1 else lives[0], order)

        return Plan(start, timeline.happenings, timeline.bake_seconds)

    def run(self, order: Order) -> Run | Refusal:
        """Start a task for RunTask."""
        life = self._next(self._tasks, MIGRATES)
        return life if isinstance(life, Refusal) else Playback(life, order)

    def _next(self, queue: deque, default: Timeline | Life) -> Timeline | Life | Refusal:
        with self._lock:
            return queue.popleft() if queue else default


def unpullable(order: Order) -> Run:
    """The run of a task whose image is not in the registry, whatever the launcher."""
    return Playback(CANNOT_BE_PULLED, order)
