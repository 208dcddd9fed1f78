"""ECR's API answers from the real registry."""

import base64
import time

import pytest
from botocore.exceptions import ClientError

from template.rehearsal.ecr.api import Ecr
from template.tests.pipeline.images import MANIFEST, digest, manifest

COMMIT = "c" * 40
NAME = "django-crud-app"


@pytest.fixture
def ecr(aws, front, client, iam, session):
    """A client of ECR in the build job, whose role may also describe images."""
    aws.add(Ecr(front.passwords, {front.region: front}))
    [push] = [
        statement
        for document in iam.role(session.role).policies.values()
        for statement in document["Statement"]
        if statement["Sid"] == "PushImages"
    ]
    iam.role(session.role).policies["test"] = {
        "Version": "2012-10-17",
        "Statement": [{**push, "Action": ["ecr:DescribeImages"]}],
    }
    return client("ecr", session)


def refusal(call, **params):
    """The error of a call, as an SDK sees it."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]


def test_password_is_handed_out(ecr, front, session):
    """The token is the user AWS with a password for the front, good for twelve hours."""
    [token] = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert front.passwords.find(password).owner.session == session
    assert token["proxyEndpoint"] == f"http://{front.endpoint}"
    assert token["expiresAt"].timestamp() - time.time() == pytest.approx(12 * 3600, abs=60)


def test_images_are_described(ecr, build_job):
    """Each image has its digest, its own tags and its size, whether asked for by name or not."""
    pushed = build_job.push(b"layer", COMMIT)
    build_job.tag(manifest(b"layer"), "latest")
    image = {
        "registryId": "123456789012",
        "repositoryName": NAME,
        "imageDigest": pushed,
        "imageTags": [COMMIT, "latest"],
        "imageSizeInBytes": 5,
        "imageManifestMediaType": MANIFEST,
    }
    assert ecr.describe_images(repositoryName=NAME)["imageDetails"] == [image]
    build_job.push(b"another layer", "staging")
    for wanted in ({"imageTag": "latest"}, {"imageDigest": pushed}):
        answer = ecr.describe_images(repositoryName=NAME, imageIds=[wanted])
        assert answer["imageDetails"] == [image]


def test_missing_image_is_told(ecr):
    """An image that is not there has ECR's own error."""
    error = refusal(ecr.describe_images, repositoryName=NAME, imageIds=[{"imageTag": "none"}])
    assert error["Code"] == "ImageNotFoundException"
    assert "imageTag:'none'} does not exist within the repository" in error["Message"]


def test_image_needs_a_name(ecr):
    """An image that is asked for without tag and digest is nobody's."""
    error = refusal(ecr.batch_get_image, repositoryName=NAME, imageIds=[{}])
    assert error["Code"] == "InvalidParameterException"


def test_empty_repository(ecr):
    """A repository without images has none to describe."""
    assert ecr.describe_images(repositoryName=NAME)["imageDetails"] == []


def test_manifests_are_read(ecr, build_job):
    """Manifests that are there come with their digest, the others as failures."""
    pushed = build_job.push(b"layer", COMMIT)
    answer = ecr.batch_get_image(
        repositoryName=NAME, imageIds=[{"imageTag": COMMIT}, {"imageDigest": digest(b"none")}]
    )
    [image], [failure] = answer["images"], answer["failures"]
    assert image["imageId"] == {"imageTag": COMMIT, "imageDigest": pushed}
    assert image["imageManifest"].encode() == manifest(b"layer")
    assert failure["failureCode"] == "ImageNotFound"
    assert failure["imageId"] == {"imageDigest": digest(b"none")}


def test_missing_permission_is_refused(ecr, iam, session):
    """A role that may not describe images is refused, by the repository's ARN."""
    del iam.role(session.role).policies["test"]
    error = refusal(ecr.describe_images, repositoryName=NAME)
    assert error["Code"] == "AccessDeniedException"
    assert (
        f"ecr:DescribeImages on resource: arn:aws:ecr:eu-central-1:123456789012:repository/{NAME}"
        in error["Message"]
    )


def test_unknown_repository_is_told(ecr, front):
    """A repository that may be described but does not exist is unknown."""
    front.repositories.clear()
    error = refusal(ecr.describe_images, repositoryName=NAME)
    assert error["Code"] == "RepositoryNotFoundException"


def test_other_operations_are_not_played(ecr):
    """An operation of ECR that is not played says which ones are."""
    error = refusal(ecr.delete_repository, repositoryName=NAME)
    assert error["Code"] == "UnknownOperationException"
    assert "but not DeleteRepository" in error["Message"]


def test_region_without_registry_is_told(ecr, front, aws):
    """A region that has no registry hands out no password."""
    aws.add(Ecr(front.passwords, {"us-east-1": front}))
    error = refusal(ecr.get_authorization_token)
    assert "no registry in the region eu-central-1" in error["Message"]


def put(ecr, content, tag, **more):
    """Name a manifest by a tag."""
    return ecr.put_image(repositoryName=NAME, imageTag=tag, imageManifest=content.decode(), **more)


def test_manifest_is_named_again(ecr, front, build_job):
    """A manifest whose layers are there gets another tag, and keeps its digest."""
    pushed = build_job.push(b"layer", COMMIT)
    answer = put(ecr, manifest(b"layer"), "staging", imageDigest=pushed)
    assert answer["image"]["imageId"] == {"imageTag": "staging", "imageDigest": pushed}
    assert front.registry.digest(NAME, "staging") == pushed


def test_manifest_of_another_digest_is_refused(ecr, build_job):
    """What is told of the manifest has to be true."""
    build_job.push(b"layer", COMMIT)
    error = refusal(put, ecr=ecr, content=manifest(b"layer"), tag="x", imageDigest=digest(b"y"))
    assert error["Code"] == "ImageDigestDoesNotMatchException"


def test_name_that_an_image_has_is_refused(ecr, build_job):
    """To name an image as it is named already is an error."""
    build_job.push(b"layer", COMMIT)
    put(ecr, manifest(b"layer"), "staging")
    error = refusal(put, ecr=ecr, content=manifest(b"layer"), tag="staging")
    assert error["Code"] == "ImageAlreadyExistsException"


def test_immutable_tag_stays(ecr, build_job):
    """The tag of a commit does not come to name another image."""
    build_job.push(b"layer", COMMIT)
    build_job.push(b"another", "d" * 40)
    error = refusal(put, ecr=ecr, content=manifest(b"another"), tag=COMMIT)
    assert error["Code"] == "ImageTagAlreadyExistsException"
