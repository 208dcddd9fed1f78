"""ECR asks Docker for a password, and IAM for every request."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.sessions import Caller
from template.tests.pipeline.images import CONFIG, MANIFEST, Requests, digest, manifest

COMMIT = "c" * 40
NAME = "django-crud-app"
MIB = 1024 * 1024


def told(answer):
    """The error that Docker prints."""
    [error] = answer.json()["errors"]
    return error["code"], error["message"]


# Who asks


def test_challenge(front, recording):
    """Without a password Docker is told to send one, as ECR does; that is no refusal."""
    answer = requests.get(f"http://{front.endpoint}/v2/", timeout=60)
    assert answer.status_code == requests.codes.unauthorized
    assert answer.headers["WWW-Authenticate"] == (
        f'Basic realm="http://{front.endpoint}/",service="ecr.amazonaws.com"'
    )
    assert list(recording) == []


def test_bearer_tokens_are_challenged(front):
    """Another kind of login than a password is none."""
    headers = {"Authorization": "Bearer x"}
    answer = requests.get(f"http://{front.endpoint}/v2/", headers=headers, timeout=60)
    assert answer.status_code == requests.codes.unauthorized


def test_login(build_job):
    """The password that the API handed out is accepted."""
    assert build_job.ask("GET", "").status_code == requests.codes.ok


@pytest.mark.parametrize("user", ["AWS", "root"])
def test_wrong_login_is_refused(front, build_job, recording, user):
    """A wrong password, and a right one of the wrong user, are refused and recorded."""
    password = "wrong" if user == "AWS" else build_job.login[1]
    answer = Requests(front.endpoint, (user, password)).ask("GET", "")
    assert answer.status_code == requests.codes.bad_request
    assert told(answer) == ("DENIED", "Your Authorization Token is invalid.")
    assert [call.principal for call in recording.refused()] == ["anonymous"]


def test_password_of_another_region_is_refused(front, session):
    """A password is good for the registry of its region only."""
    password, _ = front.passwords.issue(Caller(session, "us-east-1"))
    answer = Requests(front.endpoint, ("AWS", password)).ask("GET", "")
    assert answer.status_code == requests.codes.bad_request


def test_expired_password_is_refused(front, build_job):
    """A password that was good before has to be fetched again."""
    front.passwords.expire()
    answer = build_job.ask("GET", "")
    assert answer.status_code == requests.codes.forbidden
    assert "has expired. Reauthenticate" in told(answer)[1]


# What is allowed


def test_push_and_pull(front, build_job, recording, session):
    """Layers and manifests go in and come out, each request as its action on the repository."""
    pushed = build_job.push(b"layer", COMMIT)
    head = build_job.ask("HEAD", f"{NAME}/manifests/{COMMIT}", headers={"Accept": MANIFEST})
    assert head.headers["Docker-Content-Digest"] == pushed
    assert head.headers["Content-Length"] == str(len(manifest(b"layer")))
    assert build_job.ask("GET", f"{NAME}/blobs/{digest(b'layer')}").content == b"layer"
    assert front.registry.digest(NAME, COMMIT) == pushed
    upload = ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]
    reading = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert recording.actions() == [*upload, *upload, "ecr:PutImage", *reading]
    assert {call.resource for call in recording} == {arn("ecr", f"repository/{NAME}")}
    assert {call.principal for call in recording} == {session.arn}


def test_missing_permission_is_refused(build_job, recording, session):
    """Another repository is refused with the text that Docker prints, and recorded."""
    answer = build_job.ask("POST", "other/blobs/uploads/")
    assert answer.status_code == requests.codes.forbidden
    resource = arn("ecr", "repository/other")
    assert told(answer) == (
        "DENIED",
        f"User: {session.arn} is not authorized to perform: ecr:InitiateLayerUpload on resource:"
        f" {resource} because no identity-based policy allows the ecr:InitiateLayerUpload action",
    )
    [call] = recording.refused()
    assert (call.action, call.resource) == ("ecr:InitiateLayerUpload", resource)


def test_release_role_may_tag_but_not_upload(log_in, build_job, sessions):
    """A release names manifests again, and uploads nothing."""
    pushed = build_job.push(b"layer", COMMIT)
    release = log_in(sessions.issue("django-crud-app-staging-release", "r"))
    assert release.tag(manifest(b"layer"), "staging").headers["Docker-Content-Digest"] == pushed
    answer = release.ask("POST", f"{NAME}/blobs/uploads/")
    assert answer.status_code == requests.codes.forbidden


def test_unknown_repository_is_told(front, build_job):
    """A repository that may be read but does not exist is unknown."""
    front.repositories.clear()
    answer = build_job.ask("GET", f"{NAME}/manifests/latest")
    assert answer.status_code == requests.codes.not_found
    assert told(answer)[0] == "NAME_UNKNOWN"


def test_unknown_image_is_told(build_job):
    """A tag that nobody has pushed is unknown."""
    answer = build_job.ask("GET", f"{NAME}/manifests/latest")
    assert answer.status_code == requests.codes.not_found
    assert told(answer)[0] == "MANIFEST_UNKNOWN"


def test_strange_requests_are_refused(build_job):
    """Nothing is deleted."""
    answer = build_job.ask("DELETE", f"{NAME}/manifests/latest")
    assert answer.status_code == requests.codes.method_not_allowed


# Tags


@pytest.mark.parametrize("layer", [b"layer", b"other"])
def test_immutable_tag_is_refused(front, build_job, layer):
    """A commit's tag is set once, and not again even to the same image."""
    pushed = build_job.push(b"layer", COMMIT)
    build_job.upload(layer)
    answer = build_job.tag(manifest(layer), COMMIT)
    assert answer.status_code == requests.codes.bad_request
    assert told(answer) == (
        "TAG_INVALID",
        f"The image tag '{COMMIT}' already exists in the '{NAME}' repository and cannot be"
        " overwritten because the tag is immutable.",
    )
    assert front.registry.digest(NAME, COMMIT) == pushed


