"""All doubles together serve the real AWS CLI and the real Docker, and go together."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from template.rehearsal import cloud, project
from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.sessions import Caller
from template.rehearsal.machine import docker_host
from template.tests.pipeline.account import PUSH
from template.tests.pipeline.conftest import GITHUB, PATH
from template.tests.pipeline.images import Requests

COMMIT = "c" * 40
NAME = "django-crud-app"
RELEASE = f"{NAME}-staging-release"
LOG_IN = 'aws ecr get-login-password | docker login -u AWS --password-stdin "$ECR_ENDPOINT"'
RETAG = "docker buildx imagetools create --prefer-index=false"


@pytest.fixture
def clouds(docker, github):
    """AWS and GitHub's issuer, in two regions."""
    roles = project.deploy()["staging-roles"]
    with cloud.run([github, roles], GITHUB, lambda: PUSH, regions=(REGION, "us-east-1")) as running:
        yield running


@pytest.fixture
def job(clouds, tmp_path):
    """Runs a line of shell as a session of a role, with Docker logins of its own."""
    host = docker_host()

    def run(line, role=f"{NAME}-build"):
        environment = {
            "PATH": PATH,
            "DOCKER_CONFIG": str(tmp_path / role),
            "DOCKER_HOST": host,
            "ECR_ENDPOINT": clouds.front.endpoint,
            "IMAGE": f"{clouds.front.endpoint}/{NAME}",
            "COMMIT": COMMIT,
            **clouds.environment(clouds.sessions.issue(role, "job")),
        }
        command = ["bash", "-euo", "pipefail", "-c", line]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def build(clouds, job, tmp_path):
    """Logs in and builds an image of one file under the commit's tag."""
    registry = clouds.front.endpoint

    def from_file(file):
        shutil.copy(file, tmp_path / "program")
        lines = "FROM scratch", "COPY program /", 'ENTRYPOINT ["/program", "--version"]'
        (tmp_path / "Dockerfile").write_text("\n".join(lines))
        done = job(f'{LOG_IN}; docker build --quiet --tag "$IMAGE:$COMMIT" .')
        assert done.returncode == 0, done.stderr

    yield from_file
    tags = [f"{registry}/{NAME}:{tag}" for tag in (COMMIT, "staging")]
    subprocess.run(["docker", "rmi", "--force", *tags], check=True, capture_output=True)


def test_image_is_pushed_promoted_and_run(clouds, job, build):
    """The real Docker pushes an image, a release moves a tag to it, and it runs from there."""
    build(shutil.which("shellcheck", path=PATH))
    assert job('docker push "$IMAGE:$COMMIT"').returncode == 0
    released = job(f'{LOG_IN}; {RETAG} -t "$IMAGE:staging" "$IMAGE:$COMMIT"', RELEASE)
    assert released.returncode == 0, released.stderr
    tags = clouds.front.registry.tags(NAME)
    assert set(tags) == {COMMIT, "staging"}
    assert len(set(tags.values())) == 1
    ran = job('docker rmi -f "$IMAGE:$COMMIT"; docker run --rm "$IMAGE:staging"')
    assert "ShellCheck" in ran.stdout, ran.stderr
    assert set(clouds.recording.actions(RELEASE)) == {
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
        "ecr:PutImage",
    }


def test_immutable_tag_is_refused(job, build):
    """The real Docker is refused a second push of a commit's tag, and prints why."""
    build(__file__)
    assert job('docker push "$IMAGE:$COMMIT"').returncode == 0
    again = job('docker push "$IMAGE:$COMMIT"')
    assert again.returncode == 1
    assert "cannot be overwritten because the tag is immutable" in again.stderr


def test_release_role_cannot_push(clouds, job, build):
    """The real Docker is refused a layer that the role may not upload, and prints why."""
    build(__file__)
    refused = job(f'{LOG_IN}; docker push "$IMAGE:$COMMIT"', RELEASE)
    assert refused.returncode == 1
    assert "is not authorized to perform: ecr:InitiateLayerUpload" in refused.stderr
    repository = arn("ecr", f"repository/{NAME}")
    assert not clouds.iam.allowed(RELEASE, "ecr:InitiateLayerUpload", repository).allowed
    assert clouds.front.registry.tags(NAME) == {}


