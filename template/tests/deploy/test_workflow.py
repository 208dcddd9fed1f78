"""Doctor inside a job of GitHub Actions, with a token of the issuer's double."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.workflow import claims_of
from template.rehearsal.github.oidc import Issuer, Job, Repository
from template.rehearsal.serving import serve

ACME = Repository(owner="acme", owner_id="123456", name="shop", id="456789")
ON_MAIN = Job(environment=None, event="workflow_dispatch", ref="refs/heads/main", id_token=True)


class Runner:
    """A runner that runs doctor's job, for the repository of a workplace."""

    def __init__(self, workplace, issuer, endpoint, summary) -> None:
        self.workplace, self.issuer, self.endpoint = workplace, issuer, endpoint
        self.summary = summary
        self.job = ON_MAIN
        issuer.current_job = lambda: self.job
        self.variables = None

    def run(self, stage="", **changes):
        """Run the job, with an environment or without, and return how it ended."""
        self.job = replace(self.job, environment=stage or None)
        hub = self.workplace.hub.variables
        variables = hub[""] | hub.get(stage, {}) if self.variables is None else self.variables
        environment = {
            **self.issuer.environment(self.endpoint),
            "DEFAULT_BRANCH": "main",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "STAGE": stage,
            "VARIABLES": json.dumps(variables),
        }
        return self.workplace.run("doctor", "--from-workflow", **environment | changes)


@pytest.fixture(scope="module")
def issuer():
    """GitHub's issuer for one repository."""
    return Issuer(ACME, lambda: ON_MAIN)


@pytest.fixture
def runner(healthy, issuer, tmp_path):
    """A runner for a repository where everything is deployed and runs."""
    issuer.immutable = True
    with serve(issuer) as endpoint:
        yield Runner(healthy, issuer, endpoint, tmp_path / "summary")


def test_build_job(runner):
    """Without an environment the job shows the build role's subject and that the role trusts it."""
    outcome = runner.run()
    assert outcome.code == 0, outcome
    subject = "repo:acme@123456/shop@456789:ref:refs/heads/main"
    assert f"the token's subject is {subject} (SubjectFormat=immutable)" in outcome.out
    assert f"role/shop-build trusts {subject}" in outcome.out
    assert "environment production exists and is protected" in outcome.out
    summary = runner.summary.read_text()
    assert f"| sub | `{subject}` |" in summary
    assert "| aud | `sts.amazonaws.com` |" in summary


def test_stage_job(runner):
    """In an environment the job shows the release role's subject and the service's state."""
    outcome = runner.run("staging")
    assert outcome.code == 0, outcome
    subject = "repo:acme@123456/shop@456789:environment:staging"
    assert f"role/shop-staging-release trusts {subject}" in outcome.out
    assert "staging runs 1 of 1 containers" in outcome.out
    assert "| environment | `staging` |" in runner.summary.read_text()


def test_token_is_never_shown(runner, monkeypatch):
    """Neither log nor summary nor any argument holds the token, or the one that asks for it."""
    tokens = []
    sign = runner.issuer.sign
    monkeypatch.setattr(
        runner.issuer, "sign", lambda claims: tokens.append(sign(claims)) or tokens[-1]
    )
    outcome = runner.run("staging")
    shown = outcome.out + outcome.err + runner.summary.read_text()
    shown += "".join(" ".join(call.words) for call in runner.workplace.desk.calls)
    (token,) = tokens
    for part in (*token.split("."), runner.issuer.request_token):
        assert part not in shown


