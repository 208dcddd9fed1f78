"""The project as deploy/infra/ deploys it to the doubles, and a commit for its pipeline."""

import contextlib
import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.stages import StageChoices, read_choices
from template.rehearsal import cloud, docker_objects, machine, postgresql_image, project
from template.rehearsal.aws.elbv2 import LoadBalancing
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.cloud import Cloud
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.launching import Launcher
from template.rehearsal.github import checkout
from template.rehearsal.github.api import Api, history_of
from template.rehearsal.github.oidc import Job
from template.rehearsal.services import run_containers
from template.rehearsal.serving import serve

Say = Callable[[str], None]
Launch = Callable[[Cloud, Stack, Mapping[str, str]], AbstractContextManager[Launcher]]


class NobodyError(RuntimeError):
    """A token was asked for while no job runs."""


def nobody() -> Job:
    """The job that runs while none does. Raises NobodyError."""
    raise NobodyError("no job runs")


@dataclass
class Sandbox:
    """Where a pipeline runs; `job` tells GitHub's issuer which job that is at the moment.

    `source` is the project. `machine` is the environment of a run, without credentials. `said` has
    the lines that were told. `github` are the variables through which a job finds GitHub's API, and
    `token` is what it shows there.
    """

    source: Path
    folder: Path
    checkout: checkout.Checkout
    stacks: dict[str, Stack]
    cloud: Cloud
    ecs: Ecs
    launchers: dict[str, Launcher]
    machine: dict[str, str]
    say: Say
    said: list[str]
    github: dict[str, str]
    token: str
    job: Callable[[], Job] = nobody

    def tags(self) -> dict[str, str]:
        """The digest of every tag in the registry."""
        return self.cloud.front.registry.tags(project.NAME)


@contextlib.contextmanager
def set_up(
    source: Path,
    say: Say,
    launch: Launch = run_containers,
    clock: Clock | None = None,
    *,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Sandbox]:
    """Deploy the commit's deploy/infra/ to doubles, one task per service, and leave nothing behind.

    `variables` are those that the stages get besides, as `python3 -m deploy config` sets them.
    Raises CheckoutError, MachineError, NodeError, PolicyError, RegistryError, SetupError and
    TemplateError.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-")))
        commit = checkout.clone(source, folder / "checkout", project.REPOSITORY)
        environment = machine.environment(folder / "home", folder.name)
        stack.callback(postgresql_image.remove, environment)
        stack.callback(docker_objects.remove_run, folder.name, environment)
        wanted = postgresql_image.wanted(commit.folder)
        for image in postgresql_image.stand_in(wanted, environment):
            say(f"{image} cannot be pulled: this machine's PostgreSQL stands in for it.")
        choices = one_container_each(read_choices(commit.folder, project.STAGES))
        infra = commit.folder / commit.home / "infra"
        stacks = project.deploy(infra, choices, DesiredCount="1", DefaultBranch=commit.branch)
        doubles = stack.enter_context(
            cloud.run(stacks.values(), project.REPOSITORY, lambda: sandbox.job())
        )
        for stage in project.STAGES if variables else ():
            doubles.secrets.put(project.config_secret(stacks, stage), json.dumps(variables))
        images = f"reference={doubles.front.endpoint}/*"
        stack.callback(docker_objects.remove, images, environment, ("image",))
        logs = Logs()
        ecs = Ecs(clock or Clock(), logs, lambda image: _digest(doubles, image))
        doubles.aws.add(ecs)
        doubles.aws.add(logs)
        doubles.aws.add(LoadBalancing(ecs.targets))
        launchers = {}
        for stage in project.STAGES:
            registry = stacks["github"].outputs["EcrEndpoint"]
            relocated = stacks[f"{stage}-stage"].relocated(registry, doubles.front.endpoint)
            launchers[stage] = stack.enter_context(launch(doubles, relocated, environment))
            ecs.add_stage(launchers[stage], relocated)
            for process in project.processes(stacks, stage).values():
                cluster = relocated.outputs["ClusterArn"]
                ecs.add_service(cluster, process.relocated(registry, doubles.front.endpoint))
        token = secrets.token_urlsafe(32)
        api = Api(project.REPOSITORY, history_of(commit.folder), lambda: sandbox.job(), token)
        github = {
            "GITHUB_API_URL": f"http://{stack.enter_context(serve(api))}",
            "GITHUB_REPOSITORY": project.REPOSITORY.full_name,
        }
        said: list[str] = []

        def tell(line: str) -> None:
            said.append(line)
            say(line)

        sandbox = Sandbox(
            source,
            folder,
            commit,
            stacks,
            doubles,
            ecs,
            launchers,
            environment,
            tell,
            said,
            github,
            token,
        )
        yield sandbox


def one_container_each(choices: Mapping[str, StageChoices]) -> dict[str, StageChoices]:
    """The choices for the stages with no more than one container for each process."""
    return {stage: _one_container_each(chosen) for stage, chosen in choices.items()}


def _one_container_each(chosen: StageChoices) -> StageChoices:
    processes = {
        name: replace(process, containers=min(process.containers, 1))
        for name, process in chosen.processes.items()
    }
    return replace(chosen, processes=processes)


def _digest(doubles: Cloud, image: str) -> str:
    digest = doubles.front.registry.digest(project.NAME, image.rpartition(":")[2])
    if digest is None:
        raise LookupError(image)
    return digest
