"""`run` and `shell`: a command in a task of its own."""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from deploy import run
from template.tests.deploy.operations import Play
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.programs import RefusedError
from template.tests.deploy.terminal import PATIENCE, running

CHECK = ("run", "staging", "--", "python", "manage.py", "check")


@pytest.fixture
def shells(healthy, tmp_path, monkeypatch):
    """A stage with shells, and the plugin that opens sessions."""
    healthy.cloud.shells = {"shop-staging"}
    healthy.cloud.play = Play(endless=True)
    plugin = tmp_path / "session-manager-plugin"
    plugin.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{healthy.programs}")
    return healthy


def task(workplace):
    """Return the one task that was started."""
    (found,) = workplace.cloud.tasks.values()
    return found


def test_output_and_exit_code(healthy):
    """The command's output is all of standard output, and its exit code that of the command."""
    healthy.cloud.play = Play(["one", "two", "three", "four", "five"], exit_code=3)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 3
    assert outcome.out == "one\ntwo\nthree\nfour\nfive\n"
    assert "The command ended with exit code 3." in outcome.err


def test_task_is_like_the_web_servers(healthy):
    """The task is one of the service's definition, in its network, with another command."""
    healthy.operate(*CHECK)
    assert task(healthy).overrides == {"name": "web", "command": ["python", "manage.py", "check"]}
    options = task(healthy).options
    assert options["--task-definition"][0].endswith(":task-definition/shop-staging:7")
    assert '"subnets": ["subnet-1"]' in options["--network-configuration"][0]
    assert options["--launch-type"] == ["FARGATE"]


@pytest.mark.parametrize("late", [1, 4, 9])
def test_last_lines_are_waited_for(healthy, late):
    """Lines that reach the log after the command's end are there, each once and in order."""
    lines = [f"line {number}" for number in range(9)]
    healthy.cloud.play = Play(lines, late=late)
    assert healthy.operate(*CHECK).out.splitlines() == lines


def test_command_without_output(healthy):
    """A command that writes nothing has no stream, which is no error."""
    outcome = healthy.operate(*CHECK)
    assert (outcome.code, outcome.out) == (0, "")


@pytest.mark.parametrize(
    ("play", "parts"),
    [
        (
            Play(exit_code=None, stopped_reason="CannotPullContainerError: staging: not found"),
            ["never ran", "CannotPullContainerError", "release to it"],
        ),
        (
            Play(
                exit_code=None, stopped_reason="ResourceInitializationError: unable to pull secrets"
            ),
            ["never ran", "unable to pull secrets", "`make doctor`"],
        ),
        (
            Play(exit_code=None, stopped_reason="Task failed to start", reason="no such user"),
            ["no such user", "docs/troubleshooting.md"],
        ),
        (Play(failure="Capacity is unavailable at this time."), ["Capacity", "wait a minute"]),
        (Play(failure="RESOURCE:ENI"), ["did not start the command: RESOURCE:ENI", "no room"]),
        (Play(failure=""), ["did not start the command: without a reason"]),
    ],
)
def test_command_that_never_runs(healthy, monkeypatch, play, parts):
    """What keeps a task from running is told, with what to do about it."""
    healthy.cloud.play = play
    if play == Play():
        monkeypatch.setattr(Play, "failure", "-")
        healthy.cloud.ecs_run_task = lambda _: {"tasks": [], "failures": []}
        healthy.cloud.ecs_run_task.takes_options = True
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 1
    for part in parts:
        assert part in outcome.err


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("OutOfMemoryError: Container killed due to memory usage", "a larger `cpu`"),
        ("", "used too much memory, or it did not end"),
    ],
)
def test_command_that_is_killed(healthy, reason, said):
    """137 is explained: out of memory where ECS knows it."""
    healthy.cloud.play = Play(["working"], exit_code=137, reason=reason)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 137
    assert said in outcome.err


