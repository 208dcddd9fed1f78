"""What the workflows promise, where neither a linter nor act would notice that it is broken."""

import re

import pytest

from template.tests.pipeline import workflows

MAKE = re.compile(r"make [a-z-]+")
JOBS = workflows.jobs()
JOB_IDS = [f"{name}:{key}" for name, key, _ in JOBS]
CALLED = [job for job in JOBS if "uses" in job[2]]


@pytest.mark.parametrize("name", workflows.names())
def test_workflow_starts_without_permissions(name):
    """Every workflow begins with no permission at all and limits its concurrency."""
    workflow = workflows.load(name)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]


@pytest.mark.parametrize(("name", "key", "job"), JOBS, ids=JOB_IDS)
def test_job_is_bounded(name, key, job):
    """Every job states its permissions, and a time-out unless the called workflow has it."""
    assert "permissions" in job
    assert ("timeout-minutes" in job) != ("uses" in job)


@pytest.mark.parametrize(("name", "key", "job"), JOBS, ids=JOB_IDS)
def test_only_jobs_that_meet_aws_ask_for_a_token(name, key, job):
    """`id-token: write` stands where a role is assumed or a token looked at, and nowhere else."""
    assumes = "uses" in job or any(
        "configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", [])
    )
    looks = any("setup doctor" in step.get("run", "") for step in job.get("steps", []))
    assert (job["permissions"].get("id-token") == "write") == (assumes or looks)


def test_actions_are_pinned_to_commits():
    """Every action of others stands at a 40-digit commit with its version behind it."""
    text = "".join((workflows.FOLDER / name).read_text() for name in workflows.names())
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) > 20
    for line in uses:
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version():
    """No action is used at two versions."""
    found = {step["uses"] for _, step in workflows.steps() if "@" in step.get("uses", "")}
    assert len(found) == len({use.split("@")[0] for use in found})


def test_checkouts_leave_no_credentials():
    """No checkout keeps the token in the work tree."""
    checkouts = [step for _, step in workflows.steps() if "checkout@" in step.get("uses", "")]
    assert len(checkouts) >= 8
    for step in checkouts:
        assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(("place", "step"), workflows.steps())
def test_nothing_is_templated_into_commands(place, step):
    """Values reach a shell through its environment, never through its text."""
    assert "${{" not in step.get("run", "")


def test_gate_waits_for_every_job():
    """The job that branch protection names needs all the others, and always runs."""
    jobs = workflows.load("ci.yml")["jobs"]
    gate = jobs.pop("passed")
    assert sorted(gate["needs"]) == sorted(jobs)
    assert gate["if"] == "always()"


def test_ci_runs_recipes_only():
    """Each job of CI is one make recipe, so that it passes where the recipe does."""
    jobs = workflows.load("ci.yml")["jobs"]
    jobs.pop("passed")
    for job in jobs.values():
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert len(runs) == 1
        assert MAKE.fullmatch(runs[0])


def test_list_of_the_dependencies_is_kept():
    """The run keeps the file that `make audit` writes, above all when the audit fails."""
    [step] = [step for _, step in workflows.steps() if "upload-artifact@" in step.get("uses", "")]
    assert step["if"] == "always()"
    assert step["with"]["path"] == "sbom.json"
    recipe = (workflows.FOLDER.parents[1] / "Makefile").read_text().split("\naudit:")[1]
    assert "--output-file sbom.json requirements.txt" in recipe


def test_ci_has_no_way_to_aws():
    """A pull request's code runs without credentials, and with what a fork may have."""
    workflow = workflows.load("ci.yml")
    assert set(workflow["on"]) == {"pull_request", "push"}
    for job in workflow["jobs"].values():
        assert set(job["permissions"]) <= {"contents"}
        assert job["permissions"].get("contents", "read") == "read"


def test_deploy_goes_from_test_to_production():
    """Each job waits for the one before it, and only pushes to main start it."""
    workflow = workflows.load("deploy.yml")
    assert workflow["on"] == {"push": {"branches": ["main"]}}
    jobs = workflow["jobs"]
    assert jobs["build"]["needs"] == "test"
    assert jobs["staging"]["needs"] == "build"
    assert jobs["production"]["needs"] == "staging"


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_run_promotes_its_own_commit(stage):
    """Both stages get the commit of the run, not what another run left in a stage."""
    job = workflows.load("deploy.yml")["jobs"][stage]
    assert job["uses"] == "./.github/workflows/stage.yml"
    assert job["with"] == {"stage": stage, "image": "${{ github.sha }}"}


def test_stage_is_bound_to_its_environment():
    """Approval, variables, role and lock of a release are those of the stage that it names."""
    job = workflows.load("stage.yml")["jobs"]["release"]
    assert job["environment"] == "${{ inputs.stage }}"
    assert job["env"]["STAGE_NAME"] == "${{ inputs.stage }}"
    assert job["concurrency"] == {
        "group": "release-${{ inputs.stage }}",
        "cancel-in-progress": False,
    }


def test_waiting_run_is_not_cancelled_by_the_next():
    """Runs of two commits do not share a group, and none cancels a deploy."""
    concurrency = workflows.load("deploy.yml")["concurrency"]
    assert concurrency == {"group": "deploy-${{ github.sha }}", "cancel-in-progress": False}


@pytest.mark.parametrize(("name", "key", "job"), CALLED, ids=[f"{n}:{k}" for n, k, _ in CALLED])
def test_caller_grants_what_the_called_workflow_needs(name, key, job):
    """A called workflow has only the permissions that its caller grants."""
    called = workflows.load(job["uses"].rsplit("/", 1)[1])
    for inner in called["jobs"].values():
        assert inner["permissions"].items() <= job["permissions"].items()


def test_role_session_outlasts_no_job():
    """A release job ends before its one-hour credentials do."""
    assert workflows.load("stage.yml")["jobs"]["release"]["timeout-minutes"] <= 60
