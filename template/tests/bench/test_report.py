"""The results as they are written and documented."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from template.bench import report
from template.bench.plot import COLOURS, margin, plot
from template.bench.rows import Row, at_least, at_most

ROOT = Path(__file__).parents[3]
SVG = "{http://www.w3.org/2000/svg}"
MET = Row("speed", "requests/s", "a rival", "80 requests/s", "10 requests/s", [7, 8], at_least(6))
MISSED = Row("size", "an <image>", "a rival", "9 MB", "1 MB", [9], at_most(3), "s")


def test_table():
    """A row has its figures, its ratio with the spread, its goal, and whether that is met."""
    assert report.markdown([MET, MISSED], {"processors": "2"}).splitlines() == [
        "- processors: 2",
        "",
        f"| {' | '.join(report.TITLES)} |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| requests/s | a rival | 80 requests/s | 10 requests/s | 7.5x (7 to 8) | at least 6x"
        " | yes |",
        "| an <image> | a rival | 9 MB | 1 MB | 9 s | at most 3 s | **no** |",
    ]


def test_files(tmp_path):
    """The same results are written as JSON, as Markdown, as a plot and into the page."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}old\n{report.END}after\n")
    report.write(tmp_path / "results", page, [MET, MISSED], {"processors": "2"})
    data = json.loads((tmp_path / "results/bench.json").read_text())
    assert [(row["value"], row["is_met"]) for row in data["rows"]] == [(7.5, True), (9, False)]
    table = (tmp_path / "results/bench.md").read_text()
    assert page.read_text() == f"before\n{report.BEGIN}{table}{report.END}after\n"
    assert (tmp_path / "results/bench.svg").read_text() == plot([MET, MISSED])


def test_parts_that_are_measured_again(tmp_path):
    """Rows of a part that is measured again are replaced, the others stay, and that is said."""
    page = tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}{report.END}")
    report.write(tmp_path, page, [MET, MISSED], {"processors": "2"})
    smaller = replace(MISSED, values=[2])
    rows, conditions = report.merged(tmp_path, [smaller], ["size"])
    assert rows == [MET, smaller]
    assert conditions == {"processors": "2", "measured again": "size"}


def test_page_without_a_place():
    """A page that has no place for the results is refused."""
    with pytest.raises(ValueError, match="needs the lines"):
        report.with_results("nothing\n", "table\n")


def test_margins():
    """The margin is how many times better than its goal a row is."""
    assert margin(MET) == pytest.approx(1.25)
    assert margin(MISSED) == pytest.approx(1 / 3)


def test_plot():
    """The bar of a row that meets its goal goes to the right of the goal, another to the left."""
    root = ElementTree.fromstring(plot([MET, MISSED]))  # noqa: S314 - our own
    goal = float(root.find(f"{SVG}line").attrib["x1"])
    met, missed = root.findall(f"{SVG}rect")[1:]
    assert float(met.attrib["x"]) == goal
    assert float(missed.attrib["x"]) + float(missed.attrib["width"]) == pytest.approx(goal, abs=0.2)
    assert [bar.attrib["fill"] for bar in (met, missed)] == [COLOURS[True], COLOURS[False]]
    assert root.findall(f"{SVG}text")[2].text == "an <image> / a rival"


def test_documentation_shows_the_results():
    """The table in the documentation is the one of the last run, and the plot shows its rows."""
    results = ROOT / "template/bench/results"
    table = (results / "bench.md").read_text()
    assert report.results_in((ROOT / "template/docs/performance.md").read_text()) == table
    data = json.loads((results / "bench.json").read_text())
    assert table.count("\n| ") == len(data["rows"]) + 2
    root = ElementTree.parse(results / "bench.svg").getroot()  # noqa: S314 - our own
    assert len(root.findall(f"{SVG}rect")) == len(data["rows"]) + 1
