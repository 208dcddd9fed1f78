"""Comparisons and goals."""

import pytest

from template.bench.rows import Row, at_least, at_most, figure, number, ratios


def row(values: list[float], goal) -> Row:
    """A row with the values and the goal."""
    return Row("part", "what", "1 s", values, goal)


def test_value_is_the_median():
    """One round that was disturbed does not count."""
    assert row([1, 1.1, 90], at_most(1.2)).value == 1.1


@pytest.mark.parametrize(
    ("values", "goal", "is_met"),
    [
        ([6.0], at_least(6), True),
        ([5.9], at_least(6), False),
        ([1.2], at_most(1.2), True),
        ([1.3], at_most(1.2), False),
        ([1, 1, 9], at_most(1.2), True),
        ([1, 9, 9], at_most(1.2), False),
        ([1], None, None),
    ],
)
def test_goals(values, goal, is_met):
    """The median meets a goal up to its limit, and misses it beyond; no goal, no judgement."""
    assert row(values, goal).is_met is is_met


def test_ratios_are_of_the_same_round():
    """Each figure is divided by the rival's of the same round."""
    assert ratios([10, 30], [5, 10]) == [2, 3]
    with pytest.raises(ValueError, match="shorter"):
        ratios([10, 30], [5])


def test_figures_have_three_digits():
    """Numbers have three digits that count, and all of those before the point."""
    assert [number(value) for value in (0.12345, 1.5, 99.96, 12345.6)] == [
        *("0.123", "1.5", "100", "12,346")
    ]
    assert figure([1, 2, 300], "ms") == "2 ms"
