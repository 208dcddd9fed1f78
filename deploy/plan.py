"""What `make setup` is about to do, for the person to agree to."""

from deploy.console import heading, say
from deploy.environments import REVIEWED_STAGE, Environment
from deploy.github import Repository
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.templates import SERVICE, needed_parts
from deploy.variables import expected_github, expected_stage, of_repository, of_stage


def show_plan(situation: Situation, form: str) -> None:
    """Print the account, the repository and each thing that will be created, updated or set."""
    # Read before the first line is printed: reading may wait for AWS, or end in an error.
    stacks, variables = planned_stacks(situation), planned_variables(situation)
    repository = situation.repository
    say(f"Account     {situation.account}, as {situation.who}")
    say(f"Region      {situation.region}")
    say(f"Repository  {repository.full_name}, {'private' if repository.private else 'public'}")
    say(f"Subject     {repository.subject(form, 'environment:STAGE')} ({form})")
    heading("GitHub environments")
    for environment in situation.environments.values():
        say(f"  {plan_environment(environment, repository)}")
    heading("AWS stacks (deploy/infra/). What they cost a month: docs/cost.md")
    for name, what in stacks.items():
        say(f"  {name}: {what}")
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
    review = ", after your review" if environment.name == REVIEWED_STAGE else ""
    verb = "add protection" if environment.exists else "create"
    return f"{environment.name}: {verb}, for {repository.default_branch} only{review}"


def planned_stacks(situation: Situation) -> dict[str, str]:
    """Return the stacks to deploy with what will be done to each."""
    project = situation.settings.project
    planned = {
        situation.github_name: verb(
            situation.github, "roles, OIDC provider and image repository, no cost"
        )
    }
    for stage, chosen in situation.settings.parameters.items():
        for part in needed_parts(chosen, situation.stacks, project, stage):
            name = part.stack_name(project, stage)
            planned[name] = verb(situation.stacks[name], part.what)
    return planned


def verb(stack: Stack | None, what: str) -> str:
    """Return whether a stack will be created or updated."""
    return f"create ({what})" if stack is None else "update where its template or parameters differ"


def planned_variables(situation: Situation) -> dict[str, dict[str, str]]:
    """Return the variables to set or change, with the values that the stacks give or will."""
    place = (situation.partition, situation.account, situation.region)
    github = situation.github or expected_github(*place, situation.settings.project)
    planned = {"repository": missing(of_repository(situation.region, github), situation.variables)}
    for stage, found in situation.stage_variables.items():
        name = SERVICE.stack_name(situation.settings.project, stage)
        service = situation.service(stage) or expected_stage(*place, name)
        planned[stage] = missing(of_stage(stage, github, service), found)
    return planned


def missing(wanted: dict[str, str], found: dict[str, str]) -> dict[str, str]:
    """Return the variables whose value is not the wanted one."""
    return {name: value for name, value in wanted.items() if found.get(name) != value}
