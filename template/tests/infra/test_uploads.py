"""Uploaded files are private, encrypted, kept, and can be taken back."""

import pytest

from template.rehearsal.aws.account import ACCOUNT
from template.rehearsal.project import NAME, STAGES
from template.tests.infra.cloudformation import TEMPLATES, stack

BUCKET = stack("uploads").resources["Bucket"].properties


def rules() -> dict[str, dict]:
    """The rules of the bucket's lifecycle, by their names."""
    return {rule["Id"]: rule for rule in BUCKET["LifecycleConfiguration"]["Rules"]}


def test_nobody_outside_reads_the_files():
    """No policy and no list of access control can make the bucket or a file public."""
    assert set(BUCKET["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(BUCKET["PublicAccessBlockConfiguration"]) == 4
    assert BUCKET["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_files_are_encrypted():
    """Files are encrypted where they lie, and refused on a way without TLS."""
    [rule] = BUCKET["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


@pytest.mark.parametrize(("secure", "allowed"), [("true", True), ("false", False)])
@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:ListBucket"])
def test_plain_http_is_refused(judge, action, secure, allowed):
    """What the application's role allows is refused all the same without TLS."""
    stacks = stack("uploads")
    resource = stacks.resources["Bucket"].id
    arn = f"arn:aws:s3:::{resource}" + ("" if action == "s3:ListBucket" else "/a.png")
    decision = judge.decide(
        principal=f"arn:aws:iam::{ACCOUNT}:role/{NAME}-staging-task",
        action=action,
        resource=arn,
        context={"aws:SecureTransport": secure},
        policies={"uploads": stacks.resources["TaskPolicy"].properties["PolicyDocument"]},
        resource_policy=stacks.resources["BucketPolicy"].properties["PolicyDocument"],
    )
    assert decision.allowed is allowed


def test_what_was_overwritten_can_be_taken_back():
    """Old versions stay for as long as chosen, and parts of what was given up for a day."""
    assert BUCKET["VersioningConfiguration"] == {"Status": "Enabled"}
    kept = stack("uploads", KeepVersionsDays="90").resources["Bucket"].properties
    days = kept["LifecycleConfiguration"]["Rules"][0]["NoncurrentVersionExpiration"]
    assert days == {"NoncurrentDays": "90"}
    assert rules()["drop-parts"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert {rule["Status"] for rule in rules().values()} == {"Enabled"}


def test_no_rule_drops_a_file():
    """Nothing expires that is still a file's current version."""
    for rule in rules().values():
        assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & set(rule)


@pytest.mark.parametrize("stage", STAGES)
def test_files_outlive_the_stack(stage):
    """The bucket stays, and has a name of its own by which the next stack takes it back."""
    body = TEMPLATES["uploads"]["Resources"]["Bucket"]
    assert body["DeletionPolicy"] == "RetainExceptOnCreate"
    assert stack("uploads", stage).outputs["UploadsBucketName"] == f"{NAME}-{stage}-{ACCOUNT}"


def test_the_longest_name_fits():
    """A bucket has a name of 63 characters at most, however long those of project and stage are."""
    parameters = TEMPLATES["uploads"]["Parameters"]
    longest = {"ProjectName": "p" * parameters["ProjectName"]["MaxLength"]}
    bucket = stack("uploads", **longest, Stage="s" * 16).outputs["UploadsBucketName"]
    assert len(bucket) <= 63
