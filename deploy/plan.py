"""What `make setup` is about to do, for the person to agree to."""

from deploy.commands import command_parameters
from deploy.console import heading, say
from deploy.errors import ProgramError
from deploy.github import Environment, Repository
from deploy.programs import run
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.templates import DATABASE, PROCESS, RECORDS, ROLES, SERVICE, Part, StageStacks
from deploy.variables import (
    database_name,
    expected_github,
    expected_roles,
    expected_service,
    of_repository,
    of_stage,
)

# US dollars of a stage with the defaults in us-east-1; docs/cost.md has the items and the rest.
MONTH = 53.05
# Parameters that take something away from who uses the stage, when they change.
WARNINGS = {
    "DatabaseInstanceClass": "the database is away for minutes, at once",
    "DBSnapshotIdentifier": "a new database from it; the old one stays until you delete it",
}


def show_plan(
    situation: Situation, form: str, github: dict[str, str], given: dict[str, dict[str, str]]
) -> None:
    """Print the account, the repository and each thing that will be created, updated or set.

    `github` are the parameters of the GitHub stack, `given` what setup gives each stage's stacks.
    """
    # Read before the first line is printed: reading may wait for AWS, or end in an error.
    stacks, variables = planned_stacks(situation, github, given), planned_variables(situation)
    repository = situation.repository
    say(f"Account     {situation.account}, as {situation.who}")
    for stage in situation.stages:
        if situation.is_elsewhere(stage):
            say(f"            {stage} in {situation.accounts[stage]}")
    say(f"Region      {situation.region}")
    say(f"Repository  {repository.full_name}, {'private' if repository.private else 'public'}")
    say(f"Templates   {describe_checkout()}")
    say(f"Subject     {repository.subject(form, 'environment:STAGE')} ({form})")
    heading("GitHub environments")
    for environment in situation.environments.values():
        say(f"  {plan_environment(environment, repository)}")
    heading("AWS stacks (deploy/infra/). What they cost a month: docs/cost.md")
    for line in stacks:
        say(f"  {line}")
    new = sum(situation.service(stage) is None for stage in situation.stages)
    if new:
        dollars = f"about {new * MONTH:.0f} US dollars a month with the defaults"
        say(f"  Stages that are new: {new}, {dollars}")
    heading("GitHub variables, none of them secret")
    for scope, values in variables.items():
        for name, value in values.items():
            say(f"  {scope:<11} {name} = {value}")
        if not values:
            say(f"  {scope:<11} all set")


def plan_environment(environment: Environment, repository: Repository) -> str:
    """Return what will be done to an environment."""
    if environment.exists and not environment.lacks:
        return f"{environment.name}: stays as it is"
    review = ", after your review" if environment.is_reviewed else ""
    verb = "add protection" if environment.exists else "create"
    return f"{environment.name}: {verb}, for {repository.default_branch} only{review}"


def planned_stacks(
    situation: Situation, github: dict[str, str], given: dict[str, dict[str, str]]
) -> list[str]:
    """Return a line for each stack to deploy, and below it one for each parameter that changes."""
    name = situation.github_name
    what = "build role, OIDC provider and image repository, no cost"
    lines = [verb(name, situation.github, what), *changes(situation.github, github)]
    for stage in situation.stages:
        lines += planned_stage(situation, stage, given[stage])
    return lines


def planned_stage(situation: Situation, stage: str, given: dict[str, str]) -> list[str]:
    """Return the lines for the stacks of a stage, and for its certificate elsewhere."""
    stacks = situation.stage_stacks[stage]
    lines: list[str] = []
    for part in stacks.order:
        planned = planned_command if part.command else planned_part
        lines += planned(situation, stage, part, given)
    lines += planned_certificate(situation, stage)
    return lines + [
        f"{part.stack_name(situation.project, stage)}: delete ({part.what}), after a question"
        for part in stacks.unwanted
    ]


def planned_certificate(situation: Situation, stage: str) -> list[str]:
    """Return the line for a certificate that a person has to prove, while names wait for it."""
    names = situation.names(stage, situation.stage_stacks[stage].stacks[RECORDS])
    if not (names and names.are_pending):
        return []
    does = "waits for records in the DNS" if names.certificate else "ask for it"
    hosts = ", ".join(names.hosts)
    return [f"certificate for {hosts}: {does}; until it is issued {stage} does without the names"]


