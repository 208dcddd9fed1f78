"""`make doctor` on a person's desk."""

import pytest

SERVICE = "shop-staging"
DIGEST = f"sha256:{'ab' * 32}"


def test_nothing_to_mend(healthy):
    """Where everything is as it should be, doctor says so and changes nothing."""
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert "Nothing to mend." in outcome.out
    assert "missing " not in outcome.out
    assert "wrong " not in outcome.out
    assert healthy.desk.changes() == []


def test_subjects_are_shown(healthy):
    """Doctor prints the subjects that the repository sends, and that the roles trust them."""
    outcome = healthy.run("doctor")
    for context in ("ref:refs/heads/main", "environment:staging", "environment:production"):
        assert f"Subject     repo:acme@123456/shop@456789:{context}" in outcome.out
    assert (
        "ok       role shop-staging-release trusts"
        " repo:acme@123456/shop@456789:environment:staging" in outcome.out
    )
    assert f"ok       staging runs 1 of 1 containers of {DIGEST}" in outcome.out


def test_nothing_configured(workplace):
    """In a new repository everything is missing, and one command mends it."""
    outcome = workplace.run("doctor")
    assert outcome.code == 1
    for what in [
        "variable AWS_REGION of the repository",
        "environment staging",
        "variable CLUSTER_ARN of production",
        "the account's OIDC provider for GitHub Actions",
        "stack shop-github",
        "stack shop-production",
        "role shop-build",
    ]:
        assert f"missing  {what}" in outcome.out.replace(" of repository", " of the repository")
    assert "mend: make setup\n" in outcome.out
    assert "Things to mend: " in outcome.err


def test_aws_out_of_reach(healthy):
    """Without AWS the GitHub half is still looked at, and nothing is called wrong for it."""
    healthy.cloud.log_in_error = "Unable to locate credentials."
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert "unseen   AWS was not asked: You are not logged in to AWS" in outcome.out
    assert "`aws sso login`" in outcome.out


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("iam:GetOpenIdConnectProvider", "OIDC provider"),
        ("cloudformation:DescribeStacks", "stacks"),
        ("iam:GetRole", "roles"),
        ("ecs:DescribeServices", "service of staging"),
    ],
)
def test_missing_permission(healthy, action, what):
    """What AWS does not let doctor see is called unseen, with who can show it."""
    healthy.cloud.denied = {action}
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert f"unseen   {what}: AWS does not allow {action} to" in outcome.out
    assert f"to allow {action}" in outcome.out


@pytest.mark.parametrize(
    ("scope", "name", "value", "option"),
    [
        ("", "AWS_REGION", "Frankfurt", ""),
        ("", "ECR_ENDPOINT", "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com", ""),
        ("", "ECR_IMAGE_URL", "123456789012.dkr.ecr.eu-central-1.amazonaws.com", ""),
        ("", "AWS_BUILD_ROLE_ARN", "shop-build", ""),
        ("staging", "AWS_RELEASE_ROLE_ARN", "arn:aws:iam::1:role/x", " --env staging"),
        ("staging", "CLUSTER_ARN", "shop-staging", " --env staging"),
        ("staging", "SERVICE_NAME", "web, worker", " --env staging"),
    ],
)
def test_malformed_variable(healthy, scope, name, value, option):
    """A variable whose value cannot be right comes with an example and the command to set it."""
    healthy.hub.variables[scope][name] = value
    outcome = healthy.run("doctor", REGION="eu-central-1")
    assert outcome.code == 1
    assert (
        f"wrong    variable {name} of {scope or 'repository'} is '{value}', not like" in outcome.out
    )
    assert f"mend: gh variable set {name}{option} --body " in outcome.out


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        (
            "ECR_IMAGE_URL",
            "999999999999.dkr.ecr.eu-central-1.amazonaws.com/other",
            "is not a repository in ECR_ENDPOINT",
        ),
        ("AWS_REGION", "us-east-1", "is not in AWS_REGION (us-east-1)"),
    ],
)
def test_contradiction(healthy, name, value, what):
    """Variables that are well formed but do not fit together are called wrong."""
    healthy.hub.variables[""][name] = value
    outcome = healthy.run("doctor", REGION="eu-central-1")
    assert outcome.code == 1
    assert what in outcome.out


def test_stale_variable(healthy):
    """A variable that differs from what the stack says comes with the command that sets it."""
    role = "arn:aws:iam::123456789012:role/old"
    healthy.hub.variables["staging"]["AWS_RELEASE_ROLE_ARN"] = role
    outcome = healthy.run("doctor")
    right = "arn:aws:iam::123456789012:role/shop-staging-release"
    assert outcome.code == 1
    assert f"variable AWS_RELEASE_ROLE_ARN is {role}, the stack says {right}" in outcome.out
    command = f"gh variable set AWS_RELEASE_ROLE_ARN --env staging --body {right}"
    assert f"mend: {command}" in outcome.out


