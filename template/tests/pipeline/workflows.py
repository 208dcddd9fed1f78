"""The workflow files as data."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"
ACTIONS = ROOT / ".github" / "actions"


def load(name: str) -> dict:
    """A workflow by its file name, with its triggers under `on` (YAML reads that key as true)."""
    workflow = yaml.safe_load((FOLDER / name).read_text())
    workflow["on"] = workflow.pop(True)
    return workflow


def names() -> list[str]:
    """The file names of all workflows."""
    return sorted(path.name for path in FOLDER.glob("*.yml"))


def jobs() -> list[tuple[str, str, dict]]:
    """Every job of every workflow: file name, job id, job."""
    return [(name, key, job) for name in names() for key, job in load(name)["jobs"].items()]


def steps() -> list[tuple[str, dict]]:
    """Every step of every workflow and local action, with the place where it stands."""
    of_jobs = [
        (f"{name}:{key}", step) for name, key, job in jobs() for step in job.get("steps", [])
    ]
    of_actions = [
        (path.parent.name, step)
        for path in sorted(ACTIONS.glob("*/action.yml"))
        for step in yaml.safe_load(path.read_text())["runs"]["steps"]
    ]
    return of_jobs + of_actions
