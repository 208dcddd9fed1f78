"""What stays when a stack is deleted: data that its template told AWS to keep.

The bucket of uploaded files is taken back by the next stack.
"""

from typing import NamedTuple

from deploy.aws import Aws
from deploy.console import say
from deploy.errors import ProgramError, SetupError
from deploy.parameters import OWNER
from deploy.stacks import last_operation


class Kind(NamedTuple):
    """How to look at one kind of thing and how to delete it; its name follows either command."""

    what: str
    look: tuple[str, ...]
    missing: str
    delete: tuple[str, ...]


KINDS = {
    "AWS::ECR::Repository": Kind(
        "image repository",
        ("ecr", "describe-repositories", "--repository-names"),
        "RepositoryNotFoundException",
        ("ecr", "delete-repository", "--force", "--repository-name"),
    ),
    "AWS::SecretsManager::Secret": Kind(
        "secret",
        ("secretsmanager", "describe-secret", "--secret-id"),
        "ResourceNotFoundException",
        ("secretsmanager", "delete-secret", "--force-delete-without-recovery", "--secret-id"),
    ),
    "AWS::RDS::DBSnapshot": Kind(
        "database snapshot",
        ("rds", "describe-db-snapshots", "--db-snapshot-identifier"),
        "DBSnapshotNotFound",
        ("rds", "delete-db-snapshot", "--db-snapshot-identifier"),
    ),
    "AWS::RDS::DBInstanceAutomatedBackup": Kind(
        "daily backups, which expire by themselves",
        ("rds", "describe-db-instance-automated-backups", "--db-instance-automated-backups-arn"),
        "DBInstanceAutomatedBackupNotFound",
        ("rds", "delete-db-instance-automated-backup", "--db-instance-automated-backups-arn"),
    ),
    "AWS::S3::Bucket": Kind(
        "bucket, which has to be empty first (S3 console, Empty)",
        ("s3api", "head-bucket", "--bucket"),
        "Not Found",
        ("s3api", "delete-bucket", "--bucket"),
    ),
    "AWS::SES::EmailIdentity": Kind(
        "domain in SES and its records, which other stages may use",
        ("sesv2", "get-email-identity", "--email-identity"),
        "NotFoundException",
        ("sesv2", "delete-email-identity", "--email-identity"),
    ),
    "AWS::IAM::OIDCProvider": Kind(
        "OIDC provider, which other repositories may use",
        ("iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn"),
        "NoSuchEntity",
        ("iam", "delete-open-id-connect-provider", "--open-id-connect-provider-arn"),
    ),
}
# No teardown deletes these: the provider is shared with whoever else deploys from GitHub to this
# account, the domain with whoever sends in its name, and a bucket cannot go before it is empty.
FOR_THE_PERSON = ("AWS::IAM::OIDCProvider", "AWS::S3::Bucket", "AWS::SES::EmailIdentity")


class Leftover(NamedTuple):
    """Something that outlives its stack."""

    type: str
    name: str

    @property
    def kind(self) -> Kind:
        """How to look at it and how to delete it."""
        return KINDS[self.type]


def find_leftovers(aws: Aws, stacks: list[str]) -> list[Leftover]:
    """Return what is still there of the stacks of these names deleted in the last 90 days."""
    told = aws.ask("cloudformation", "list-stacks", "--stack-status-filter", "DELETE_COMPLETE")
    ids = [stack["StackId"] for stack in told["StackSummaries"] if stack["StackName"] in stacks]
    found = {leftover: None for stack in ids for leftover in kept_by(aws, stack)}
    return [
        one for one in found if aws.find(one.kind.missing, *one.kind.look, one.name) is not None
    ]


def kept_by(aws: Aws, stack: str) -> list[Leftover]:
    """Return what a deleted stack left behind."""
    answer = aws.ask("cloudformation", "describe-stack-events", "--stack-name", stack)
    kept = []
    for event in last_operation(answer["StackEvents"]):
        kind, name = event["ResourceType"], event["PhysicalResourceId"]
        if event["ResourceStatus"] == "DELETE_SKIPPED" and kind in KINDS:
            kept.append(Leftover(kind, name))
        elif event["ResourceStatus"] == "DELETE_COMPLETE" and kind == "AWS::RDS::DBInstance":
            kept += backups_of(aws, name)
    return kept


def backups_of(aws: Aws, database: str) -> list[Leftover]:
    """Return the snapshots and the daily backups of a deleted database."""
    which = ("--db-instance-identifier", database)
    manual = aws.ask("rds", "describe-db-snapshots", "--snapshot-type", "manual", *which)
    daily = aws.ask("rds", "describe-db-instance-automated-backups", *which)
    snapshots = [one["DBSnapshotIdentifier"] for one in manual["DBSnapshots"]]
    arns = [one["DBInstanceAutomatedBackupsArn"] for one in daily["DBInstanceAutomatedBackups"]]
    return [
        *(Leftover("AWS::RDS::DBSnapshot", name) for name in snapshots),
        *(Leftover("AWS::RDS::DBInstanceAutomatedBackup", arn) for arn in arns),
    ]


def delete_command(aws: Aws, leftover: Leftover) -> str:
    """Return the command that deletes it for good."""
    return " ".join(("aws", *leftover.kind.delete, leftover.name, *aws.place))


def say_leftovers(aws: Aws, leftovers: list[Leftover]) -> None:
    """Say what stays, each with the command that deletes it."""
    for leftover in leftovers:
        say(f"  kept: {leftover.kind.what} {leftover.name}")
        say(f"        {delete_command(aws, leftover)}")


def takes_back(aws: Aws, bucket: str, repository: int) -> bool:
    """Return whether a bucket of that name is there for a new stack to take back.

    Raises SetupError where it is not known to be this repository's.
    """
    try:
        found = aws.find("Not Found", "s3api", "head-bucket", "--bucket", bucket)
    except ProgramError as error:
        if "Forbidden" not in error.said:
            raise
        raise SetupError(
            f"Another account of AWS has a bucket {bucket}: the names of buckets are the world's.",
            "Choose another name for the project, PROJECT=NAME, or leave `uploads` out; then run"
            " this again.",
        ) from error
    if found is None:
        return False
    answer = aws.find("NoSuchTagSet", "s3api", "get-bucket-tagging", "--bucket", bucket)
    tags = {one["Key"]: one["Value"] for one in answer["TagSet"]} if answer else {}
    if tags.get(OWNER) == str(repository):
        return True
    tag = f"TagSet=[{{Key={OWNER},Value={repository}}}]"
    raise SetupError(
        f"The account has a bucket {bucket} already, which does not say that it is this"
        " repository's.",
        f"If it is, `aws s3api put-bucket-tagging --bucket {bucket} --tagging '{tag}'"
        f" {aws.options}`; otherwise rename the project, PROJECT=NAME. Then run this again.",
    )
