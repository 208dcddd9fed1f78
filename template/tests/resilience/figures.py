"""How much the tests do: little by default, and RESILIENCE=full for figures to be quoted."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figures:
    """The numbers of a run."""

    pause: float  # seconds between two requests of a client
    replacements: int
    requests: int  # at least, while containers are replaced
    draining_seconds: float  # between the end of new requests and SIGTERM
    slow_seconds: float  # that a slow client takes for the body of a request
    starters: int  # containers that start at once
    kills: int  # of each kind
    away_seconds: float  # that the database is stopped
    attackers: int  # connections of each kind of attack
    attack_seconds: float
    worst_seconds: float  # that an answer may take, be it under attack


FIGURES = {
    "small": Figures(
        pause=0.03,
        replacements=1,
        requests=150,
        draining_seconds=1,
        slow_seconds=1.5,
        starters=2,
        kills=1,
        away_seconds=1,
        attackers=60,
        attack_seconds=1,
        worst_seconds=30,  # on a machine that is busy with other tests; a harmed client waits on
    ),
    "full": Figures(
        pause=0,
        replacements=10,
        requests=50_000,
        draining_seconds=3,
        slow_seconds=6,
        starters=20,
        kills=10,
        away_seconds=10,
        attackers=200,
        attack_seconds=20,
        worst_seconds=3,
    ),
}[os.environ.get("RESILIENCE", "small")]


@dataclass
class Report:
    """What was measured, a line each, for the end of the run."""

    lines: list[str] = field(default_factory=list)

    def add(self, what: str, **figures: object) -> None:
        """Add a line."""
        words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        self.lines.append(f"{what}: {words}")
