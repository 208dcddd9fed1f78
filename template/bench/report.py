"""The results as JSON, as Markdown and as a plot, and in the documentation."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from template.bench.plot import plot
from template.bench.rows import Goal, Row, number

TITLES = ("what", "measured against", "ours", "theirs", "compared, median (spread)", "goal", "met")
BEGIN, END = "<!-- results: begin -->\n", "<!-- results: end -->\n"


def write(folder: Path, page: Path, rows: list[Row], conditions: dict[str, str]) -> None:
    """Write the results into the folder, and their table into the page of the documentation."""
    folder.mkdir(exist_ok=True)
    data = [{**asdict(row), "value": row.value, "is_met": row.is_met} for row in rows]
    text = json.dumps({"conditions": conditions, "rows": data}, indent=2, ensure_ascii=False)
    (folder / "bench.json").write_text(f"{text}\n")
    table = markdown(rows, conditions)
    (folder / "bench.md").write_text(table)
    (folder / "bench.svg").write_text(plot(rows))
    page.write_text(with_results(page.read_text(), table))


def merged(folder: Path, rows: list[Row], parts: list[str]) -> tuple[list[Row], dict[str, str]]:
    """The results in the folder with new rows for some parts, and the conditions, which say so."""
    data = json.loads((folder / "bench.json").read_text())
    kept = [row_from(each) for each in data["rows"] if each["part"] not in parts]
    return [*kept, *rows], data["conditions"] | {"measured again": ", ".join(parts)}


def row_from(data: dict) -> Row:
    """The row that was written as this."""
    fields = {name: data[name] for name in Row.__dataclass_fields__}
    return Row(**fields | {"goal": Goal(**data["goal"])})


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
    unit = "x" if row.unit == "x" else f" {row.unit}"
    spread = ""
    if len(row.values) > 1:
        spread = f" ({number(min(row.values))} to {number(max(row.values))})"
    limit = f"{'at least' if row.goal.at_least else 'at most'} {number(row.goal.limit)}{unit}"
    compared = f"{number(row.value)}{unit}{spread}"
    met = "yes" if row.is_met else "**no**"
    return (row.what, row.against, row.ours, row.theirs, compared, limit, met)


def results_in(page: str) -> str:
    """The table that stands in a page."""
    return re.search(f"{re.escape(BEGIN)}(.*){re.escape(END)}", page, re.DOTALL)[1]
