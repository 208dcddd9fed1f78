"""The arithmetic of the page about costs is right, and its parameters exist."""

import math
import re

import pytest

from deploy.stages import KEYS
from template.rehearsal.project import INFRA
from template.tests.infra.cloudformation import TEMPLATES, stack

PAGE = (INFRA.parents[1] / "docs" / "cost.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.search(r"\| [\d.]+ \| [\d.]+ \|$", line)
]
SUMS = [float(number) for number in re.findall(r"\*\*([\d.]+)\*\*", PAGE)]


def month(amount: str, each: str) -> float:
    """Dollars for an amount such as 730 h times 0.5, to the cent."""
    factors = [float(number) for number in re.findall(r"[\d.]+", amount)]
    return round(math.prod(factors) * float(each) + 1e-9, 2)


def added(parameter: str) -> list[float]:
    """What a choice adds, in each region."""
    line = next(line for line in PAGE.splitlines() if f"`{parameter}`" in line and "|" in line)
    return [float(number) for number in re.findall(r"\+([\d.]+)", line)]


def rows(word: str) -> list[float]:
    """The months of all rows that begin with the word, added up for each region."""
    found = [row for row in ROWS if row[0].startswith(word)]
    return [sum(float(row[column]) for row in found) for column in (3, 5)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_is_amount_times_price(row):
    """A month costs the amount times the price of one, in both regions."""
    _, amount, american, month_there, german, month_here = row
    assert month(amount, american) == float(month_there)
    assert month(amount, german) == float(month_here)


def test_the_rows_add_up():
    """The sums are those of the rows, and the first sentence rounds them."""
    assert pytest.approx(SUMS) == rows("")
    assert f"About {SUMS[0]:.0f} US dollars" in PAGE
    assert f"and {SUMS[1]:.0f} in eu-central-1" in PAGE


def test_choices_add_what_their_rows_cost():
    """A second container costs what the first does, and a standby doubles the database."""
    assert pytest.approx(added("DesiredCount=2")) == rows("Container")
    assert pytest.approx(added("DatabaseMultiAz=true")) == rows("Database")


def test_processes_and_schedules_cost_what_they_run():
    """A process costs what a container does, and a schedule as long as it runs."""
    container = pytest.approx(rows("Container"))
    assert added("processes") == container
    minutes = 365 / 12
    cost = [round(month / 730 / 60 * minutes, 2) for month in rows("Container")]
    assert added("schedules") == cost


SWITCHED = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.search(r"at [\d.]+ \([\d.]+\)", line)
]


@pytest.mark.parametrize("row", SWITCHED, ids=lambda row: row[0])
def test_every_switch_is_amount_times_price(row):
    """A switch adds its amount times the price, in both regions, and is a key of stages.toml."""
    key, what, *adds = row
    amount, american, german = re.search(r"(\d+)[^\d]*.* at ([\d.]+) \(([\d.]+)\)", what).groups()
    assert [f"+{month(amount, each):.2f}" for each in (american, german)] == adds
    words = re.findall(r"[a-z_]+", key)
    assert words[0] in KEYS or f"{words[0]}.{words[1]}" in KEYS


def test_the_alarms_are_counted():
    """The page counts the alarms that the stack of a stage with a database has."""
    [row] = [row for row in SWITCHED if "alarms" in row[0]]
    alarms = stack("alarms").of_type("AWS::CloudWatch::Alarm")
    assert row[1].startswith(f"{len(alarms)} alarms")


def test_the_caches_are_compared():
    """The smaller price of the two caches is the one that is not taken, and both are right."""
    assert f"| {month('730', '0.0128')}, whatever it does |" in PAGE
    assert f"| {month('730 h, 0.1', '0.084')} for the least" in PAGE
    node = TEMPLATES["cache"]["Parameters"]["CacheNodeType"]["Default"]
    assert f"| {node}, Valkey |" in PAGE


def test_the_choices_are_parameters():
    """Every parameter that the page names is one of a template's, with that value allowed."""
    known = {name: body for each in TEMPLATES.values() for name, body in each["Parameters"].items()}
    for name, value in re.findall(r"`([A-Z]\w+)=(\w+)`", PAGE):
        assert value in known[name].get("AllowedValues", [value])
