"""What `make test` leaves to `make test-all`: more of what the neighbouring tests prove."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

MARK = pytest.mark.exhaustive


def rows(table: Iterable[Any], *usual: Any, key: Callable[[Any], Any] = lambda row: row) -> list:
    """The parameters of a test, of which `make test` runs those with the usual keys.

    Raises ValueError for a key that no row has.
    """
    found = list(table)
    if strange := set(usual) - {key(row) for row in found}:
        raise ValueError(f"No row is called {strange}.")
    return [row if key(row) in usual else left_out(row) for row in found]


def left_out(row: Any) -> Any:
    """The parameter, or the parameters, with the mark."""
    return pytest.param(*row if isinstance(row, tuple) else (row,), marks=MARK)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take what is marked out of the run, unless EXHAUSTIVE is set."""
    if os.environ.get("EXHAUSTIVE"):
        return
    marked = [item for item in items if item.get_closest_marker(MARK.name)]
    config.hook.pytest_deselected(items=marked)
    items[:] = [item for item in items if not item.get_closest_marker(MARK.name)]
