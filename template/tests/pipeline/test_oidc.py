"""GitHub's issuer signs tokens with the claims that GitHub sends."""

import time
from dataclasses import replace

import jwt
import pytest
import requests

from template.rehearsal.github.oidc import ISSUER, Issuer, Job, Repository, new_key
from template.tests.pipeline.account import PUSH

OCTO = Repository("octo-org", "11", "octo-repo", "22")


@pytest.mark.parametrize(
    ("job", "context"),
    [
        (PUSH, "ref:refs/heads/main"),
        (Job(None, "push", "refs/tags/v1", True), "ref:refs/tags/v1"),
        (Job(None, "workflow_dispatch", "refs/heads/x", True), "ref:refs/heads/x"),
        (Job(None, "pull_request", "refs/pull/7/merge", True), "pull_request"),
        (Job("staging", "push", "refs/heads/main", True), "environment:staging"),
        (Job("staging", "pull_request", "refs/pull/7/merge", True), "environment:staging"),
        (Job("Production:V1", "push", "refs/heads/main", True), "environment:Production%3AV1"),
    ],
)
def test_subject_tells_what_kind_of_job_asks(job, context):
    """The environment comes first, then the pull request, then the branch or tag."""
    issuer = Issuer(OCTO, lambda: job)
    assert issuer.claims(job)["sub"] == f"repo:octo-org@11/octo-repo@22:{context}"


def test_classic_subject_has_no_numbers():
    """Repositories from before July 2026 send their subject without numbers."""
    issuer = Issuer(OCTO, lambda: PUSH, immutable=False)
    assert issuer.claims(PUSH)["sub"] == "repo:octo-org/octo-repo:ref:refs/heads/main"


def test_claims_of_repository_and_job(issuer):
    """A token names the repository, the run and the workflow, as text."""
    job = Job("staging", "push", "refs/heads/main", True, called="stage.yml", sha="c" * 40)
    claims = issuer.claims(job, "sts.amazonaws.com")
    stable = {key: claims[key] for key in claims if key not in ("jti", "nbf", "iat", "exp")}
    assert stable == {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": "repo:octo-org@1000001/django-crud-app@2000002:environment:staging",
        "actor": "octo-org",
        "actor_id": "1000001",
        "base_ref": "",
        "check_run_id": "1",
        "environment": "staging",
        "event_name": "push",
        "head_ref": "",
        "job_workflow_ref": "octo-org/django-crud-app/.github/workflows/stage.yml@refs/heads/main",
        "job_workflow_sha": "c" * 40,
        "ref": "refs/heads/main",
        "ref_protected": "false",
        "ref_type": "branch",
        "repository": "octo-org/django-crud-app",
        "repository_id": "2000002",
        "repository_owner": "octo-org",
        "repository_owner_id": "1000001",
        "repository_visibility": "private",
        "run_attempt": "1",
        "run_id": "1",
        "run_number": "1",
        "runner_environment": "github-hosted",
        "sha": "c" * 40,
        "workflow": "deploy.yml",
        "workflow_ref": "octo-org/django-crud-app/.github/workflows/deploy.yml@refs/heads/main",
        "workflow_sha": "c" * 40,
    }


def test_environment_is_claimed_only_by_jobs_that_have_one(issuer):
    """A job without an environment sends no such claim, and a tag is called one."""
    claims = issuer.claims(replace(PUSH, ref="refs/tags/v1"))
    assert "environment" not in claims
    assert claims["ref_type"] == "tag"


def test_token_lasts_five_minutes(issuer):
    """A token is dated back ten minutes and ends after five."""
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 300
    assert claims["iat"] - claims["nbf"] == 600
    assert claims["iat"] == pytest.approx(time.time(), abs=60)


def ask(issuer, endpoint, audience="&audience=sts.amazonaws.com", token=None):
    """Ask for a token as an action does."""
    variables = issuer.environment(endpoint)
    bearer = token or variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    return requests.get(
        variables["ACTIONS_ID_TOKEN_REQUEST_URL"] + audience,
        headers={"Authorization": f"bearer {bearer}"},
        timeout=60,
    )


def test_token_is_verified_with_the_published_keys(issuer, issuer_endpoint):
    """The discovery document leads to the key that verifies an issued token."""
    token = ask(issuer, issuer_endpoint).json()["value"]
    base = f"http://{issuer_endpoint}/.well-known"
    document = requests.get(f"{base}/openid-configuration", timeout=60).json()
    assert document["issuer"] == ISSUER
    signer = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, signer, algorithms=["RS256"], audience="sts.amazonaws.com")
    assert claims["sub"].endswith(":ref:refs/heads/main")
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256",
        "kid": issuer.key_id,
        "typ": "JWT",
    }


def test_audience_is_the_owner_by_default(issuer, issuer_endpoint):
    """Without an audience in the query a token is for the owner's page on GitHub."""
    token = ask(issuer, issuer_endpoint, audience="").json()["value"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "https://github.com/octo-org"


def test_wrong_bearer_token_is_refused(issuer, issuer_endpoint):
    """Only the job that was handed the request token gets a token."""
    answer = ask(issuer, issuer_endpoint, token="stranger")
    assert answer.status_code == requests.codes.unauthorized
    assert "ACTIONS_ID_TOKEN_REQUEST_TOKEN" in answer.json()["message"]


def test_other_schemes_are_refused(issuer, issuer_endpoint):
    """The request token counts as a bearer token only."""
    url = issuer.environment(issuer_endpoint)["ACTIONS_ID_TOKEN_REQUEST_URL"]
    answer = requests.get(url, auth=("bearer", issuer.request_token), timeout=60)
    assert answer.status_code == requests.codes.unauthorized


def test_job_needs_permission(issuer, issuer_endpoint, running):
    """A job without `id-token: write` gets no token."""
    running.job = replace(PUSH, id_token=False)
    answer = ask(issuer, issuer_endpoint)
    assert answer.status_code == requests.codes.forbidden
    assert "id-token: write" in answer.json()["message"]


def test_other_pages_are_missing(issuer_endpoint):
    """The issuer has three pages and no more."""
    answer = requests.get(f"http://{issuer_endpoint}/tokens", timeout=60)
    assert answer.status_code == requests.codes.not_found
    assert "/tokens" in answer.json()["message"]


def test_forged_token_has_another_signature(issuer):
    """Claims signed with another key carry the real key's name and fail its check."""
    forged = issuer.sign(issuer.claims(PUSH, "a"), key=new_key())
    assert jwt.get_unverified_header(forged)["kid"] == issuer.key_id
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, issuer.key.public_key(), algorithms=["RS256"], audience="a")
