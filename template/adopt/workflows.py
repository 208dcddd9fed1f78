"""The workflows of a project: the template's own, and one that runs the project's tests."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from template.adopt.dockerfile import mending, tokens
from template.adopt.findings import Findings
from template.adopt.project import named_settings, read
from template.adopt.repository import Repository
from template.adopt.settings import Settings, read_settings

# Requirements of the people who develop it.
FOR_TESTS = tuple(
    pattern.format(word)
    for word in ("test*", "local", "dev*", "ci")
    for pattern in ("requirements/{}.txt", "requirements[-_.]{}.txt", "{}[-_.]requirements.txt")
)
# Where pytest is configured, and how one sees it.
PYTEST = {
    "pytest.ini": "[pytest]",
    "setup.cfg": "[tool:pytest]",
    "tox.ini": "[pytest]",
    "pyproject.toml": "[tool.pytest",
}
# What a runner of GitHub's has.
COMMON = ("git", "gcc", "libc6-dev", "g++", "make", "python3-dev")
DATABASE = "public.ecr.aws/docker/library/postgres:18-trixie"
OF_CI = {
    "DATABASE_URL": "postgres://postgres:postgres@localhost:5432/postgres",
    "PGHOST": "localhost",
    "PGPORT": "5432",
    "PGDATABASE": "postgres",
    "PGUSER": "postgres",
    "PGPASSWORD": "postgres",
}
CALL = "uses: ./.github/workflows/ci.yml"
CALLED = "ci-before-deploy.yml"


def deploy_workflow(found: Findings, text: str, repository: Repository, tests: str) -> str:
    """The template's deploy.yml, which calls the project's workflow of tests."""
    call = CALL.replace("ci.yml", tests)
    theirs = tests in (repository.tests, CALLED)
    if ("secrets." in repository.tests_text and theirs) or (logins(found) and not theirs):
        call += "\n    secrets: inherit"
    token = re.compile(r"^ +GITHUB_TOKEN: .*`latest` does not go back\n", re.MULTILINE)
    more = "".join(f"          {line}\n" for line in logins(found))
    return token.sub(lambda line: line[0] + more, text).replace(CALL, call)


def logins(found: Findings) -> list[str]:
    """The variables with the login of a package index, as an `env` of a step has them."""
    names = ["NETRC", *tokens(found.packages)] if found.packages.indexes else []
    return [f"{name}: ${{{{ secrets.{name} }}}}" for name in names]


def tests_workflow(found: Findings, repository: Repository, template: str) -> tuple[str, str]:
    """The file that deploy.yml calls, and its text; no text where the project's own will do.

    `template` is the text of the template's own ci.yml, for the releases of its actions.
    """
    if repository.callable:
        return repository.tests, ""
    if repository.copyable:
        return CALLED, called_copy(repository)
    name = (
        CALLED
        if "ci.yml" in repository.files and not ours(found.root / ".github/workflows/ci.yml")
        else "ci.yml"
    )
    return name, own_workflow(found, template)


def ours(path: Path) -> bool:
    """Whether a workflow is one that this command wrote."""
    return "by deploy.yml" in read(path)


def called_copy(repository: Repository) -> str:
    """The project's own workflow, with no trigger but the call."""
    text = re.sub(
        r"^(?:on|\"on\"|'on'|true):.*\n(?:(?:[ \t#-].*)?\n)*",
        ON_CALL,
        repository.tests_text,
        count=1,
        flags=re.MULTILINE,
    )
    text = re.sub(r"^concurrency:.*\n(?:[ \t].*\n)*", "", text, flags=re.MULTILINE)
    return (
        f"# A copy of {repository.tests}, which deploy.yml calls. One file will do: add"
        f" `workflow_call:` to\n# `on:` in {repository.tests}, name it in deploy.yml, and delete"
        f" this one.\n{text}"
    )


ON_CALL = "on:\n  workflow_call: # by deploy.yml\n\n"


