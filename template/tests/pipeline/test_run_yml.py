"""run.yml: a command in a stage, as the stage's release role, for whoever presses the button."""

import shutil
import signal
import subprocess
from dataclasses import dataclass, field

import pytest

from template.rehearsal import cloud, processes, project
from template.rehearsal.aws.account import REGION
from template.rehearsal.ecs import timelines
from template.rehearsal.ecs.launching import PENDING, RUNNING, STOPPED, Stop
from template.rehearsal.ecs.playback import LOG, Life
from template.rehearsal.github import act
from template.rehearsal.github.checkout import ACTIONS
from template.rehearsal.github.oidc import Job
from template.rehearsal.github.progress import Progress
from template.tests.pipeline.account import Account
from template.tests.pipeline.engines import run_in_codebuild
from template.tests.pipeline.sandboxes import git
from template.tests.pipeline.workflows import ROOT, load, steps

pytestmark = pytest.mark.usefixtures("docker")

COMMAND = "python manage.py say 'a b' $(id) \"$HOME\" `id` | x <b>"
WORDS = ["python", "manage.py", "say", "a b", "$(id)", "$HOME", "`id`", "|", "x", "<b>"]
DONE: Life = (
    (5, PENDING),
    (20, RUNNING),
    (21, LOG, "::error::no command of GitHub's"),
    (22, LOG, "the last line"),
    (24, STOPPED, timelines.SUCCEEDED),
)
THREE = Stop("EssentialContainerExited", timelines.EXITED, 3)
FAILS: Life = (*DONE[:-1], (24, STOPPED, THREE))
ENDLESS: Life = DONE[:-1]


@dataclass
class Ran:
    """How a run of the workflow ended, what it printed, and what its page shows."""

    result: str = ""
    printed: list[str] = field(default_factory=list)
    summary: str = ""

    @property
    def text(self) -> str:
        """All that it printed."""
        return "\n".join(self.printed)


class Button:
    """The workflow's button, in a repository whose stage is deployed."""

    def __init__(self, account: Account, checkout, running) -> None:
        self.account, self.checkout, self.running = account, checkout, running
        self.variables = account.variables | {"AWS_REGION": REGION}

    def press(self, command: str, stage: str = "staging") -> Ran:
        """Run the workflow by act, and return how it went."""
        described = act.Run(
            self.checkout,
            "run.yml",
            "workflow_dispatch",
            self.variables,
            {
                **self.account.machine,
                **self.account.tools,
                **self.running.environment(),
                **self.running.job_environment(),
            },
            {use: ACTIONS / name for use, name in uses()},
        )
        inputs = ["--input", f"stage={stage}", "--input", f"command={command}"]
        ran = Ran()
        progress = Progress(ran.printed.append)
        words = [*described.command(), *inputs]
        with processes.start(words, described.checkout, described.environment) as process:
            progress.follow(act.events(process.stdout))
        ran.result = progress.ended[-1].result
        ran.summary = "".join(progress.summaries)
        return ran

    def orders(self) -> list[dict]:
        """What was asked of RunTask."""
        asked = self.account.ecs.call("ListTasks", {"cluster": self.variables["CLUSTER_ARN"]})
        stopped = self.account.ecs.call(
            "ListTasks", {"cluster": self.variables["CLUSTER_ARN"], "desiredStatus": "STOPPED"}
        )
        arns = [*asked["taskArns"], *stopped["taskArns"]]
        told = self.account.ecs.call(
            "DescribeTasks", {"cluster": self.variables["CLUSTER_ARN"], "tasks": arns}
        )
        return [task for task in told["tasks"] if task.get("startedBy", "").startswith("run-")]


def uses() -> list[tuple[str, str]]:
    """The third-party actions of the workflow that have a stand-in, with its name."""
    named = [step["uses"] for _, step in steps() if "@" in step.get("uses", "")]
    found = {(use, use.partition("@")[0].partition("/")[2]) for use in named}
    return [(use, name) for use, name in found if (ACTIONS / name).is_dir()]


@pytest.fixture
def button(tmp_path, tools):
    """The button, for a job of the environment staging."""
    job = Job("staging", "workflow_dispatch", "refs/heads/main", id_token=True)
    checkout = tmp_path / "checkout"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("deploy", ".github"):
        shutil.copytree(ROOT / name, checkout / name, ignore=ignore)
    git(checkout, "init", "--quiet", "--initial-branch=main")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "All")
    with cloud.run(project.deploy().values(), project.REPOSITORY, lambda: job) as running:
        yield Button(Account(run_in_codebuild, running, tmp_path, tools), checkout, running)


