"""Faults that a test switches on: named errors, cut connections, delays, expired credentials."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from template.rehearsal.aws.errors import AwsError

ANY = "*"


class CutError(ConnectionAbortedError):
    """The connection is dropped, after so many bytes of the request's body have been read."""

    def __init__(self, after_bytes: int = 0):
        super().__init__("cut on purpose")
        self.after_bytes = after_bytes


@dataclass
class Fault:
    """Something that happens to a service's operation: `skip` calls are spared, `times` are hit."""

    service: str
    operation: str
    effect: Callable[[], None]
    times: int
    skip: int

    def hits(self, service: str, operation: str) -> bool:
        """Whether this call is one to hit; counts it."""
        if self.service != service or self.operation not in (ANY, operation) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """The faults in wait; safe for threads.

    A service is sts, ecr, ecs, logs, rds, or `registry` for what Docker sends, whose operations are
    the actions of ECR: PutImage, UploadLayerPart... An operation may be ANY.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def inject(
        self,
        service: str,
        operation: str,
        effect: Callable[[], None],
        *,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Run the effect in the `times` calls that follow the next `skip` ones."""
        with self._lock:
            self._faults.append(Fault(service, operation, effect, times, skip))

    def fail(self, service: str, operation: str, error: AwsError, **when: int) -> None:
        """Answer with an error. `when`: times and skip of `inject`."""
        self.inject(service, operation, _raiser(error), **when)

    def cut(self, service: str, operation: str, *, after_bytes: int = 0, **when: int) -> None:
        """Drop the connection, after so many bytes of the request's body. `when`: see `fail`."""
        self.inject(service, operation, _raiser(CutError(after_bytes)), **when)

    def slow(self, service: str, operation: str, seconds: float, **when: int) -> None:
        """Answer after so many seconds, or when the doubles stop. `when`: see `fail`."""

        def effect() -> None:
            self._over.wait(seconds)

        self.inject(service, operation, effect, **when)

    def meet(self, service: str, operation: str) -> None:
        """Let every fault that waits for this call happen. Raises AwsError or CutError."""
        with self._lock:
            met = [fault for fault in self._faults if fault.hits(service, operation)]
        for fault in met:
            fault.effect()

    def stop(self) -> None:
        """End every delay."""
        self._over.set()


def _raiser(error: Exception) -> Callable[[], None]:
    def effect() -> None:
        raise error

    return effect
