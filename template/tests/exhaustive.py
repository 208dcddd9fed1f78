"""What `make test-template` leaves out: more of what the neighbouring tests prove."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

MARK = pytest.mark.exhaustive
# Each builds and tests a whole project, a minute or more: `make test-projects` runs them.
PROJECTS = pytest.mark.projects
# The variable without which tests with the mark are left out.
VARIABLES = {MARK.name: "EXHAUSTIVE", PROJECTS.name: "PROJECTS"}


def rows(
    table: Iterable[Any],
    *usual: Any,
    key: Callable[[Any], Any] = lambda row: row,
    mark: pytest.MarkDecorator = MARK,
) -> list:
    """The parameters of a test, all of them marked but those with the usual keys.

    Raises ValueError for a key that no row has.
    """
    found = list(table)
    if strange := set(usual) - {key(row) for row in found}:
        raise ValueError(f"No row is called {strange}.")
    return [row if key(row) in usual else left_out(row, mark) for row in found]


def left_out(row: Any, mark: pytest.MarkDecorator = MARK) -> Any:
    """The parameter, or the parameters, with the mark."""
    return pytest.param(*row if isinstance(row, tuple) else (row,), marks=mark)


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take what is marked out of the run, unless its variable is set."""
    without = {name for name, variable in VARIABLES.items() if not os.environ.get(variable)}
    marked = [item for item in items if without & {mark.name for mark in item.iter_markers()}]
    config.hook.pytest_deselected(items=marked)
    items[:] = [item for item in items if item not in marked]
