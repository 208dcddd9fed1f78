"""template/docs/services.md describes the dashboard that the template defines."""

import re
from typing import Any

import pytest

from template.tests.docs.pages import ROOT, Page
from template.tests.infra.test_alarms import CACHE, DATABASE, widgets

PAGE = Page(ROOT / "template/docs/services.md")


def row(widget: dict[str, Any]) -> str:
    """A widget as the page has it: its title, its width, and the metrics by their namespace."""
    shown = widget["properties"]
    if widget["type"] == "alarm":
        what = f"{len(shown['alarms'])} alarms"
    else:
        metrics = [name for metric in shown["metrics"] for name in names(metric)]
        what = f"{metrics[0][0]}: " + ", ".join(f"`{name}`" for _, name in metrics)
    return f"| {shown['title']} | {widget['width']} | {what} |"


def names(metric: list[Any]) -> list[tuple[str, str]]:
    """Namespace and name of a metric; nothing where it repeats the one before it."""
    if isinstance(metric[0], dict):
        found = re.search(r"\{([^,]+),.*MetricName=\"(\w+)\"', '(\w+)'", metric[0]["expression"])
        return [(found[1], f"{found[2]}, {found[3]}")]
    return [] if metric[0] == "..." else [(metric[0], metric[1])]


@pytest.mark.parametrize("widget", widgets(**DATABASE, **CACHE), ids=lambda one: row(one)[2:20])
def test_dashboard_is_described(widget: dict[str, Any]) -> None:
    """Each widget is a row of the table."""
    assert row(widget) in PAGE.path.read_text().splitlines()


def test_nothing_else_is_described() -> None:
    """The table has no row of a widget that is gone."""
    assert len(PAGE.rows("The dashboard")) == len(widgets(**DATABASE, **CACHE))