def interrupt(workplace, *moments):
    """Let Ctrl-C come when the command makes these calls, each of them once, in this order."""
    left = list(moments)

    def before(words):
        if left and words[2:3] == (left[0],):
            left.pop(0)
            os.kill(os.getpid(), signal.SIGINT)

    workplace.desk.before = before


def test_ctrl_c_stops_the_task(healthy):
    """Ctrl-C stops the task, shows what it still writes, and ends with 130."""
    healthy.cloud.play = Play(["working", "stopping"], late=1, endless=True)
    interrupt(healthy, "get-log-events")
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 130
    assert task(healthy).stopped
    assert "Stopping the task" in outcome.err
    assert outcome.out.splitlines() == ["working", "stopping"]


STOP = "`aws ecs stop-task --cluster shop-staging --task run0 --region eu-central-1`"


def test_second_ctrl_c_leaves_at_once(healthy):
    """A second Ctrl-C leaves, with the command that stops the task."""
    healthy.cloud.play = Play(endless=True)
    interrupt(healthy, "describe-tasks", "stop-task")
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 130
    assert f"The task was not stopped, and may go on: {STOP}." in outcome.err


def test_second_ctrl_c_while_the_task_stops(healthy):
    """A second Ctrl-C also leaves when ECS was told to stop the task, and says so."""
    healthy.cloud.play = Play(["working"], late=1, endless=True)
    interrupt(healthy, "describe-tasks", "get-log-events")
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 130
    assert task(healthy).stopped
    assert "Left. ECS is stopping the task." in outcome.err


@pytest.mark.parametrize("words", [CHECK, ("shell", "staging")])
def test_task_that_cannot_be_stopped(shells, words):
    """Where AWS does not stop the task, it says why, and how to stop it; it ends as Ctrl-C does."""
    interrupt(shells, "describe-tasks")
    shells.cloud.denied = {"ecs:StopTask"}
    outcome = shells.operate_at_terminal(*words)
    assert outcome.code == 130
    assert f"The task was not stopped, and may go on: {STOP}. AWS does not allow" in outcome.err


def test_second_ctrl_c_at_a_terminal(shells):
    """A session's task, which would wait for half a day, is not forgotten by a second Ctrl-C."""
    interrupt(shells, "describe-tasks", "stop-task")
    outcome = shells.operate_at_terminal("shell", "staging")
    assert outcome.code == 130
    assert f"The task was not stopped, and may go on: {STOP}." in outcome.err


def test_ctrl_c_before_ecs_has_answered(healthy):
    """A task whose start was not answered yet is found by its mark, and stopped."""
    healthy.cloud.play = Play(endless=True)
    start = healthy.cloud.ecs_run_task

    def start_and_interrupt(options):
        answer = start(options)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        return answer

    start_and_interrupt.takes_options = True
    healthy.cloud.ecs_run_task = start_and_interrupt
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 130
    assert task(healthy).stopped
    mark = task(healthy).options["--started-by"][0]
    look = f"`aws ecs list-tasks --cluster shop-staging --started-by {mark} --region eu-central-1`"
    assert f"ECS had not answered yet. What it starts all the same: {look}" in outcome.err


def test_ctrl_c_before_the_command_runs(healthy):
    """A task that is stopped before its command ran is no error of its own."""
    healthy.cloud.play = Play(exit_code=None, stopped_reason="Stopped by who ran it")
    interrupt(healthy, "describe-tasks")
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 130
    assert "The command never ran: run0: Stopped by who ran it" in outcome.err


def fail(workplace, operation, times, said='Could not connect to the endpoint URL: "https://ecs"'):
    """Let AWS not answer a call, so many times."""
    left = [operation] * times

    def before(words):
        if left and words[2:3] == (left[0],):
            left.pop()
            raise RefusedError(said, 255)

    workplace.desk.before = before


@pytest.mark.parametrize("operation", ["describe-tasks", "get-log-events"])
def test_aws_that_does_not_answer_for_a_while(healthy, operation):
    """Four failures in a row are nothing: no line is lost, and none comes twice."""
    healthy.cloud.play = Play(["one", "two", "three"])
    fail(healthy, operation, 4)
    outcome = healthy.operate(*CHECK)
    assert (outcome.code, outcome.out) == (0, "one\ntwo\nthree\n")


