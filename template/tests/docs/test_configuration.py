"""docs/configuration.md lists every variable that the code reads, with the code's own default."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from deploy.settings import read_settings
from template.rehearsal import project
from template.tests.docs import sources
from template.tests.docs.pages import CONFIGURATION, ROOT, spans_in

CLAIMS = ("`", sources.REQUIRED)
TABLES: dict[str, Callable[[], dict[str, str]]] = {
    "The web server": sources.web_server,
    "The image": sources.image,
    "build.yml": partial(sources.buildspec, "build.yml"),
    "release.yml": partial(sources.buildspec, "release.yml"),
    "GitHub variables": sources.github,
    "Recipes": sources.recipes,
    "stages.toml": sources.stages_file,
}


def documented(heading: str, column: int = -1) -> dict[str, str]:
    """The variables of a table, each with what a column says about it."""
    rows = CONFIGURATION.rows(heading)
    return {name: row[column] for row in rows for name in spans_in(row[0])}


def agrees(cell: str, default: str) -> bool:
    """Whether a cell says what the code does; it is free where the code has no default."""
    return cell.startswith(default) if default else not cell.startswith(CLAIMS)


def differences(cells: dict[str, str], defaults: dict[str, str]) -> dict[str, tuple[str, str]]:
    """The variables on which docs and code disagree."""
    return {
        name: (cells[name], defaults[name])
        for name in cells
        if not agrees(cells[name], defaults[name])
    }


@pytest.mark.parametrize("heading", TABLES)
def test_table_lists_what_the_code_reads(heading: str) -> None:
    """Each variable that the code reads is in the table, with its default, and no other."""
    cells, defaults = documented(heading), TABLES[heading]()
    assert sorted(cells) == sorted(defaults)
    assert differences(cells, defaults) == {}


def test_limits_of_a_release_fit_into_its_step() -> None:
    """The page has their sum, which ends before GitHub or CodeBuild ends the release."""
    defaults = sources.buildspec("release.yml")
    limits = [f"{name}_TIMEOUT" for name in ("WAIT", "SNAPSHOT", "MIGRATE", "DEPLOY")]
    minutes = sum(int(defaults[name].strip("`")) for name in limits) // 60
    job = yaml.safe_load((ROOT / ".github/workflows/stage.yml").read_text())["jobs"]["release"]
    [step] = [each for each in job["steps"] if each.get("id") == "release"]
    projects = project.deploy()["pipeline"].of_type("AWS::CodeBuild::Project")
    builds = {
        int(each.properties["TimeoutInMinutes"])
        for name, each in projects.items()
        if "Release" in name
    }
    github, codebuild = step["timeout-minutes"], min(builds)
    claim = (
        f"come to {minutes} minutes together: GitHub ends the step after {github} (`stage.yml`),"
        f" because its credentials last an hour, and CodeBuild after {codebuild}."
    )
    assert claim in (ROOT / "docs/configuration.md").read_text()
    assert minutes + 5 <= github < job["timeout-minutes"] <= 60
    assert minutes + 5 <= codebuild
    assert len(builds) == 1


def test_application_reads_what_its_tables_list() -> None:
    """Each variable of the application is in one of its two tables, and no other."""
    listed = documented("The application") | documented("The database")
    assert sorted(listed) == sorted(sources.application())


def test_database_has_the_constant_defaults() -> None:
    """The defaults in the table of the database are those in the code."""
    assert differences(documented("The database"), sources.application()) == {}


@pytest.mark.parametrize(
    ("column", "mode"),
    [(2, {}), (3, {"DATABASE_URL": "postgres://database/app"})],
    ids=["demo", "production"],
)
def test_application_has_the_defaults_of_its_mode(
    copy: Path, column: int, mode: dict[str, str]
) -> None:
    """To give the application all the documented defaults of a mode is to give nothing."""
    cells = documented("The application", column)
    required = {name: "example.com" * 5 for name in cells if cells[name] == sources.REQUIRED}
    defaults = {name: cells[name].strip("`") for name in cells if cells[name].startswith("`")}
    values = sources.settings(copy, mode | required)
    assert sources.missing(copy, mode) == set(required)
    assert sources.settings(copy, mode | required | defaults) == values
    unset = {name for name in cells if cells[name].startswith("unset")}
    assert not any(values.get(name) for name in unset)


def test_setup_reads_what_its_table_lists() -> None:
    """Each variable of `make setup` is in the table, and no other."""
    assert sorted(documented("Setup")) == sorted(sources.setup())


@pytest.mark.parametrize("name", sources.setup())
def test_setup_has_the_documented_default(name: str) -> None:
    """To give `make setup` the documented default is to give nothing."""
    default = " ".join(spans_in(documented("Setup")[name]))
    assert read_settings({name: default}) == read_settings({})
