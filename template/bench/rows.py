"""A row of the table: what was measured, what it is compared with, and whether that is enough."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Goal:
    """A limit, in the unit of what is compared."""

    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether the value is within the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


def at_least(limit: float) -> Goal:
    """The goal to reach the limit."""
    return Goal(limit, at_least=True)


def at_most(limit: float) -> Goal:
    """The goal to stay within the limit."""
    return Goal(limit)


@dataclass(frozen=True)
class Row:
    """A measurement with a value for each round.

    The value is a ratio (unit `x`) where something else was measured beside it. Without a goal the
    row is information.
    """

    part: str
    what: str
    ours: str
    values: list[float]
    goal: Goal | None = None
    unit: str = "x"
    against: str = ""
    theirs: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the median is within the goal; None without one."""
        return self.goal.is_met(self.value) if self.goal else None


def ratios(ours: Iterable[float], theirs: Iterable[float]) -> list[float]:
    """What ours is of theirs, round by round; raises ValueError for rounds that are not paired."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def figure(values: Iterable[float], unit: str) -> str:
    """The median of the values with its unit."""
    return f"{number(median(values))} {unit}"


def number(value: float) -> str:
    """Three digits that count, all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def row_of_bytes(
    part: str, what: str, against: str, ours: int, theirs: int, goal: Goal | None = None
) -> Row:
    """One comparison of bytes."""
    return Row(
        part=part,
        what=what,
        against=against,
        ours=f"{number(ours / 1e6)} MB",
        theirs=f"{number(theirs / 1e6)} MB",
        values=[ours / theirs],
        goal=goal,
    )