def test_aws_that_does_not_answer_any_more(healthy):
    """After five it says that the command goes on, and how to stop it: not to run it again."""
    fail(healthy, "describe-tasks", 5)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 1
    assert (
        "AWS does not tell any more how the task run0 is doing. AWS does not answer" in outcome.err
    )
    assert (
        "The command goes on meanwhile: see what it writes, `python3 -m deploy logs staging`"
        in (outcome.err)
    )
    assert f"To stop it: {STOP}." in outcome.err
    assert "then run this again" not in outcome.err


EXPIRED = [
    "An error occurred (ExpiredTokenException) when calling the DescribeTasks operation: The"
    " security token included in the request is expired",
    "The SSO session associated with this profile has expired or is otherwise invalid. To refresh"
    " this SSO session run aws sso login with the corresponding profile.",
    "Your session has expired or credentials have changed. Please reauthenticate using 'aws"
    " login'.",
    "Error when retrieving token from sso: Token has expired and refresh failed",
]


@pytest.mark.parametrize("said", EXPIRED)
def test_credentials_that_expire(healthy, said):
    """Credentials that end before the command does are told as that, and end no command."""
    fail(healthy, "describe-tasks", 5, said)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 1
    assert "You are not logged in to AWS: " in outcome.err
    assert "The command goes on meanwhile" in outcome.err


@pytest.mark.parametrize("said", EXPIRED)
def test_credentials_that_have_expired(healthy, said):
    """Before anything was started, to log in and to run it again is right."""
    fail(healthy, "run-task", 1, said)
    outcome = healthy.operate(*CHECK)
    assert_refused(healthy, outcome, "You are not logged in to AWS: ", "then run this again.")


@pytest.mark.parametrize(
    "said",
    [
        'Read timeout on endpoint URL: "https://ecs.eu-central-1.amazonaws.com/"',
        "Connection was closed before we received a valid response from endpoint URL",
        "An error occurred (ServerException) when calling the RunTask operation: try later",
    ],
)
def test_start_whose_answer_is_lost(healthy, said):
    """Where ECS may have started the command, nobody is told to run it again at once."""
    fail(healthy, "run-task", 1, said)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 1
    assert "ECS did not tell whether it has started the command." in outcome.err
    assert "Look before you run it again: it is found by `aws ecs list-tasks" in outcome.err
    assert " --started-by run-" in outcome.err


@pytest.mark.parametrize("code", ["ThrottlingException", "ClientException"])
def test_start_that_is_refused(healthy, code):
    """Where ECS has refused to start the command, that is told as AWS says it."""
    fail(healthy, "run-task", 1, f"An error occurred ({code}) when calling RunTask: Rate exceeded")
    outcome = healthy.operate(*CHECK)
    assert_refused(healthy, outcome, "AWS asks for patience", "run this again")


def forget(workplace, looks):
    """Let ECS not know the task, so many times."""
    left, look = [None] * looks, workplace.cloud.ecs_describe_tasks

    def describe(cluster, tasks):
        if left:
            left.pop()
            return {"tasks": [], "failures": [{"arn": tasks[0], "reason": "MISSING"}]}
        return look(cluster, tasks)

    workplace.cloud.ecs_describe_tasks = describe


def test_task_that_ecs_does_not_know_yet(healthy):
    """ECS may not know a task that it has just started, as its answers are eventually right."""
    healthy.cloud.play = Play(["one"])
    forget(healthy, 4)
    outcome = healthy.operate(*CHECK)
    assert (outcome.code, outcome.out) == (0, "one\n")


def test_task_that_ecs_has_forgotten(healthy):
    """A laptop that slept for longer than ECS remembers gets no exit code, and no wrong word."""
    forget(healthy, 5)
    outcome = healthy.operate(*CHECK)
    assert outcome.code == 1
    assert "ECS does not know the task run0: it forgets a task, and its exit code" in outcome.err
    assert "`python3 -m deploy logs staging --since 1d`" in outcome.err
    assert "goes on" not in outcome.err