@pytest.mark.parametrize("tag", ["latest", "staging", "production"])
def test_stage_tag_moves(front, build_job, tag):
    """A stage's tag moves from image to image."""
    build_job.push(b"layer", tag)
    assert front.registry.digest(NAME, tag) == digest(manifest(b"layer"))
    build_job.push(b"other", tag)
    assert front.registry.digest(NAME, tag) == digest(manifest(b"other"))


def test_one_of_many_sets_a_tag(front, build_job):
    """Of several builds that set a commit's tag at once, one does."""
    layers = [b"one", b"two", b"three", b"four"]
    for content in (CONFIG, *layers):
        build_job.upload(content)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda layer: build_job.tag(manifest(layer), COMMIT), layers))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    [winner] = [answer for answer in answers if answer.ok]
    assert front.registry.digest(NAME, COMMIT) == winner.headers["Docker-Content-Digest"]


# Faults


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AwsError("InternalFailure", "out of order", 500), 500, "InternalFailure"),
        (AwsError("ThrottlingException", "Rate exceeded"), 429, "TOOMANYREQUESTS"),
        (AwsError("AccessDeniedException", "not today"), 403, "DENIED"),
    ],
)
def test_error_is_injected(faults, build_job, recording, error, status, code):
    """A named error comes once, with Docker's code and status, and is recorded."""
    faults.fail("registry", "PutImage", error)
    build_job.upload(b"layer")
    answer = build_job.tag(manifest(b"layer"), COMMIT)
    assert (answer.status_code, told(answer)) == (status, (code, error.message))
    assert list(recording)[-1].error == error.code
    assert build_job.push(b"layer", COMMIT)


def test_upload_is_cut(front, faults, build_job):
    """A connection that is cut in the middle of a layer leaves nothing, and the next one works."""
    faults.cut("registry", "UploadLayerPart", after_bytes=MIB)
    with pytest.raises(requests.ConnectionError):
        build_job.upload(b"x" * 4 * MIB)
    path = f"{NAME}/blobs/{digest(b'x' * 4 * MIB)}"
    assert build_job.ask("HEAD", path).status_code == requests.codes.not_found
    assert build_job.upload(b"x" * 4 * MIB).status_code == requests.codes.created


def test_slow_answer(faults, build_job):
    """An answer takes as long as a test wants."""
    faults.slow("registry", "BatchGetImage", 0.2)
    started = time.monotonic()
    build_job.ask("HEAD", f"{NAME}/manifests/latest")
    assert time.monotonic() - started >= 0.2


def test_region_is_in_the_resource(front):
    """A permission names the region of the registry."""
    assert front.region == REGION
    front.region = "us-east-1"
    assert front.wanted("PutImage", NAME).resource == (
        f"arn:aws:ecr:us-east-1:123456789012:repository/{NAME}"
    )