@pytest.mark.parametrize(("private", "state"), [(True, "note"), (False, "wrong")])
def test_production_without_reviewers(healthy, private, state):
    """Missing reviewers are a gap where every plan has them, which is in public repositories."""
    healthy.hub.repository["private"] = private
    healthy.hub.environments["production"]["protection_rules"] = []
    outcome = healthy.run("doctor")
    assert outcome.code == int(not private)
    assert f"{state:<8} environment production has no required reviewers" in outcome.out


def test_environment_for_every_branch(healthy):
    """An environment that every branch may use is called wrong."""
    healthy.hub.environments["staging"]["deployment_branch_policy"] = None
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert "wrong    environment staging has no deployment branches" in outcome.out


def test_role_that_trusts_another_subject(healthy):
    """A role that trusts the other form comes with the command that changes it."""
    healthy.hub.subject = {"use_default": True, "use_immutable_subject": False}
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert (
        "role shop-build trusts repo:acme@123456/shop@456789:ref:refs/heads/main,"
        " GitHub sends repo:acme/shop:ref:refs/heads/main" in outcome.out
    )
    assert "mend: make setup SUBJECT_FORMAT=classic" in outcome.out


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE"])
def test_stack_at_work(healthy, status):
    """A stack that works or waits is good."""
    healthy.cloud.formation.stacks[SERVICE]["status"] = [status]
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert f"ok       stack {SERVICE} is in {status}" in outcome.out


@pytest.mark.parametrize("name", [SERVICE, "shop-github"])
def test_broken_stack(healthy, name):
    """A broken stack comes with the commands that delete it and set up again."""
    healthy.cloud.formation.stacks[name].update(status=["ROLLBACK_COMPLETE"], outputs={})
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert f"wrong    stack {name} is in ROLLBACK_COMPLETE" in outcome.out
    assert f"mend: aws cloudformation delete-stack --stack-name {name}" in outcome.out
    assert "&& make setup" in outcome.out


@pytest.mark.parametrize(
    ("running", "state", "what", "mend"),
    [
        ({"desiredCount": 0}, "missing", "staging has an image but wants 0", "make setup"),
        (
            {"desiredCount": 2, "runningCount": 1},
            "wrong",
            "staging runs 1 of 2 containers",
            "aws ecs describe-services --query 'services[0].events[:5].message'",
        ),
        (
            {"runningCount": 0},
            "wrong",
            "staging runs 0 of 1 containers",
            f"--cluster arn:aws:ecs:eu-central-1:123456789012:cluster/{SERVICE} --services web",
        ),
        (
            {"digest": "sha256:other"},
            "wrong",
            f"staging runs sha256:other, its tag names {DIGEST}",
            "gh workflow run stage.yml --field stage=staging --field image=staging",
        ),
        ({"status": "INACTIVE"}, "missing", "service web in arn:aws:ecs", "make setup"),
    ],
)
def test_service_that_is_not_well(healthy, running, state, what, mend):
    """A service that does not run what its tag names comes with the command that helps."""
    healthy.cloud.running[SERVICE] = running
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert f"{state:<8} {what}" in outcome.out
    assert mend in outcome.out


def test_service_without_an_image(set_up):
    """Before the first release, the missing image is what is missing."""
    outcome = set_up.run("doctor")
    assert outcome.code == 1
    assert "missing  staging has no image yet" in outcome.out
    assert "mend: git commit --allow-empty --message Deploy && git push" in outcome.out


def test_service_that_does_not_exist(healthy):
    """A service name that ECS does not know is called missing."""
    healthy.hub.variables["staging"]["SERVICE_NAME"] = "api"
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert "missing  service api in arn:aws:ecs:eu-central-1" in outcome.out


def test_deleted_image_repository(healthy):
    """An image repository that is gone has no image."""
    healthy.cloud.formation.kept["AWS::ECR::Repository"]["elsewhere"] = {}
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/gone"
    healthy.hub.variables[""]["ECR_IMAGE_URL"] = image
    outcome = healthy.run("doctor")
    assert "missing  staging has no image yet" in outcome.out


def test_role_with_a_statement_of_somebodys_own(healthy, monkeypatch):
    """A role that trusts somebody beside GitHub is read to its end."""
    get_role = healthy.cloud.iam_get_role

    def with_more(name):
        answer = get_role(name)
        statements = answer["Role"]["AssumeRolePolicyDocument"]["Statement"]
        statements.insert(0, {"Effect": "Allow", "Principal": {"AWS": "123456789012"}})
        return answer

    monkeypatch.setattr(healthy.cloud, "iam_get_role", with_more)
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert "ok       role shop-build trusts repo:acme@123456/shop@456789:ref" in outcome.out


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ({"REGION": "us-east-1"}, "the region eu-central-1"),
        ({"PROJECT": "other"}, "the project shop"),
    ],
)
def test_another_place(healthy, choices, what):
    """Doctor says that the repository is set up elsewhere, and looks for nothing here."""
    outcome = healthy.run("doctor", **choices)
    assert outcome.code == 1
    assert f"wrong    this repository is set up with {what}" in outcome.out
    assert "missing  stack" not in outcome.out
