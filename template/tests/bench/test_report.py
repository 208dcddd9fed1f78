"""The results as they are written and documented."""

from dataclasses import replace

import pytest

from template.bench import report
from template.bench.__main__ import PAGE, PARTS, RESULTS
from template.bench.rows import Row, at_least, at_most

MET = Row(
    *("speed", "requests/s", "80 requests/s", [7, 8], at_least(6)),
    against="a rival",
    theirs="10 requests/s",
)
MISSED = Row("size", "an image", "9 MB", [9], at_most(3), "s", "a rival", "1 MB")
ALONE = Row("workflows", "jobs", "4 jobs", [4], at_most(4), "jobs")
INFORMATION = replace(MET, goal=None)


def test_table():
    """A row has its figures, its ratio with the spread, its goal, and whether that is met.

    What nothing is compared with has no ratio, and what has no goal meets none.
    """
    rows = [MET, MISSED, ALONE, INFORMATION]
    assert report.markdown(rows, {"processors": "2"}).splitlines() == [
        "- processors: 2",
        "",
        f"| {' | '.join(report.TITLES)} |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| requests/s | 80 requests/s | a rival | 10 requests/s | 7.5x (7 to 8) | at least 6x"
        " | yes |",
        "| an image | 9 MB | a rival | 1 MB | 9 s | at most 3 s | **no** |",
        "| jobs | 4 jobs |  |  |  | at most 4 jobs | yes |",
        "| requests/s | 80 requests/s | a rival | 10 requests/s | 7.5x (7 to 8) |  |  |",
    ]


def test_files(tmp_path):
    """The same results are written as JSON and into the page, and are read again."""
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}old\n{report.END}after\n")
    rows, conditions = [MET, MISSED, ALONE, INFORMATION], {"processors": "2"}
    report.write(results, page, rows, conditions)
    table = report.markdown(rows, conditions)
    assert page.read_text() == f"before\n{report.BEGIN}{table}{report.END}after\n"
    assert report.read(results) == (rows, conditions)


def test_parts_that_are_measured_again(tmp_path):
    """Rows of a part that is measured again are replaced, in the order of the parts.

    The others stay as they are, but for those of a part that there is no more.
    """
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}{report.END}")
    report.write(results, page, [MISSED, MET, ALONE], {"processors": "2", "size": "load 9"})
    smaller = replace(MISSED, values=[2])
    rows, conditions = report.merged(results, ["speed", "size"], [smaller], {"size": "load 1"})
    assert rows == [MET, smaller]
    assert conditions == {"processors": "2", "size": "load 1"}


def test_page_without_a_place():
    """A page that has no place for the results is refused."""
    with pytest.raises(ValueError, match="needs the lines"):
        report.with_results("nothing\n", "table\n")


def test_documentation_shows_the_results():
    """The table in the documentation is that of the results, which have every part."""
    rows, conditions = report.read(RESULTS)
    assert report.results_in(PAGE.read_text()) == report.markdown(rows, conditions)
    assert list(dict.fromkeys(row.part for row in rows)) == list(PARTS)