def test_pull_without_permission_is_refused(clouds, job):
    """The real Docker is refused an image of another repository, and prints why."""
    refused = job(f'{LOG_IN}; docker pull "$ECR_ENDPOINT/other"')
    assert refused.returncode == 1
    assert "is not authorized to perform: ecr:BatchGetImage on resource" in refused.stderr
    assert {call.resource for call in clouds.recording.refused()} == {
        arn("ecr", "repository/other")
    }


def test_wrong_registry_password_is_refused(job):
    """The real Docker cannot log in with a password that ECR never handed out."""
    refused = job('echo wrong | docker login -u AWS --password-stdin "$ECR_ENDPOINT"')
    assert refused.returncode == 1
    assert "400 Bad Request" in refused.stderr


def test_credentials_expire_in_the_middle(clouds, job, build):
    """What worked before the credentials expired is refused afterwards, with the reason."""
    build(__file__)
    clouds.faults.inject("registry", "PutImage", clouds.expire)
    assert job('docker push "$IMAGE:$COMMIT"').returncode == 0
    refused = job('docker push "$IMAGE:$COMMIT"')
    assert refused.returncode == 1
    assert "Your authorization token has expired. Reauthenticate" in refused.stderr


def test_regions_have_registries_of_their_own(clouds):
    """Each region has its own endpoint; the home region's is the front."""
    assert clouds.front is clouds.fronts[REGION]
    other = clouds.fronts["us-east-1"]
    assert other.endpoint != clouds.front.endpoint
    assert other.registry.endpoint != clouds.front.registry.endpoint


def test_job_finds_the_issuer(clouds):
    """The variables of a job lead to a token for it."""
    variables = clouds.job_environment()
    bearer = f"bearer {variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
    url = variables["ACTIONS_ID_TOKEN_REQUEST_URL"]
    answer = requests.get(url, headers={"Authorization": bearer}, timeout=60)
    assert answer.json()["value"].count(".") == 2


def test_environment_without_credentials(clouds):
    """A program may be shown the way to AWS without being let in."""
    assert clouds.environment() == {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://{clouds.aws_endpoint}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_slow_answer_does_not_hold_up_the_end(github):
    """A delay that a test asked for ends with the doubles."""
    reached = threading.Event()
    with ThreadPoolExecutor() as pool, cloud.run([github], GITHUB, lambda: PUSH) as running:
        session = running.sessions.issue(f"{NAME}-build", "job")
        password, _ = running.passwords.issue(Caller(session, REGION))
        running.faults.inject("registry", "BatchGetImage", reached.set)
        running.faults.slow("registry", "BatchGetImage", 3600)
        docker = Requests(running.front.endpoint, ("AWS", password))
        asked = pool.submit(docker.ask, "HEAD", f"{NAME}/manifests/latest")
        assert reached.wait(5)
    assert asked.result().status_code == requests.codes.not_found


def interrupt(github, endpoints):
    """Start everything, and be interrupted."""
    with cloud.run([github], GITHUB, lambda: PUSH) as running:
        endpoints += [
            running.aws_endpoint,
            running.issuer_endpoint,
            running.front.endpoint,
            running.front.registry.endpoint,
        ]
        raise KeyboardInterrupt


def children():
    """The processes that this one has started."""
    command = ["pgrep", "--parent", str(os.getpid())]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return len(found.stdout.split())


def test_nothing_stays(github, monkeypatch, tmp_path):
    """After Ctrl-C there is no port, process, thread or file left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads, processes, endpoints = threading.active_count(), children(), []
    with pytest.raises(KeyboardInterrupt):
        interrupt(github, endpoints)
    for endpoint in endpoints:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://{endpoint}/", timeout=60)
    assert (threading.active_count(), children()) == (threads, processes)
    assert list(tmp_path.iterdir()) == []


def test_failed_start_leaves_nothing(github, monkeypatch):
    """When one double cannot start, those that have started end."""
    threads, processes = threading.active_count(), children()
    monkeypatch.setattr(cloud, "Ecr", None)
    with pytest.raises(TypeError), contextlib.ExitStack() as stack:
        stack.enter_context(cloud.run([github], GITHUB, lambda: PUSH))
    assert (threading.active_count(), children()) == (threads, processes)
