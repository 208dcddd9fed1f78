"""A row of the table: two figures of one run, how they compare, and whether that is enough."""

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
    """One comparison: a value for each round, and the figures that it comes from."""

    part: str
    what: str
    against: str
    ours: str
    theirs: str
    values: list[float]
    goal: Goal
    unit: str = "x"

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def is_met(self) -> bool:
        """Whether the median is within the goal."""
        return self.goal.is_met(self.value)


def ratios(ours: Iterable[float], theirs: Iterable[float]) -> list[float]:
    """What ours is of theirs, round by round; raises ValueError for rounds that are not paired."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]


def figure(values: list[float], unit: str) -> str:
    """The median of the values with its unit."""
    return f"{number(median(values))} {unit}"


def number(value: float) -> str:
    """Three digits that count, all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def row_of_bytes(part: str, what: str, against: str, ours: int, theirs: int, goal: Goal) -> Row:
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