def planned_command(
    situation: Situation, stage: str, part: Part, given: dict[str, str]
) -> list[str]:
    """Return the lines for a process or a schedule: what of its own changes."""
    stacks = situation.stage_stacks[stage]
    service, stack = stacks.stacks[SERVICE], stacks.stacks[part]
    known = service.parameters | service.outputs if service else {}
    values = command_parameters(
        part, stacks.commands[part], known | stacks.choose(SERVICE, given).values
    )
    own = {name: values[name] for name in stacks.commands[part]}
    command = next(value for name, value in own.items() if name.endswith("Command"))
    cost = ", costs money" if part.template == PROCESS else ""
    line = verb(part.stack_name(situation.project, stage), stack, f"{part.what}: {command}{cost}")
    return [line, *changes(stack, own)]


def planned_part(situation: Situation, stage: str, part: Part, given: dict[str, str]) -> list[str]:
    """Return the lines for one stack of a stage."""
    stacks = situation.stage_stacks[stage]
    stack, choice = stacks.stacks[part], stacks.choose(part, given)
    lines = [verb(part.stack_name(situation.project, stage), stack, part.what)]
    lines += changes(stack, choice.values, stacks.taken_out(part))
    kept = choice.own - set(choice.values) if stack else frozenset()
    for name in sorted(kept):
        has = stack.parameters.get(name, "") if stack else ""
        if name != "DesiredCount" and has != given[name]:
            lines.append(
                f"  keeps {name}={has}, your choice, not {given[name]}. To take it back:"
                f" {stage.upper()}_PARAMETERS={name}="
            )
    for name in sorted(stacks.taken_out(part) - set(choice.values)):
        has = stack.parameters.get(name, "") if stack else ""
        lines.append(f"  keeps {name}={has}, as it has no default")
    return lines


def verb(name: str, stack: Stack | None, what: str) -> str:
    """Return whether a stack will be created or updated."""
    does = f"create ({what})" if stack is None else "update where its template differs"
    return f"{name}: {does}"


def changes(
    stack: Stack | None, parameters: dict[str, str], taken_out: frozenset[str] = frozenset()
) -> list[str]:
    """Return the parameters of a stack that change, old and new."""
    if stack is None:
        return []
    return [
        f"  {name}: {stack.parameters.get(name) or 'nothing'} -> {value or 'nothing'}"
        + (f" ({WARNINGS[name]})" if name in WARNINGS else "")
        + (", as stages.toml does not say it any more" if name in taken_out else "")
        for name, value in parameters.items()
        if stack.parameters.get(name, "") != value
    ]


def planned_variables(situation: Situation) -> dict[str, dict[str, str]]:
    """Return the variables to set or change, with the values that the stacks give or will."""
    region, partition = situation.region, situation.partition
    expected = expected_github(partition, situation.account, region, situation.project)
    github = situation.github or expected
    planned = {"repository": missing(of_repository(region, github), situation.variables)}
    for stage, found in situation.stage_variables.items():
        account, name = situation.accounts[stage], SERVICE.stack_name(situation.project, stage)
        stacks = situation.stage_stacks[stage].stacks
        roles = stacks[ROLES]
        if roles is None or "ReleaseRoleArn" not in roles.outputs:
            roles = expected_roles(partition, account, name)
        service = stacks[SERVICE] or expected_service(partition, account, region, name)
        processes = situation.stage_stacks[stage].processes
        snapshot = snapshot_of(situation.stage_stacks[stage], stacks[DATABASE])
        wanted = of_stage(roles, service, processes, snapshot)
        planned[stage] = missing(wanted, found)
    return planned


def snapshot_of(stacks: StageStacks, database: Stack | None) -> str:
    """Return the database that a stage's releases take a snapshot of, if any."""
    is_wanted = stacks.value(ROLES, "SnapshotBeforeRelease") == "true"
    return database_name(database) if is_wanted else ""


def missing(wanted: dict[str, str], found: dict[str, str]) -> dict[str, str]:
    """Return the variables whose value is not the wanted one."""
    return {name: value for name, value in wanted.items() if found.get(name, "") != value}


def describe_checkout() -> str:
    """Return branch and commit of the checkout, and whether there are changes beside it."""
    try:
        branch = run("git", "rev-parse", "--abbrev-ref", "HEAD").strip()
        commit = run("git", "rev-parse", "--short", "HEAD").strip()
        changed = run("git", "status", "--porcelain", "--", "deploy/infra").strip()
    except (FileNotFoundError, ProgramError):
        return "of this folder, which Git does not know"
    return f"{branch} at {commit}{', with changes that are not committed' if changed else ''}"
