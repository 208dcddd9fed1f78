"""The default branch decides, whatever its name."""

import pytest

from deploy import checks
from deploy.checks import undeployed
from deploy.parameters import TEMPLATES

DEPLOY = """name: Deploy

on:
  push:
    branches: {}

permissions: {{}}
"""


@pytest.fixture
def workflow(tmp_path, monkeypatch):
    """Write the workflow that deploys, with these branches."""

    def write(named):
        file = tmp_path / "deploy.yml"
        file.write_text(DEPLOY.format(named))
        monkeypatch.setattr(checks, "WORKFLOW", file)
        monkeypatch.setattr(undeployed, "__defaults__", (file,))

    return write


@pytest.mark.parametrize(
    ("named", "branch", "code"),
    [
        ("[main]", "main", 0),
        ("[main]", "master", 1),
        ("[main, master]", "master", 0),
        ('["main", "release/*"]', "release/2", 0),
        ('["*"]', "trunk", 0),
        ("[maine]", "main", 1),
    ],
)
def test_a_branch_that_no_workflow_deploys(healthy, workflow, named, branch, code):
    """Doctor says that a push deploys nothing, and the end of setup too, with what mends it."""
    workflow(named)
    healthy.hub.repository["default_branch"] = branch
    healthy.run("setup")
    said = healthy.last = healthy.run("setup").out
    outcome = healthy.run("doctor")
    assert outcome.code == code
    for out in (said, outcome.out):
        assert (f"a push to {branch} deploys nothing" in out) is bool(code)
        assert (f"branches: [{branch}]/" in out) is bool(code)


def test_a_workflow_without_a_list(tmp_path):
    """A workflow that every branch starts, or none at all, is no gap."""
    file = tmp_path / "deploy.yml"
    assert undeployed("trunk", file) is None
    file.write_text("on:\n  push:\n")
    assert undeployed("trunk", file) is None


def test_this_repositorys_own_workflow():
    """The workflow as it is deploys a repository whose default branch is main."""
    assert (TEMPLATES.parents[1] / ".github" / "workflows" / "deploy.yml") == checks.WORKFLOW
    assert checks.WORKFLOW.is_file()
    assert undeployed("main") is None


def test_a_renamed_branch(healthy):
    """After a renaming doctor names roles and environments, and setup leads them to the branch."""
    healthy.hub.repository["default_branch"] = "trunk"
    outcome = healthy.run("doctor")
    assert "wrong    environment staging does not admit trunk" in outcome.out
    assert "wrong    role shop-build trusts repo:acme@123456/shop@456789:ref:refs/heads/main" in (
        outcome.out
    )
    assert healthy.run("setup").code == 0
    for name in ("staging", "production"):
        named = [branch["name"] for branch in healthy.hub.environments[name]["branches"]]
        assert named == ["main", "trunk"]
        roles = healthy.cloud.formation.stacks[f"shop-{name}-roles"]
        assert roles["parameters"]["DefaultBranch"] == "trunk"
    assert "does not admit" not in healthy.run("doctor").out
