"""The ECS cluster of a stage, found without GitHub: by the project's name, or by its stack."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.aws import Aws, choose_region
from deploy.errors import ProgramError, SetupError
from deploy.programs import AWS_VERSION, INSTALL_AWS, check_version, run
from deploy.settings import STAGE, STAGES, Settings, project_name
from deploy.situation import full_name_of
from deploy.stacks import Stack, find_stack, list_stacks
from deploy.templates import SERVICE

WEB = "web"
UNASKED = Stack("", "", "")


@dataclass(frozen=True)
class Cluster:
    """The cluster in which everything of a stage runs.

    `web` is the service of its web server, `stack` the stack of both, where one can ask for it.
    """

    aws: Aws
    stage: str
    name: str
    web: str = WEB
    stack: Stack = UNASKED

    @property
    def log_group(self) -> str:
        """The log group of all containers of the stage."""
        return f"/ecs/{self.name}"

    def ask(self, operation: str, *arguments: str) -> Any:
        """Return the answer of ECS about this cluster; raise ProgramError where it refuses."""
        return self.aws.ask("ecs", operation, "--cluster", self.name, *arguments)

    def command(self, operation: str, *arguments: str) -> str:
        """Return the command that a person types to ask the same."""
        words = ("aws", "ecs", operation, "--cluster", self.name, *arguments)
        return f"`{' '.join(words)} {self.aws.options}`"

    def service(self, name: str = "") -> dict[str, Any]:
        """Return an active service, the web server unless another one is named.

        Raises SetupError where there is none.
        """
        name = name or self.web
        found = self.ask("describe-services", "--services", name)["services"]
        if not found or found[0]["status"] != "ACTIVE":
            raise SetupError(
                f"There is no service {name} in the cluster {self.name}.",
                "See what there is, `python3 -m deploy status`, or set it up: `make setup`.",
            )
        return found[0]

    def services(self) -> list[dict[str, Any]]:
        """Return every active service, the web server first."""
        names = [arn.rpartition("/")[2] for arn in self.ask("list-services")["serviceArns"]]
        names.sort(key=lambda name: (name != self.web, name))
        found = []
        for first in range(0, len(names), 10):  # as many as describe-services takes
            asked = ("describe-services", "--services", *names[first : first + 10])
            found += self.ask(*asked)["services"]
        return [service for service in found if service["status"] == "ACTIVE"]


def own_container(task: dict, service: str) -> dict:
    """Return the container of a service's task that is called like the service.

    AWS may put others beside it, such as the agent of GuardDuty's Runtime Monitoring.
    """
    containers = task["containers"]
    return next((one for one in containers if one["name"] == service), containers[0])


def find_cluster(settings: Settings, stage: str) -> Cluster:
    """Return the cluster of a stage of this clone's project.

    Raises SetupError where AWS has no such stage, or where it is another repository's.
    """
    check_version("aws", "The AWS CLI", AWS_VERSION, INSTALL_AWS)
    if not re.fullmatch(STAGE, stage):
        raise SetupError(f"{stage!r} cannot be the name of a stage.", "Name one like production.")
    aws = Aws(choose_region(settings.region), settings.profiles.get(stage, ""))
    stack = find_service_stack(aws, settings.project, stage)
    return Cluster(aws, stage, stack.name, stack=stack)


def find_service_stack(aws: Aws, project: str, stage: str) -> Stack:
    """Return the stack of a stage's service; raise SetupError without one of this repository's.

    Without a project's name it is that of the repository, or the one that the stack was given.
    """
    repository = repository_name()
    if not project and not repository:
        raise SetupError(
            "This folder does not tell which project it is of: it has no remote called origin.",
            "Name the project, PROJECT=shop, then run this again.",
        )
    wanted = SERVICE.stack_name(project or project_name(repository.rpartition("/")[2]), stage)
    stack = find_stack(aws, wanted)
    if stack and (project or belongs(stack, repository)):
        return stack
    if not project and (found := find_tagged(aws, repository, stage)):
        return found
    raise absent(aws, wanted, stack, stage)


def absent(aws: Aws, wanted: str, foreign: Stack | None, stage: str) -> SetupError:
    """Return the error for a stage that is not there, or not this repository's."""
    where = f"in {aws.region}" + (f" with the profile {aws.profile}" if aws.profile else "")
    if foreign:
        what = f"The stack {wanted} {where} belongs to {full_name_of(foreign)}."
    else:
        what = f"There is no stack {wanted} {where}."
    return SetupError(
        what,
        "Name what differs: PROJECT=NAME, REGION=eu-central-1, AWS_PROFILE=NAME, or for this stage"
        f" alone {stage.upper()}_PROFILE=NAME. A stage that is new: `make setup`.",
    )


def belongs(stack: Stack, repository: str) -> bool:
    """Return whether a stack is that of a repository, as far as it tells."""
    owner = stack.tags.get("Repository")
    return owner is None or owner.casefold() == repository.casefold()


def find_tagged(aws: Aws, repository: str, stage: str) -> Stack | None:
    """Return the stack of a stage's service that says whose it is, whatever the project's name."""
    own = [one for one in service_stacks(aws) if is_tagged(one, repository)]
    return next((one for one in own if one.tags["Stage"] == stage), None)


def find_stages(settings: Settings) -> list[str]:
    """Return the stages of this clone's project that AWS has, and those that a profile is given
    for, the reviewed ones last."""
    repository = repository_name()
    stacks = service_stacks(Aws(choose_region(settings.region)))
    own = [
        stack.tags["Stage"]
        for stack in stacks
        if settings.project == stack.tags.get("Project")
        or (not settings.project and is_tagged(stack, repository))
    ]
    return sorted({*own, *settings.profiles}, key=lambda stage: (stage == STAGES[-1], stage))


def service_stacks(aws: Aws) -> list[Stack]:
    """Return the stacks of all services that say which stage they are, where AWS lists stacks."""
    try:
        stacks = list_stacks(aws)
    except ProgramError:  # not everybody may list what others have
        return []
    return [one for one in stacks if "Stage" in one.tags and "ClusterArn" in one.outputs]


def is_tagged(stack: Stack, repository: str) -> bool:
    """Return whether a stack says that it is a repository's."""
    return stack.tags.get("Repository", "").casefold() == repository.casefold()


def repository_name() -> str:
    """Return OWNER/NAME of this clone's repository on GitHub, or nothing where it has none."""
    if named := os.environ.get("GH_REPO"):
        return "/".join(named.split("/")[-2:])
    try:
        url = run("git", "remote", "get-url", "origin").strip()
    except (FileNotFoundError, ProgramError):
        return ""
    found = re.search(r"([^/:]+/[^/]+?)(\.git)?/?$", url)
    return found[1] if found else ""


def cluster_of_job(environment: Mapping[str, str]) -> Cluster:
    """Return the cluster that a workflow's job has in the variables of its environment."""
    name = environment["CLUSTER_ARN"].rpartition("/")[2]
    web = environment["SERVICE_NAME"].split()[0]
    return Cluster(Aws(environment["AWS_REGION"]), environment["STAGE"], name, web)
