"""`make setup`: what a deploy needs, in AWS and on GitHub."""

from deploy.aws import github_provider, repository_exists
from deploy.console import confirm, heading, say
from deploy.environments import REVIEWERS, Environment, protect
from deploy.errors import SetupError
from deploy.github import set_variable, signed_in_user, subject_form
from deploy.journal import Journal
from deploy.plan import show_plan
from deploy.programs import check_programs
from deploy.settings import Settings
from deploy.situation import Situation, look
from deploy.stacks import Deployment, Stack, deploy, describe_stack
from deploy.templates import check_parameters, choose_parameters, needed_parts
from deploy.variables import of_repository, of_stage


def setup(settings: Settings, journal: Journal) -> None:
    """Show a plan, ask, and bring it about; raise SetupError where something is to be mended."""
    check_programs()
    check_parameters(settings)
    situation = look(settings)
    form = settings.subject_format or subject_form(situation.repository)
    check_counts(situation)
    show_plan(situation, form)
    confirm("Go ahead?", yes=settings.yes)
    heading("Working")
    create_environments(situation, journal)
    github = deploy_github(situation, form, journal)
    services = {stage: deploy_stage(situation, stage, github, journal) for stage in settings.stages}
    for stage, service in services.items():
        wanted = of_stage(stage, github, service)
        set_variables(situation, wanted, situation.stage_variables[stage], journal, stage)
    wanted = of_repository(situation.region, github)
    set_variables(situation, wanted, situation.variables, journal)
    say_next(situation, services, journal)


def check_counts(situation: Situation) -> None:
    """Raise SetupError where containers are wanted before there is an image for them to run."""
    for stage, chosen in situation.settings.parameters.items():
        count = chosen.get("DesiredCount", "0")
        if count != "0" and not (situation.service(stage) and situation.images[stage]):
            raise SetupError(
                f"{count} containers of {stage} could not start: nothing is deployed there yet.",
                f"Leave DesiredCount out of {stage.upper()}_PARAMETERS until the first deploy,"
                " then run this again.",
            )


def create_environments(situation: Situation, journal: Journal) -> None:
    """Create the stages' environments with their protection, before any role trusts them."""
    for stage, environment in situation.environments.items():
        what = f"environment {stage}"
        if environment.exists and not environment.lacks:
            journal.note("unchanged", what, changed=False)
        else:
            complete(situation, environment, journal)


def complete(situation: Situation, environment: Environment, journal: Journal) -> None:
    """Give an environment the protection that it lacks, and say what the plan refuses."""
    refused = protect(situation.repository, environment, signed_in_user()["id"])
    changed = not environment.exists or len(refused) < len(environment.lacks)
    what = f"environment {environment.name}"
    journal.note("protected" if changed else "unchanged", what, changed=changed)
    for protection in refused:
        say(f"             Your GitHub plan has no {protection} for this repository.")
        say("             Make the repository public or choose a bigger plan, then `make setup`.")
        if protection == REVIEWERS:
            say("             Until then merges go there unseen: docs/setup.md, No reviewers.")
        else:
            say("             Until then only AWS refuses other branches, after the job has begun.")


def deploy_github(situation: Situation, form: str, journal: Journal) -> Stack:
    """Deploy the stack with the roles and the image repository."""
    repository, project = situation.repository, situation.settings.project
    parameters = {
        "ProjectName": project,
        "GitHubOwner": repository.owner,
        "GitHubOwnerId": str(repository.owner_id),
        "GitHubRepository": repository.name,
        "GitHubRepositoryId": str(repository.id),
        "DefaultBranch": repository.default_branch,
        "SubjectFormat": form,
    }
    adopt = False
    if situation.github is None:
        parameters["ExistingOidcProviderArn"] = github_provider(situation.aws)
        adopt = repository_exists(situation.aws, project)
    tags = {"Project": project}
    name = situation.github_name
    return carry_out(situation, Deployment(name, "github.yml", parameters, tags, adopt), journal)


def deploy_stage(situation: Situation, stage: str, github: Stack, journal: Journal) -> Stack:
    """Deploy a stage's stacks, each with what the ones before it give; return the service's."""
    project, chosen = situation.settings.project, situation.settings.parameters[stage]
    values = {
        "ProjectName": project,
        "Stage": stage,
        **github.outputs,
        **new_count(situation, stage),
    }
    for part in needed_parts(chosen, situation.stacks, project, stage):
        parameters = choose_parameters(part, values | chosen)
        tags = {"Project": project, "Stage": stage}
        name = part.stack_name(project, stage)
        stack = carry_out(situation, Deployment(name, part.template, parameters, tags), journal)
        values |= stack.outputs
    return stack


def new_count(situation: Situation, stage: str) -> dict[str, str]:
    """Return how many containers to run, where setup has a say: 0 at first, 1 with an image."""
    service = situation.service(stage)
    if service is None:
        return {"DesiredCount": "0"}
    starts = service.parameters["DesiredCount"] == "0" and situation.images[stage]
    return {"DesiredCount": "1"} if starts else {}


def carry_out(situation: Situation, deployment: Deployment, journal: Journal) -> Stack:
    """Deploy one stack and return it as it is then."""
    what = f"stack {deployment.name}"
    journal.begin(what)
    changed = deploy(situation.aws, deployment)
    journal.note("deployed" if changed else "unchanged", what, changed=changed)
    return describe_stack(situation.aws, deployment.name)


def set_variables(
    situation: Situation,
    wanted: dict[str, str],
    found: dict[str, str],
    journal: Journal,
    stage: str = "",
) -> None:
    """Set those variables of the repository, or of a stage's environment, that differ."""
    for name, value in wanted.items():
        what = f"variable {name}{f' of {stage}' if stage else ''}"
        if found.get(name) == value:
            journal.note("unchanged", what, changed=False)
        else:
            set_variable(situation.repository, name, value, stage)
            journal.note("set", what)


def say_next(situation: Situation, services: dict[str, Stack], journal: Journal) -> None:
    """Say what was achieved and what the next command is."""
    heading("Done." if journal.changes else "Nothing changed: everything was as it should be.")
    for stage, service in services.items():
        count = service.parameters["DesiredCount"]
        say(f"  {stage:<10} {service.outputs['Url']}, containers wanted: {count}")
    waiting = [name for name, one in services.items() if one.parameters["DesiredCount"] == "0"]
    heading("Next")
    if not waiting:
        say("  Merge to the default branch to deploy, and look at everything with `make doctor`.")
        return
    push = f"git push origin {situation.repository.default_branch}"
    say(f"  No container runs yet in {' and '.join(waiting)}: a deploy has to bring the image.")
    say(f"  1. Deploy: git commit --allow-empty --message Deploy && {push}")
    say("  2. When that has ended, run `make setup` again: it starts the containers.")
