"""Nothing outside template/ imports it, needs it or speaks of it."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Files that may know of template/, and in how many lines; None: as many as they like.
KNOW = {
    ".ci/run": None,
    ".github/workflows/template.yml": None,
    "Makefile": 1,
    "README.md": 1,
    "deploy/update.py": 1,  # looks into a clone of the template whether it is one
}
WORDS = re.compile(
    r"\btemplate/|\bpython3? -m template\b|\brehears|\bworkshop\b|\bmake (adopt|begin|bench)\b"
)
MOST_ENTRIES = 20


def tracked(root: Path) -> list[str]:
    """The files that Git knows below the root, but those of template/."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return [name for name in listed if name and not name.startswith("template/")]


def imports(source: str) -> set[str]:
    """The top-level names that Python code imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def breaches(root: Path) -> list[str]:
    """The files outside template/ that import it, or speak of it more than they may."""
    found = []
    for name in tracked(root):
        path = root / name
        if not path.is_file() or path.suffix in (".png", ".ico"):
            continue
        text = path.read_text()
        if path.suffix == ".py" and "template" in imports(text):
            found.append(f"{name} imports template")
        lines = [line for line in text.splitlines() if WORDS.search(line)]
        allowed = KNOW.get(name, 0)
        if allowed is not None and len(lines) > allowed:
            found.append(f"{name}: {lines[allowed]}")
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what is outside of template/, in a repository of its own."""
    for name in tracked(ROOT):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def test_nothing_crosses_the_wall():
    """Only the places that have to know of template/ do."""
    assert breaches(ROOT) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("src/itemsAPP/wsgi.py", "from template.rehearsal import clock"),
        ("deploy/cli.py", "import template"),
        ("tests/conftest.py", "from template.tests.requirements import require"),
        ("Makefile", "\tpython -m template.tests.postgresql true"),
        (".github/workflows/ci.yml", "      - run: make -f template/Makefile lint-template"),
        ("docs/deploy.md", "Try it first with `make rehearse`."),
        ("README.md", "`make adopt INTO=../shop` brings it into your project."),
        (".github/CONTRIBUTING.md", "The workshop has tests of its own."),
    ],
)
def test_breach_is_found(copy, name, line):
    """One line that needs template/, or speaks of it, is named with its file."""
    before = breaches(copy)
    with (copy / name).open("a") as file:
        file.write(f"\n{line}\n")
    found = set(breaches(copy)) - set(before)
    assert found
    assert all(breach.startswith(name) for breach in found)


def test_root_can_be_read_at_a_glance():
    """The root has 20 entries at the most, beside template/, which `make begin` removes."""
    entries = {name.partition("/")[0] for name in tracked(ROOT)}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_application_can_be_read_in_an_hour():
    """The application has 825 lines of Python at the most, without what Django writes itself.

    It had 634 before there were a worker, uploads, mail with a way to a new password, and Sentry.
    """
    files = [file for file in (ROOT / "src").rglob("*.py") if "migrations" not in file.parts]
    assert len(files) > 20
    assert sum(len(file.read_text().splitlines()) for file in files) <= 825


@pytest.mark.exhaustive
def test_repository_lives_without_template(copy):
    """Without template/ the tests, the linters and `make` itself are green."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(copy)}
    for recipe in ("help", "lint", "test"):
        made = subprocess.run(
            ["make", recipe, f"VENV={ROOT / '.venv'}"],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
