"""The processes beside the web server that a project has: Celery's, or another queue's."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

from deploy.errors import SetupError
from deploy.stages import PROCFILE, read_procfile
from template.adopt.findings import Findings
from template.adopt.project import module_name, own_code, parse, read
from template.adopt.variables import name_of

COMPOSE = ("docker-compose*.y*ml", "compose*.y*ml")
CELERY = re.compile(r"\bcelery (?:-A|--app)[ =]\S+ .*?\b(worker|beat)\b(?: -[\w-]+[ =]?[\w./:-]*)*")
# The worker of each package that has a management command for it.
COMMANDS = {
    "django-rq": "python manage.py rqworker default",
    "huey": "python manage.py run_huey",
    "django-dramatiq": "python manage.py rundramatiq",
    "django-q2": "python manage.py qcluster",
    "django-q": "python manage.py qcluster",
    "django-tasks": "python manage.py db_worker",
    "django-tasks-db": "python manage.py db_worker",
    "django-background-tasks": "python manage.py process_tasks",
}


@dataclass(frozen=True)
class Processes:
    """Commands by the names of their processes: those that a Procfile starts, and others.

    `problem` is why a Procfile's cannot be started.
    """

    of_procfile: dict[str, str] = field(default_factory=dict)
    proposed: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def find_processes(found: Findings) -> Processes:
    """The processes of a project; what a Procfile has is not proposed once more."""
    proposed = in_compose(found.root) or of_celery(found) or of_packages(found)
    try:
        of_procfile = {
            name: one["command"] for name, one in read_procfile(found.root / PROCFILE).items()
        }
    except SetupError as error:
        return Processes(problem=str(error))
    return Processes(of_procfile, {} if of_procfile else proposed)


def in_compose(root: Path) -> dict[str, str]:
    """Celery's commands in the files of compose, in words or as a list."""
    processes: dict[str, str] = {}
    for path in (path for pattern in COMPOSE for path in sorted(root.glob(pattern))):
        text = re.sub(r"[\"']\s*,\s*[\"']", " ", read(path))
        for command in CELERY.finditer(text):
            processes.setdefault(command[1], command[0].rstrip(":-"))
    return processes


def of_celery(found: Findings) -> dict[str, str]:
    """The worker of the module that makes Celery's application, and beat where it is asked for."""
    if not found.packages.has("celery"):
        return {}
    for path in own_code(found.root):
        source = read(path)
        calls = (node for node in ast.walk(parse(path)) if isinstance(node, ast.Call))
        if "celery" not in source or not any(name_of(node.func) == "Celery" for node in calls):
            continue
        inside = path.is_relative_to(found.project)
        module = module_name(path, found.project if inside else found.root)
        command = f"celery -A {module.removesuffix('.celery')}"
        processes = {"worker": f"{command} worker --loglevel info"}
        beat = found.packages.has("django-celery-beat") or "beat_schedule" in source
        if beat or "CELERY_BEAT_SCHEDULE" in found.settings.text:
            processes["beat"] = f"{command} beat --loglevel info --schedule /tmp/celerybeat"
        return processes
    return {}


def of_packages(found: Findings) -> dict[str, str]:
    """The worker of another queue."""
    commands = [command for name, command in COMMANDS.items() if found.packages.has(name)]
    return {"worker": commands[0]} if commands else {}


def stages_toml(text: str, processes: Processes) -> str:
    """The template's stages.toml, whose example of processes are the project's own, if any."""
    text = text.replace("# Every key: ", "# In the template, every key: ")
    if not (lines := [f'# {name} = "{command}"' for name, command in processes.proposed.items()]):
        return text
    example = re.compile(r"^# \[all\.processes\]\n(?:# \w+ = .*\n)*", re.MULTILINE)
    return example.sub("# [all.processes]\n" + "\n".join(lines) + "\n", text, count=1)
