"""Doctor inside a workflow: what only a job of this repository can see, with its OIDC token."""

import base64
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from deploy.aws import Aws, who_am_i
from deploy.checks import (
    check_environment,
    check_services,
    check_together,
    check_variables,
    where_allowed,
)
from deploy.console import GOOD, UNSEEN, WRONG, Finding, as_table, is_gap, print_findings, say
from deploy.errors import SetupError
from deploy.github import Repository, read_environment
from deploy.settings import STAGES, SUBJECT_FORMATS, read_stages, reviewed_stage
from deploy.variables import OF_REPOSITORY, OF_STAGE

NOT_CONFIGURED = "This repository is not connected to AWS yet. Run: make setup"
AUDIENCE = "sts.amazonaws.com"


def doctor_in_workflow(environment: Mapping[str, str]) -> None:
    """Report in the job summary; raise SetupError where something that was configured is wrong.

    A repository with nothing configured has nothing wrong with it: a notice, and the run is green.
    """
    variables = json.loads(environment["VARIABLES"]) or {}
    stage = environment.get("STAGE", "")
    token = request_token(environment)
    claims = claims_of(token)
    repository = repository_of(claims, environment["DEFAULT_BRANCH"])
    findings = [check_subject(repository, claims, stage)]
    if not any(variables.get(name) for name in OF_REPOSITORY + OF_STAGE):
        report(environment, claims, [*findings, Finding(UNSEEN, NOT_CONFIGURED, "make setup")])
        say(f"::notice title=Nothing to look at::{NOT_CONFIGURED}")
        return
    findings += check_configuration(repository, variables, stage)
    findings += check_role(repository, variables, stage, claims, token)
    report(environment, claims, findings)
    if gaps := sum(map(is_gap, findings)):
        say(f"::error title=Things to mend: {gaps}::The job summary has the commands.")
        raise SetupError(
            f"Things to mend: {gaps}.", "Run the commands after `mend:`, then this workflow again."
        )


def repository_of(claims: dict, default_branch: str) -> Repository:
    """Return the repository that a token speaks of."""
    full_name = claims["repository"]
    return Repository(
        full_name=full_name,
        owner=claims["repository_owner"],
        owner_id=int(claims["repository_owner_id"]),
        name=full_name.partition("/")[2],
        id=int(claims["repository_id"]),
        default_branch=default_branch,
        created_at="",
        private=claims["repository_visibility"] != "public",
        admin=False,
    )


def check_subject(repository: Repository, claims: dict, stage: str) -> Finding:
    """Say which form the subject has that this repository really sends."""
    context = f"environment:{stage}" if stage else f"ref:{claims['ref']}"
    for form in SUBJECT_FORMATS:
        if claims["sub"] == repository.subject(form, context):
            return Finding(GOOD, f"the token's subject is {claims['sub']} (SubjectFormat={form})")
    path = f"repos/{repository.full_name}/actions/oidc/customization/sub"
    return Finding(
        WRONG,
        f"the token's subject is {claims['sub']}, which no role of deploy/infra/github.yml trusts",
        f"gh api --method PUT {path} -F use_default=true",
    )


def check_configuration(
    repository: Repository, variables: dict[str, str], stage: str
) -> list[Finding]:
    """Look at the variables that this job gets, and at the environments."""
    findings = check_variables(variables, OF_REPOSITORY, "repository") + check_together(variables)
    if stage:
        return findings + check_variables(variables, OF_STAGE, stage)
    return findings + where_allowed("environments", check_environments, repository, variables)


def check_environments(repository: Repository, variables: dict[str, str]) -> list[Finding]:
    """Look at the environments of the stages."""
    stages = read_stages(variables.get("STAGES", "")) or STAGES
    reviewed = reviewed_stage(stages)
    found = [read_environment(repository, name, is_reviewed=name == reviewed) for name in stages]
    return [
        finding
        for environment in found
        for finding in check_environment(environment, private=repository.private)
    ]


def check_role(
    repository: Repository, variables: dict[str, str], stage: str, claims: dict, token: str
) -> list[Finding]:
    """Assume the role that a deploy would assume here, and look at the service with it."""
    role = variables.get("AWS_RELEASE_ROLE_ARN" if stage else "AWS_BUILD_ROLE_ARN")
    if not role or not variables.get("AWS_REGION"):
        return []
    branch = repository.default_branch
    if claims["ref"] != f"refs/heads/{branch}":
        what = f"{role} was not tried: it trusts {branch} only, this run is on {claims['ref']}"
        return [Finding(UNSEEN, what, f"gh workflow run doctor.yml --ref {branch}")]
    aws = Aws(variables["AWS_REGION"])
    with assumed(role, token):
        try:
            who_am_i(aws)
        except SetupError as error:
            what = f"{role} does not trust {claims['sub']}: {error}"
            return [Finding(WRONG, what, "make doctor")]
        trusted = Finding(GOOD, f"{role} trusts {claims['sub']}")
        return [trusted, *look_at_service(aws, stage, variables)]


def look_at_service(aws: Aws, stage: str, variables: dict[str, str]) -> list[Finding]:
    """Look at a stage's service, where this is a stage and its variables are there."""
    if not stage or not all(variables.get(name) for name in OF_REPOSITORY + OF_STAGE):
        return []
    return where_allowed(f"service of {stage}", check_services, aws, stage, variables)


def report(environment: Mapping[str, str], claims: dict, findings: list[Finding]) -> None:
    """Print the findings, and write them into the job summary with what the token says."""
    print_findings(findings)
    told = (
        "sub",
        "aud",
        "iss",
        "repository",
        "repository_id",
        "repository_owner_id",
        "environment",
        "ref",
    )
    rows = "\n".join(f"| {name} | `{claims[name]}` |" for name in told if name in claims)
    with Path(environment["GITHUB_STEP_SUMMARY"]).open("a") as summary:
        summary.write(
            f"### Doctor\n\n{as_table(findings)}\n\n### What the token says\n\n| claim | value |\n"
        )
        summary.write(f"| --- | --- |\n{rows}\n")


def request_token(environment: Mapping[str, str]) -> str:
    """Return the job's token, as configure-aws-credentials gets it. Never print it."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in environment:
        raise SetupError(
            "GitHub gives this job no token.", "Give the job the permission `id-token: write`."
        )
    url = urlsplit(environment["ACTIONS_ID_TOKEN_REQUEST_URL"])
    connection = (HTTPSConnection if url.scheme == "https" else HTTPConnection)(
        url.netloc, timeout=30
    )
    headers = {"Authorization": f"bearer {environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    connection.request("GET", f"{url.path}?{url.query}&audience={AUDIENCE}", headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise SetupError(
            f"GitHub gave no token: HTTP {response.status}.", "Run this workflow again."
        )
    return json.loads(body)["value"]


def claims_of(token: str) -> dict:
    """Return what a token says. Its signature is for AWS to check."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@contextmanager
def assumed(role: str, token: str) -> Iterator[None]:
    """Let the AWS CLI assume a role with the token, from a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "token")
        file.touch(mode=0o600)
        file.write_text(token)
        names = {
            "AWS_ROLE_ARN": role,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            "AWS_ROLE_SESSION_NAME": "doctor",
        }
        os.environ.update(names)
        try:
            yield
        finally:
            for name in names:
                del os.environ[name]
