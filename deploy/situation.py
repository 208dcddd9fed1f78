"""What is there before a command begins, read without changing anything."""

from dataclasses import dataclass
from functools import cached_property

from deploy.aws import Aws, choose_region, image_digest, who_am_i
from deploy.environments import Environment, read_environment
from deploy.errors import SetupError
from deploy.github import Repository, read_repository, read_variables
from deploy.settings import Settings
from deploy.stacks import Stack, settle
from deploy.templates import PARTS, SERVICE


@dataclass
class Situation:
    """The repository, the account once somebody is logged in, and what earlier runs left there."""

    settings: Settings
    repository: Repository
    variables: dict[str, str]
    account: str = ""
    who: str = ""
    region: str = ""

    def log_in(self) -> None:
        """Find out region and account; raise SetupError where AWS does not answer."""
        self.region = choose_region(self.settings.region, self.variables.get("AWS_REGION", ""))
        self.account, self.who = who_am_i(self.aws)

    @property
    def aws(self) -> Aws:
        """The AWS CLI in the chosen region."""
        return Aws(self.region)

    @property
    def partition(self) -> str:
        """Which AWS this is: aws, aws-cn or aws-us-gov."""
        return self.who.split(":")[1]

    @property
    def github_name(self) -> str:
        """Name of the stack with the roles and the image repository."""
        return f"{self.settings.project}-github"

    @cached_property
    def github(self) -> Stack | None:
        """The stack with the roles and the image repository."""
        return settle(self.aws, self.github_name)

    @cached_property
    def stacks(self) -> dict[str, Stack | None]:
        """The stages' stacks by name."""
        names = [
            part.stack_name(self.settings.project, stage)
            for stage in self.settings.stages
            for part in PARTS
        ]
        return {name: settle(self.aws, name) for name in names}

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """The stages' environments on GitHub."""
        return {stage: read_environment(self.repository, stage) for stage in self.settings.stages}

    @cached_property
    def stage_variables(self) -> dict[str, dict[str, str]]:
        """The variables of the stages' environments."""
        return {
            stage: read_variables(self.repository, stage) if environment.exists else {}
            for stage, environment in self.environments.items()
        }

    @cached_property
    def images(self) -> dict[str, str | None]:
        """The digests that the stages' tags name."""
        return {
            stage: image_digest(self.aws, self.settings.project, stage)
            for stage in self.settings.stages
        }

    def service(self, stage: str) -> Stack | None:
        """Return the stack of a stage's service."""
        return self.stacks[SERVICE.stack_name(self.settings.project, stage)]


def look(settings: Settings) -> Situation:
    """Return the situation; raise SetupError where setup or teardown must not begin."""
    repository = read_repository()
    if not repository.admin:
        raise SetupError(
            f"You do not administer {repository.full_name}, which environments and variables need.",
            "Ask an administrator to run this, or to make you one (Settings, Collaborators).",
        )
    situation = Situation(settings, repository, read_variables(repository))
    situation.log_in()
    check_same_place(situation)
    return situation


def check_same_place(situation: Situation) -> None:
    """Raise SetupError where the repository is set up in another account, region or project."""
    settings, variables = situation.settings, situation.variables
    endpoint, _, project = variables.get("ECR_IMAGE_URL", "").partition("/")
    known = {
        "the account": (
            situation.account,
            endpoint.partition(".")[0],
            "log in to that account (AWS_PROFILE=NAME)",
        ),
        "the region": (settings.region, variables.get("AWS_REGION", ""), "leave REGION out"),
        "the project": (settings.project, project, f"add PROJECT={project}"),
    }
    for what, (chosen, before, advice) in known.items():
        if chosen and before and chosen != before:
            raise SetupError(
                f"This repository is set up with {what} {before}, not {chosen}.",
                f"To go on there, {advice}. To move, run `make teardown` there first.",
            )
