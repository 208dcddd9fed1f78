"""What a release tells of others: lines of an application, of ECS, of an image."""

import pytest

from template.rehearsal.ecs import timelines
from template.rehearsal.ecs.launching import PENDING, RUNNING, STOPPED, Stop
from template.rehearsal.ecs.playback import LOG
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import FIRST, Account, put_index

pytestmark = pytest.mark.usefixtures("docker")

MIB = 1024 * 1024  # beyond which GitHub drops a summary
HOSTILE = (
    "::add-mask::Released",
    "  ::error title=forged::nothing",
    "```",
    "a\r::add-mask::staging",
    "$(touch /tmp/harmed) `id` ' \"",
    "::stop-commands::x",
)
HOSTILE_LIFE = (
    (5, PENDING),
    (20, RUNNING),
    *((21, LOG, line) for line in HOSTILE),
    (24, STOPPED, timelines.SUCCEEDED),
)


@pytest.fixture
def start(doubles, tmp_path, tools):
    """A function that makes an account in an engine."""

    def make(engine: str) -> Account:
        return Account(engines.ENGINES[engine], doubles, tmp_path, tools)

    return make


def test_lines_of_the_application_are_no_commands(start):
    """On GitHub they stand between a command that stops commands, and its end."""
    account = start("CodeBuild")
    account.timelines.run_task(HOSTILE_LIFE)
    done = account.release(GITHUB_ACTIONS="true")
    assert done.succeeded, done.output
    before, _, rest = done.output.partition("::stop-commands::")
    token, _, rest = rest.partition("\n")
    quoted, end, after = rest.partition(f"::{token}::\n")
    assert end
    assert len(token) > 8
    for line in ("::add-mask::", "::error title=forged", "```", "$(touch"):
        assert line in quoted
        assert line not in before + after


def test_lines_of_the_application_end_no_block(start):
    """On the page they are indented, so that nothing in them is Markdown."""
    account = start("CodeBuild")
    account.timelines.run_task(HOSTILE_LIFE)
    done = account.release()
    lines = done.summary.splitlines()
    for line in ("::add-mask::staging", "```", "  ::error title=forged::nothing"):
        assert f"    {line}" in lines
        assert line not in lines


@exhaustive.MARK
def test_lines_of_the_application_do_nothing_in_actions(start):
    """The runner hides no word that the application asks it to hide."""
    account = start("GitHub Actions")
    account.timelines.run_task(HOSTILE_LIFE)
    done = account.release()
    assert done.succeeded, done.output
    assert "### Released to staging" in done.summary
    assert "***" not in done.output + done.summary


def test_summary_stays_below_the_limit(start):
    """Lines of a megabyte and events without end are cut."""
    account = start("CodeBuild")
    crash = (*[(21, LOG, "x" * 250_000)] * 20, (24, STOPPED, timelines.CRASHED))
    account.timelines.deploy(timelines.Timeline((((5, PENDING), (20, RUNNING), *crash),)))
    done = account.release()
    assert "tasks failed to start" in done.summary
    assert "x" * 900 in done.summary
    assert len(done.summary) < MIB / 10


def test_reason_with_tabs_and_lines_is_harmless(start):
    """What ECS tells of a stopped task is judged right, whatever is in it."""
    account = start("CodeBuild")
    stop = Stop("EssentialContainerExited", "a $(id) `id` 100%", 137, "it's\t::error::\nover")
    account.timelines.run_task(((5, PENDING), (20, RUNNING), (24, STOPPED, stop)))
    done = account.release(GITHUB_ACTIONS="true")
    assert "ended with exit code 137: a $(id) `id` 100%" in done.summary
    assert "exit code 137: a $(id) `id` 100%25" in done.output


def test_crash_loop_with_more_tasks_than_a_page_is_explained(start):
    """With 150 stopped tasks the release still tells of some, and of their log."""
    account = start("CodeBuild")
    account.timelines.deploy(timelines.CRASH_LOOP)
    account.timelines.run_task(*[timelines.MIGRATES] * 3)
    account.faults.inject("ecs", "UpdateService", lambda: crash_often(account))
    done = account.release(DEPLOY_TIMEOUT="4")
    assert not done.succeeded
    assert "Tasks cannot have more than 100 entries" not in done.output
    assert "Stopped tasks (task, code, reason" in done.summary
    assert "SECRET_KEY must be set" in done.summary


def crash_often(account: Account) -> None:
    """From now on nothing stops a crash loop, and much time passes at the next look."""
    account.scheduler.service.settings["deploymentConfiguration"] = {}
    account.faults.inject(
        "ecs", "DescribeServices", lambda: account.clock.advance(160 * 30), skip=1
    )


@pytest.mark.parametrize("told", ["index", "platform"])
def test_image_of_several_platforms_has_its_commit(start, told):
    """The commit is told, the digest kept, and the tasks' images are recognized."""
    account = start("CodeBuild")
    digest, platforms = put_index(account.registry, [FIRST], FIRST)
    if told == "platform":
        account.platforms[digest] = platforms[0]
    done = account.release()
    assert done.succeeded, done.output
    assert f"| To commit | `{FIRST}` |" in done.summary
    assert account.tags["staging"] == digest


def test_more_tasks_than_a_page_are_compared(start):
    """The digests of 120 running tasks are looked at, in pages."""
    account = start("CodeBuild")
    account.scheduler.scale(120)
    done = account.release()
    assert done.succeeded, done.output
    assert "| 120 of 120 |" in done.summary
