"""AWS STS gives a role's session to the jobs that the role trusts, and to nobody else."""

import subprocess
import time
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from template.rehearsal.aws.account import iam_arn
from template.rehearsal.github.oidc import ISSUER, Job, new_key
from template.tests.pipeline.account import PUSH
from template.tests.pipeline.conftest import GITHUB, PATH

AUDIENCE = "sts.amazonaws.com"
BUILD = iam_arn("role/django-crud-app-build")
STAGING = iam_arn("role/django-crud-app-staging-release")
PRODUCTION = iam_arn("role/django-crud-app-production-release")
NOT_AUTHORIZED = {
    "Code": "AccessDenied",
    "Message": "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    "Type": "Sender",
}


@pytest.fixture
def assume(client, issuer):
    """Assume a role with a token, the running job's unless another is given."""
    sts = client("sts")

    def call(role, token=None, **params):
        given = {"RoleSessionName": "run-1", "WebIdentityToken": token or issuer.token(AUDIENCE)}
        return sts.assume_role_with_web_identity(RoleArn=role, **(given | params))

    return call


def refusal(call, *arguments, **params):
    """The error of a call, as an SDK sees it."""
    with pytest.raises(ClientError) as error:
        call(*arguments, **params)
    return error.value.response["Error"]


def release(stage):
    """A job of a stage's environment on the default branch."""
    return replace(PUSH, environment=stage, called="stage.yml")


@pytest.mark.parametrize(
    ("job", "role"),
    [(PUSH, BUILD), (release("staging"), STAGING), (release("production"), PRODUCTION)],
)
def test_trusted_job_gets_a_session(assume, client, running, sessions, job, role):
    """Each role opens to its own job, whose credentials then work as that role's."""
    running.job = job
    answer = assume(role)
    name = role.rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{name}/run-1")
    assert answer["Audience"] == AUDIENCE
    session = sessions.find(answer["Credentials"]["AccessKeyId"])
    identity = client("sts", session).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("job", "role"),
    [
        pytest.param(PUSH, STAGING, id="job without an environment"),
        pytest.param(release("staging"), PRODUCTION, id="other stage"),
        pytest.param(release("staging"), BUILD, id="release job at the build role"),
        pytest.param(release("Staging"), STAGING, id="other letter case"),
        pytest.param(replace(PUSH, ref="refs/heads/feature"), BUILD, id="other branch"),
        pytest.param(replace(PUSH, ref="refs/tags/main"), BUILD, id="tag"),
        pytest.param(
            Job(None, "pull_request", "refs/pull/7/merge", True), BUILD, id="pull request"
        ),
        pytest.param(PUSH, iam_arn("role/stranger"), id="unknown role"),
    ],
)
def test_other_job_is_refused(assume, running, recording, job, role):
    """Every other job is refused, without a hint at the reason, and recorded."""
    running.job = job
    assert refusal(assume, role) == NOT_AUTHORIZED
    [call] = recording.refused()
    assert (call.action, call.resource) == ("sts:AssumeRoleWithWebIdentity", role)


@pytest.mark.parametrize(
    "repository",
    [
        pytest.param(replace(GITHUB, owner="fork", owner_id="3000003", id="4000004"), id="fork"),
        pytest.param(replace(GITHUB, name="other", id="4000004"), id="other repository"),
        pytest.param(replace(GITHUB, id="4000004"), id="name taken over"),
    ],
)
def test_other_repository_is_refused(assume, issuer, repository):
    """Another repository's token is refused, even when its names are the same."""
    issuer.repository = repository
    assert refusal(assume, BUILD) == NOT_AUTHORIZED


def test_classic_subject_is_refused_where_the_immutable_one_is_trusted(assume, issuer):
    """A subject without numbers does not match one with them."""
    issuer.immutable = False
    assert refusal(assume, BUILD) == NOT_AUTHORIZED


