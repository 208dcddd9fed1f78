"""Tasks of ECS that are real containers, for tests: their images, and looking at them."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from template.rehearsal.ecr import registry
from template.rehearsal.ecr.registry import Registry
from template.tests.pipeline.stages import CLUSTER_ARN, Stage

BASE = "public.ecr.aws/docker/library/python:3.13-slim-trixie"
REPOSITORY = "ecs-tasks"
PATIENCE = 120  # seconds that a busy machine may take
SECRETS = {"SECRET_KEY": "x", "PGUSER": "x", "PGPASSWORD": "x", "STAGE_CONFIG": "{}"}
VALUES = {**SECRETS, "PGDATABASE": "rehearsal"}
SERVER = """
STATUS = 200
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(STATUS if self.path == "/health/live" else 404)
        self.end_headers()
print("serving", os.environ["PGDATABASE"], flush=True)
http.server.HTTPServer(("", 80), Handler).serve_forever()
"""
DEAF = "import time; print('working', flush=True); time.sleep(600)"
WORKER = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pathlib.Path("/dev/shm/works").touch()
signal.pause()
"""


def command(*arguments: str, **options: Any) -> str:
    """Run a docker command; what it prints."""
    options = {"capture_output": True, "text": True, "check": True} | options
    return subprocess.run(["docker", *arguments], **options).stdout.strip()


def until(question: Callable[[], Any], wanted: Any) -> Any:
    """The answer to the question, once it is the wanted one or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while (answer := question()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


@dataclass
class Images:
    """The registry, and what the stage's tag means in it."""

    registry: Registry
    config: Path
    tag: str = "one"

    @property
    def name(self) -> str:
        """The repository's name with its registry."""
        return f"{self.registry.endpoint}/{REPOSITORY}"

    def digest(self, image: str = "") -> str:
        """The digest that the stage's tag names, whatever the image."""
        return self.registry.digest(REPOSITORY, self.tag)

    def push(self, tag: str, recipe: str, folder: Path | None = None) -> None:
        """Build an image, with the files of a folder if there is one, and keep it there alone."""
        name, login = f"{self.name}:{tag}", f"--config={self.config}"
        context = ("--file", "-", str(folder)) if folder else ("-",)
        command(login, "build", "--tag", name, *context, input=recipe)
        command(login, "push", "--quiet", name)
        command(login, "image", "rm", name)


@contextlib.contextmanager
def served_images(config: Path) -> Iterator[Images]:
    """A registry that wants a login, which is in the folder `config`."""
    with registry.serve() as running:
        login = ("login", running.endpoint, "--username=ecr", "--password-stdin")
        command(f"--config={config}", *login, input=running.password)
        yield Images(running, config)


def serving(stage: Stage) -> list[str]:
    """The ids of the tasks that are healthy."""
    return [task.order.task for task in stage.ecs.serving(CLUSTER_ARN, "web")]


def rollout(stage: Stage) -> str:
    """The state of the newest deployment's rollout."""
    return stage.service()["deployments"][0]["rolloutState"]


def ended(stage: Stage, **params: Any) -> dict[str, Any]:
    """What DescribeTasks says of a new task of RunTask once it is over."""
    (task,) = stage.run_task(**params)["tasks"]
    return over(stage, task)


def over(stage: Stage, task: dict[str, Any]) -> dict[str, Any]:
    """What DescribeTasks says of a task once it is over."""

    def describe() -> dict[str, Any]:
        return stage.call("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]

    assert until(lambda: describe()["lastStatus"], "STOPPED") == "STOPPED"
    return describe()


def made(stage: Stage) -> list[str]:
    """The containers that the stage has at the moment."""
    return command("ps", "--all", "--quiet", f"--filter=label={stage.launcher.label}").split()


def inspected(container: str, fields: str) -> str:
    """What Docker knows about a container."""
    return command("inspect", f"--format={{{{{fields}}}}}", container)


def lines(stage: Stage, task: str) -> list[str]:
    """What a task has written."""
    stream = f"web/web/{task}"
    return [each["message"] for each in stage.read("GetLogEvents", logStreamName=stream)["events"]]
