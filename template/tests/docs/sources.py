"""What the code reads from its environment: each variable with its default as the docs write it.

A default is code in backticks, the word `required`, or nothing where the code has none.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.settings import read_settings
from deploy.stages import KEYS, PROCESS, SCHEDULE, TABLES, Process, Schedule, parameters
from template.tests.docs.pages import ROOT

NAME = "([A-Z][A-Z0-9_]+)"
REQUIRED = "required"

PRINT_SETTINGS = """
import json
from itemsAPP.settings import env
print(json.dumps(env.dump(), default=str))
"""


def text(pattern: str) -> str:
    """The text of the files that fit a pattern."""
    return "\n".join(file.read_text() for file in sorted(ROOT.glob(pattern)))


def backticked(value: str) -> str:
    """A default as the docs write it, or nothing."""
    return f"`{value}`" if value else ""


def python(source: str) -> dict[str, str]:
    """The variables that Python code reads or presets, with defaults that are constants."""
    readers = r"(?:\b(?:env|self|environ)(?:\.\w+\(|\[)|\bwhole_number\()"
    found = re.findall(rf"{readers}\s*[\"']{NAME}[\"'](?:(?:, |\) or )(\"[^\"]*\"|\d+))?", source)
    return {name: backticked(default.strip('"')) for name, default in found}


def application() -> dict[str, str]:
    """What the application reads."""
    return python(text("src/*/*.py") + text("manage.py"))


def web_server() -> dict[str, str]:
    """What gunicorn's configuration reads."""
    return python(text("deploy/gunicorn.conf.py"))


def image() -> dict[str, str]:
    """What the Dockerfile sets, as build arguments and in the environment."""
    lines = text("Dockerfile").replace("\\\n", " ")
    words = " ".join(re.findall(r"^(?:ARG|ENV) (.*)", lines, re.MULTILINE))
    found = re.findall(rf"{NAME}(?:=(?:\"([^\"]*)\"|(\S*)))?", words)
    given = {name: quoted or plain for name, quoted, plain in found if quoted or plain}
    values = {name: value for name, value in given.items() if value != f"${{{name}}}"}
    return {name: backticked(values.get(name, "")) for name, *_ in found}


def buildspec(name: str) -> dict[str, str]:
    """What the commands of a buildspec read, except for what bash itself sets."""
    commands = text(name)
    used = set(re.findall(rf"\$\{{?{NAME}", commands))
    defaults = re.findall(rf"\$\{{{NAME}:?-(?=(\$\{{?[A-Z_0-9]+|[^$}}]+)[:}}])", commands)
    required = dict.fromkeys(re.findall(rf"\$\{{{NAME}:\?", commands), REQUIRED)
    written = {name: backticked(default.replace("{", "")) for name, default in defaults}
    return dict.fromkeys(used - variables_of_bash(), "") | required | written


def variables_of_bash() -> set[str]:
    """The variables that bash sets by itself, that of a match among them."""
    command = ["bash", "--norc", "-c", "[[ a =~ a ]]; compgen -v"]
    # On GitHub's runners the environment has variables that the buildspecs read.
    said = subprocess.run(command, env={}, check=True, capture_output=True, text=True).stdout
    return set(said.split())


def github() -> dict[str, str]:
    """The variables of GitHub that the workflows read."""
    found = re.findall(rf"vars\.{NAME}(?: \|\| '([^']*)')?", text(".github/workflows/*.yml"))
    return {name: "" for name, _ in found} | {
        name: backticked(default) for name, default in found if default
    }


def recipes() -> dict[str, str]:
    """The variables of the Makefile."""
    chosen = re.findall(rf"^{NAME} \?= (.*)", text("Makefile"), re.MULTILINE)
    return {name: backticked(default) for name, default in chosen}


class Recorder(dict):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[str, str] = {}

    def get(self, key: str, default: str = "") -> str:
        """The default, always."""
        self.asked[key] = ""
        return default


def setup() -> dict[str, str]:
    """The variables of `make setup`."""
    recorder = Recorder()
    read_settings(recorder)
    # By their endings, one for each stage: the table has those of the usual ones as examples.
    parameters = {f"{name}_PARAMETERS": "" for name in ("STAGING", "PRODUCTION", "GITHUB")}
    return recorder.asked | parameters | {"PRODUCTION_PROFILE": ""}


def stages_file() -> dict[str, str]:
    """What stages.toml takes, with the defaults of the templates' parameters."""
    declared = {name: one.default or "" for name, one in parameters().items()}
    # The templates begin without containers, and setup goes on to one.
    declared["DesiredCount"] = "1"
    keys = {name: declared.get(key.parameter, "false") for name, key in KEYS.items()}
    found = {name: backticked(default) for name, default in keys.items()}
    for table, kind, takes in (
        ("processes", Process, PROCESS),
        ("schedules", Schedule, SCHEDULE),
    ):
        for name in takes:
            default = backticked(str(getattr(kind, name, "")))
            found[f"{table}.NAME.{name}"] = REQUIRED if takes[name].required else default
    return found | dict.fromkeys(TABLES, "")


def start(copy: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Read the settings of a copy of the repository, with nothing but this environment."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT_SETTINGS],
        cwd=copy / "src",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def settings(copy: Path, environment: dict[str, str]) -> dict[str, Any]:
    """The values that the application gets from an environment; paths begin at the root."""
    return json.loads(start(copy, environment).stdout.replace(f"{copy}/", ""))


def missing(copy: Path, environment: dict[str, str]) -> set[str]:
    """The variables without which the application refuses to start in an environment."""
    said = start(copy, environment).stderr
    return set(re.findall(rf"'{NAME}': \['Environment variable not set", said))
