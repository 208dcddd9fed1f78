"""An installation of before: its release roles were in the stack that all stages share."""

import pytest

STAGES = ("staging", "production")


@pytest.fixture
def before(healthy):
    """Stacks without tags of theirs, and without what the templates have put out since."""
    stacks = healthy.cloud.formation.stacks
    for stack in stacks.values():
        stack["tags"] = {"Project": "shop"}
        stack["likeness"] = []
    github = stacks["shop-github"]
    del github["outputs"]["RepositoryArn"]
    for name in ("Stage1", "Stage2", "Stage3", "Stage4", "StageAccountIds"):
        del github["parameters"][name]
    for stage in STAGES:
        for output in ("ReleaseRoleArn", "ConfigSecretArn"):
            del stacks[f"shop-{stage}-roles"]["outputs"][output]
        del stacks[f"shop-{stage}"]["parameters"]["ConfigSecretArn"]
        del healthy.hub.variables[stage]["AWS_ACCOUNT_ID"]
        old = f"arn:aws:iam::123456789012:role/shop-release-{stage}"
        healthy.hub.variables[stage]["AWS_RELEASE_ROLE_ARN"] = old
    return healthy


def test_old_roles_go_last(before):
    """The stages get roles of their own before the shared stack lets go of the old ones."""
    outcome = before.run("setup")
    assert outcome.code == 0
    changes = before.desk.changes()
    order = [call.split("changeSet/")[1].split("/")[0] for call in changes if "changeSet" in call]
    assert order[-1] == "shop-github"
    assert "shop-production-roles" in order
    for stage in STAGES:
        new = f"arn:aws:iam::123456789012:role/shop-{stage}-release"
        assert before.hub.variables[stage]["AWS_RELEASE_ROLE_ARN"] == new
        assert f"{stage:<11} AWS_RELEASE_ROLE_ARN = {new}" in outcome.out


def test_nothing_else_changes(before):
    """Containers, databases and networks stay, and the next run has nothing to do."""
    services = repr(before.cloud.formation.services)
    parameters = before.cloud.formation.stacks["shop-production"]["parameters"].copy()
    before.run("setup")
    assert repr(before.cloud.formation.services) == services
    now = before.cloud.formation.stacks["shop-production"]["parameters"].copy()
    assert now.pop("ConfigSecretArn").startswith("arn:aws:secretsmanager:"), "the one addition"
    assert now == parameters
    before.run("setup")
    assert before.desk.changes() == []


def test_doctor_says_what_to_run(before):
    """Doctor names the roles that are missing, and one command mends them."""
    outcome = before.run("doctor")
    assert outcome.code == 1
    assert "missing  variable AWS_ACCOUNT_ID of staging" in outcome.out
    before.run("setup")
    assert before.run("doctor").code == 0
