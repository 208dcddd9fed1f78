"""One commit goes to production through the real workflows and through CodePipeline."""

import contextlib
import io
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import requests

from template.rehearsal import __main__ as command
from template.rehearsal import codepipeline, machine, report
from template.rehearsal.clock import Clock
from template.rehearsal.ecs.containers import Containers
from template.rehearsal.ecs.timelines import MIGRATES, MIGRATION_FAILS, NO_FARGATE
from template.rehearsal.github.checkout import CheckoutError
from template.rehearsal.rehearse import find_leaks, rehearse, stand_ins, through_github
from template.rehearsal.report import Outcome
from template.rehearsal.sandbox import set_up
from template.rehearsal.services import run_containers
from template.tests import exhaustive
from template.tests.pipeline.sandboxes import (
    SPEED,
    commit,
    edit,
    git,
    play,
    quick_project,
    small_project,
)

pytestmark = [pytest.mark.usefixtures("docker"), pytest.mark.timeout(600), exhaustive.MARK]

COMMANDS = """\
[all.processes]
worker = { command = "python manage.py db_worker", containers = 3 }
[all.schedules]
clear-sessions = { command = "python manage.py clearsessions", cron = "0 3 * * ? *" }
report = { command = "python manage.py report", cron = "0 4 * * ? *" }
"""
PERSON = Path(os.environ.get("DOCKER_CONFIG", Path.home() / ".docker")) / "config.json"


@dataclass
class Rehearsed:
    """A run of `make rehearse`: its exit status, what it printed, what it left behind."""

    source: Path
    status: int
    printed: str
    outcome: Outcome
    actions: list[str]
    containers: list[Containers]
    endpoint: str
    files: list[str]


@pytest.fixture(scope="module")
def login():
    """The person's own configuration of Docker, before anything ran."""
    return PERSON.read_bytes() if PERSON.exists() else None


@pytest.fixture(scope="module")
def github(tmp_path_factory, login):
    """The whole rehearsal with real containers; its parts are watched, and changed nowhere."""
    folder = tmp_path_factory.mktemp("github")
    seen = {"containers": []}

    @contextlib.contextmanager
    def launch(*arguments):
        with run_containers(*arguments) as containers:
            seen["containers"].append(containers)
            yield containers

    def watch(sandbox, engine):
        seen["outcome"] = rehearse(sandbox, engine)
        seen["endpoint"] = sandbox.cloud.front.endpoint
        seen["actions"] = sandbox.cloud.recording.actions()
        return seen["outcome"]

    source = quick_project(folder / "source")
    (source / "README.md").write_text("Changed.")
    temporary = folder / "temporary"
    temporary.mkdir()
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.delenv("ENGINE", raising=False)
        patch.setattr("sys.stdin", io.StringIO())
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(command, "set_up", partial(set_up, launch=launch))
        patch.setattr(command, "rehearse", watch)
        status = command.main(source)
    files = [file.name for file in temporary.iterdir()]
    return Rehearsed(source, status, printed.getvalue(), files=files, **seen)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    """The outcome of CodePipeline, with timelines instead of containers, and what it said."""
    source = small_project(tmp_path_factory.mktemp("pipeline") / "source")
    lines = []
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        yield rehearse(sandbox, codepipeline.run), lines, sandbox


def docker(*arguments):
    """What the `docker` command prints."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True).stdout.strip()


def state(outcome):
    """What a pipeline left behind: what ran, and what of it is the commit's image."""
    digest = outcome.tags[outcome.commit]
    stages = [(each.stage, each.result) for each in outcome.ran if each.stage in report.STAGES]
    tags = {name.replace(outcome.commit, "COMMIT"): outcome.tags[name] for name in outcome.tags}
    services = {stage: web for stage, (web,) in outcome.services.items()}
    return {
        "stages": stages,
        "tags": {name: named == digest for name, named in tags.items()},
        "services": {
            name: (each.state, each.digests == {digest}) for name, each in services.items()
        },
    }


def test_rehearsal_succeeds(github):
    """The real deploy.yml takes the commit to production, and nothing is wrong with the result."""
    assert github.status == 0, github.printed
    assert report.problems(github.outcome) == []
    assert {each.result for each in github.outcome.ran} == {"success"}
    tests, *stages = [each.stage for each in github.outcome.ran]
    assert (tests, stages) == ("tests", list(report.STAGES))


