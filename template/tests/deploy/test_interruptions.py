"""Runs that end in the middle, and the run after them."""

import os
import signal

import pytest

from template.tests import exhaustive
from template.tests.deploy.programs import RefusedError


def interrupt_at(part):
    """Return a hook that presses Ctrl-C when a call with this part is made."""

    def hook(words):
        if part in " ".join(words):
            os.kill(os.getpid(), signal.SIGINT)
            raise RefusedError("interrupted", 130)

    return hook


@pytest.mark.parametrize(
    ("part", "done"),
    [
        ("api user", "Nothing was changed yet."),
        ("PUT", "Nothing was changed yet."),
        (
            "create-change-set --stack-name shop-staging-roles",
            "stack shop-staging-database.",
        ),
        ("variable set ECR_IMAGE_URL", "variable ECR_ENDPOINT."),
    ],
)
def test_setup_continues_after_an_interruption(workplace, part, done):
    """Ctrl-C says how far it came, and the next run does the rest and nothing twice."""
    workplace.desk.before = interrupt_at(part)
    outcome = workplace.run("setup")
    assert outcome.code == 130
    assert "Interrupted." in outcome.out
    assert done in outcome.out
    assert "Next: `make setup` again" in outcome.out
    first = workplace.desk.changes()
    workplace.desk.before = lambda words: None
    assert workplace.run("setup").code == 0
    assert not set(first) & set(workplace.desk.changes())
    assert workplace.run("setup").code == 0
    assert workplace.desk.changes() == []


@exhaustive.MARK
def test_teardown_continues_after_an_interruption(set_up):
    """Ctrl-C in a teardown leaves the rest to the next one."""
    set_up.desk.before = interrupt_at("delete-stack --stack-name shop-staging-network")
    outcome = set_up.run("teardown")
    assert outcome.code == 130
    assert "Next: `make teardown` again" in outcome.out
    set_up.desk.before = lambda words: None
    assert set_up.run("teardown").code == 0
    assert set_up.cloud.formation.stacks == {}


@exhaustive.MARK
@pytest.mark.parametrize("command", ["setup", "teardown"])
def test_work_under_way_is_waited_for(set_up, command):
    """A stack that AWS still works on is waited for."""
    stack = set_up.cloud.formation.stacks["shop-production-database"]
    stack["status"] = ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert set_up.run(command).code == 0


def test_change_set_that_nobody_executed(workplace):
    """A stack of which only an unexecuted change set exists is created as if it were not there."""
    workplace.desk.before = interrupt_at("execute-change-set")
    workplace.run("setup")
    stack = workplace.cloud.formation.stacks["shop-github"]
    assert stack["status"] == ["REVIEW_IN_PROGRESS"]
    workplace.desk.before = lambda words: None
    outcome = workplace.run("setup")
    assert "shop-github: create" in outcome.out
    assert outcome.code == 0
