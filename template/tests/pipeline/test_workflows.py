"""What the workflows promise, where neither a linter nor act would notice that it is broken."""

import os
import re
import subprocess

import pytest

from template.tests.pipeline import workflows

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
    assumes = "stage.yml" in job.get("uses", "") or any(
        "configure-aws-credentials" in step.get("uses", "") for step in job.get("steps", [])
    )
    looks = any("deploy doctor" in step.get("run", "") for step in job.get("steps", []))
    assert (job["permissions"].get("id-token") == "write") == (assumes or looks)


def test_actions_are_pinned_to_commits():
    """Every action of others stands at a 40-digit commit with its version behind it."""
    text = "".join((workflows.FOLDER / name).read_text() for name in workflows.names())
    uses = re.findall(r"uses: (.*)", text)
    assert len(uses) > 10
    for line in uses:
        assert re.fullmatch(r"\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_one_action_has_one_version():
    """No action is used at two versions."""
    found = {step["uses"] for _, step in workflows.steps() if "@" in step.get("uses", "")}
    assert len(found) == len({use.split("@")[0] for use in found})


def test_checkouts_leave_no_credentials():
    """No checkout keeps the token in the work tree, but for the one whose job pushes."""
    steps = [each for each in workflows.steps() if "checkout@" in each[1].get("uses", "")]
    kept = [place for place, step in steps if step["with"]["persist-credentials"] is not False]
    assert len(steps) >= 5
    assert kept in ([], ["template.yml:begin"])


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


def test_ci_has_no_way_to_aws():
    """A pull request's code runs without credentials, and with what a fork may have."""
    workflow = workflows.load("ci.yml")
    assert set(workflow["on"]) == {"pull_request", "workflow_call"}
    for job in workflow["jobs"].values():
        assert set(job["permissions"]) <= {"contents"}
        assert job["permissions"].get("contents", "read") == "read"


def test_deploy_goes_from_test_to_production():
    """Each job waits for the one before it; a push starts the first, or a person."""
    workflow = workflows.load("deploy.yml")
    assert workflow["on"] == {"push": {"branches": ["**"]}, "workflow_dispatch": None}
    jobs = workflow["jobs"]
    assert jobs["test"]["uses"] == "./.github/workflows/ci.yml"
    assert jobs["build"]["needs"] == "test"
    assert jobs["staging"]["needs"] == "build"
    assert jobs["production"]["needs"] == "staging"


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_run_promotes_its_own_commit(stage):
    """Both stages get the commit of the run, not what another run left in a stage."""
    job = workflows.load("deploy.yml")["jobs"][stage]
    assert job["uses"] == "./.github/workflows/stage.yml"
    assert job["with"] == {"stage": stage, "image": "${{ github.sha }}"}


@pytest.mark.parametrize("name", sorted({*workflows.names()} - {"template.yml"}))
def test_no_branch_is_named(name):
    """The default branch decides, whatever it is called; and no owner's workflow names the project.

    The workshop's own workflow stays in the workshop's repository.
    """
    text = (workflows.FOLDER / name).read_text()
    assert not re.search(r"\b(main|master|develop|trunk)\b|django-crud-app", text)


def test_only_the_default_branch_is_deployed():
    """The jobs that need no other one run on the default branch alone."""
    for job in workflows.load("deploy.yml")["jobs"].values():
        on_default = "github.ref_name == github.event.repository.default_branch"
        assert on_default in job.get("if", "") or job["needs"] in ("build", "staging")


def test_older_commit_is_left_out_unless_by_hand():
    """A called release keeps the order of commits; one that a person starts does not."""
    workflow = workflows.load("stage.yml")
    called, by_hand = (
        workflow["on"][each]["inputs"] for each in ("workflow_call", "workflow_dispatch")
    )
    assert called["keep-order"]["default"] is True
    assert "keep-order" not in by_hand
    job = workflow["jobs"]["release"]
    assert job["env"]["KEEP_ORDER"] == "${{ inputs.keep-order || '' }}"
    assert job["permissions"]["contents"] == "read"
    (release,) = [step for step in job["steps"] if step.get("id") == "release"]
    assert release["env"] == {"GITHUB_TOKEN": "${{ github.token }}"}


def test_way_back_has_a_step_of_its_own():
    """A release that failed or was cancelled is undone by a step with a session of its own."""
    job = workflows.load("stage.yml")["jobs"]["release"]
    ids = [step.get("id") for step in job["steps"]]
    release, assume, undo = job["steps"][ids.index("release") :]
    condition = "(failure() || cancelled()) && steps.release.outcome != 'skipped'"
    assert [assume["if"], undo["if"]] == [condition] * 2
    assert undo["env"] == {"RELEASE_STEP": "undo"}
    assert undo["uses"] == release["uses"]
    assert undo["with"] == release["with"]
    assert release["timeout-minutes"] < job["timeout-minutes"] <= 60


@pytest.mark.parametrize(
    ("name", "key", "variable"),
    [("stage.yml", "release", "STAGE_NAME"), ("run.yml", "run", "STAGE")],
)
def test_stage_is_bound_to_its_environment(name, key, variable):
    """Approval, variables and role of a release, or a command, are those of the stage it names."""
    job = workflows.load(name)["jobs"][key]
    assert job["environment"] == "${{ inputs.stage }}"
    assert job["env"][variable] == "${{ inputs.stage }}"
    (assume,) = [step for step in job["steps"] if "role-to-assume" in step.get("with", {})][:1]
    assert assume["with"]["role-to-assume"] == "${{ vars.AWS_RELEASE_ROLE_ARN }}"
    assert assume["with"]["allowed-account-ids"] == "${{ vars.AWS_ACCOUNT_ID }}"


def test_release_waits_for_a_limited_time():
    """An owner can say how long a release waits for others, and for the registry."""
    job = workflows.load("stage.yml")["jobs"]["release"]
    assert set(job["env"]) >= {"WAIT_TIMEOUT", "REGISTRY_TIMEOUT"}


CALLED_THAT = "The stage cannot be called that"


@pytest.mark.parametrize(
    ("name", "key", "changed", "told"),
    [
        ("stage.yml", "release", {}, ""),
        ("stage.yml", "release", {"STAGE_NAME": "my prod"}, "'my prod' cannot be a tag of an"),
        ("stage.yml", "release", {"STAGE_NAME": "team/prod"}, "'team/prod' cannot be a tag of an"),
        ("stage.yml", "release", {"AWS_REGION": ""}, "Missing variables: AWS_REGION. Run: make"),
        ("run.yml", "run", {}, ""),
        ("run.yml", "run", {"STAGE": "my prod"}, CALLED_THAT),
        ("run.yml", "run", {"STAGE": "team/prod"}, CALLED_THAT),
        ("run.yml", "run", {"STAGE": "prod\n::error::"}, CALLED_THAT),
        ("run.yml", "run", {"STAGE": ""}, CALLED_THAT),
        ("run.yml", "run", {"AWS_REGION": ""}, "Missing variables: AWS_REGION. Run: make setup"),
        ("run.yml", "run", {"CLUSTER_ARN": "", "SERVICE_NAME": ""}, "CLUSTER_ARN SERVICE_NAME."),
    ],
)
def test_stage_is_checked_first(name, key, changed, told):
    """A name that is no tag, and a missing variable, are told before AWS is asked."""
    job = workflows.load(name)["jobs"][key]
    script = job["steps"][0]["run"]
    given = {**dict.fromkeys(job["env"], "given"), "PATH": os.environ["PATH"], **changed}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (told == "")
    assert told in done.stdout


@pytest.mark.parametrize("name", ["deploy.yml", "stage.yml", "run.yml"])
def test_run_that_waits_for_its_reviewers_holds_nothing(name):
    """A job with an environment is in no group, and its workflow in one of its own for each run."""
    workflow = workflows.load(name)
    assert "github.run_id" in workflow["concurrency"]["group"]
    for job in workflow["jobs"].values():
        assert not ("environment" in job and "concurrency" in job)
    assert "concurrency" not in workflows.load("deploy.yml")["jobs"]["production"]


def test_run_that_waits_for_its_turn_is_not_cancelled():
    """Builds of one commit and releases to staging queue up, and none is dropped."""
    jobs = workflows.load("deploy.yml")["jobs"]
    groups = {key: job["concurrency"] for key, job in jobs.items() if "concurrency" in job}
    assert set(groups) == {"build", "staging"}
    assert groups["build"]["group"] == "build-${{ github.sha }}"
    for group in groups.values():
        assert group["queue"] == "max"
        assert group["cancel-in-progress"] is False


@pytest.mark.parametrize(("name", "key", "job"), CALLED, ids=[f"{n}:{k}" for n, k, _ in CALLED])
def test_caller_grants_what_the_called_workflow_needs(name, key, job):
    """A called workflow has only the permissions that its caller grants."""
    called = workflows.load(job["uses"].rsplit("/", 1)[1])
    for inner in called["jobs"].values():
        assert inner["permissions"].items() <= job["permissions"].items()


def test_role_session_outlasts_no_job():
    """The job of a release or a command ends before its one-hour credentials do."""
    for name, key in (("stage.yml", "release"), ("run.yml", "run")):
        job = workflows.load(name)["jobs"][key]
        assert job["timeout-minutes"] <= 60
        assert all(
            step["timeout-minutes"] < 60 for step in job["steps"] if "timeout-minutes" in step
        )


def test_command_is_a_step_by_itself():
    """The command gets a process that a cancelled job signals, and time to stop its task."""
    step = workflows.load("run.yml")["jobs"]["run"]["steps"][-1]
    assert step["run"] == "exec python3 -m deploy run --from-workflow"
    assert step["timeout-minutes"] < workflows.load("run.yml")["jobs"]["run"]["timeout-minutes"]
    assert "continue-on-error" not in step