def test_command_that_ends_well(button):
    """The words reach the task as they were typed, its output is shown, and the page tells."""
    button.account.timelines.run_task(DONE)
    ran = button.press(COMMAND)
    assert ran.result == "success", ran.text
    assert "   the last line" in ran.printed
    assert "<b>" not in ran.summary
    assert "&lt;b&gt;" in ran.summary
    assert "Exit code 0, after " in ran.summary
    (order,) = button.orders()
    assert order["overrides"]["containerOverrides"][0]["command"] == WORDS
    assert order["containers"][0]["imageDigest"] == button.account.digests["before"]


def test_only_what_the_release_role_may(button):
    """Every call is made as the stage's release role, and IAM allows each of them."""
    button.account.timelines.run_task(DONE)
    before = len(list(button.running.recording))
    button.press("python manage.py check")
    calls = list(button.running.recording)[before:]
    of_ecs = [call for call in calls if call.action.startswith(("ecs:", "logs:", "iam:"))]
    assert {call.principal.split("/")[1] for call in of_ecs} == {"django-crud-app-staging-release"}
    assert button.running.recording.refused() == []
    assert {call.action for call in of_ecs} == {
        *("ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:RunTask", "iam:PassRole"),
        *("ecs:DescribeTasks", "logs:GetLogEvents"),
    }


def test_command_that_fails(button):
    """The command's exit code is that of the step, and lines give GitHub no commands."""
    button.account.timelines.run_task(FAILS)
    ran = button.press("python manage.py check")
    assert ran.result == "failure"
    assert "exit code 3" in ran.text
    # As act shows what it takes for a command of its own.
    assert "❗  ::error::no command of GitHub's" not in ran.text
    assert "❗  ::error title=Command in staging::It ended with exit code 3." in ran.text


@pytest.mark.parametrize(
    ("life", "parts"),
    [
        (timelines.CANNOT_BE_PULLED, ["The command never ran", "CannotPullContainerError"]),
        (timelines.NO_FARGATE, ["did not start the command", "Capacity is unavailable"]),
        (timelines.MIGRATION_IS_KILLED, ["exit code 137", "a larger `cpu`"]),
    ],
)
def test_command_that_does_not_run(button, life, parts):
    """What keeps a command from running, or kills it, is told with what to do."""
    button.account.timelines.run_task(life)
    ran = button.press("python manage.py check")
    assert ran.result == "failure"
    for part in parts:
        assert part in ran.text


@pytest.mark.parametrize(
    ("command", "said"),
    [("echo 'a", "The command cannot be read: No closing quotation."), (" ", "no command to run")],
)
def test_command_that_cannot_be(button, command, said):
    """What is no command is refused before anything is started."""
    ran = button.press(command)
    assert ran.result == "failure"
    assert said in ran.text
    assert button.orders() == []


def test_stage_that_is_not_set_up(button):
    """Without its variables the stage's name and the remedy are told."""
    del button.variables["CLUSTER_ARN"]
    ran = button.press("true")
    assert ran.result == "failure"
    assert "Missing variables: CLUSTER_ARN. Run: make setup" in ran.text


def test_cancelled_job_stops_the_task(button, tmp_path):
    """A cancelled job signals the process of its step, which stops the task."""
    button.account.timelines.run_task(ENDLESS)
    (script,) = [
        step["run"]
        for step in load("run.yml")["jobs"]["run"]["steps"]
        if step.get("name") == "Run the command"
    ]
    summary = tmp_path / "summary.md"
    environment = button.account.environment("staging-release", **button.variables)
    environment |= {"STAGE": "staging", "COMMAND": "sleep 600", "GITHUB_STEP_SUMMARY": str(summary)}
    with subprocess.Popen(
        ["bash", "-e", "-c", script],
        cwd=button.checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as step:
        for line in step.stdout:
            if "the last line" in line:
                break
        step.send_signal(signal.SIGINT)
        said = step.stdout.read()
    assert step.returncode == 130
    assert "Stopping the task" in said
    (order,) = button.orders()
    assert (order["lastStatus"], order["stopCode"]) == ("STOPPED", "UserInitiated")
    assert button.running.recording.refused() == []
    assert "Exit code 130" in summary.read_text()
