"""How commands end."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def assert_refused(workplace, outcome, *parts):
    """Check that a command failed, said these parts, and changed nothing."""
    assert outcome.code == 1
    for part in parts:
        assert part in outcome.err
    assert workplace.desk.changes() == []
