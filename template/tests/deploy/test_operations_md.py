"""The commands of docs/operations.md do what it says, and print what it shows."""

import os
import shlex
import signal
from pathlib import Path

import pytest

from deploy.logs import readable
from deploy.parameters import TEMPLATES
from template.tests.deploy.operations import NOW, Play
from template.tests.deploy.test_logs import mozlog
from template.tests.docs.pages import Page

PAGE = Page(TEMPLATES.parents[1] / "docs" / "operations.md")
NAMES = ("run", "shell", "logs", "config", "restore")
COMMANDS = tuple(f"python3 -m deploy {name} production" for name in NAMES)
BLOCKS = [block for block in PAGE.blocks if block.text.startswith(COMMANDS)]
VALUE = "4-v4lue-th4t-is-typed"


@pytest.fixture
def desk(healthy, tmp_path, monkeypatch):
    """A desk from which production is operated, with shells and the plugin for them."""
    plugin = tmp_path / "session-manager-plugin"
    plugin.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{healthy.programs}")
    monkeypatch.setattr("deploy.config.getpass.getpass", lambda _: VALUE)
    healthy.cloud.shells = {"shop-production"}
    healthy.cloud.session_ends = 0
    snapshots = healthy.cloud.formation.kept["AWS::RDS::DBSnapshot"]
    snapshots["NAME"] = {"database": "shop-production"}
    Path(".env.production").write_text("SENTRY_DSN=x\nEMAIL_URL='smtp://x'\n")
    return healthy


def run(desk, command):
    """Run a command of the page at a terminal; one that goes on for ever is interrupted."""
    words = shlex.split(command)
    assert words[:3] == ["python3", "-m", "deploy"]
    looks = []

    def before(call):
        looks.append(call)
        if "--follow" in words and [one[2:3] for one in looks].count(("filter-log-events",)) > 2:
            os.kill(os.getpid(), signal.SIGINT)

    desk.desk.before = before
    desk.cloud.play = Play(["Done."], endless="createsuperuser" in command or "shell" in words)
    typing = "production\n" if "restore" in words else "n\n"
    return desk.operate_at_terminal(*words[3:], typing=typing)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line-{block.line}")
def test_commands(desk, block):
    """Each command of a block works, one after the other."""
    assert block.language == "sh"
    for command in block.text.strip().splitlines():
        outcome = run(desk, command)
        assert outcome.code == (130 if "--follow" in command else 0), (command, outcome)
        assert VALUE not in outcome.out + outcome.err


def test_lines_of_a_log():
    """The lines of a log are those that it shows."""
    (shown,) = [block.text for block in PAGE.blocks if block.language == "text"]
    request = shown.partition("[")[2].partition("]")[0]
    messages = [
        mozlog(msg="GET /ping/ 200", t=12, rid=request),
        mozlog(4, msg="The database does not answer.", rid=request),
    ]
    events = [
        {"timestamp": 1000 * (NOW + number), "logStreamName": "web/web/1", "message": message}
        for number, message in enumerate(messages)
    ]
    assert "".join(f"{readable(event)}\n" for event in events) == shown


def test_there_are_commands_to_test():
    """The page has the commands that operate a stage."""
    text = "".join(block.text for block in BLOCKS)
    assert [command for command in COMMANDS if command not in text] == []
