"""Follows a run: which job is on, what it prints, how long it took, how it ended."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from template.rehearsal.github.act import Event

# Steps run on a terminal in act, and on none at GitHub.
ERASE = "\x1b[2K"
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Ended:
    """A job that ended: its name as act tells it, its result and its seconds."""

    job: str
    result: str
    seconds: float


@dataclass
class Progress:
    """Tells a run while it happens and remembers the end of every job.

    `current` is the name of the job that runs, as act tells it.
    """

    say: Callable[[str], None]
    current: str = ""
    ended: list[Ended] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    _since: float = 0
    _redrawn: bool = False

    def follow(self, events: Iterable[Event]) -> None:
        """Follow a run to its end."""
        for event in events:
            getattr(self, f"_{event.kind.replace('-', '_')}")(event)

    def _job(self, event: Event) -> None:
        self.current, self._since = event.job, time.monotonic()
        self.say(f"\n== {event.job}")

    def _step(self, event: Event) -> None:
        self.say(f"-- {event.step}")

    def _line(self, event: Event) -> None:
        for line in event.text.splitlines():
            if not self._redrawn and (text := CONTROL.sub("", line)):
                self.say(f"   {text}")
            self._redrawn = ERASE in line

    def _summary(self, event: Event) -> None:
        self.summaries.append(event.text)

    def _step_result(self, event: Event) -> None:
        self.say(f"-- {event.step}: {event.text}, {event.seconds:.1f} s")

    def _job_result(self, event: Event) -> None:
        self.ended.append(Ended(event.job, event.text, time.monotonic() - self._since))
        self.say(f"== {event.job}: {event.text}, {self.ended[-1].seconds:.1f} s")
