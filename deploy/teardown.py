"""`make teardown`: undo `make setup`, keeping the data unless told otherwise."""

from deploy.console import confirm, confirm_by_typing, heading, say
from deploy.environments import address
from deploy.github import delete_variable
from deploy.journal import Journal
from deploy.leftovers import (
    FOR_THE_PERSON,
    Leftover,
    delete_command,
    delete_leftover,
    find_leftovers,
)
from deploy.programs import check_programs
from deploy.settings import STAGES, Settings
from deploy.situation import Situation, look
from deploy.stacks import USABLE, Deployment, Stack, delete, deploy, wait_until_idle
from deploy.templates import DATABASE, PARTS
from deploy.variables import OF_REPOSITORY, OF_STAGE


def teardown(settings: Settings, journal: Journal) -> None:
    """Show what goes and what stays, ask, and delete; raise SetupError where AWS refuses."""
    check_programs()
    situation = look(settings)
    stacks = existing_stacks(situation)
    variables = existing_variables(situation)
    show_plan(situation, stacks, variables)
    confirm("Delete all this?", yes=settings.yes)
    if settings.delete_data:
        confirm_by_typing(settings.project, "The data goes too, and nothing brings it back.")
    heading("Working")
    for name, stage in variables:
        delete_variable(situation.repository, name, stage)
        journal.note("deleted", f"variable {name}{f' of {stage}' if stage else ''}")
    for stack in stacks:
        delete_stack(situation, stack, journal)
    finish(situation, journal)


def is_whole(settings: Settings) -> bool:
    """Return whether every stage goes, and with them what they share."""
    return set(settings.stages) == set(STAGES)


def stack_names(settings: Settings) -> list[str]:
    """Return the stacks in the order of deleting: whatever uses another goes before it."""
    of_stages = [
        part.stack_name(settings.project, stage)
        for stage in settings.stages
        for part in reversed(PARTS)
    ]
    if not is_whole(settings):
        return of_stages
    return [f"{settings.project}-pipeline", *of_stages, f"{settings.project}-github"]


def existing_stacks(situation: Situation) -> list[Stack]:
    """Return those of the stacks that exist, once nothing is under way in them."""
    found = (wait_until_idle(situation.aws, name) for name in stack_names(situation.settings))
    return [stack for stack in found if stack]


def existing_variables(situation: Situation) -> list[tuple[str, str]]:
    """Return name and stage of the variables that exist, the one that switches deploying first."""
    shared = [(name, "") for name in reversed(OF_REPOSITORY) if name in situation.variables]
    found = shared if is_whole(situation.settings) else []
    for stage, variables in situation.stage_variables.items():
        found += [(name, stage) for name in OF_STAGE if name in variables]
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
        say(f"  stack {stack.name}")
    if not stacks and not variables:
        say("  nothing of this project is left")
    heading("To keep")
    if situation.settings.delete_data:
        say("  nothing: DELETE_DATA=1 deletes images, secrets, snapshots and backups too")
    else:
        say("  images, secrets and a snapshot of each database (DELETE_DATA=1 deletes them too)")


def delete_stack(situation: Situation, stack: Stack, journal: Journal) -> None:
    """Delete a stack, a database's after lifting its protection."""
    journal.begin(f"stack {stack.name}")
    if stack.name.endswith(DATABASE.suffix) and stack.status in USABLE:
        unprotected = {"DeletionProtection": "false"}
        deployment = Deployment(stack.name, DATABASE.template, unprotected, stack.tags)
        deploy(situation.aws, deployment)
    delete(situation.aws, stack)
    journal.note("deleted", f"stack {stack.name}")


def finish(situation: Situation, journal: Journal) -> None:
    """Delete the data where that is wanted, and say what stays and how to delete that as well."""
    aws = situation.aws
    kept = []
    for leftover in find_leftovers(aws, stack_names(situation.settings)):
        if situation.settings.delete_data and leftover.type not in FOR_THE_PERSON:
            delete_leftover(aws, leftover)
            journal.note("deleted", f"{leftover.kind.what} {leftover.name}")
        else:
            kept.append(leftover)
    heading("Done." if journal.changes else "Nothing changed: nothing was left to delete.")
    say_kept(situation, kept)
    heading("Next")
    say(
        "  `make setup` brings everything back, with the images that were kept and empty databases;"
    )
    say("  docs/setup.md says how to restore a snapshot.")


def say_kept(situation: Situation, kept: list[Leftover]) -> None:
    """Say what stays, each with the command that deletes it."""
    for leftover in kept:
        say(f"  kept: {leftover.kind.what} {leftover.name}")
        say(f"        {delete_command(situation.aws, leftover)}")
    for stage, environment in situation.environments.items():
        if environment.exists:
            say(f"  kept: GitHub environment {stage}, with its protection")
            say(f"        gh api --method DELETE {address(situation.repository, stage)}")