def test_task_without_containers(healthy):
    """ECS may tell a new task without its containers."""
    look = healthy.cloud.ecs_describe_tasks
    answers = [lambda told: told | {"containers": []}]

    def describe(cluster, tasks):
        change = answers.pop() if answers else lambda told: told
        return {"tasks": [change(told) for told in look(cluster, tasks)["tasks"]]}

    healthy.cloud.ecs_describe_tasks = describe
    assert healthy.operate(*CHECK).code == 0


def test_missing_permission(healthy):
    """Who may not start tasks reads what is missing, and whom to ask."""
    healthy.cloud.denied = {"ecs:RunTask"}
    outcome = healthy.operate(*CHECK)
    assert_refused(healthy, outcome, "AWS does not allow ecs:RunTask to", "administers")


@pytest.mark.parametrize("words", [("run", "staging"), ("run", "staging", "--")])
def test_no_command(healthy, words):
    """Without a command there is an example of one."""
    outcome = healthy.operate(*words)
    assert_refused(healthy, outcome, "no command", "run staging -- python manage.py check")


def test_service_that_is_not_there(healthy):
    """Where the service is gone, there is nothing to take the place from."""
    healthy.cloud.running["shop-staging"] = {"status": "INACTIVE"}
    outcome = healthy.operate(*CHECK)
    assert_refused(healthy, outcome, "There is no service web in the cluster shop-staging.")


def test_reader_that_leaves(healthy, monkeypatch):
    """Where nobody reads the output any more, the command still goes on to its end."""
    healthy.cloud.play = Play([f"line {number}" for number in range(20)], exit_code=3)
    read, write = os.pipe()
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        os.close(read)
        outcome = healthy.operate(*CHECK)
    assert outcome.code == 3
    assert not task(healthy).stopped


# ---- At a terminal ----


def test_output_gives_a_terminal_no_commands(healthy):
    """What a command writes cannot move the cursor or hide a line."""
    healthy.cloud.play = Play(["a\x1b[2Jb\x9b1mc\x07d\u202ee\tf"])
    outcome = healthy.operate_at_terminal(*CHECK)
    assert outcome.out == "a[2Jb1mcde\tf\r\n"


def test_terminal_without_shells(healthy):
    """Where the stage has no shells, a person is told how to do without input."""
    outcome = healthy.operate_at_terminal(*CHECK)
    assert outcome.code == 0
    assert "Shells are off in staging: a command gets no input" in outcome.err
    assert "`shell = true` in stages.toml" in outcome.err


def test_no_terminal_is_wished(healthy):
    """With --no-tty a command gets no input, also where the stage has shells."""
    healthy.cloud.shells = {"shop-staging"}
    outcome = healthy.operate_at_terminal("run", "--no-tty", *CHECK[1:])
    assert outcome.code == 0
    assert "--enable-execute-command" not in task(healthy).options


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("run", "staging", "--", "python", "manage.py", "createsuperuser"), "createsuperuser"),
        (("run", "staging", "--", "echo", "it's", "a b"), "it's"),
        (("shell", "staging"), "exec bash"),
    ],
)
def test_session(shells, words, command):
    """With shells and a terminal the command gets both, and its exit code is told."""
    shells.cloud.session_ends = 7
    outcome = shells.operate_at_terminal(*words)
    assert outcome.code == 7
    (asked,) = shells.cloud.sessions
    assert asked["stdin"] == "a terminal"
    assert command in " ".join(shlex.split(asked["--command"][0]))
    assert "This is the session." in outcome.out
    assert not task(shells).stopped, "it has ended by itself"
    assert "The command ended with exit code 7." in outcome.err


def test_session_that_is_cut_off(shells, monkeypatch):
    """A session that ends before its command has no exit code, and leaves no task behind."""
    monkeypatch.setattr(run, "END_SECONDS", 0.1)
    outcome = shells.operate_at_terminal("shell", "staging")
    assert outcome.code == 1
    assert "The session ended before its command did" in outcome.err
    assert task(shells).stopped


