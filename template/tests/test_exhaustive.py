"""A default run leaves out what is marked, and nothing else; a variable takes in each mark."""

from types import SimpleNamespace

import pytest

from template.tests import exhaustive


def test_rows_that_are_not_usual_are_marked():
    """The usual rows are parameters as they are, the others carry the mark."""
    usual, other = exhaustive.rows(["tea", "milk"], "tea")
    assert usual == "tea"
    assert (other.values, other.marks) == (("milk",), (exhaustive.MARK,))


def test_rows_of_several_parameters_are_marked():
    """A row of several parameters stays a row of as many."""
    other, usual = exhaustive.rows([("tea", 1), ("milk", 2)], 2, key=lambda row: row[1])
    assert usual == ("milk", 2)
    assert (other.values, other.marks) == (("tea", 1), (exhaustive.MARK,))


def test_unknown_row_is_told():
    """A usual row that no longer exists is an error, or nothing might be left to run."""
    with pytest.raises(ValueError, match=r"No row is called \{'coffee'\}"):
        exhaustive.rows(["tea", "milk"], "tea", "coffee")


@pytest.mark.parametrize(
    ("asked", "run"),
    [
        ({}, ["plain"]),
        ({"EXHAUSTIVE": "1"}, ["plain", "marked"]),
        ({"PROJECTS": "1"}, ["plain", "project"]),
        ({"EXHAUSTIVE": "1", "PROJECTS": "1"}, ["plain", "marked", "project"]),
    ],
)
def test_marked_tests_run_if_asked_for(monkeypatch, asked, run):
    """Marked tests are deselected, and told to be, unless the variable of their mark is set."""
    for name in exhaustive.VARIABLES.values():
        monkeypatch.setenv(name, asked.get(name, ""))
    marks = {"plain": [], "marked": [exhaustive.MARK], "project": [exhaustive.PROJECTS]}
    items = [
        SimpleNamespace(name=name, iter_markers=lambda marks=marks: marks)
        for name, marks in marks.items()
    ]
    told = []
    hook = SimpleNamespace(pytest_deselected=lambda items: told.extend(items))
    exhaustive.deselect(SimpleNamespace(hook=hook), items)
    assert [item.name for item in items] == run
    assert [item.name for item in told] == [name for name in marks if name not in run]