def test_token_file_is_gone(runner):
    """The file with the token, closed to others, does not outlive the job's look at AWS."""
    files = set()

    def keep(words):
        """Remember the file that the AWS CLI is given."""
        files.add(os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"))

    runner.workplace.desk.before = keep
    runner.run()
    (file,) = files - {None}
    assert not Path(file).exists()


@pytest.mark.parametrize("variables", [{}, {"UNRELATED": "1"}, None])
def test_nothing_configured(runner, variables):
    """A repository with nothing configured is green, with a notice of what to run."""
    outcome = runner.run(VARIABLES=json.dumps(variables))
    assert outcome.code == 0
    assert "::notice title=Nothing to look at::" in outcome.out
    assert "Run: make setup" in outcome.out
    assert runner.workplace.desk.calls == []
    assert "repo:acme@123456/shop@456789:ref:refs/heads/main" in runner.summary.read_text()


def test_half_configured(runner):
    """A repository with some of its variables is red, each missing one with what mends it."""
    outcome = runner.run(VARIABLES=json.dumps({"AWS_REGION": "eu-central-1"}))
    assert outcome.code == 1
    assert "::error title=Things to mend: 3::" in outcome.out
    row = "| missing | variable AWS_BUILD_ROLE_ARN of repository | `make setup` |"
    assert row in runner.summary.read_text()


def test_stage_without_its_variables(runner):
    """An environment without its variables is red."""
    outcome = runner.run("staging", VARIABLES=json.dumps(runner.workplace.hub.variables[""]))
    assert outcome.code == 1
    assert "missing  variable CLUSTER_ARN of staging" in outcome.out


def test_stage_without_a_service(runner):
    """A release role is tried even where there is no service to look at."""
    variables = runner.workplace.hub.variables[""] | runner.workplace.hub.variables["staging"]
    variables.pop("SERVICE_NAME")
    outcome = runner.run("staging", VARIABLES=json.dumps(variables))
    assert outcome.code == 1
    assert "shop-staging-release trusts" in outcome.out
    assert "containers" not in outcome.out


def test_stage_with_a_process(runner):
    """The release role may look at every service of the stage."""
    workplace = runner.workplace
    workplace.write_stages('[all]\nplain = true\n[all.processes]\nworker = "a"\n')
    assert workplace.run("setup").code == 0
    variables = workplace.hub.variables[""] | workplace.hub.variables["staging"]
    outcome = runner.run("staging", VARIABLES=json.dumps(variables))
    assert outcome.code == 0
    assert "ok       worker of staging runs 1 of 1 containers" in outcome.out


def test_classic_subject(runner):
    """A role that trusts the other form is red, with the command that compares and mends."""
    runner.issuer.immutable = False
    outcome = runner.run()
    assert outcome.code == 1
    assert "subject is repo:acme/shop:ref:refs/heads/main (SubjectFormat=classic)" in outcome.out
    assert "does not trust repo:acme/shop:ref:refs/heads/main" in outcome.out
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in outcome.out
    assert "mend: make doctor" in outcome.out


def test_classic_repository(runner):
    """A role that trusts the classic form is good where the repository sends it."""
    stack = runner.workplace.cloud.formation.stacks["shop-staging-roles"]
    stack["parameters"]["SubjectFormat"] = "classic"
    runner.issuer.immutable = False
    outcome = runner.run("staging")
    assert outcome.code == 0
    assert "staging-release trusts repo:acme/shop:environment:staging" in outcome.out


def test_subject_of_its_own(runner, monkeypatch):
    """A customized subject is red, with the command that puts it back."""
    token = runner.issuer.token
    monkeypatch.setattr(runner.issuer, "token", lambda aud: token(aud, sub="repository:acme/shop"))
    outcome = runner.run()
    assert outcome.code == 1
    assert "which no role of deploy/infra/github.yml trusts" in outcome.out
    assert "gh api --method PUT repos/acme/shop/actions/oidc/customization/sub" in outcome.out


def test_another_branch(runner):
    """On another branch the role is not tried, and it says where to run instead."""
    runner.job = replace(runner.job, ref="refs/heads/topic")
    outcome = runner.run()
    assert outcome.code == 0
    assert "was not tried: it trusts main only, this run is on refs/heads/topic" in outcome.out
    assert "gh workflow run doctor.yml --ref main" in outcome.out


def test_role_that_may_not_look(runner):
    """A permission that the release role lacks is unseen, not wrong."""
    runner.workplace.cloud.denied = {"ecs:ListTasks"}
    outcome = runner.run("staging")
    assert outcome.code == 0
    assert "unseen   service of staging: AWS does not allow ecs:ListTasks" in outcome.out


def test_job_that_may_not_read_environments(runner):
    """Without `actions: read` the environments are unseen, not wrong."""
    runner.workplace.hub.forbidden = "environments"
    outcome = runner.run()
    assert outcome.code == 0
    assert "unseen   environments: GitHub refused" in outcome.out


def test_job_without_a_token(runner):
    """A job without `id-token: write` says so, from GitHub's side and from the job's."""
    runner.job = replace(runner.job, id_token=False)
    outcome = runner.run()
    assert outcome.code == 1
    assert "GitHub gave no token: HTTP 403." in outcome.err


def test_job_without_a_token_endpoint(workplace, tmp_path, monkeypatch):
    """Outside a job that may ask for a token, it says which permission is missing."""
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    outcome = workplace.run("doctor", "--from-workflow", VARIABLES="{}", DEFAULT_BRANCH="main")
    assert outcome.code == 1
    assert "`id-token: write`" in outcome.err


def test_unpadded_claims(runner):
    """Claims are read whatever their length, which base64 pads to four."""
    for text in ("a", "ab", "abc", "abcd"):
        claims = {"sub": text}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        assert claims_of(f"head.{payload}.signature") == claims


def test_other_stages(runner):
    """The environments of the stages that the repository names are looked at."""
    runner.workplace.hub.variables[""]["STAGES"] = "dev live"
    outcome = runner.run()
    assert "environment dev" in outcome.out
    assert "environment staging" not in outcome.out