def test_session_that_never_begins(shells, monkeypatch):
    """Where the agent does not come up, the task is stopped."""
    monkeypatch.setattr(run, "START_SECONDS", 0)
    shells.cloud.play = Play(endless=True, agent="STOPPED")
    outcome = shells.operate_at_terminal("shell", "staging")
    assert outcome.code == 1
    assert "takes no session after 0 minutes" in outcome.err
    assert task(shells).stopped


def test_session_of_a_task_that_ends(shells):
    """A task that ends at once shows why, and is not waited for."""
    shells.cloud.play = Play(["ImproperlyConfigured: SENTRY_DSN"], exit_code=1, agent="PENDING")
    outcome = shells.operate_at_terminal("shell", "staging")
    assert outcome.code == 1
    assert "ImproperlyConfigured: SENTRY_DSN" in outcome.out
    assert "The task ended before the session began." in outcome.err


def test_session_that_is_interrupted(shells):
    """Ctrl-C before the session begins leaves no task behind."""
    interrupt(shells, "describe-tasks")
    assert shells.operate_at_terminal("shell", "staging").code == 130
    assert task(shells).stopped


def test_no_plugin(healthy):
    """Without the plugin nothing is started, and its URL is told."""
    healthy.cloud.shells = {"shop-staging"}
    outcome = healthy.operate_at_terminal("shell", "staging")
    assert_refused(healthy, outcome, "session-manager-plugin", "https://docs.aws.amazon.com/")
    outcome = healthy.operate_at_terminal(*CHECK)
    otherwise = "`python3 -m deploy run --no-tty staging -- python manage.py check`"
    assert_refused(healthy, outcome, otherwise)


def test_shell_without_shells(healthy):
    """Where shells are off, it says how to switch them on."""
    outcome = healthy.operate_at_terminal("shell", "staging")
    assert_refused(healthy, outcome, "Shells are off in staging.", "`shell = true`")


def test_shell_without_a_terminal(shells):
    """A shell in a pipe is refused."""
    assert_refused(shells, shells.operate("shell", "staging"), "A shell needs a terminal.")


@pytest.mark.parametrize("ends", [0, 3])
def test_words_of_a_session(tmp_path, ends):
    """What the task waits with and what the session runs fit together, in a real shell."""
    files = str(tmp_path / "session")
    (tmp_path / "deploy").mkdir()
    entrypoint = tmp_path / "deploy" / "entrypoint.py"
    entrypoint.write_text("import os, sys\nos.execvp(sys.argv[1], sys.argv[1:])\n")
    waiting = subprocess.Popen(["sh", "-c", run.WAIT, "wait", files], cwd=tmp_path)
    while not (tmp_path / "session.folder").exists():
        time.sleep(0.05)
    command = ["sh", "-c", f'echo "$1" in "$(pwd)"; exit {ends}', "it's", "a  b"]
    typed = shlex.join(["sh", "-c", run.SESSION, "session", files, *command])
    said = subprocess.run(shlex.split(typed), cwd="/", capture_output=True, text=True, check=False)
    assert said.stdout == f"a  b in {tmp_path}\n"
    assert waiting.wait(PATIENCE) == ends


def test_ctrl_c_in_a_session_is_the_commands(tmp_path):
    """Ctrl-C ends the command of a session, and its exit code is still told."""
    files = str(tmp_path / "session")
    Path(f"{files}.folder").write_text(str(tmp_path))
    words = ["sh", "-c", run.SESSION, "session", files, "sleep", "60"]
    with running(words, PATH=os.environ["PATH"]) as (program, terminal):
        while "sleep" not in [each.name() for each in psutil.Process(program.pid).children()]:
            assert program.poll() is None, terminal.printed
            time.sleep(0.05)
        terminal.type("\x03")
        program.wait(PATIENCE)
    assert Path(f"{files}.exit").read_text() == "130\n"