def own_workflow(found: Findings, template: str) -> str:
    """A workflow that runs the project's tests, and builds the image of a pull request."""
    actions = {
        name: line
        for line in template.splitlines()
        for name in ("checkout", "setup-python")
        if f"actions/{name}@" in line
    }
    checkout = [actions["checkout"], "        with:", "          persist-credentials: false"]
    lines = [
        "name: CI",
        "",
        "on:",
        "  pull_request:",
        "  workflow_call: # by deploy.yml, so that a merge is tested once",
        "",
        "permissions: {}",
        "",
        "concurrency:",
        "  group: ci-${{ github.event_name == 'pull_request' && github.ref || github.sha }}",
        "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}",
        "",
        "jobs:",
        "  test:",
        "    name: Test",
        "    runs-on: ubuntu-24.04",
        "    timeout-minutes: 15",
        "    permissions:",
        "      contents: read # checks out the repository, which may be private",
        *services(found),
        *environment(found),
        "    steps:",
        *checkout,
        actions["setup-python"],
        "        with:",
        f'          python-version: "3.{found.python.minor}"',
        *system_packages(found),
        *log_in(found),
        f"      - run: {tests_line(found)}",
        *of_step(logins(found)[1:]),
        "",
        "  image:",
        "    name: Image",
        "    if: github.event_name == 'pull_request'",
        "    runs-on: ubuntu-24.04",
        "    timeout-minutes: 30",
        "    permissions:",
        "      contents: read # checks out the repository, which may be private",
        "    steps:",
        *checkout,
        f"      - run: docker build {found.build_options}.",
        *of_step(logins(found)),
    ]
    return "\n".join(lines) + "\n"


def log_in(found: Findings) -> Iterator[str]:
    """The step that lets pip and uv log in to a package index."""
    if found.packages.indexes:
        yield "      - run: (umask 077 && printf '%s\\n' \"$NETRC\" > ~/.netrc)"
        yield from of_step(logins(found)[:1])


def of_step(variables: list[str]) -> list[str]:
    """The environment of a step, where it has any."""
    return ["        env:", *(f"          {line}" for line in variables)] if variables else []


def system_packages(found: Findings) -> Iterator[str]:
    """The step that installs what packages are compiled with, and want to run."""
    names = [
        name
        for group in (found.system.build, found.system.run)
        for packages in group
        for name in packages
    ]
    if names := [name for name in dict.fromkeys(names) if name not in COMMON]:
        yield (
            "      - run: sudo apt-get update && sudo apt-get install -y --no-install-recommends"
            f" {' '.join(names)}"
        )


def of_tests(found: Findings) -> Settings:
    """The settings that the tests are run with: pytest's, or those of manage.py."""
    for folder in dict.fromkeys((found.root, found.project)):
        for name in PYTEST:
            said = re.search(
                r"^\s*DJANGO_SETTINGS_MODULE\s*=\s*[\"']?([\w.]+)",
                read(folder / name),
                re.MULTILINE,
            )
            if said:
                return read_settings(found.root, found.project, said[1])
    named = named_settings(found.project)
    return read_settings(found.root, found.project, named[-1] if named else found.settings.module)


def wants_postgresql(settings: Settings) -> bool:
    """Whether the tests need a server: PostgreSQL's, or one that a variable names."""
    if "sqlite" in settings.engine or (not settings.engine and "sqlite" in settings.text.lower()):
        return False
    url = settings.variables.get("DATABASE_URL")
    return bool(
        re.search("postgres|postgis", settings.text, re.IGNORECASE) or (url and url.required)
    )


def services(found: Findings) -> list[str]:
    """PostgreSQL beside the tests, where they want it."""
    if not wants_postgresql(of_tests(found)):
        return []
    image = "docker.io/postgis/postgis:17-3.5" if "gdal-bin" in str(found.system.run) else DATABASE
    return [
        "    services:",
        "      database:",
        f"        image: {image}",
        "        env:",
        "          POSTGRES_PASSWORD: postgres",
        '        ports: ["5432:5432"]',
        "        options: --health-cmd pg_isready --health-interval 2s --health-retries 30",
    ]


