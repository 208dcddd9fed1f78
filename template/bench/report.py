"""The results as JSON, and as a table in the documentation."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from template.bench.rows import Goal, Row, number

TITLES = ("what", "here", "measured against", "theirs", "compared, median (spread)", "goal", "met")
BEGIN, END = "<!-- results: begin -->\n", "<!-- results: end -->\n"


def write(results: Path, page: Path, rows: list[Row], conditions: dict[str, str]) -> None:
    """Write the results into a file, and their table into the page of the documentation."""
    data = {"conditions": conditions, "rows": [asdict(row) for row in rows]}
    results.write_text(f"{json.dumps(data, indent=2, ensure_ascii=False)}\n")
    page.write_text(with_results(page.read_text(), markdown(rows, conditions)))


def read(results: Path) -> tuple[list[Row], dict[str, str]]:
    """The rows and the conditions that were written."""
    data = json.loads(results.read_text())
    return [_row(each) for each in data["rows"]], data["conditions"]


def _row(data: dict) -> Row:
    return Row(**data | {"goal": Goal(**data["goal"]) if data["goal"] else None})


def merged(
    results: Path, parts: list[str], rows: list[Row], conditions: dict[str, str]
) -> tuple[list[Row], dict[str, str]]:
    """The results in the file with rows in the place of their part's earlier ones.

    `parts` are all that there are, in their order; rows of others go.
    """
    before, earlier = read(results)
    new = {row.part for row in rows}
    kept = [row for row in before if row.part in parts and row.part not in new]
    together = sorted([*kept, *rows], key=lambda row: parts.index(row.part))
    return together, earlier | conditions


def with_results(page: str, table: str) -> str:
    """The page with the table between its two marks; raises ValueError where they are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page needs the lines {BEGIN.strip()} and {END.strip()}.")
    return before + begin + table + end + after


def markdown(rows: list[Row], conditions: dict[str, str]) -> str:
    """The conditions and the table."""
    lines = [f"- {name}: {value}" for name, value in conditions.items()]
    table = [TITLES, tuple("---" for _ in TITLES), *map(cells, rows)]
    return "\n".join([*lines, "", *(f"| {' | '.join(each)} |" for each in table), ""])


def cells(row: Row) -> tuple[str, ...]:
    """A line of the table."""
    met = {None: "", True: "yes", False: "**no**"}[row.is_met]
    compared = _compared(row) if row.against else ""
    return (row.what, row.ours, row.against, row.theirs, compared, _goal(row), met)


def _compared(row: Row) -> str:
    spread = ""
    if len(row.values) > 1:
        spread = f" ({number(min(row.values))} to {number(max(row.values))})"
    return f"{number(row.value)}{_unit(row)}{spread}"


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    word = "at least" if row.goal.at_least else "at most"
    return f"{word} {number(row.goal.limit)}{_unit(row)}"


def _unit(row: Row) -> str:
    return "x" if row.unit == "x" else f" {row.unit}".rstrip()


def results_in(page: str) -> str:
    """The table that stands in a page."""
    return re.search(f"{re.escape(BEGIN)}(.*){re.escape(END)}", page, re.DOTALL)[1]
