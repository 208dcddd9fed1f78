"""The bucket of uploaded files, which outlives its stack and is taken back by the next one."""

from deploy.aws import Aws
from deploy.errors import ProgramError, SetupError
from deploy.parameters import OWNER


def bucket_name(project: str, stage: str, account: str) -> str:
    """Return the name that deploy/infra/uploads.yml gives the bucket."""
    return f"{project}-{stage}-{account}"


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
