"""The rehearsal works out from the workflow files what act leaves to GitHub."""

import json
import shutil

import pytest

from template.rehearsal.github.jobs import Push, Workflows, environment_table
from template.rehearsal.github.oidc import Job
from template.tests.pipeline.workflows import ROOT

PUSH = Push(workflow="deploy.yml", sha="a" * 40)
STAGING = "Staging/Release to a stage/Release to staging"


def pushed(**known) -> Job:
    """The job of a push of that commit to main, in deploy.yml."""
    return Job(event="push", ref="refs/heads/main", sha="a" * 40, workflow="deploy.yml", **known)


@pytest.fixture
def checkout(tmp_path):
    """A copy of the repository's workflows."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    return tmp_path


def edit(checkout, name, old, new):
    """Replace a text that stands once in a workflow."""
    file = checkout / ".github" / "workflows" / name
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


def test_job_of_the_workflow_itself(checkout):
    """The build has no environment and may ask for a token; the tests may not."""
    jobs = Workflows(checkout)
    assert jobs.job(PUSH, "Deploy/Build") == pushed(environment=None, id_token=True)
    assert jobs.job(PUSH, "Deploy/Test") == pushed(environment=None, id_token=False)


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_job_of_a_called_workflow(checkout, stage):
    """A release runs in the environment that its caller names."""
    name = f"{stage.title()}/Release to a stage/Release to {stage}"
    expected = pushed(environment=stage, id_token=True, called="stage.yml")
    assert Workflows(checkout).job(PUSH, name) == expected


def test_token_needs_the_permission_of_caller_and_called(checkout):
    """Without the permission in the called workflow nobody gets a token."""
    edit(checkout, "stage.yml", "      id-token: write # assumes the stage's release role\n", "")
    job = Workflows(checkout).job(PUSH, STAGING)
    assert job.id_token is False


def test_job_without_an_environment_has_none(checkout):
    """A release job that lost its environment runs in none, as on GitHub."""
    edit(checkout, "stage.yml", "    environment: ${{ inputs.stage }}\n", "")
    job = Workflows(checkout).job(PUSH, STAGING)
    assert job.environment is None


@pytest.mark.parametrize(
    ("own", "of_workflow", "id_token"),
    [
        ("permissions: write-all", "", True),
        ("permissions: read-all", "", False),
        ("permissions: {id-token: read}", "", False),
        ("", "permissions: {id-token: write}", True),
        ("permissions: {contents: read}", "permissions: {id-token: write}", False),
        ("", "permissions: write-all", True),
        ("", "", False),
    ],
)
def test_permissions_are_those_of_github(tmp_path, own, of_workflow, id_token):
    """A job's own permissions replace those of its workflow; by default none asks for a token."""
    text = f"on: push\n{of_workflow}\njobs:\n  build:\n    runs-on: x\n    {own}\n    steps: []\n"
    file = tmp_path / ".github" / "workflows" / "deploy.yml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert Workflows(tmp_path).job(PUSH, "Deploy/build").id_token is id_token


@pytest.mark.parametrize(
    ("events", "branches"),
    [
        ("push", None),
        ("[push, workflow_dispatch]", None),
        ("{push: }", None),
        ("{push: {branches: [main, 'release/**']}}", ["main", "release/**"]),
        ("workflow_dispatch", None),
    ],
)
def test_branches_that_deploy(tmp_path, events, branches):
    """A workflow names its branches, or runs for any."""
    file = tmp_path / ".github" / "workflows" / "deploy.yml"
    file.parent.mkdir(parents=True)
    file.write_text(f"on: {events}\njobs: {{}}\n")
    assert Workflows(tmp_path).branches("deploy.yml") == branches


def test_contents_need_the_permission_of_caller_and_called(checkout):
    """Without `contents: read` a release may not compare commits."""
    assert Workflows(checkout).job(PUSH, STAGING).contents is True
    edit(checkout, "stage.yml", "contents: read #", "contents: none #")
    assert Workflows(checkout).job(PUSH, STAGING).contents is False


def test_queues_are_forgotten(checkout):
    """act is given no key that it refuses, and the rest of the lanes as they are."""
    Workflows(checkout).forget_queues()
    text = (checkout / ".github/workflows/deploy.yml").read_text()
    assert "queue:" not in text
    assert text.count("concurrency:") == 3


def test_unknown_job_is_an_error(checkout):
    """A name that no job carries is refused."""
    with pytest.raises(LookupError, match="no job is called 'Nobody'"):
        Workflows(checkout).job(PUSH, "Deploy/Nobody")


def test_checkout_differs_in_its_variables_only(checkout):
    """The rehearsed workflow is the real one but for the place of its variables."""
    Workflows(checkout).use_environment_variables("stage.yml")
    rehearsed = (checkout / ".github" / "workflows" / "stage.yml").read_text()
    assert "fromJSON(vars.REHEARSED_ENVIRONMENTS)[inputs.stage].CLUSTER_ARN" in rehearsed
    undone = rehearsed.replace("fromJSON(vars.REHEARSED_ENVIRONMENTS)[inputs.stage].", "vars.")
    assert undone == (ROOT / ".github" / "workflows" / "stage.yml").read_text()


def test_environment_wins_over_repository():
    """A variable of the environment takes precedence over the repository's of the same name."""
    table = json.loads(
        environment_table({"A": "repository", "B": "both"}, {"staging": {"A": "own"}})
    )
    assert table == {"staging": {"A": "own", "B": "both"}}
