"""The one line that installs a project's packages and runs its tests."""

from pathlib import Path

from docker_image.project import PACKAGE_FILES, candidates, package_files, read

# What each tool's file is installed with, and what then comes before the command.
TOOLS = {
    "uv.lock": ("pip install uv", "uv run "),
    "poetry.lock": ("pip install poetry && poetry install", "poetry run "),
    "Pipfile.lock": ("pip install pipenv && pipenv sync --dev", "pipenv run "),
    "pyproject.toml": ("pip install uv", "uv run "),
}
# Those of the people who develop it.
FOR_TESTS = tuple(
    pattern.format(word)
    for word in ("test*", "local", "dev*")
    for pattern in ("requirements/{}.txt", "requirements[-_.]{}.txt", "{}[-_.]requirements.txt")
)
# Where pytest is configured, and how one sees it.
PYTEST = {
    "pytest.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
    "tox.ini": "[pytest]",
    "pyproject.toml": "[tool.pytest",
}


def tests_line(root: Path) -> str:
    """The command, as a step of a workflow runs it in the root of the project."""
    project = candidates(root)[0]
    install, prefix = installing(root, project)
    where = project.relative_to(root).as_posix()
    steps = [install, "" if where == "." else f"cd {where}", prefix + command(root, project)]
    return " && ".join(step for step in steps if step)


def installing(root: Path, project: Path) -> tuple[str, str]:
    """How the packages are installed, and what then comes before a command."""
    found = list(package_files(root, project, PACKAGE_FILES))
    if not found:
        return "pip install django", ""
    if found[0].name in TOOLS:
        return TOOLS[found[0].name]
    for_tests = list(package_files(root, project, FOR_TESTS))[:1]
    included = any(f"-r {found[0].name}" in read(path) for path in for_tests)
    files = for_tests if included else [*found[:1], *for_tests]
    return "pip install" + "".join(f" -r {path.relative_to(root)}" for path in files), ""


def command(root: Path, project: Path) -> str:
    """pytest where the project configures it, Django's own runner elsewhere."""
    for folder in (root, project):
        for name, sign in PYTEST.items():
            if (folder / name).is_file() and sign in read(folder / name):
                return "pytest"
    return "python manage.py test"
