"""`python3 -m deploy run` with real containers, a real registry and the real AWS CLI."""

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from template.rehearsal import cloud, project
from template.rehearsal.aws.account import REGION
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.containers import Containers
from template.tests import exhaustive
from template.tests.pipeline.account import PUSH
from template.tests.pipeline.real_tasks import BASE, VALUES, command, served_images
from template.tests.pipeline.stages import changed, stack
from template.tests.pipeline.workflows import ROOT

pytestmark = pytest.mark.usefixtures("docker")

CONFIG = '{"SENTRY_DSN": "https://key@example.com/1"}'
RECIPE = f"""\
FROM {BASE}
WORKDIR /app
COPY deploy/entrypoint.py deploy/
ENTRYPOINT ["python", "/app/deploy/entrypoint.py"]
CMD ["sleep", "600"]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, its lines, and what was said beside them."""

    code: int
    lines: list[str]
    said: str

    @classmethod
    def of(cls, process: subprocess.Popen) -> "Ended":
        """How a process ended, without its commands to GitHub."""
        out, err = process.communicate()
        lines = [line for line in out.splitlines() if not line.startswith("::")]
        return cls(process.returncode, lines, err)


@dataclass
class Desk:
    """Where somebody runs commands in a stage."""

    environment: dict[str, str]
    containers: Containers

    def run(self, *words: str) -> Ended:
        """Run a command to its end."""
        with self.start(*words) as process:
            return Ended.of(process)

    def start(self, *words: str) -> subprocess.Popen:
        """Start a command, as run.yml does."""
        return subprocess.Popen(
            [sys.executable, "-m", "deploy", "run", "--from-workflow"],
            cwd=ROOT,
            env=self.environment | {"COMMAND": shlex.join(words)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left(self) -> list[str]:
        """The containers that are still there."""
        listed = command("ps", "--all", "--quiet", f"--filter=label={self.containers.label}")
        return listed.split()


@pytest.fixture(scope="module")
def images(docker, tmp_path_factory):
    """A registry with an image whose commands go through the entry point."""
    with served_images(tmp_path_factory.mktemp("docker")) as images:
        images.push("one", RECIPE, ROOT)
        yield images


@pytest.fixture
def desk(images, tools):
    """A desk with the credentials of the stage's release role."""
    (original,) = stack().resources["TaskDefinition"].properties["ContainerDefinitions"]
    container = {**original, "Image": f"{images.name}:staging", "StopTimeout": 1}
    declared = changed(
        "TaskDefinition", {"ContainerDefinitions": [container], "Memory": "64"}, stack(0)
    )
    values = {**VALUES, "STAGE_CONFIG": CONFIG}
    with (
        cloud.run(project.deploy().values(), project.REPOSITORY, lambda: PUSH) as running,
        Containers(images.config, values) as containers,
    ):
        logs = Logs()
        ecs = Ecs(Clock(), logs, images.digest)
        ecs.add_stage(containers, declared)
        running.aws.add(ecs)
        running.aws.add(logs)
        session = running.sessions.issue("django-crud-app-staging-release", "run")
        variables = project.environment_variables(project.deploy(), "staging")
        environment = {**os.environ, **tools, **running.environment(session), **variables}
        environment |= {"AWS_REGION": REGION, "STAGE": "staging", "GITHUB_STEP_SUMMARY": os.devnull}
        yield Desk(environment, containers)


def test_variables_and_exit_code(desk):
    """The stage's variables are in a command's environment, and its exit code is ours."""
    ended = desk.run("sh", "-c", "echo $SENTRY_DSN; echo $DATABASE_URL; exit 3")
    assert ended.code == 3, ended
    assert ended.lines[0] == "https://key@example.com/1"
    assert re.fullmatch(r"postgresql://x:x@\S+:5432/rehearsal", ended.lines[1])
    assert "The command ended with exit code 3." in ended.said
    assert desk.left() == []


@exhaustive.MARK
def test_no_line_is_lost(desk):
    """Many lines at once, and more at the very end, are there, each once and in order."""
    script = "for i in $(seq 5000); do echo $i; done; sleep 3; echo last; printf 'no newline'"
    ended = desk.run("sh", "-c", script)
    assert ended.lines == [*map(str, range(1, 5001)), "last", "no newline"]
    assert ended.code == 0


@exhaustive.MARK
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["python", "-c", "bytearray(512 * 2**20)"], 137, "a larger `cpu` in stages.toml"),
        (["manage.py", "check"], 1, "The command ended with exit code 1."),
    ],
)
def test_command_that_fails(desk, words, code, said):
    """A command that needs too much memory, or that is not there, is told as what it is."""
    ended = desk.run(*words)
    assert ended.code == code, ended
    assert said in ended.said


@exhaustive.MARK
def test_ctrl_c(desk):
    """Ctrl-C ends the command by SIGTERM, and what it then writes is shown."""
    script = "trap 'echo stopping; exit 0' TERM; echo working; while :; do sleep 0.1; done"
    with desk.start("sh", "-c", script) as process:
        for line in process.stdout:
            if line == "working\n":
                break
        process.send_signal(signal.SIGINT)
        ended = Ended.of(process)
    assert ended.code == 130
    assert ended.lines == ["stopping"]
    assert "Stopping the task" in ended.said
    assert desk.left() == []
