"""The real deploy.yml in act is refused what it must not do, and nothing moves then."""

import contextlib
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from template.rehearsal import machine, project
from template.rehearsal.clock import Clock
from template.rehearsal.ecs.timelines import CRASH_LOOP, SLOW
from template.rehearsal.github.jobs import Push
from template.rehearsal.rehearse import through_github
from template.rehearsal.sandbox import set_up
from template.tests import exhaustive
from template.tests.pipeline.sandboxes import SPEED, commit, edit, git, play, small_project

pytestmark = pytest.mark.usefixtures("docker")

TOKEN = "      id-token: write # assumes the stage's release role\n"
ENVIRONMENT = "    environment: ${{ inputs.stage }}\n"


@pytest.fixture(scope="module", autouse=True)
def stand_ins():
    """The actions that stand in for the genuine ones, whose words are looked for below."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "reaches_github", lambda: False)
        yield


@pytest.fixture(scope="module")
def lines():
    """What the rehearsals of this module said."""
    return []


@pytest.fixture(scope="module")
def shared(tmp_path_factory, lines):
    """A sandbox whose services are not deployed to, only their tags move; and its first run."""
    with released(tmp_path_factory.mktemp("refusals"), lines) as (sandbox, ran):
        yield sandbox, ran


@contextlib.contextmanager
def released(folder, lines):
    """A sandbox whose services are placeholders, in which a commit was released; what ran."""
    source = small_project(folder / "source")
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        for stage in project.STAGES:
            rename(sandbox, f"{stage}-stage", ServiceName="placeholder")
        yield sandbox, through_github(sandbox)


@pytest.fixture
def sandbox(shared, lines):
    """That sandbox, in which a commit was released; a test's changes are undone."""
    box = shared[0]
    stacks, workflows = dict(box.stacks), box.checkout.folder / ".github" / "workflows"
    texts = {file: file.read_text() for file in workflows.iterdir()}
    lines.clear()
    yield box
    box.stacks.update(stacks)
    for file, text in texts.items():
        file.write_text(text)


def rename(sandbox, stack, **outputs):
    """Give a stack other outputs."""
    before = sandbox.stacks[stack]
    sandbox.stacks[stack] = replace(before, outputs={**before.outputs, **outputs})


def results(ran):
    """The stages with their results, in order."""
    return [(each.stage, each.result) for each in ran]


@contextlib.contextmanager
def nothing_moves(sandbox):
    """Check that no tag moves meanwhile."""
    before = sandbox.tags()
    yield
    assert sandbox.tags() == before


def test_commit_is_released_in_order(shared):
    """Tests, build, staging and production run in this order, and leave one image."""
    sandbox, ran = shared
    everything = ["tests", "build", "staging", "production"]
    assert results(ran) == [(stage, "success") for stage in everything]
    assert set(sandbox.tags()) == {sandbox.checkout.commit, "latest", "staging", "production"}
    assert len(set(sandbox.tags().values())) == 1


@exhaustive.MARK
def test_second_run_builds_nothing(sandbox, lines):
    """Another run of the same commit succeeds and changes nothing."""
    with nothing_moves(sandbox):
        ran = through_github(sandbox)
    assert {each.result for each in ran} == {"success"}
    assert any("is in the registry already, nothing to build" in line for line in lines)


def test_job_without_its_environment_is_refused(sandbox, lines):
    """The token of a job without `environment:` does not open the stage's role."""
    edit(sandbox.checkout.folder / ".github" / "workflows" / "stage.yml", ENVIRONMENT, "")
    with nothing_moves(sandbox):
        ran = through_github(sandbox)
    assert results(ran)[1:] == [("build", "success"), ("release to staging", "failure")]
    assert any("Not authorized to perform sts:AssumeRoleWithWebIdentity" in each for each in lines)


def test_job_without_the_permission_gets_no_token(sandbox, lines):
    """Without `id-token: write` GitHub issues no token, and the release ends there."""
    edit(sandbox.checkout.folder / ".github" / "workflows" / "stage.yml", TOKEN, "")
    with nothing_moves(sandbox):
        ran = through_github(sandbox)
    assert results(ran)[-1] == ("staging", "failure")
    assert any("The job needs the permission `id-token: write`" in line for line in lines)


