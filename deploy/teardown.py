"""`make teardown`: undo `make setup`, keeping the data unless told otherwise."""

from typing import NamedTuple

from deploy.aws import Aws
from deploy.console import Journal, confirm, confirm_by_typing, heading, say
from deploy.errors import SetupError
from deploy.github import delete_variable, environment_path
from deploy.leftovers import FOR_THE_PERSON, Leftover, find_leftovers, say_leftovers
from deploy.programs import check_programs
from deploy.settings import Settings, project_name
from deploy.situation import Situation, look
from deploy.stacks import USABLE, Deployment, Stack, delete, deploy, wait_until_idle
from deploy.stacks import delete_command as delete_command_of_stack
from deploy.templates import DATABASE, PARTS
from deploy.variables import OF_REPOSITORY, OF_STAGE, SNAPSHOT


class Doomed(NamedTuple):
    """A stack to delete, and the account that it is in."""

    aws: Aws
    stack: Stack


def teardown(settings: Settings, journal: Journal) -> None:
    """Show what goes and what stays, ask, and delete; raise SetupError where AWS refuses."""
    check_programs()
    situation = look(settings)
    check_pipeline(situation)
    stacks = existing_stacks(situation)
    variables = existing_variables(situation)
    show_plan(situation, [one.stack for one in stacks], variables)
    confirm("Delete all this?", yes=settings.yes)
    if settings.delete_data:
        confirm_by_typing(
            situation.project,
            "The data goes too, and nothing brings it back.",
            "Run it again and type the name, or leave DELETE_DATA out to keep the data.",
        )
    heading("Working")
    for name, stage in variables:
        delete_variable(situation.repository, name, stage)
        journal.note("deleted", f"variable {name}{f' of {stage}' if stage else ''}")
    for aws, stack in stacks:
        delete_stack(aws, stack, journal)
    finish(situation, journal)


def is_whole(situation: Situation) -> bool:
    """Return whether every stage goes, and with them what they share."""
    return set(situation.stages) == set(situation.all_stages)


def stack_names(situation: Situation) -> list[tuple[Aws, str]]:
    """Return the stacks in the order of deleting: whatever uses another goes before it."""
    of_stages = [
        (situation.aws_of(stage), part.stack_name(situation.project, stage))
        for stage in situation.stages
        for part in (*situation.deployed_commands(stage), *reversed(PARTS))
    ]
    if not is_whole(situation):
        return of_stages
    first, last = pipeline_name(situation), situation.github_name
    return [(situation.aws, first), *of_stages, (situation.aws, last)]


def pipeline_name(situation: Situation) -> str:
    """Return the name of the stack of CodePipeline, which people make by hand."""
    return f"{situation.project}-pipeline"


def check_pipeline(situation: Situation) -> None:
    """Raise SetupError where a stage alone is to go whose policy the pipeline's roles wear."""
    if is_whole(situation):
        return
    if pipeline := situation.find_own(situation.aws, pipeline_name(situation)):
        raise SetupError(
            f"The stack {pipeline.name} uses the stages; AWS would not let one of them go.",
            f"Delete it first, `{delete_command_of_stack(situation.aws, pipeline.name)}`, then run"
            " this again.",
        )


def existing_stacks(situation: Situation) -> list[Doomed]:
    """Return those of the stacks that exist, once nothing is under way in them."""
    found = [
        (aws, wait_until_idle(aws, situation.find_own(aws, name)))
        for aws, name in stack_names(situation)
    ]
    return [Doomed(aws, stack) for aws, stack in found if stack]


def existing_variables(situation: Situation) -> list[tuple[str, str]]:
    """Return name and stage of the variables that exist, the one that switches deploying first."""
    names = (*reversed(OF_REPOSITORY), "STAGES")
    shared = [(name, "") for name in names if name in situation.variables]
    found = shared if is_whole(situation) else []
    for stage, variables in situation.stage_variables.items():
        found += [(name, stage) for name in (*OF_STAGE, SNAPSHOT) if name in variables]
    return found


def show_plan(situation: Situation, stacks: list[Stack], variables: list[tuple[str, str]]) -> None:
    """Print what will be deleted and what will be kept."""
    say(f"Account     {situation.account}, as {situation.who}")
    say(f"Region      {situation.region}")
    say(f"Repository  {situation.repository.full_name}")
    heading("To delete")
    for name, stage in variables:
        say(f"  variable {name} of {stage or 'the repository'}")
    for stack in stacks:
        whose = f", of {stack.tags['Repository']}" if "Repository" in stack.tags else ""
        say(f"  stack {stack.name}{whose}")
    if not stacks and not variables:
        say("  nothing of this project is left")
    heading("To keep")
    if situation.settings.delete_data:
        say("  nothing: DELETE_DATA=1 deletes images, secrets, snapshots and backups too")
    else:
        say("  images, secrets and a snapshot of each database (DELETE_DATA=1 deletes them too)")


def delete_stack(aws: Aws, stack: Stack, journal: Journal) -> None:
    """Delete a stack, a database's after lifting its protection."""
    journal.begin(f"stack {stack.name}")
    if stack.name.endswith(DATABASE.suffix) and stack.status in USABLE:
        # Its own template, not the checkout's: nothing else of the database changes before it goes.
        deploy(aws, Deployment(stack.name, "", {"DeletionProtection": "false"}, stack.tags))
    delete(aws, stack, again="make teardown")
    journal.note("deleted", f"stack {stack.name}")


def finish(situation: Situation, journal: Journal) -> None:
    """Delete the data where that is wanted, and say what stays and how to delete that as well."""
    kept = []
    for aws in dict.fromkeys(aws for aws, _ in stack_names(situation)):
        names = [name for account, name in stack_names(situation) if account == aws]
        for leftover in find_leftovers(aws, names):
            if situation.settings.delete_data and leftover.type not in FOR_THE_PERSON:
                aws.ask(*leftover.kind.delete, leftover.name)
                journal.note("deleted", f"{leftover.kind.what} {leftover.name}")
            else:
                kept.append((aws, leftover))
    heading("Done." if journal.changes else "Nothing changed: nothing was left to delete.")
    say_kept(situation, kept)
    heading("Next")
    again = "make setup"
    if situation.project != project_name(situation.repository.name):
        again += f" PROJECT={situation.project}"
    say(f"  `{again}` brings everything back, with the images that were kept and empty databases;")
    say("  docs/operations.md says how to restore a snapshot.")


def say_kept(situation: Situation, kept: list[tuple[Aws, Leftover]]) -> None:
    """Say what stays, each with the command that deletes it."""
    for aws, leftover in kept:
        say_leftovers(aws, [leftover])
    for stage, environment in situation.environments.items():
        if environment.exists:
            say(f"  kept: GitHub environment {stage}, with its protection")
            say(f"        gh api --method DELETE {environment_path(situation.repository, stage)}")
