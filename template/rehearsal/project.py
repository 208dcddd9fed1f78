"""The project as `deploy/infra/` deploys it, and what GitHub and CodePipeline know of it."""

from collections.abc import Mapping
from pathlib import Path

from deploy.commands import parts_of
from deploy.stages import StageChoices
from deploy.templates import PROCESS, SCHEDULE, SCHEDULES
from template.rehearsal.aws.account import ACCOUNT, REGION
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.cloudformation.templates import Stack, parameters_of, resolve
from template.rehearsal.github.oidc import Repository

INFRA = Path(__file__).parents[2] / "deploy/infra"
NAME = "django-crud-app"
STAGES = ("staging", "production")
TEMPLATES_OF_A_STAGE = ("network", "database", "roles", "stage")
UPLOADS = "uploads"  # the template, and the key of stages.toml
PLAYED = ("SnapshotBeforeRelease",)  # of the parameters that stages.toml gives
REPOSITORY = Repository()
CHOSEN = {
    "ProjectName": NAME,
    "GitHubOwner": REPOSITORY.owner,
    "GitHubOwnerId": REPOSITORY.owner_id,
    "GitHubRepository": REPOSITORY.name,
    "GitHubRepositoryId": REPOSITORY.id,
    "ConnectionArn": f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/0a1b2c3d",
}


def deploy(
    infra: Path = INFRA, choices: Mapping[str, StageChoices] | None = None, **chosen: str
) -> dict[str, Stack]:
    """The stacks by template, or by stage and template, each fed with the outputs before it.

    `choices` are what stages.toml says of stages: their processes and schedules, whose stacks are
    called like `staging-process-worker`, uploads and snapshots. `chosen` are parameters in place of
    the usual ones. Raises TemplateError.
    """
    known = {**CHOSEN, **chosen}
    stacks = {"github": _deploy(infra, "github", f"{NAME}-github", known)}
    for stage in STAGES:
        choice = (choices or {}).get(stage, StageChoices())
        of_stage = {**known, "Stage": stage}
        of_stage |= {name: choice.parameters[name] for name in PLAYED if name in choice.parameters}
        of_stage["ExistingOidcProviderArn"] = _output(stacks, "github", "OidcProviderArn")
        *earlier, service = TEMPLATES_OF_A_STAGE
        switched_on = [UPLOADS] if UPLOADS in choice.switches else []
        for template in (*earlier, *switched_on, service):
            name = f"{NAME}-{stage}" + ("" if template == "stage" else f"-{template}")
            stacks[f"{stage}-{template}"] = _deploy(infra, template, name, of_stage)
        known[f"{stage.title()}ReleasePolicyArn"] = of_stage["ReleasePolicyArn"]
        if choices:
            stacks |= _deploy_commands(infra, stage, choice, of_stage)
    if choices:
        named = {stage: " ".join(service_names(stacks, stage)) for stage in STAGES}
        known |= {"ServiceName": named["staging"], "ProductionServiceName": named["production"]}
    known["ProductionSnapshotDatabase"] = snapshot_database(stacks, "production")
    stacks["pipeline"] = _deploy(infra, "pipeline", f"{NAME}-pipeline", known)
    return stacks


def _deploy_commands(
    infra: Path, stage: str, choices: StageChoices, known: dict[str, str]
) -> dict[str, Stack]:
    """The stacks of a stage's processes and schedules, and of what its schedules share."""
    stacks = {}
    if choices.schedules:
        name = SCHEDULES.stack_name(NAME, stage)
        stacks[f"{stage}-schedules"] = _deploy(infra, "schedules", name, known)
    for part, own in parts_of(choices).items():
        template = part.template.removesuffix(".yml")
        given = {**known, **own}
        name = part.stack_name(NAME, stage)
        stacks[f"{stage}{part.suffix}"] = _deploy(infra, template, name, given)
    return stacks


def processes(stacks: Mapping[str, Stack], stage: str) -> dict[str, Stack]:
    """The stacks of a stage's processes by name, in one order."""
    return _commands(stacks, f"{stage}-{PROCESS.removesuffix('.yml')}-")


def schedules(stacks: Mapping[str, Stack], stage: str) -> dict[str, Stack]:
    """The stacks of a stage's schedules by name, in one order."""
    return _commands(stacks, f"{stage}-{SCHEDULE.removesuffix('.yml')}-")


def _commands(stacks: Mapping[str, Stack], prefix: str) -> dict[str, Stack]:
    found = sorted(key for key in stacks if key.startswith(prefix))
    return {key.removeprefix(prefix): stacks[key] for key in found}


def service_names(stacks: Mapping[str, Stack], stage: str) -> list[str]:
    """The names of a stage's services, the web server first."""
    web = _output(stacks, f"{stage}-stage", "ServiceName")
    return [web, *processes(stacks, stage)]


def _deploy(infra: Path, template: str, name: str, known: dict[str, str]) -> Stack:
    file = infra / f"{template}.yml"
    if not file.is_file():
        raise TemplateError(f"deploy/infra/ has no {file.name}, which stages.toml needs.")
    wanted = parameters_of(file)
    stack = resolve(file, {key: known[key] for key in known if key in wanted}, name=name)
    known.update(stack.outputs)
    return stack


def repository_variables(stacks: dict[str, Stack], registry: str) -> dict[str, str]:
    """The repository's variables for GitHub, with the registry at another address."""
    outputs = stacks["github"].outputs
    return {
        "AWS_REGION": REGION,
        "AWS_BUILD_ROLE_ARN": outputs["BuildRoleArn"],
        "ECR_ENDPOINT": registry,
        "ECR_IMAGE_URL": outputs["EcrImageUrl"].replace(outputs["EcrEndpoint"], registry),
    }


def environment_variables(stacks: dict[str, Stack], stage: str) -> dict[str, str]:
    """The variables of the stage's environment for GitHub."""
    return {
        "AWS_ACCOUNT_ID": ACCOUNT,
        "AWS_RELEASE_ROLE_ARN": _output(stacks, f"{stage}-roles", "ReleaseRoleArn"),
        "CLUSTER_ARN": _output(stacks, f"{stage}-stage", "ClusterArn"),
        "SERVICE_NAME": " ".join(service_names(stacks, stage)),
        "SNAPSHOT_DATABASE": snapshot_database(stacks, stage),
    }


def snapshot_database(stacks: Mapping[str, Stack], stage: str) -> str:
    """The database that a stage's releases take a snapshot of, or nothing."""
    if stacks[f"{stage}-roles"].parameters.get("SnapshotBeforeRelease") != "true":
        return ""
    return _output(stacks, f"{stage}-database", "DatabaseIdentifier")


def config_secret(stacks: Mapping[str, Stack], stage: str) -> str:
    """The secret with a stage's own variables, a JSON object. Raises TemplateError."""
    return _output(stacks, f"{stage}-roles", "ConfigSecretArn")


def _output(stacks: Mapping[str, Stack], stack: str, name: str) -> str:
    """An output of a stack. Raises TemplateError where a project's own templates lack it."""
    if name not in stacks[stack].outputs:
        raise TemplateError(
            f"deploy/infra/{stack.rpartition('-')[2]}.yml has no output {name}: it is older than"
            " this rehearsal, or changed. Compare it with the template's."
        )
    return stacks[stack].outputs[name]
