"""What was asked of the doubles, and what became of it."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from template.rehearsal.aws.errors import AwsError

NOBODY = "anonymous"


@dataclass(frozen=True)
class Authorization:
    """A permission that a call needs: an IAM action on a resource, with its condition keys."""

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One permission of one call: who asked, whether it was granted, how the call failed."""

    at: datetime
    principal: str
    action: str
    resource: str
    context: dict[str, str]
    allowed: bool
    error: str | None = None


class Recording:
    """The calls in the order in which they ended; safe for threads.

    `bodies` are those of the requests to AWS, but to Secrets Manager.
    """

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def add(
        self, principal: str, wanted: Authorization, *, allowed: bool, error: str | None = None
    ) -> None:
        """Append a call that has just ended."""
        now = datetime.now(UTC)
        call = Call(now, principal, wanted.action, wanted.resource, wanted.context, allowed, error)
        with self._lock:
            self._calls.append(call)

    @contextlib.contextmanager
    def refusals(self, principal: str, action: str, *, allowed: bool) -> Iterator[None]:
        """Record a call that an AwsError ends before its permissions are known."""
        try:
            yield
        except AwsError as error:
            self.add(principal, Authorization(action, "*"), allowed=allowed, error=error.code)
            raise

    def actions(self, principal: str = "") -> list[str]:
        """The IAM actions asked for, in order, by principals whose ARN contains the text."""
        return [call.action for call in self if principal in call.principal]

    def refused(self) -> list[Call]:
        """The calls that were not allowed."""
        return [call for call in self if not call.allowed]
