"""`python3 -m deploy restore`: a stage's database from a snapshot, which keeps what it replaces."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from deploy.aws import Aws
from deploy.console import Journal, confirm_by_typing, heading, say
from deploy.create import deploy_stage, give, tags_of
from deploy.errors import SetupError
from deploy.github import subject_form
from deploy.parameters import OWNER
from deploy.plan import planned_stage
from deploy.programs import check_programs
from deploy.settings import Settings
from deploy.situation import Situation, look
from deploy.stacks import Stack
from deploy.templates import DATABASE
from deploy.variables import database_name

POLL_SECONDS = 10
WAIT_SECONDS = 3600
AVAILABLE = "available"
CHOICE = "DBSnapshotIdentifier"


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as RDS describes it, and the moment (UTC) whose data it has, if it has any yet."""

    name: str
    arn: str
    database: str
    status: str
    engine: str
    version: str
    gigabytes: int
    taken: datetime | None
    tags: Mapping[str, str]

    @property
    def major(self) -> str:
        """The major version of the database."""
        return self.version.partition(".")[0]

    def age(self, now: datetime) -> str:
        """Return how long ago it was taken, in words."""
        if self.taken is None:
            return "now"
        minutes = max(0, int((now - self.taken).total_seconds() // 60))
        days, hours = divmod(minutes // 60, 24)
        if days:
            return f"{days} days and {hours} hours"
        return f"{hours} hours and {minutes % 60} minutes" if hours else f"{minutes} minutes"


def list_snapshots(aws: Aws, database: str, owner: Mapping[str, str]) -> list[Snapshot]:
    """Return the snapshots of a stage's database and of those before it, the newest first.

    `owner` are the tags of the stage, which each of its databases hands on to its snapshots.
    """
    found = map(as_snapshot, aws.ask("rds", "describe-db-snapshots")["DBSnapshots"])
    own = [one for one in found if is_own(one, database, owner)]
    return sorted(own, key=lambda one: (one.taken is None, one.taken), reverse=True)


def find_snapshot(aws: Aws, name: str) -> Snapshot:
    """Return the snapshot of this name or ARN; raise SetupError where there is none."""
    command = ("rds", "describe-db-snapshots", "--db-snapshot-identifier", name)
    answer = aws.find("DBSnapshotNotFound", *command)
    if answer is None:
        raise SetupError(
            f"There is no snapshot {name} in {aws.region}.",
            "Leave the name out to see which there are.",
        )
    return as_snapshot(answer["DBSnapshots"][0])


def is_own(snapshot: Snapshot, database: str, owner: Mapping[str, str]) -> bool:
    """Return whether a snapshot is of the stage's database, or of one that it has replaced."""
    return snapshot.database == database or owner.items() <= snapshot.tags.items()


def as_snapshot(told: dict) -> Snapshot:
    """Return a snapshot from RDS's description; a copy has the data of its original's moment."""
    taken = told.get("OriginalSnapshotCreateTime") or told.get("SnapshotCreateTime")
    return Snapshot(
        told["DBSnapshotIdentifier"],
        told["DBSnapshotArn"],
        told["DBInstanceIdentifier"],
        told["Status"],
        told["Engine"],
        told["EngineVersion"],
        told["AllocatedStorage"],
        datetime.fromisoformat(taken).astimezone(UTC) if taken else None,
        {tag["Key"]: tag["Value"] for tag in told.get("TagList", [])},
    )


def take_snapshot(aws: Aws, database: str, name: str) -> None:
    """Take a snapshot of a database and wait for it; raise SetupError where it fails."""
    which = ("--db-snapshot-identifier", name)
    aws.ask("rds", "create-db-snapshot", *which, "--db-instance-identifier", database)
    began = time.monotonic()
    status = ""
    while status != AVAILABLE:
        told = aws.ask("rds", "describe-db-snapshots", *which)["DBSnapshots"][0]
        if told["Status"] not in ("creating", AVAILABLE, status):
            raise SetupError(
                f"The snapshot {name} is {told['Status']}; nothing else was changed.",
                "See why in the RDS console, Events; then run this again.",
            )
        if time.monotonic() - began > WAIT_SECONDS:
            raise SetupError(
                f"RDS still works on the snapshot {name} after an hour; nothing else was changed.",
                f"Wait for it, `aws rds wait db-snapshot-available {' '.join(which)}"
                f" {aws.options}`; then run this again.",
            )
        status = told["Status"]
        if status != AVAILABLE:
            say(f"             {told.get('PercentProgress', 0)} %")
            time.sleep(POLL_SECONDS)


def restore(settings: Settings, stage: str, name: str, journal: Journal) -> None:
    """Show a snapshot and what is lost by it, ask, and lead the stage to a database made of it.

    Without a name, list the stage's snapshots. Raises SetupError where it cannot be restored.
    """
    check_programs()
    situation = look(settings)
    database = own_database(situation, stage)
    if not name:
        show_snapshots(situation, stage, database)
        return
    snapshot = find_snapshot(situation.aws_of(stage), name)
    check_snapshot(situation, stage, database, snapshot)
    chosen = settings.parameters.get(stage, {}) | {CHOICE: other_name(database, snapshot)}
    situation.settings = replace(situation.settings, parameters={stage: chosen})
    del situation.stage_stacks  # what is chosen decides what they get
    stacks = situation.stage_stacks[stage]
    # Whatever else stages.toml does not want any more: this is not the moment to delete it.
    staying = frozenset((*stacks.staying, *stacks.unwanted))
    situation.stage_stacks[stage] = replace(stacks, staying=staying)
    form = settings.subject_format or subject_form(situation.repository)
    given = give(situation, stage, form)
    show_plan(situation, stage, given, snapshot)
    confirm_by_typing(stage, "Restore?", "Run it again and type the stage's name.")
    heading("Working")
    keep_what_is_there(situation, stage, database, journal)
    deploy_stage(situation, stage, given, journal)
    say_next(situation, stage, database)


def own_database(situation: Situation, stage: str) -> Stack:
    """Return the stack of the stage's own database; raise SetupError where it has none."""
    if stage not in situation.all_stages:
        known = ", ".join(situation.all_stages)
        raise SetupError(f"There is no stage {stage}.", f"The stages are {known}.")
    situation.settings = replace(situation.settings, stages=(stage,))
    database = situation.stage_stacks[stage].stacks[DATABASE]
    if database is None:
        raise SetupError(
            f"{stage} has no database of its own here.",
            "Restore it where it lives, then `make setup` with its DatabaseHost.",
        )
    return database


def owner_tags(situation: Situation, stage: str) -> dict[str, str]:
    """Return the tags that tell whose a snapshot is, and of which stage."""
    tags = tags_of(situation, Stage=stage)
    return {name: tags[name] for name in ("Project", "Stage", OWNER)}


def show_snapshots(situation: Situation, stage: str, database: Stack) -> None:
    """Print the stage's snapshots, the newest first, and how to restore one."""
    now, owner = datetime.now(UTC), owner_tags(situation, stage)
    found = list_snapshots(situation.aws_of(stage), database_name(database), owner)
    heading(f"Snapshots of {stage}, the newest first")
    for one in found:
        taken = f"{one.taken:%Y-%m-%d %H:%M} UTC" if one.taken else "not yet taken"
        facts = f"{one.status}, PostgreSQL {one.version}, {one.gigabytes} GB"
        say(f"  {one.name}")
        say(f"      {taken}, {one.age(now)} ago, {facts}")
    if not found:
        say("  none")
    heading("Next")
    say(f"  Restore one: python3 -m deploy restore {stage} NAME")


def check_snapshot(situation: Situation, stage: str, database: Stack, snapshot: Snapshot) -> None:
    """Raise SetupError for a snapshot that the stage's database cannot be made of."""
    another = f"See which there are: `python3 -m deploy restore {stage}`."
    owner = owner_tags(situation, stage)
    if not is_own(snapshot, database_name(database), owner):
        tags = [snapshot.tags[key] for key in ("Project", "Stage") if key in snapshot.tags]
        whose = "-".join(tags) or "no stage that its tags tell"
        told = " ".join(f"Key={name},Value={value}" for name, value in owner.items())
        tag = f"aws rds add-tags-to-resource --resource-name {snapshot.arn} --tags {told}"
        raise SetupError(
            f"{snapshot.name} is a snapshot of the database {snapshot.database}, of {whose}, not of"
            f" {stage}.",
            f"{another} If this one is meant all the same, say whose it is, `{tag}"
            f" {situation.aws_of(stage).options}`, then run this again.",
        )
    if snapshot.status != AVAILABLE:
        raise SetupError(
            f"The snapshot {snapshot.name} is {snapshot.status}.",
            f"Wait until it is available, or choose another. {another}",
        )
    wanted = situation.stage_stacks[stage].value(DATABASE, "PostgresVersion")
    if (snapshot.engine, snapshot.major) != ("postgres", wanted):
        raise SetupError(
            f"{snapshot.name} is of {snapshot.engine} {snapshot.version}, and {stage} runs"
            f" PostgreSQL {wanted}.",
            f"Choose another, or restore that version: [{stage}] parameters = {{ PostgresVersion ="
            f' "{snapshot.major}" }} in stages.toml, which docs/operations.md takes on from there.',
        )
    if filed := situation.choices[stage].parameters.get(CHOICE):
        raise SetupError(
            f"stages.toml says that the database of {stage} comes from {filed}: the next `make"
            " setup` would restore that one again.",
            f"Take {CHOICE} out of stages.toml, which changes nothing by itself; then run this"
            " again.",
        )


def other_name(database: Stack, snapshot: Snapshot) -> str:
    """Return the snapshot's name, or its ARN where the stack has that name: AWS makes another
    database where the parameter changes only."""
    before = database.parameters.get(CHOICE, "")
    return snapshot.arn if before == snapshot.name else snapshot.name


def show_plan(situation: Situation, stage: str, given: dict[str, str], snapshot: Snapshot) -> None:
    """Print the snapshot, what is lost by it, and what changes in the stage's stacks."""
    now = datetime.now(UTC)
    say(f"Account     {situation.accounts[stage]}, as {situation.who}")
    say(f"Snapshot    {snapshot.name}, of {snapshot.database}")
    say(f"Taken       {snapshot.taken:%Y-%m-%d %H:%M} UTC, {snapshot.age(now)} ago")
    say(f"Lost        what {stage} has written in these {snapshot.age(now)}, and until this ends:")
    say("            it stays in the database of now, which is kept, and in a snapshot of it.")
    say("            To lose nothing more, stop what writes: containers = { least = 0 }.")
    heading("AWS stacks")
    for line in planned_stage(situation, stage, given):
        say(f"  {line}")


def keep_what_is_there(situation: Situation, stage: str, database: Stack, journal: Journal) -> None:
    """Take a snapshot of the database that is about to be replaced."""
    name = f"{situation.project}-{stage}-before-restore-{datetime.now(UTC):%Y%m%d%H%M%S}"
    journal.begin(f"snapshot {name}, which may take minutes")
    take_snapshot(situation.aws_of(stage), database_name(database), name)
    journal.note("taken", f"snapshot {name}")


def say_next(situation: Situation, stage: str, database: Stack) -> None:
    """Say how to bring the schema up to the code, and what becomes of the old database."""
    old, aws = database_name(database), situation.aws_of(stage)
    heading("Done.")
    say(f"  {stage} runs on the restored database.")
    heading("Next")
    say("  1. Release what runs, which migrates the older schema:")
    say(f"     gh workflow run stage.yml --field stage={stage} --field image={stage}")
    say(f"  2. Look whether all is there. {old} stays as it was, and costs as before, until you")
    say("     delete it:")
    modify = f"aws rds modify-db-instance --no-deletion-protection --db-instance-identifier {old}"
    say(f"     {modify} {aws.options}")
    delete = f"aws rds delete-db-instance --final-db-snapshot-identifier {old}-last"
    say(f"     {delete} --db-instance-identifier {old} {aws.options}")
