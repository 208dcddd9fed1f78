"""The files that GitHub reads do what they are for."""

import re
from pathlib import Path

import pytest
import yaml

from template.tests.docs.pages import tracked

ROOT = Path(__file__).parents[2]
DEPENDABOT = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
# What Dependabot reads in each kind of folder.
MANIFESTS = {
    "docker": "Dockerfile",
    "docker-compose": "compose.yaml",
    "github-actions": ".github/actions/*/action.yml",
    "pip": "*.txt",
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_dependabot_looks_everywhere(kind):
    """Every folder in which packages, actions or images are pinned has its updates."""
    files = [file.relative_to(ROOT) for file in tracked() if file.match(MANIFESTS[kind])]
    owned = [file for file in files if file.parts[0] != "template"]
    folders = {str(Path("/") / file.parent) for file in owned}
    known = {
        place
        for update in DEPENDABOT
        if update["package-ecosystem"] == kind
        for place in [*update.get("directories", []), update.get("directory")]
    }
    assert folders
    assert sorted(folders - known) == []


@pytest.mark.parametrize("update", DEPENDABOT, ids=lambda update: update["package-ecosystem"])
def test_updates_come_together_and_late(update):
    """Updates come in one pull request, and not before others have tried them for a week."""
    assert len(update["groups"]) == 1
    assert update["cooldown"]["default-days"] >= 7


def test_paths_for_owners_exist():
    """Each path that the security policy names for CODEOWNERS is in the repository."""
    lines = (ROOT / ".github/SECURITY.md").read_text().splitlines()
    [line] = [line for line in lines if "CODEOWNERS" in line]
    paths = re.findall("`([^`]+)`", line.partition("needs:")[2])
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
