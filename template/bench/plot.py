"""The plot: for each row, how far its value is from its goal."""

import math
from xml.sax.saxutils import escape

from template.bench.rows import Row

LINE = 18
TEXT = 560  # pixels for the words, left of the bars
WIDTH = 420  # pixels for the bars, whose middle is the goal
DECADES = 1.5  # to both sides
COLOURS = {True: "#2e7d32", False: "#c62828"}


def margin(row: Row) -> float:
    """How many times better than its goal a row is; below 1 it is worse."""
    value = max(row.value, 1e-9)
    return value / row.goal.limit if row.goal.at_least else row.goal.limit / value


def plot(rows: list[Row]) -> str:
    """The plot as SVG, on a logarithmic scale."""
    height = LINE * (len(rows) + 3)
    middle = TEXT + WIDTH / 2
    bars = "".join(bar(row, number, middle) for number, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{TEXT + WIDTH}" height="{height}"'
        ' font-family="sans-serif" font-size="11">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text x="{middle}" y="{LINE}" text-anchor="middle">worse than the goal | better</text>\n'
        f"{bars}"
        f'<line x1="{middle}" x2="{middle}" y1="{1.5 * LINE}" y2="{height}" stroke="#000000"/>\n'
        "</svg>\n"
    )


def bar(row: Row, number: int, middle: float) -> str:
    """The words and the bar of a row."""
    decades = max(-DECADES, min(DECADES, math.log10(margin(row))))
    length = abs(decades) / DECADES * WIDTH / 2
    left = middle if decades > 0 else middle - length
    top = LINE * (number + 2)
    words = escape(f"{row.what} / {row.against}")[:110]
    return (
        f'<text x="{TEXT - 8}" y="{top + 12}" text-anchor="end">{words}</text>\n'
        f'<rect x="{left:.1f}" y="{top + 2}" width="{max(length, 1):.1f}" height="{LINE - 5}"'
        f' fill="{COLOURS[row.is_met]}"/>\n'
    )
