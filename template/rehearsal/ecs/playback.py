"""Lets a task live through a story: what becomes of it, step by step."""

from collections import deque
from dataclasses import replace

from template.rehearsal.ecs.docker_options import stop_seconds
from template.rehearsal.ecs.launching import RUNNING, STOPPED, Change, Line, Order, Stop

LOG = "LOG"
DEAF = "DEAF"  # from then on it does not hear SIGTERM
KILLED = 137
DRAIN_SECONDS = 30.0

# Seconds since the task's start, what happens, and a log line, a reason or an end.
Step = tuple[float, str] | tuple[float, str, str | Stop]
Life = tuple[Step, ...]


class Playback:
    """A life that is being lived."""

    def __init__(self, life: Life, order: Order):
        self._changes = deque(_changes(life, order))
        self._deaf = any(step[1] == DEAF for step in life)
        self._stop_seconds = stop_seconds(order)
        self._lines = [(order.at + step[0], step[2]) for step in life if step[1] == LOG]
        runs = [order.at + step[0] for step in life if step[1] == RUNNING]
        self._runs_from = runs[0] if runs else None

    def next(self, now: float) -> Change | None:
        """The earliest change up to now that was not taken yet."""
        return self._changes[0] if self._changes and self._changes[0].at <= now else None

    def take(self) -> None:
        """Take the change that `next` told."""
        self._changes.popleft()

    def stop(self, now: float) -> None:
        """End it: a container that runs exits with 0 after draining, another at once.

        One that does not hear SIGTERM is killed after its stop timeout.
        """
        ran = self._ran(now)
        code, seconds = (KILLED, self._stop_seconds) if self._deaf else (0, DRAIN_SECONDS)
        stop = Stop("", "", code if ran else None)
        self._changes = deque([Change(now + seconds * ran, STOPPED, stop=stop)])
        self._lines = [line for line in self._lines if line[0] <= now]

    def log(self, now: float) -> list[Line] | None:
        """What it has written so far; None before it ran."""
        return [line for line in self._lines if line[0] <= now] if self._ran(now) else None

    def _ran(self, now: float) -> bool:
        return self._runs_from is not None and self._runs_from <= now


def _changes(life: Life, order: Order) -> list[Change]:
    return [_change(step, order) for step in life if step[1] not in (LOG, DEAF)]


def _change(step: Step, order: Order) -> Change:
    change = Change(order.at + step[0], step[1])
    match step:
        case (_, _, Stop() as stop):
            return replace(change, stop=_named(stop, order.image))
        case (_, _, str() as why):
            return replace(change, why=why)
    return change


def _named(stop: Stop, image: str) -> Stop:
    why = stop.container_reason
    return replace(
        stop,
        reason=stop.reason.replace("{image}", image),
        container_reason=why and why.replace("{image}", image),
    )
