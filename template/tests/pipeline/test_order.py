"""A commit does not take the place of a newer one, unless a person asks for that."""

import pytest

from template.rehearsal.github.api import Api
from template.rehearsal.project import REPOSITORY
from template.rehearsal.serving import serve
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import BEFORE, FIRST, PUSH, SECOND, Account, put_image

pytestmark = pytest.mark.usefixtures("docker")

TOKEN = "ghs_of-this-job"
SECONDS_LEFT = "Nothing was changed."


@pytest.fixture
def history():
    """How commits stand to each other, for the double of GitHub."""
    return {}


@pytest.fixture
def github(history):
    """The variables of a job that asks GitHub's API; it knows the commits of `history`."""

    def compare(earlier: str, later: str) -> str:
        return history[earlier, later]

    with serve(Api(REPOSITORY, compare, lambda: PUSH, TOKEN)) as endpoint:
        yield {
            "GITHUB_API_URL": f"http://{endpoint}",
            "GITHUB_REPOSITORY": REPOSITORY.full_name,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_TOKEN": TOKEN,
            "KEEP_ORDER": "true",
        }


@pytest.fixture
def account(tmp_path, tools, doubles):
    """An account in CodeBuild, whose staging runs the commit BEFORE."""
    return Account(engines.run_in_codebuild, doubles, tmp_path, tools)


@pytest.mark.parametrize("order", exhaustive.rows(["ahead", "identical"], "ahead"))
def test_newer_commit_is_released(account, github, history, order):
    """What contains the commit that runs takes its place."""
    history[BEFORE, FIRST] = order
    done = account.release(**github)
    assert done.succeeded, done.output
    assert account.tags["staging"] == account.digests["promoted"]


def test_older_commit_is_left_out(account, github, history):
    """What the running commit contains already is not released, and the job is green."""
    history[BEFORE, FIRST] = "behind"
    done = account.release(**github, GITHUB_ACTIONS="true")
    assert done.succeeded, done.output
    assert f"It runs `{BEFORE}`, which contains `{FIRST}` already." in done.summary
    assert "::notice title=Not released to staging::" in done.output
    assert account.tags["staging"] == account.digests["before"]
    assert not {"ecs:RunTask", "ecs:UpdateService"} & {each[1] for each in account.calls()}


def test_diverged_commit_fails(account, github, history):
    """Of two commits that do not contain each other neither is newer: a person decides."""
    history[BEFORE, FIRST] = "diverged"
    done = account.release(**github)
    assert not done.succeeded
    assert "have diverged: neither contains the other" in done.summary
    assert f"--field stage=staging --field image={FIRST}" in done.summary
    assert SECONDS_LEFT in done.summary
    assert account.tags["staging"] == account.digests["before"]


@pytest.mark.parametrize(
    ("token", "told"),
    exhaustive.rows([(TOKEN, "404"), ("another", "401"), ("", "401")], (TOKEN, "404")),
)
def test_unknown_order_fails(account, github, token, told):
    """Where GitHub does not tell, nothing moves, and the way to release by hand is told."""
    done = account.release(**{**github, "GITHUB_TOKEN": token})
    assert not done.succeeded
    assert told in done.output
    assert f"GitHub did not tell whether {BEFORE}" in done.summary
    assert SECONDS_LEFT in done.summary
    assert account.tags["staging"] == account.digests["before"]


@exhaustive.MARK
def test_api_that_is_gone_fails(account, github):
    """Without an answer nothing moves."""
    done = account.release(**{**github, "GITHUB_API_URL": "http://127.0.0.1:9"})
    assert not done.succeeded
    assert SECONDS_LEFT in done.summary


def test_going_back_by_hand_is_free(account, github, history):
    """Without KEEP_ORDER an older commit is released: that is how one goes back."""
    history[BEFORE, FIRST] = "behind"
    done = account.release(**{**github, "KEEP_ORDER": ""})
    assert done.succeeded, done.output
    assert account.tags["staging"] == account.digests["promoted"]


def test_token_shows_nowhere(account, github, history):
    """Neither the log nor the page has the token."""
    history[BEFORE, FIRST] = "ahead"
    done = account.release(**github)
    assert TOKEN not in done.output + done.summary


def test_order_is_looked_at_when_it_is_ones_turn(account, github, history):
    """What a release before this one has put there meanwhile counts."""
    history[BEFORE, FIRST] = "ahead"
    history[SECOND, FIRST] = "behind"
    account.faults.inject(
        "ecs", "ListTasks", lambda: put_image(account.registry, ["staging"], SECOND)
    )
    done = account.release(**github)
    assert done.succeeded, done.output
    assert f"It runs `{SECOND}`" in done.summary


@pytest.mark.parametrize(
    ("order", "moves"),
    exhaustive.rows(
        [("ahead", True), ("diverged", True), ("behind", False), (None, False)], ("behind", False)
    ),
)
def test_latest_moves_forward_only(account, github, history, order, moves):
    """A build of an older commit, or one that GitHub does not know, leaves `latest` as it is."""
    put_image(account.registry, ["latest"], SECOND)
    before = account.tags["latest"]
    if order:
        history[SECOND, FIRST] = order
    done = account.run("build.yml", "build", COMMIT_SHA=FIRST, **github)
    assert done.succeeded, done.output
    assert (account.tags["latest"] != before) == moves
    assert ("`latest`" in done.summary) == moves
    assert (f"latest stays on {SECOND}" in done.output) != moves


def test_latest_moves_without_github(account):
    """CodePipeline asks nobody: it builds one commit after the other."""
    put_image(account.registry, ["latest"], SECOND)
    assert account.run("build.yml", "build", COMMIT_SHA=FIRST).succeeded
    assert account.tags["latest"] == account.tags[FIRST]
