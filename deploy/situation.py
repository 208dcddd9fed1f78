"""What is there before a command begins, read without changing anything."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from deploy.aws import Aws, choose_region, image_digest, who_am_i
from deploy.commands import part_of_stack, parts_of
from deploy.domains import Names, Zones, find_names, public_zones
from deploy.errors import SetupError
from deploy.github import Environment, Repository, read_environment, read_repository, read_variables
from deploy.parameters import OWNER, Wishes, check_values, keep_places
from deploy.settings import Settings, all_stages, project_name, read_stages, reviewed_stage
from deploy.stacks import Stack, find_stack, list_stacks, settle
from deploy.stages import StageChoices, read_choices
from deploy.templates import (
    ALARMS,
    CERTIFICATE,
    GITHUB_TEMPLATE,
    PARTS,
    RECORDS,
    SERVICE,
    Part,
    StageStacks,
)
from deploy.variables import OF_REPOSITORY

# Parameters that change together, when names have their certificate.
OF_NAMES = ("DomainName", "OtherDomainNames", "CertificateArn")


@dataclass
class Situation:
    """The repository, the account once somebody is logged in, and what earlier runs left there."""

    settings: Settings
    repository: Repository
    variables: dict[str, str]
    account: str = ""
    who: str = ""
    region: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    listed: dict[Aws, list[Stack]] = field(default_factory=dict)
    zones: dict[Aws, Zones] = field(default_factory=dict)
    known_names: dict[str, Names | None] = field(default_factory=dict)

    @cached_property
    def project(self) -> str:
        """The project's name: as chosen, as it is set up, or that of the repository."""
        known = self.variables.get("ECR_IMAGE_URL", "").partition("/")[2]
        return self.settings.project or known or project_name(self.repository.name)

    def log_in(self) -> None:
        """Find out region and accounts; raise SetupError where AWS does not answer."""
        self.region = choose_region(self.settings.region, self.variables.get("AWS_REGION", ""))
        self.account, self.who = who_am_i(self.aws)
        for stage in self.stages:
            profile = self.settings.profiles.get(stage)
            self.accounts[stage] = who_am_i(self.aws_of(stage))[0] if profile else self.account

    @property
    def aws(self) -> Aws:
        """The AWS CLI in the account of the registry, and of every stage without a profile."""
        return Aws(self.region)

    def aws_of(self, stage: str) -> Aws:
        """The AWS CLI in the account of a stage."""
        return Aws(self.region, self.settings.profiles.get(stage, ""))

    def is_elsewhere(self, stage: str) -> bool:
        """Whether a stage lives in another account than the registry."""
        return self.accounts[stage] != self.account

    @property
    def partition(self) -> str:
        """Which AWS this is: aws, aws-cn or aws-us-gov."""
        return self.who.split(":")[1]

    @cached_property
    def all_stages(self) -> tuple[str, ...]:
        """Every stage of the project, in the order of a release."""
        is_new = not any(self.variables.get(name) for name in ("STAGES", *OF_REPOSITORY))
        before = read_stages(self.variables.get("STAGES", ""))
        # Once more through the same check: two lists of names may be too many together.
        return read_stages(" ".join(all_stages(self.settings.stages, before, is_new=is_new)))

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that this run is about."""
        chosen = self.settings.stages
        return tuple(one for one in self.all_stages if not chosen or one in chosen)

    @property
    def reviewed_stage(self) -> str:
        """The stage that wants a person's review."""
        return reviewed_stage(self.all_stages)

    def chosen(self, name: str) -> dict[str, str]:
        """Return the parameters that the shell gives for a stage, or for `github`."""
        return self.settings.parameters.get(name, {})

    @cached_property
    def choices(self) -> dict[str, StageChoices]:
        """What stages.toml, in the folder that the command runs in, says of each stage."""
        return read_choices(Path(), self.all_stages)

    def wishes(
        self, stage: str, service: Stack | None, names: Names | None, alarms: Stack | None
    ) -> Wishes:
        """Return the parameters that the person chooses for a stage: the file's, then the shell's.

        The file may ask for containers before there is an image, and for names before there is a
        certificate, which then have to wait for it.
        """
        filed = dict(self.choices[stage].parameters)
        if service is None or not self.images[stage]:
            filed.pop("DesiredCount", None)
        if names and names.are_pending:
            before = service.parameters if service else {}
            filed |= {name: before.get(name, "") for name in OF_NAMES}
        elif names and names.certificate:
            filed["CertificateArn"] = names.certificate.arn
        if alarms and "AlarmEmails" in filed:
            before = alarms.parameters
            emails = keep_places(before["AlarmEmails"], filed["AlarmEmails"].split(","))
            filed["AlarmEmails"] = ",".join(emails)
        return Wishes(filed | self.chosen(stage), frozenset(filed))

    @property
    def github_name(self) -> str:
        """Name of the stack with the build role and the image repository."""
        return f"{self.project}-github"

    @cached_property
    def github(self) -> Stack | None:
        """The stack with the build role and the image repository."""
        return settle(self.aws, self.find_own(self.aws, self.github_name))

    @cached_property
    def stage_stacks(self) -> dict[str, StageStacks]:
        """The stacks of each stage, with what the person chooses for it."""
        return {stage: self.stacks_of(stage) for stage in self.stages}

    def stacks_of(self, stage: str) -> StageStacks:
        """Return the stacks of a stage, with what the person chooses for it."""
        commands = parts_of(self.choices[stage])
        parts = dict.fromkeys((*PARTS, *commands, *self.deployed_commands(stage)))
        stacks = {part: self.settled(stage, part) for part in parts}
        names = self.names(stage, stacks[RECORDS])
        wishes = self.wishes(stage, stacks[SERVICE], names, stacks[ALARMS])
        switches = self.choices[stage].switches | (names.switches if names else frozenset())
        # The load balancer uses its certificate until there is another one.
        is_used = names is not None and names.use(stacks[CERTIFICATE])
        staying = frozenset({CERTIFICATE} if is_used else ())
        return StageStacks(stacks, wishes, switches, commands, staying)

    def names(self, stage: str, records: Stack | None) -> Names | None:
        """Return what the account says of the names that stages.toml gives a stage, if any.

        `records` is the stage's stack of them.
        """
        if stage not in self.known_names:
            choices = self.choices[stage]
            own = "certificate" in choices.switches or "CertificateArn" in self.chosen(stage)
            look = (self.aws_of(stage), choices.hosts, self.zones_of(stage), records)
            found = find_names(*look, has_own_certificate=own) if choices.hosts else None
            self.known_names[stage] = found
        return self.known_names[stage]

    def zones_of(self, stage: str) -> Zones:
        """Return the public hosted zones of a stage's account, where a name could be in one."""
        choices, aws = self.choices[stage], self.aws_of(stage)
        if not (choices.hosts or choices.sender):
            return {}
        if aws not in self.zones:
            self.zones[aws] = public_zones(aws)
        return self.zones[aws]

    def deployed_commands(self, stage: str) -> list[Part]:
        """Return the processes and then the schedules of a stage that have a stack, by name."""
        prefix, whose = f"{self.project}-{stage}", {"Project": self.project, "Stage": stage}
        found = [
            part
            for stack in self.list_own(self.aws_of(stage))
            if whose.items() <= stack.tags.items()
            if (part := part_of_stack(stack.name.removeprefix(prefix)))
        ]
        return sorted(found, key=lambda part: part.suffix)

    def list_own(self, aws: Aws) -> list[Stack]:
        """Return the stacks of an account that say that they are this repository's."""
        if aws not in self.listed:
            self.listed[aws] = list_stacks(aws)
        number = str(self.repository.id)
        return [stack for stack in self.listed[aws] if stack.tags.get(OWNER) == number]

    def settled(self, stage: str, part: Part) -> Stack | None:
        """Return a stage's stack of this part, once it can be deployed to."""
        aws = self.aws_of(stage)
        return settle(aws, self.find_own(aws, part.stack_name(self.project, stage)))

    def find_own(self, aws: Aws, name: str) -> Stack | None:
        """Return the stack of this name, if any; raise SetupError for another repository's."""
        stack = find_stack(aws, name)
        if stack and owner_of(stack) not in ("", str(self.repository.id)):
            raise self.foreign(stack)
        return stack

    def foreign(self, stack: Stack) -> SetupError:
        """Return the error for a stack that belongs to another repository."""
        repository = self.repository
        own = project_name(repository.name)
        other = own if own != self.project else f"{own[:30].rstrip('-')}-2"
        return SetupError(
            f"The stack {stack.name} belongs to {full_name_of(stack)} (repository"
            f" {owner_of(stack)}), not to {repository.full_name} ({repository.id}).",
            f"Give this repository a project of its own: PROJECT={other}; then run this again.",
        )

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """The stages' environments on GitHub."""
        return {
            stage: read_environment(
                self.repository, stage, is_reviewed=stage == self.reviewed_stage
            )
            for stage in self.stages
        }

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
        url = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.project}"
        return {stage: image_digest(self.aws, url, stage) for stage in self.stages}

    def service(self, stage: str) -> Stack | None:
        """Return the stack of a stage's service."""
        return self.stage_stacks[stage].stacks[SERVICE]