def test_progress_is_told(github):
    """Jobs, steps and their lines are printed, and that uncommitted changes are left out."""
    commit = github.outcome.commit
    assert f"Rehearsing commit {commit} of {github.source}." in github.printed
    assert "Changes that are not committed are not part of it." in github.printed
    assert "== Deploy/Build: success" in github.printed
    assert "Applying itemslist.0001_initial... OK" in github.printed


def test_table_closes_the_rehearsal(github):
    """The tables have the digest and the deployment of every stage; then come the answers."""
    digest = github.outcome.tags["production"][:19]
    (web,) = github.outcome.services["production"]
    assert re.search(rf"production +production +{digest} +\d+\.\d", github.printed)
    assert re.search(rf"production +web +{digest} +{web.deployment} COMPLETED", github.printed)
    told = "The production image ran, and answered: /health/live 200, / 200"
    assert github.printed.rstrip().endswith(told)


def test_migration_precedes_the_rollout(github):
    """Each stage is migrated on the new image before its service is deployed."""
    calls = [each for each in github.actions if each in ("ecs:RunTask", "ecs:UpdateService")]
    assert calls == ["ecs:RunTask", "ecs:UpdateService"] * 2


def test_nothing_is_left_behind(github):
    """Containers, networks, images, files and the registry are gone, and so is the login."""
    assert len(github.containers) == 2
    for containers in github.containers:
        assert docker("ps", "--all", "--quiet", "--filter", f"label={containers.label}") == ""
        network = containers.options[containers.options.index("--network") + 1]
        assert docker("network", "ls", "--quiet", "--filter", f"name={network}") == ""
    reference = f"reference={github.endpoint}/*"
    assert docker("image", "ls", "--all", "--quiet", "--filter", reference) == ""
    assert github.files == []
    with pytest.raises(requests.ConnectionError):
        requests.get(github.outcome.services["production"][0].address, timeout=60)


def test_configuration_of_docker_is_untouched(github, login):
    """The person's own logins are what they were."""
    assert github.status == 0
    assert (PERSON.read_bytes() if PERSON.exists() else None) == login


def test_both_engines_end_in_the_same_state(github, pipeline):
    """deploy.yml and deploy/infra/pipeline.yml leave the same tags, images and services."""
    assert state(github.outcome) == state(pipeline[0])


def test_pipeline_asks_before_production(pipeline):
    """The approval comes after staging, names the commit and precedes production's release."""
    outcome, lines, _ = pipeline
    told = [line for line in lines if line.startswith(("==", "\n==", "   Release commit"))]
    assert [line.partition(":")[0].strip() for line in told] == [
        "== Source",
        "== Source",
        "== Build",
        "== Build",
        "== Staging",
        "== Staging",
        "== Production",
        f"Release commit {outcome.commit} to production? staging runs it now. https",
        "== Production",
    ]


def test_pipeline_uses_the_roles_of_its_projects(pipeline):
    """Each project calls AWS as its own role, and the pipeline starts them as its."""
    _, _, sandbox = pipeline
    callers = {}
    for call in sandbox.cloud.recording:
        callers.setdefault(call.principal.split("/")[1], set()).add(call.action)
    assert set(callers) == {
        "django-crud-app-pipeline",
        "django-crud-app-codebuild-build",
        "django-crud-app-codebuild-release-staging",
        "django-crud-app-codebuild-release-production",
    }
    started = {"codeconnections:UseConnection", "codebuild:StartBuild"}
    assert callers["django-crud-app-pipeline"] == started
    assert "ecs:UpdateService" in callers["django-crud-app-codebuild-release-production"]


def test_answers_are_looked_at(pipeline):
    """An image that answers the load balancer with 404 is found out."""
    outcome, _, _ = pipeline
    assert outcome.answers == {"/health/live": "404", "/": "404"}
    assert report.problems(outcome) == [
        "The production image answers /health/live with 404 instead of 200."
    ]


def test_commands_of_the_stages_are_rehearsed(tmp_path):
    """Each stage has its processes and schedules; a failed one, and a secret that is told, too."""
    lines, source = [], small_project(tmp_path / "source")
    (source / "stages.toml").write_text(COMMANDS)
    commit(source)
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        # In each stage a migration and two schedules run; the last one of production is refused.
        sandbox.launchers["staging"].run_task(MIGRATES, MIGRATES, MIGRATION_FAILS)
        sandbox.launchers["production"].run_task(MIGRATES, MIGRATES, NO_FARGATE)
        outcome = rehearse(sandbox, through_github)
        (sandbox.folder / "notes").write_text(next(iter(sandbox.cloud.secrets.values())))
        leaks = find_leaks(sandbox)
    digest = outcome.tags[outcome.commit]
    for services in outcome.services.values():
        assert [(each.name, each.digests) for each in services] == [
            ("web", {digest}),
            ("worker", {digest}),
        ]
    assert (outcome.leaks, leaks) == ([], ["the file notes"])
    failed, refused = report.problems(replace(outcome, answers={"/health/live": "200"}))
    assert failed.startswith("The schedule report of staging: exit code 1. Operations to perform:")
    assert "never ran. InternalFailure: Capacity is unavailable" in refused
    assert any('column "title" already exists' in line for line in lines)


