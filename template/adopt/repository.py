"""The repository around a project: its root, its workflows."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from template.adopt.project import read

TESTING = re.compile(r"\b(pytest|manage\.py test|tox|nox|make test|run_?tests)\b")
# What a copy of a workflow must not do a second time.
PUBLISHING = re.compile(
    r"build-push-action|docker push|pypi|deploy|publish|release|ssh |heroku|flyctl|: write\b",
    re.IGNORECASE,
)


@dataclass
class Repository:
    """What Git knows, as far as it is there; `tests` is a workflow of the project's own."""

    root: Path
    git: bool = False
    remote: str = ""
    tests: str = ""  # its file name
    tests_text: str = ""
    deploy_taken: bool = False
    files: set[str] = field(default_factory=set)

    @property
    def callable(self) -> bool:
        """Whether the project's workflow for tests can be called by another."""
        return bool(
            re.search(
                r"^\s*workflow_call\b|\bworkflow_call[\],]|on:\s*workflow_call",
                self.tests_text,
                re.MULTILINE,
            )
        )

    @property
    def copyable(self) -> bool:
        """Whether it does nothing but test."""
        return bool(self.tests) and not PUBLISHING.search(self.tests_text)


def find_repository(folder: Path) -> Repository:
    """The repository of a folder; the folder itself where Git knows none."""
    top = git(folder, "rev-parse", "--show-toplevel")
    repository = Repository(Path(top).resolve() if top else folder, bool(top))
    if top:
        repository.remote = git(folder, "remote", "get-url", "origin")
    workflows = repository.root / ".github/workflows"
    for path in sorted((*workflows.glob("*.yml"), *workflows.glob("*.yaml"))):
        text = read(path)
        ours = "run-buildspec" in text or "by deploy.yml" in text
        repository.files.add(path.name)
        if path.name == "deploy.yml" and not ours:
            repository.deploy_taken = True
        if not ours and not repository.tests and TESTING.search(text):
            repository.tests, repository.tests_text = path.name, text
    return repository


def git(folder: Path, *arguments: str) -> str:
    """What Git says; nothing where it knows nothing or is not there."""
    try:
        said = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
