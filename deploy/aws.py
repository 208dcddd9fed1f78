"""The AWS account: who asks, and what is in it besides stacks."""

import json
import os
from typing import Any

from deploy.errors import ProgramError, SetupError
from deploy.programs import run
from deploy.refusals import LOG_IN_TO_AWS, find_reason

GITHUB_PROVIDER = "oidc-provider/token.actions.githubusercontent.com"


class Aws:
    """The AWS CLI in one region."""

    def __init__(self, region: str) -> None:
        self.region = region

    def text(self, *arguments: str) -> str:
        """Return what a command prints; raise ProgramError where it fails."""
        return run("aws", *arguments, "--region", self.region)

    def ask(self, *arguments: str) -> Any:
        """Return the answer to a command; raise ProgramError where it fails."""
        return json.loads(self.text(*arguments, "--output", "json") or "{}")

    def find(self, missing: str, *arguments: str) -> Any:
        """Return the answer to a command, or None where AWS says that the thing is missing."""
        try:
            return self.ask(*arguments)
        except ProgramError as error:
            if missing in error.said:
                return None
            raise


def who_am_i(aws: Aws) -> tuple[str, str]:
    """Return the account's number and the ARN of whoever is logged in."""
    try:
        identity = aws.ask("sts", "get-caller-identity")
    except ProgramError as error:
        raise find_reason(error.said) or SetupError(
            f"AWS does not know you: {error.said}", LOG_IN_TO_AWS
        ) from error
    return identity["Account"], identity["Arn"]


def choose_region(*wishes: str) -> str:
    """Return the first region that is named: the wishes in their order, then the AWS CLI's own."""
    variables = (os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    for region in (*wishes, *variables, configured_region()):
        if region:
            return region
    raise SetupError(
        "No AWS region is chosen.",
        "Name one, `make setup REGION=eu-central-1`, or choose one for good:"
        " `aws configure set region eu-central-1`.",
    )


def configured_region() -> str:
    """Return the region of the AWS CLI's configuration, or nothing."""
    try:
        return run("aws", "configure", "get", "region").strip()
    except ProgramError:  # its way of saying that there is none
        return ""


def github_provider(aws: Aws) -> str:
    """Return the ARN of the account's OIDC provider for GitHub Actions, or nothing."""
    providers = aws.ask("iam", "list-open-id-connect-providers")["OpenIDConnectProviderList"]
    arns = [provider["Arn"] for provider in providers]
    return next((arn for arn in arns if arn.endswith(GITHUB_PROVIDER)), "")


def image_digest(aws: Aws, repository: str, tag: str) -> str | None:
    """Return the digest that a tag of an ECR repository names, or None where there is none."""
    answer = aws.find(
        "RepositoryNotFoundException",
        *(
            "ecr",
            "batch-get-image",
            "--repository-name",
            repository,
            "--image-ids",
            f"imageTag={tag}",
        ),
    )
    images = answer["images"] if answer else []
    return images[0]["imageId"]["imageDigest"] if images else None


def repository_exists(aws: Aws, name: str) -> bool:
    """Return whether the account has an ECR repository of that name."""
    command = ("ecr", "describe-repositories", "--repository-names", name)
    return aws.find("RepositoryNotFoundException", *command) is not None
