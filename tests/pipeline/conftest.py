"""The doubles that the tests of the pipeline share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from rehearsal import oidc, templates
from rehearsal.account import REGION
from rehearsal.aws import Aws
from rehearsal.faults import Faults
from rehearsal.guard import Guard
from rehearsal.iam import Iam
from rehearsal.judge import Judge
from rehearsal.recording import Recording
from rehearsal.serving import serve
from rehearsal.sessions import Session, Sessions
from rehearsal.sts import Sts
from rehearsal.templates import Stack

TEMPLATE = Path(__file__).parents[2] / "infra" / "github.yml"
GITHUB = oidc.Repository()
PARAMETERS = {
    "GitHubOwner": GITHUB.owner,
    "GitHubOwnerId": GITHUB.owner_id,
    "GitHubRepository": GITHUB.name,
    "GitHubRepositoryId": GITHUB.id,
}
PUSH = oidc.Job(None, "push", "refs/heads/main", id_token=True)


@pytest.fixture(scope="session")
def github() -> Stack:
    """The stack of infra/github.yml."""
    return templates.resolve(TEMPLATE, PARAMETERS, name="django-crud-app-github")


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """The process that judges IAM policies."""
    with Judge() as process:
        yield process


@pytest.fixture
def iam(github: Stack, judge: Judge) -> Iam:
    """The roles of infra/github.yml."""
    return Iam([github], judge)


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
                config=Config(retries={"total_max_attempts": 1}, connect_timeout=5),
                **(credentials | changes),
            )
        )
        return clients[-1]

    yield make
    for each in clients:
        each.close()