def test_another_branch_is_refused(sandbox, lines):
    """A push to a branch other than main does not open the build role."""
    push = Push("deploy.yml", sandbox.checkout.commit, ref="refs/heads/feature")
    with nothing_moves(sandbox):
        ran = through_github(sandbox, push)
    assert results(ran) == [("tests", "success"), ("build", "failure")]
    assert any("Not authorized to perform sts:AssumeRoleWithWebIdentity" in each for each in lines)


@exhaustive.MARK
def test_role_of_the_other_stage_is_refused(sandbox, lines):
    """Staging cannot assume the role that releases to production."""
    role = sandbox.stacks["production-roles"].outputs["ReleaseRoleArn"]
    rename(sandbox, "staging-roles", ReleaseRoleArn=role)
    with nothing_moves(sandbox):
        ran = through_github(sandbox)
    assert results(ran)[-1] == ("staging", "failure")
    assert any("Not authorized to perform sts:AssumeRoleWithWebIdentity" in each for each in lines)


def test_missing_permission_ends_the_build(tmp_path, lines):
    """Without one action of the build's policy in deploy/infra/ the push of the image is denied."""
    source = small_project(tmp_path / "source")
    edit(source / "deploy/infra/github.yml", "ecr:PutImage", "ecr:DescribeImages")
    commit(source)
    with set_up(source, lines.append, play) as sandbox:
        ran = through_github(sandbox)
        assert results(ran) == [("tests", "success"), ("build", "failure")]
        assert {call.action for call in sandbox.cloud.recording.refused()} == {"ecr:PutImage"}
        assert sandbox.tags() == {}


@exhaustive.MARK
def test_failed_staging_keeps_production_as_it_is(tmp_path, lines):
    """Where staging's containers crash, production does not run."""
    source = small_project(tmp_path / "source")
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        sandbox.launchers["staging"].deploy(CRASH_LOOP)
        ran = through_github(sandbox)
        assert results(ran)[1:] == [("build", "success"), ("staging", "failure")]
        assert "production" not in sandbox.tags()


def test_older_run_does_not_go_back(tmp_path, lines):
    """A run of a commit whose successor was released is green, and moves no tag of a stage."""
    with released(tmp_path, lines) as (sandbox, _):
        folder, old = sandbox.checkout.folder, sandbox.checkout.commit
        commit(folder)
        assert {each.result for each in through_github(sandbox)} == {"success"}
        newer = sandbox.tags()
        assert newer["staging"] == newer["production"] == newer["latest"]
        assert newer["staging"] != newer[old]
        git(folder, "reset", "--quiet", "--hard", old)
        with nothing_moves(sandbox):
            ran = through_github(sandbox)
        assert {each.result for each in ran} == {"success"}
        for words in ("Not released to staging", "Not released to production", "latest stays on"):
            assert any(words in line for line in lines), words


@exhaustive.MARK
def test_killed_step_is_finished_by_the_next(tmp_path, lines):
    """Where the step of a release is killed, the one behind it puts tag and service back."""
    source = small_project(tmp_path / "source")
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        assert {each.result for each in through_github(sandbox)} == {"success"}
        before = sandbox.tags()["staging"]
        (sandbox.checkout.folder / "content").write_text("another")
        commit(sandbox.checkout.folder)
        sandbox.launchers["staging"].deploy(SLOW)
        sandbox.cloud.faults.inject("ecs", "DescribeServices", lambda: kill_step(sandbox), skip=6)
        ran = through_github(sandbox)
        assert results(ran)[-1] == ("staging", "failure")
        assert any("Finishing the way back" in line for line in lines)
        assert sandbox.tags()["staging"] == before != sandbox.tags()["latest"]


def kill_step(sandbox):
    """Kill the bash that runs a buildspec in this sandbox, as a runner out of patience does."""
    home = f"HOME={sandbox.machine['HOME']}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            runs = b"/buildspec." in (process / "cmdline").read_bytes()
            if runs and home in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