def look(settings: Settings) -> Situation:
    """Return the situation; raise SetupError where setup or teardown must not begin."""
    repository = read_repository()
    if not repository.admin:
        raise SetupError(
            f"You do not administer {repository.full_name}, which environments and variables need.",
            "Ask an administrator to run this, or to make you one (Settings, Collaborators).",
        )
    situation = Situation(settings, repository, read_variables(repository))
    check_choices(situation)
    situation.log_in()
    check_same_place(situation)
    return situation


def check_choices(situation: Situation) -> None:
    """Raise SetupError for parameters of a stage that there is not, or that cannot be."""
    for name, chosen in situation.settings.parameters.items():
        variable = f"{name.upper()}_PARAMETERS"
        if name != "github" and name not in situation.all_stages:
            known = ", ".join(situation.all_stages)
            raise SetupError(
                f"{variable} is for a stage that there is not.",
                f"The stages are {known}; name another with STAGES, then run this again.",
            )
        templates = [part.template for part in PARTS]
        check_values(variable, chosen, [GITHUB_TEMPLATE] if name == "github" else templates)


def check_same_place(situation: Situation) -> None:
    """Raise SetupError where the repository is set up in another account, region or project."""
    if differing := other_place(situation):
        what, advice = differing
        raise SetupError(
            f"This repository is set up with {what}.",
            f"To go on there, {advice}. To move, run `make teardown` there first.",
        )


