"""Everything that the rehearsal plays of AWS and GitHub, started and stopped together."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from template.rehearsal.aws.account import REGION
from template.rehearsal.aws.endpoint import Aws
from template.rehearsal.aws.faults import Faults
from template.rehearsal.aws.guard import Guard
from template.rehearsal.aws.rds import Rds
from template.rehearsal.aws.recording import Recording
from template.rehearsal.aws.secretsmanager import SecretsManager
from template.rehearsal.aws.sessions import Session, Sessions
from template.rehearsal.aws.sts import Sts
from template.rehearsal.cloudformation.api import CloudFormation
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecr import registry
from template.rehearsal.ecr.api import Ecr
from template.rehearsal.ecr.front import Front
from template.rehearsal.ecr.passwords import Passwords
from template.rehearsal.ecr.repositories import load_repositories
from template.rehearsal.github.oidc import ISSUER, Issuer, Job, Repository
from template.rehearsal.iam.judge import Judge
from template.rehearsal.iam.roles import Iam
from template.rehearsal.serving import serve


@dataclass(frozen=True)
class Cloud:
    """The running doubles. `aws.add` plugs further services in."""

    aws: Aws
    secrets: SecretsManager
    rds: Rds
    passwords: Passwords
    issuer: Issuer
    fronts: dict[str, Front]
    aws_endpoint: str
    issuer_endpoint: str

    @property
    def iam(self) -> Iam:
        """The roles, and what they may do."""
        return self.aws.guard.iam

    @property
    def recording(self) -> Recording:
        """What was asked of all doubles."""
        return self.aws.guard.recording

    @property
    def sessions(self) -> Sessions:
        """The credentials that are handed out."""
        return self.aws.sessions

    @property
    def faults(self) -> Faults:
        """The faults that a test switches on."""
        return self.aws.faults

    @property
    def front(self) -> Front:
        """The registry of the home region; its `endpoint` is ECR_ENDPOINT."""
        return self.fronts[REGION]

    def environment(self, session: Session | None = None) -> dict[str, str]:
        """The variables through which programs find AWS, and a session's credentials."""
        region = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        credentials = session.environment() if session else region
        return {
            **credentials,
            "AWS_ENDPOINT_URL": f"http://{self.aws_endpoint}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def job_environment(self) -> dict[str, str]:
        """The variables through which a job of GitHub's finds the issuer of its tokens."""
        return self.issuer.environment(self.issuer_endpoint)

    def expire(self) -> None:
        """Let all credentials and registry passwords handed out so far expire now."""
        self.sessions.expire()
        self.passwords.expire()


@contextlib.contextmanager
def run(
    stacks: Iterable[Stack],
    repository: Repository,
    current_job: Callable[[], Job],
    *,
    regions: Iterable[str] = (REGION,),
    immutable_subject: bool = True,
) -> Iterator[Cloud]:
    """Play AWS as the stacks describe it, and GitHub's issuer for the repository.

    Leaves no process, thread or file behind. Raises RegistryError, NodeError and PolicyError.
    """
    stacks = list(stacks)
    with contextlib.ExitStack() as exits:
        iam = Iam(stacks, exits.enter_context(Judge()))
        aws = Aws(Guard(iam, Recording()), Sessions(), Faults())
        passwords = Passwords()
        fronts = {
            region: exits.enter_context(_front(region, stacks, passwords, aws))
            for region in regions
        }
        issuer = Issuer(repository, current_job, immutable_subject)
        issuer_endpoint = exits.enter_context(serve(issuer))
        key_sets = {ISSUER: f"http://{issuer_endpoint}/.well-known/jwks"}
        aws.add(Sts(iam, aws.sessions, aws.guard.recording, key_sets))
        aws.add(Ecr(passwords, fronts))
        secrets = SecretsManager(stacks)
        aws.add(secrets)
        rds = Rds(stacks)
        aws.add(rds)
        aws.add(CloudFormation(stacks, repository.full_name))
        aws_endpoint = exits.enter_context(serve(aws))
        exits.callback(aws.faults.stop)
        yield Cloud(aws, secrets, rds, passwords, issuer, fronts, aws_endpoint, issuer_endpoint)


@contextlib.contextmanager
def _front(region: str, stacks: list[Stack], passwords: Passwords, aws: Aws) -> Iterator[Front]:
    with registry.serve() as kept:
        repositories = load_repositories(stacks)
        front = Front(kept, repositories, passwords, aws.guard, aws.faults, region)
        with serve(front) as front.endpoint:
            yield front
