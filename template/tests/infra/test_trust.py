"""Each role trusts the tokens of its own jobs, and no other token of GitHub's."""

from copy import deepcopy
from dataclasses import replace

import pytest

from template.rehearsal.aws.account import arn, iam_arn
from template.rehearsal.iam.roles import Iam
from template.tests.infra.cloudformation import stacks
from template.tests.infra.tokens import JOBS, context, foreign

HOST = "token.actions.githubusercontent.com"
FORMATS = {"immutable": True, "classic": False}
# Whom each condition keeps out. In the immutable form the subject carries the repository's number
# already, so that the number's own condition guards the classic form.
KEPT_OUT = {
    "aud": "another cloud's audience",
    "sub": "a longer environment",
    "ref": "another branch",
    "repository_id": "the name, registered anew",
}


@pytest.fixture(scope="module")
def accounts(judge) -> dict[str, Iam]:
    """The account, for each form of the subject."""
    return {name: Iam(stacks(SubjectFormat=name).values(), judge) for name in FORMATS}


@pytest.fixture
def trusted(accounts):
    """Which of the tokens a role trusts, perhaps with its conditions changed."""

    def decide(form: str, name: str, tokens: dict[str, dict], **conditions: object) -> list[str]:
        iam = accounts[form]
        [provider] = iam.providers.values()
        role = replace(iam.roles[name], trust=deepcopy(iam.roles[name].trust))
        role.trust["Statement"][0].update(conditions)
        return [what for what, token in tokens.items() if iam.trusts(role, provider, token).allowed]

    return decide


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("role", JOBS)
@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_roles_trust_their_own_jobs(form, role, event, trusted):
    """A job of the right environment on the default branch may become the role."""
    token = context(replace(JOBS[role], event=event), immutable=FORMATS[form])
    assert trusted(form, role, {event: token}) == [event]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("role", JOBS)
def test_roles_trust_nobody_else(form, role, trusted):
    """More than twenty kinds of other tokens are refused."""
    tokens = foreign(role, immutable=FORMATS[form])
    assert len(tokens) > 20
    assert trusted(form, role, tokens) == []


@pytest.mark.parametrize("role", JOBS)
def test_every_condition_keeps_somebody_out(role, accounts, trusted):
    """Without any single condition of a role's trust, a token that must be refused is trusted."""
    equals = accounts["classic"].roles[role].trust["Statement"][0]["Condition"]["StringEquals"]
    tokens = foreign(role, immutable=False)
    for key in equals:
        rest = {each: value for each, value in equals.items() if each != key}
        stranger = KEPT_OUT[key.removeprefix(f"{HOST}:")]
        admitted = trusted(
            "classic", role, {stranger: tokens[stranger]}, Condition={"StringEquals": rest}
        )
        assert admitted == [stranger]


@pytest.mark.parametrize("role", JOBS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_wildcard_would_let_somebody_in(form, role, trusted):
    """With a wildcard for the end of the subject, a token that must be refused is trusted."""
    tokens = foreign(role, immutable=FORMATS[form])
    start = context(JOBS[role], immutable=FORMATS[form])[f"{HOST}:sub"].split(":", 2)[:2]
    wild = {"StringLike": {f"{HOST}:sub": ":".join([*start, "*"])}}
    stranger = KEPT_OUT["sub"]
    assert trusted(form, role, {stranger: tokens[stranger]}, Condition=wild) == [stranger]


@pytest.mark.parametrize("role", JOBS)
def test_claims_can_be_left_out(role, judge):
    """Where AWS STS does not know GitHub's claims, audience and subject alone decide."""
    iam = Iam(stacks(CheckClaims="false").values(), judge)
    [statement] = iam.roles[role].trust["Statement"]
    assert set(statement["Condition"]["StringEquals"]) == {f"{HOST}:aud", f"{HOST}:sub"}


def test_an_existing_provider_is_trusted(judge):
    """With the ARN of the account's provider, the roles trust that one and none is made."""
    arn = iam_arn(f"oidc-provider/{HOST}")
    project = stacks(ExistingOidcProviderArn=arn)
    assert project["github"].of_type("AWS::IAM::OIDCProvider") == {}
    assert set(Iam(project.values(), judge).providers) == {arn}
    assert project["github"].outputs["OidcProviderArn"] == arn


def test_sessions_end_within_the_hour(iam):
    """No role can be held longer than an hour, which a release with its deadlines fits in."""
    assert {iam.roles[role].max_seconds for role in JOBS} == {3600}


PIPELINE = arn("codepipeline", "django-crud-app")


@pytest.mark.parametrize(
    ("source", "trusted"),
    [(PIPELINE, True), (None, True), (arn("codepipeline", "other-app"), False)],
)
def test_the_pipeline_may_leave_out_its_name(iam, source, trusted):
    """CodePipeline need not say which pipeline it is; where it does, it has to be this one."""
    role = iam.roles["django-crud-app-pipeline"]
    assert iam.lends(role, "codepipeline.amazonaws.com", source).allowed is trusted
    assert not iam.lends(role, "codebuild.amazonaws.com", source).allowed


@pytest.mark.parametrize("name", ["build", "release-staging", "release-production"])
def test_a_project_says_its_name(iam, name):
    """CodeBuild does say which project it is, so that its roles want to hear it."""
    role = iam.roles[f"django-crud-app-codebuild-{name}"]
    for source, trusted in ((f"django-crud-app-{name}", True), ("other", False)):
        project = arn("codebuild", f"project/{source}")
        assert iam.lends(role, "codebuild.amazonaws.com", project).allowed is trusted
    assert not iam.lends(role, "codebuild.amazonaws.com", None).allowed