def other_place(situation: Situation) -> tuple[str, str] | None:
    """Return where the repository is set up already, and how to go on there, if not here."""
    settings, variables = situation.settings, situation.variables
    endpoint, _, project = variables.get("ECR_IMAGE_URL", "").partition("/")
    known = [
        (
            "the account",
            situation.account,
            endpoint.partition(".")[0],
            "log in to that account (AWS_PROFILE=NAME)",
        ),
        ("the region", settings.region, variables.get("AWS_REGION", ""), "leave REGION out"),
        ("the project", settings.project, project, f"add PROJECT={project}"),
    ]
    for stage, own in situation.stage_variables.items():
        parts = own.get("CLUSTER_ARN", "").split(":")
        account = parts[4] if len(parts) == 6 else ""
        advice = f"choose a profile of that account ({stage.upper()}_PROFILE=NAME)"
        known.append((f"{stage} in the account", situation.accounts[stage], account, advice))
    for what, chosen, before, advice in known:
        if chosen and before and chosen != before:
            return f"{what} {before}, not {chosen}", advice
    return None


def owner_of(stack: Stack) -> str:
    """Return the number of the repository that a stack belongs to, or nothing where it does not
    tell."""
    return stack.tags.get(OWNER) or stack.parameters.get("GitHubRepositoryId", "")


def full_name_of(stack: Stack) -> str:
    """Return the name of the repository that a stack belongs to."""
    parameters = stack.parameters
    named = "/".join(parameters.get(name, "?") for name in ("GitHubOwner", "GitHubRepository"))
    return stack.tags.get("Repository") or named