def environment(found: Findings) -> list[str]:
    """The variables that the settings of the tests want."""
    settings = of_tests(found)
    wanted = {item.name: item.placeholder for item in settings.variables.values() if item.required}
    if wants_postgresql(settings):
        mapping = settings.of_the_stage()
        wanted |= {name: OF_CI[of] for name, of in mapping.items() if of in OF_CI}
        wanted |= {name: value for name, value in OF_CI.items() if name in settings.variables}
    if settings.module and not named_settings(found.project):
        wanted["DJANGO_SETTINGS_MODULE"] = settings.module  # which no file names
    lines = [f"      {name}: {json_text(value)}" for name, value in sorted(wanted.items())]
    return ["    env: # for the tests only", *lines] if lines else []


def json_text(value: str) -> str:
    """A value as YAML reads it as text."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def tests_line(found: Findings) -> str:
    """The command that installs the packages and runs the tests, in the root of the repository."""
    install, prefix = installing(found)
    beside = " && cd " in install and found.packages.folder == found.project
    where = "" if beside else found.where
    return " && ".join(
        step
        for step in (install, f"cd {quote(where)}" if where else "", prefix + command(found))
        if step
    )


def installing(found: Findings) -> tuple[str, str]:
    """How the packages are installed, and what then comes before a command."""
    packages = found.packages
    folder = found.relative(packages.folder) if packages.folder.is_relative_to(found.root) else "."
    there = "" if folder == "." else f"cd {quote(folder)} && "
    if packages.tool == "uv":
        groups = "".join(f" --group {name}" for name in packages.groups) + "".join(
            f" --extra {name}" for name in packages.chosen_extras
        )
        wanted = packages.pyproject.get("tool", {}).get("uv", {}).get("required-version", "")
        version = (
            f"uv{wanted}"
            if wanted.startswith(("=", "<", ">", "~"))
            else f"uv=={wanted}"
            if wanted
            else "uv"
        )
        return (
            f"pip install {quote(version)} && {there}uv sync --locked{groups}",
            "uv run --no-sync ",
        )
    if packages.tool == "poetry":
        return f"pip install poetry && {there}poetry install --no-root", "poetry run "
    if packages.tool == "pipenv":
        return f"pip install pipenv && {there}pipenv sync --dev", "pipenv run "
    if packages.tool == "pyproject" and not packages.inline:
        path = found.relative(packages.files[0])
        groups = (
            [f"--group {path}:dev"]
            if "dev" in packages.pyproject.get("dependency-groups", {})
            else []
        )
        groups += [
            f"--extra {name}"
            for name in ("dev", "test", "tests")
            if name in packages.pyproject.get("project", {}).get("optional-dependencies", {})
        ]
        return f"pip install uv && uv pip install --system {' '.join(['-r ' + path, *groups])}", ""
    if packages.tool == "pyproject":
        return f"pip install {' '.join(quote(line) for line in packages.inline)}", ""
    if packages.tool == "setup":
        return f"pip install -e {folder}", ""
    if packages.tool == "none":
        return "pip install django", ""
    return requirements(found), ""


def requirements(found: Findings) -> str:
    """The line that installs the requirements files, with those of the people who develop it."""
    file = found.packages.file
    folders = [
        folder
        for folder in (found.project, *found.project.parents)
        if folder.is_relative_to(found.root)
    ]
    there = [
        path for pattern in FOR_TESTS for folder in folders for path in sorted(folder.glob(pattern))
    ]
    for_tests = [path for path in there if path not in found.packages.files][:1]
    included = any(re.search(rf"-r\s+{re.escape(file.name)}", read(path)) for path in for_tests)
    files = for_tests if included else [file, *for_tests]
    install = "pip install" + "".join(f" -r {quote(found.relative(path))}" for path in files)
    return " && ".join([*mending(found.packages, found), install])


def command(found: Findings) -> str:
    """pytest where the project configures it, Django's own runner elsewhere."""
    for folder in (found.root, found.project):
        for name, sign in PYTEST.items():
            if sign in read(folder / name):
                return "pytest"
    return "python manage.py test"