@pytest.mark.parametrize("engine", [through_github, codepipeline.run])
def test_production_is_not_released_without_its_snapshot(tmp_path, engine):
    """stages.toml asks for it: staging takes none, and where production's fails nothing moves."""
    lines, source = [], small_project(tmp_path / "source")
    (source / "stages.toml").write_text("[production]\nsnapshot_before_release = true\n")
    commit(source)
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        sandbox.cloud.rds.life = ("creating", "failed")
        ran = engine(sandbox)
        tags, [snapshot] = sandbox.tags(), sandbox.cloud.rds.snapshots.values()
    ends = [("staging", "success"), ("production", "failure")]
    assert [(each.stage, each.result) for each in ran][-2:] == ends
    assert "staging" in tags
    assert "production" not in tags
    assert snapshot.instance == sandbox.stacks["production-database"].outputs["DatabaseIdentifier"]
    why = f"the snapshot {snapshot.name} of {snapshot.instance} failed"
    assert any(why in line for line in lines)


def test_project_of_somebody_else(tmp_path, monkeypatch):
    """Another default branch, blanks in paths and no template/ make no difference.

    What act does not do, the rehearsal does: it starts the services of the jobs.
    """
    folder = tmp_path / "somebody's projects"
    folder.mkdir()
    source = small_project(folder / "the shop")
    git(source, "branch", "--move", "master")
    image = "{image: postgres, env: {POSTGRES_PASSWORD: a}, ports: [5432]}"
    services = f"services: {{postgres: {image}}}\n    steps:"
    edit(source / ".github/workflows/ci.yml", "steps:", services)
    commit(source)
    lines = []
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with set_up(source, lines.append, play, Clock(SPEED)) as sandbox:
        outcome = rehearse(sandbox, through_github)
    assert {each.result for each in outcome.ran} == {"success"}, "\n".join(lines)
    assert any(line.startswith("The service postgres of ci.yml: test runs") for line in lines)
    assert list(temporary.iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["the shop"]


def test_branch_that_does_not_deploy_is_refused(tmp_path):
    """Where a push to the default branch starts nothing on GitHub, nothing is rehearsed."""
    source = small_project(tmp_path / "source")
    edit(source / ".github/workflows/deploy.yml", 'branches: ["**"]', "branches: [main]")
    commit(source)
    git(source, "branch", "--move", "develop")
    with (
        set_up(source, print, play) as sandbox,
        pytest.raises(
            CheckoutError, match=r"runs for pushes to main, .* default branch is develop"
        ),
    ):
        through_github(sandbox)


def test_nothing_runs_before_the_first_release(tmp_path):
    """Where no stage ran, every part of the outcome says so."""
    source = small_project(tmp_path / "source")
    with set_up(source, print, play) as sandbox:
        outcome = rehearse(sandbox, lambda sandbox: [])
    assert outcome.tags == outcome.answers == {}
    assert {each.state for (each,) in outcome.services.values()} == {"FAILED"}
    assert "The production image does not run." in report.problems(outcome)


def test_silent_image_is_told(pipeline, monkeypatch):
    """A container that takes no connection is told by the name of the error."""
    sandbox = pipeline[2]
    monkeypatch.setattr(sandbox.launchers["production"], "endpoint", "127.0.0.1:1")
    outcome = rehearse(sandbox, lambda sandbox: [])
    assert set(outcome.answers.values()) == {"ConnectionError"}


def test_genuine_actions_run_where_they_can_be_downloaded(pipeline, monkeypatch):
    """Nothing stands in for an action where github.com is reachable."""
    monkeypatch.setattr(machine, "reaches_github", lambda: True)
    assert stand_ins(pipeline[2]) == {}
    monkeypatch.setattr(machine, "reaches_github", lambda: False)
    assert {use.partition("@")[0] for use in stand_ins(pipeline[2])} == {
        "actions/setup-python",
        "aws-actions/configure-aws-credentials",
    }
