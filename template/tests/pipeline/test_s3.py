"""The bucket of a stage is moto's, for those who may."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
import requests
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from deploy.stages import StageChoices
from template.rehearsal import cloud, project
from template.rehearsal.aws.s3 import serve_bucket
from template.rehearsal.serving import HOST
from template.tests.pipeline.account import PUSH

CHOICES = StageChoices(switches=frozenset({"uploads"}))
STACKS = project.deploy(choices=dict.fromkeys(project.STAGES, CHOICES))
BUCKET = STACKS["production-uploads"].outputs["UploadsBucketName"]
TASK = f"{project.NAME}-production-task"
KEY = "items/tea.png"


@pytest.fixture
def doubles() -> Iterator[cloud.Cloud]:
    """AWS with a bucket for each stage."""
    with cloud.run(STACKS.values(), project.REPOSITORY, lambda: PUSH) as running:
        yield running


@pytest.fixture
def url(doubles: cloud.Cloud) -> Iterator[str]:
    """The URL of S3 with the bucket of production."""
    with serve_bucket(BUCKET, doubles.aws.guard, doubles.sessions, HOST) as endpoint:
        yield f"http://{endpoint}"


def client(doubles: cloud.Cloud, url: str, role: str = TASK, token: str = "") -> BaseClient:
    """A client of S3 in a session of a role."""
    session = doubles.sessions.issue(role, "ecs")
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id=session.access_key,
        aws_secret_access_key=session.secret_key,
        aws_session_token=token or session.token,
    )


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    """What S3 answers with an error."""
    with pytest.raises(ClientError) as refusal:
        yield
    assert refusal.value.response["Error"]["Code"] == code


def test_containers_store_read_list_and_delete(doubles, url):
    """The role of the containers may do what django-storages does, and a signed URL is enough."""
    s3 = client(doubles, url)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"tea")
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"tea"
    [found] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert found["Key"] == KEY
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY})
    assert requests.get(signed, timeout=5).content == b"tea"
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    with refused("404"):
        s3.head_object(Bucket=BUCKET, Key=KEY)
    assert set(doubles.recording.actions(TASK)) == {
        f"s3:{action}Object" for action in ("Put", "Get", "Delete")
    } | {"s3:ListBucket"}
    assert doubles.recording.refused() == []


def test_nobody_else_may(doubles, url):
    """Without a signature, with a wrong token or as another role there is no access."""
    client(doubles, url).put_object(Bucket=BUCKET, Key=KEY, Body=b"tea")
    assert requests.get(f"{url}/{BUCKET}/{KEY}", timeout=5).status_code == 403
    with refused("AccessDenied"):
        client(doubles, url, "django-crud-app-staging-task").get_object(Bucket=BUCKET, Key=KEY)
    with refused("InvalidAccessKeyId"):
        client(doubles, url, token="another").get_object(Bucket=BUCKET, Key=KEY)
    s3 = client(doubles, url)
    doubles.expire()
    with refused("ExpiredToken"):
        s3.get_object(Bucket=BUCKET, Key=KEY)


def test_who_may_not_list_does_not_learn_what_is_missing(doubles, url):
    """S3 then answers 403 in the place of 404."""
    role = doubles.iam.roles[TASK]
    policy = role.policies["uploads"]
    only = [each for each in policy["Statement"] if each["Sid"] != "ListFiles"]
    doubles.iam.roles[TASK] = replace(role, policies={"uploads": {**policy, "Statement": only}})
    with refused("403"):
        client(doubles, url).head_object(Bucket=BUCKET, Key="missing")


def test_what_is_not_played_is_told(doubles, url):
    """Another bucket is not there, and other operations are refused."""
    s3 = client(doubles, url)
    with refused("NoSuchBucket"):
        s3.put_object(Bucket="another", Key=KEY, Body=b"")
    with refused("NotImplemented"):
        s3.get_object_acl(Bucket=BUCKET, Key=KEY)
    with refused("NotImplemented"):
        s3.delete_bucket(Bucket=BUCKET)


def test_bucket_is_empty_at_first(doubles):
    """What an earlier rehearsal has stored is gone."""
    for _ in range(2):
        with serve_bucket(BUCKET, doubles.aws.guard, doubles.sessions, HOST) as endpoint:
            s3 = client(doubles, f"http://{endpoint}")
            assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)
            s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"tea")


def test_address_of_another_machine_is_an_error(doubles):
    """Where Docker runs in a virtual machine, its networks' addresses are that one's."""
    with (
        pytest.raises(OSError, match="assign"),
        serve_bucket(BUCKET, doubles.aws.guard, doubles.sessions, "192.0.2.200"),
    ):
        pass
