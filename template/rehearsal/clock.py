"""The time that the rehearsal's ECS lives in."""

import time
from datetime import UTC, datetime


class Clock:
    """A clock that runs `speed` times as fast as the machine's; 0 stands still.

    Moments are seconds since the epoch, and never run backwards.
    """

    def __init__(self, speed: float = 1.0):
        self.speed = speed
        self._origin = time.time()
        self._started = time.monotonic()

    def now(self) -> float:
        """The present moment."""
        return self._origin + (time.monotonic() - self._started) * self.speed

    def stop(self) -> None:
        """Stand still from now on, until it is advanced."""
        self._origin, self.speed = self.now(), 0

    def advance(self, seconds: float) -> None:
        """Skip so many of the clock's own seconds."""
        self._origin += seconds


def timestamp(moment: float) -> datetime:
    """A moment as botocore's models want it."""
    return datetime.fromtimestamp(moment, UTC)
