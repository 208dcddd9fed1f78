"""Stacks that AWS could not bring about, and what they tell."""

from template.tests.deploy.cloud import denial
from template.tests.deploy.outcomes import assert_refused


def test_stack_that_rolls_back(workplace):
    """A stack that rolls back tells the failed resources' reasons and what to do."""
    quota = "You have reached the limit of 5 VPCs in this region"
    name = "shop-staging-network"
    workplace.cloud.formation.breaks[name] = [("Vpc", "AWS::EC2::VPC", quota)]
    outcome = workplace.run("setup")
    assert outcome.code == 1
    assert f"AWS undid its work on the stack {name}.\n  Vpc (AWS::EC2::VPC): {quota}" in outcome.err
    assert "cancelled" not in outcome.err
    assert f"aws cloudformation delete-stack --stack-name {name} --region" in outcome.err
    assert "Then `make setup`." in outcome.err


def test_resource_without_permission(workplace):
    """A permission that is missing inside a stack is named with who can grant it."""
    said = denial(workplace.cloud.who, "iam:CreateRole").said
    name = "shop-github"
    workplace.cloud.formation.breaks[name] = [("BuildRole", "AWS::IAM::Role", said)]
    outcome = workplace.run("setup")
    assert "BuildRole (AWS::IAM::Role)" in outcome.err
    assert "Ask whoever administers the AWS account to allow iam:CreateRole" in outcome.err


def test_stack_that_failed_earlier(workplace):
    """A stack in ROLLBACK_COMPLETE is explained with its reason and the command that deletes it."""
    name = "shop-staging-database"
    workplace.cloud.formation.breaks[name] = [("Database", "AWS::RDS::DBInstance", "no capacity")]
    workplace.run("setup")
    outcome = workplace.run("setup")
    assert_refused(
        workplace,
        outcome,
        f"The stack {name} failed earlier (ROLLBACK_COMPLETE)",
        "Database (AWS::RDS::DBInstance): no capacity",
        f"aws cloudformation delete-stack --stack-name {name} --region eu-central-1 && "
        f"aws cloudformation wait stack-delete-complete --stack-name {name} --region eu-central-1",
    )


def test_update_that_rolls_back(set_up):
    """An update that rolls back can be tried again, and tells only its own reasons."""
    name = "shop-staging"
    set_up.deploy_images()
    set_up.cloud.formation.breaks[name] = [("Service", "AWS::ECS::Service", "Circuit Breaker")]
    set_up.run("setup")
    set_up.cloud.formation.breaks[name] = [("Service", "AWS::ECS::Service", "No space")]
    outcome = set_up.run("setup")
    assert "Service (AWS::ECS::Service): No space" in outcome.err
    assert "Circuit Breaker" not in outcome.err
    assert "delete-stack" not in outcome.err
    set_up.cloud.formation.breaks.clear()
    assert set_up.run("setup").code == 0


def test_stuck_update(set_up):
    """A stack in UPDATE_ROLLBACK_FAILED gets the command that lets AWS finish."""
    set_up.cloud.formation.stacks["shop-staging"]["status"] = ["UPDATE_ROLLBACK_FAILED"]
    outcome = set_up.run("setup")
    assert_refused(
        set_up, outcome, "is stuck in UPDATE_ROLLBACK_FAILED", "continue-update-rollback"
    )


def test_stack_without_any_history(workplace):
    """A failure whose beginning AWS no longer tells is explained by what it tells."""
    name = "shop-github"
    workplace.cloud.formation.breaks[name] = [("BuildRole", "AWS::IAM::Role", "too many roles")]
    workplace.run("setup")
    del workplace.cloud.formation.stacks[name]["events"][0]
    outcome = workplace.run("setup")
    assert "BuildRole (AWS::IAM::Role): too many roles" in outcome.err
