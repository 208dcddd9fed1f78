"""The AWS account: who asks, and what is in it besides stacks."""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.errors import LOG_IN_TO_AWS, ProgramError, SetupError, find_reason
from deploy.programs import run

MOST_FAILURES = 5
GITHUB_PROVIDER = "oidc-provider/token.actions.githubusercontent.com"


@dataclass(frozen=True)
class Aws:
    """The AWS CLI in one region, with the credentials of a profile or with those that it finds."""

    region: str
    profile: str = ""

    @property
    def options(self) -> str:
        """The options that a command for the person needs to reach the same place."""
        return " ".join(self.place)

    @property
    def place(self) -> tuple[str, ...]:
        """The options of region and profile."""
        profile = ("--profile", self.profile) if self.profile else ()
        return ("--region", self.region, *profile)

    def text(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what a command prints; raise ProgramError where it fails."""
        return run("aws", *arguments, *self.place, stdin=stdin)

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


def patiently(ask: Callable[[], Any], seconds: float) -> Any:
    """Return an answer of AWS, which may fail four times in a row with so many seconds between.

    Raises ProgramError at the fifth time.
    """
    for _ in range(MOST_FAILURES - 1):
        try:
            return ask()
        except ProgramError:
            time.sleep(seconds)
    return ask()


def read_time(told: float | str) -> datetime:
    """Return a moment as the AWS CLI tells it: version 1 in seconds, version 2 in ISO's form."""
    if isinstance(told, str):
        return datetime.fromisoformat(told).astimezone(UTC)
    return datetime.fromtimestamp(told, UTC)


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


def provider_arn(partition: str, account: str) -> str:
    """Return the ARN of the one OIDC provider for GitHub Actions that an account can have."""
    return f"arn:{partition}:iam::{account}:{GITHUB_PROVIDER}"


def github_provider(aws: Aws, partition: str, account: str) -> str:
    """Return the ARN of the account's OIDC provider for GitHub Actions, or nothing."""
    arn = provider_arn(partition, account)
    command = ("iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", arn)
    return arn if aws.find("NoSuchEntity", *command) is not None else ""


def image_digest(aws: Aws, image_url: str, tag: str) -> str | None:
    """Return the digest that a tag of an ECR repository names, or None where there is none.

    The registry may be that of another account, which the repository's policy then admits.
    """
    endpoint, _, repository = image_url.partition("/")
    answer = aws.find(
        "RepositoryNotFoundException",
        *("ecr", "batch-get-image", "--registry-id", endpoint.partition(".")[0]),
        *("--repository-name", repository, "--image-ids", f"imageTag={tag}"),
    )
    images = answer["images"] if answer else []
    return images[0]["imageId"]["imageDigest"] if images else None


def commit_of(aws: Aws, image_url: str, digest: str) -> str:
    """Return the commit that an image was built from, by its tags, or nothing where none tells."""
    endpoint, _, repository = image_url.partition("/")
    answer = aws.find(
        "ImageNotFoundException",
        *("ecr", "describe-images", "--registry-id", endpoint.partition(".")[0]),
        *("--repository-name", repository, "--image-ids", f"imageDigest={digest}"),
    )
    tags = answer["imageDetails"][0].get("imageTags", []) if answer else []
    return next((tag for tag in tags if re.fullmatch("[0-9a-f]{40}", tag)), "")


def image_repository_tags(aws: Aws, name: str) -> dict[str, str] | None:
    """Return the tags of the account's ECR repository of that name, or None without one."""
    command = ("ecr", "describe-repositories", "--repository-names", name)
    found = aws.find("RepositoryNotFoundException", *command)
    if found is None:
        return None
    arn = found["repositories"][0]["repositoryArn"]
    tags = aws.ask("ecr", "list-tags-for-resource", "--resource-arn", arn)["tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}
