"""The doubles that the tests of the pipeline share."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from template.rehearsal import cloud, project
from template.rehearsal.aws.account import REGION
from template.rehearsal.aws.endpoint import Aws
from template.rehearsal.aws.faults import Faults
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.recording import Recording
from template.rehearsal.aws.sessions import Caller, Session, Sessions
from template.rehearsal.aws.sts import Sts
from template.rehearsal.cloudformation import templates
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecr import registry
from template.rehearsal.ecr.front import Front
from template.rehearsal.ecr.passwords import Passwords
from template.rehearsal.ecr.repositories import load_repositories
from template.rehearsal.github import oidc
from template.rehearsal.iam.judge import Judge
from template.rehearsal.iam.roles import Iam
from template.rehearsal.serving import serve
from template.tests.pipeline.account import PUSH, fast_aws
from template.tests.pipeline.images import Requests
from template.tests.requirements import docker_answers, require

TEMPLATE = Path(__file__).parents[3] / "deploy/infra/github.yml"
GITHUB = oidc.Repository()
PARAMETERS = {
    "GitHubOwner": GITHUB.owner,
    "GitHubOwnerId": GITHUB.owner_id,
    "GitHubRepository": GITHUB.name,
    "GitHubRepositoryId": GITHUB.id,
}
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@pytest.fixture(scope="session")
def github() -> Stack:
    """The stack of deploy/infra/github.yml."""
    return templates.resolve(TEMPLATE, PARAMETERS, name="django-crud-app-github")


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """The process that judges IAM policies."""
    with Judge() as process:
        yield process


@pytest.fixture
def iam(judge: Judge) -> Iam:
    """The roles that workflows assume: deploy/infra/github.yml's, and roles.yml's of each stage."""
    stacks = project.deploy()
    named = ("github", *(f"{stage}-roles" for stage in project.STAGES))
    return Iam([stacks[name] for name in named], judge)


@pytest.fixture
def sessions() -> Sessions:
    """The credentials that are handed out."""
    return Sessions()


@pytest.fixture
def session(sessions: Sessions) -> Session:
    """A session of the build role."""
    return sessions.issue("django-crud-app-build", "build-1")


@pytest.fixture
def recording() -> Recording:
    """What was asked of the doubles."""
    return Recording()


@pytest.fixture
def faults() -> Faults:
    """The faults that a test switches on."""
    return Faults()


@pytest.fixture
def guard(iam: Iam, recording: Recording) -> Guard:
    """IAM and the recording."""
    return Guard(iam, recording)


@dataclass
class Running:
    """The job that runs on GitHub at the moment."""

    job: oidc.Job = PUSH


@pytest.fixture
def running() -> Running:
    """A push to the default branch, unless the test sets another job."""
    return Running()


@pytest.fixture(scope="session")
def key() -> oidc.RSAPrivateKey:
    """The key that GitHub's issuer signs with."""
    return oidc.new_key()


@pytest.fixture
def issuer(running: Running, key: oidc.RSAPrivateKey) -> oidc.Issuer:
    """GitHub's issuer for the repository of the templates."""
    return oidc.Issuer(GITHUB, lambda: running.job, key=key)


@pytest.fixture
def issuer_endpoint(issuer: oidc.Issuer) -> Iterator[str]:
    """Where the issuer is served."""
    with serve(issuer) as endpoint:
        yield endpoint


@pytest.fixture
def aws(guard: Guard, sessions: Sessions, faults: Faults, issuer_endpoint: str) -> Aws:
    """The AWS double, with STS plugged in."""
    double = Aws(guard, sessions, faults)
    key_sets = {oidc.ISSUER: f"http://{issuer_endpoint}/.well-known/jwks"}
    double.add(Sts(guard.iam, sessions, guard.recording, key_sets))
    return double


@pytest.fixture
def aws_endpoint(aws: Aws) -> Iterator[str]:
    """Where the AWS double is served."""
    with serve(aws) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def sdk() -> botocore.session.Session:
    """The SDK that makes clients of AWS."""
    return botocore.session.get_session()


@pytest.fixture
def client(aws_endpoint: str, sdk: botocore.session.Session) -> Iterator[Callable[..., BaseClient]]:
    """Makes clients of AWS services, as an SDK does, without retries."""
    clients = []

    def make(service: str, session: Session | None = None, **changes: str) -> BaseClient:
        credentials = {
            "aws_access_key_id": session.access_key if session else "none",
            "aws_secret_access_key": session.secret_key if session else "none",
            "aws_session_token": session.token if session else "none",
        }
        clients.append(
            sdk.create_client(
                service,
                REGION,
                endpoint_url=f"http://{aws_endpoint}",
                config=Config(retries={"total_max_attempts": 1}, connect_timeout=60),
                **(credentials | changes),
            )
        )
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def front(github: Stack, guard: Guard, faults: Faults) -> Iterator[Front]:
    """ECR's registry for the repository of deploy/infra/github.yml, as Docker sees it."""
    available = shutil.which(registry.PROGRAM) is not None or docker_answers()
    require(available, "there is neither a registry nor Docker", variable="REQUIRE_DOCKER")
    with registry.serve() as kept:
        double = Front(kept, load_repositories([github]), Passwords(), guard, faults)
        with serve(double) as double.endpoint:
            yield double


@pytest.fixture
def log_in(front: Front) -> Callable[[Session], Requests]:
    """Makes Docker's requests with the password that a session fetched."""

    def with_password(session: Session) -> Requests:
        password, _ = front.passwords.issue(Caller(session, REGION))
        return Requests(front.endpoint, ("AWS", password))

    return with_password


@pytest.fixture
def build_job(log_in: Callable[[Session], Requests], session: Session) -> Requests:
    """Docker's requests in the build job."""
    return log_in(session)


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables that put an AWS CLI on PATH which starts at once."""
    with fast_aws(tmp_path_factory.mktemp("aws")) as variables:
        yield variables


@pytest.fixture
def doubles() -> Iterator[cloud.Cloud]:
    """AWS as `deploy/infra/` describes it, and the registry."""
    with cloud.run(project.deploy().values(), project.REPOSITORY, lambda: PUSH) as running:
        yield running