def test_claims_become_condition_keys(assume, recording, issuer):
    """The claims that AWS knows are recorded as condition keys, and no others."""
    assume(BUILD)
    [call] = recording
    host = ISSUER.removeprefix("https://")
    assert call.principal == call.context[f"{host}:sub"]
    assert call.context[f"{host}:repository_id"] == GITHUB.id
    assert f"{host}:sha" not in call.context


def test_forged_subject_is_refused(assume, issuer):
    """A token that claims the right subject but was signed by a stranger is invalid."""
    forged = issuer.sign(issuer.claims(PUSH, AUDIENCE), key=new_key())
    assert refusal(assume, BUILD, forged)["Code"] == "InvalidIdentityToken"


def test_unknown_key_is_refused(assume, issuer):
    """A token whose key the issuer does not publish is invalid."""
    issuer.key_id, published = "other", issuer.key_id
    token = issuer.token(AUDIENCE)
    issuer.key_id = published
    assert refusal(assume, BUILD, token)["Code"] == "InvalidIdentityToken"


def test_wrong_audience_is_refused(assume, issuer):
    """A token for somebody else is invalid here."""
    error = refusal(assume, BUILD, issuer.token("https://example.com"))
    assert (error["Code"], error["Message"]) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )


def test_expired_token_is_refused(assume, issuer):
    """A token of five minutes ago has expired."""
    error = refusal(assume, BUILD, issuer.token(AUDIENCE, exp=time.time() - 1))
    assert error["Code"] == "ExpiredTokenException"


def test_other_issuer_is_refused(assume, issuer):
    """A token of an issuer that the account does not know is invalid."""
    error = refusal(assume, BUILD, issuer.token(AUDIENCE, iss="https://example.com"))
    assert "No OpenIDConnect provider found" in error["Message"]


@pytest.mark.parametrize("token", ["none", "a.b.c"])
def test_unreadable_token_is_refused(assume, token):
    """What is no token at all is invalid."""
    assert refusal(assume, BUILD, token)["Code"] == "InvalidIdentityToken"


def test_session_lasts_as_long_as_asked(assume, sessions):
    """A session lasts the seconds that were asked for."""
    answer = assume(BUILD, DurationSeconds=900)
    left = answer["Credentials"]["Expiration"].timestamp() - time.time()
    assert 880 < left <= 900
    assert not sessions.find(answer["Credentials"]["AccessKeyId"]).expired


def test_session_cannot_last_longer_than_the_role_allows(assume):
    """The role bounds how long a session lasts."""
    error = refusal(assume, BUILD, DurationSeconds=3601)
    assert error["Code"] == "ValidationError"
    assert "exceeds the MaxSessionDuration" in error["Message"]


def test_session_name_has_few_characters(assume):
    """A session's name has no spaces or slashes."""
    error = refusal(assume, BUILD, RoleSessionName="my run")
    assert error["Code"] == "ValidationError"
    assert "'roleSessionName'" in error["Message"]


def test_other_operations_are_not_played(client, session):
    """An operation of STS that is not played says so."""
    error = refusal(client("sts", session).get_session_token)
    assert "does not play sts:GetSessionToken" in error["Message"]


def cli(endpoint, *arguments):
    """Run the AWS CLI without credentials."""
    environment = {
        "PATH": PATH,
        "AWS_ENDPOINT_URL": f"http://{endpoint}",
        "AWS_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = ["aws", "sts", "assume-role-with-web-identity", "--role-session-name", "run-1"]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_aws_cli_assumes_a_role(aws_endpoint, issuer):
    """The real AWS CLI, without credentials, trades the right token for a session."""
    token = ["--web-identity-token", issuer.token(AUDIENCE)]
    allowed = cli(aws_endpoint, "--role-arn", BUILD, *token, "--query", "Audience")
    assert (allowed.stdout.strip(), allowed.stderr) == (f'"{AUDIENCE}"', "")
    refused = cli(aws_endpoint, "--role-arn", STAGING, *token)
    assert refused.returncode != 0
    assert NOT_AUTHORIZED["Message"] in refused.stderr
