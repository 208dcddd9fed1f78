"""stages.toml and Procfile: what runs in each stage, and how large it is."""

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from deploy.errors import SetupError
from deploy.parameters import Parameter, declared
from deploy.templates import PARTS

FILE = "stages.toml"
PROCFILE = "Procfile"
SHARED = "all"  # the table of what every stage has that does not say otherwise
# So that the longest project and stage leave a name that AWS takes.
NAME = r"(?=.{1,30}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"
NAMES = "lower-case letters, digits and single hyphens, a letter first, 30 characters at most"
# Names of a Procfile that are no further process: the web server, and the migration of a release.
OWN_PROCESSES = ("web", "release")
MOST_CONTAINERS = 100


class Key(NamedTuple):
    """What a key of a stage takes, and the templates' parameter that it stands for, if any.

    `further` is the parameter of all but the first text of a list.
    """

    parameter: str
    kind: type
    further: str = ""


# A value is checked by the template that declares the parameter.
KEYS = {
    "alarms": Key("AlarmEmails", list),
    "architecture": Key("CpuArchitecture", str),
    "cache": Key("", bool),
    "certificate": Key("CertificateArn", str),
    "containers.least": Key("DesiredCount", int),
    "containers.most": Key("MaximumCount", int),
    "cpu": Key("Cpu", int),
    "database.backup_days": Key("BackupDays", int),
    "database.backup_window": Key("BackupWindow", str),
    "database.log_export": Key("ExportLogs", bool),
    "database.maintenance_window": Key("MaintenanceWindow", str),
    "database.size": Key("DatabaseInstanceClass", str),
    "database.standby": Key("DatabaseMultiAz", bool),
    "domain": Key("DomainName", list, further="OtherDomainNames"),
    "log_days": Key("LogDays", int),
    "mail_from": Key("SenderAddress", str),
    "network.cidr": Key("VpcCidr", str),
    "network.nat_gateway": Key("NatGateway", bool),
    "network.private_subnets": Key("PrivateSubnetIds", list),
    "network.public_subnets": Key("PublicSubnetIds", list),
    "network.task_subnets": Key("TaskSubnetIds", list),
    "network.vpc": Key("VpcId", str),
    "plain": Key("", bool),
    "shell": Key("EnableExecuteCommand", bool),
    "snapshot_before_release": Key("SnapshotBeforeRelease", bool),
    "uploads": Key("", bool),
}
KINDS = {
    bool: "true or false",
    int: "a whole number",
    list: "text in quotes, or a list of them",
    str: "text in quotes",
}
# Tables whose keys people name themselves.
TABLES = ("processes", "schedules", "parameters")


@dataclass(frozen=True)
class Process:
    """A command that runs all the time, in containers of its own."""

    command: str
    containers: int = 1
    cpu: int = 256


@dataclass(frozen=True)
class Schedule:
    """A command that runs in one container at the times (UTC) of EventBridge's cron."""

    command: str
    cron: str


@dataclass(frozen=True)
class StageChoices:
    """What a stage is to be: the templates' parameters by name, and the keys that are not false."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    processes: Mapping[str, Process] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names of `domain`, the first of which is the one that the others lead to."""
        if "domain" not in self.switches:
            return ()
        further = self.parameters.get("OtherDomainNames", "")
        return tuple(filter(None, (self.parameters["DomainName"], *further.split(","))))

    @property
    def sender(self) -> str:
        """The address of `mail_from`, if any."""
        return self.parameters.get("SenderAddress", "") if "mail_from" in self.switches else ""

    @property
    def alarm_emails(self) -> list[str]:
        """The addresses of `alarms`."""
        emails = self.parameters.get("AlarmEmails", "") if "alarms" in self.switches else ""
        return emails.split(",") if emails else []


def read_choices(root: Path, stages: Iterable[str]) -> dict[str, StageChoices]:
    """Return what stages.toml and the Procfile say of each of these stages.

    Without stages.toml nothing is chosen. Raises SetupError with the file and the key at fault,
    also for a table of a stage that is not among them.
    """
    stages = tuple(stages)
    path = root / FILE
    if not path.is_file():
        return {stage: StageChoices() for stage in stages}
    tables = read_tables(path, stages)
    shared = merge({"processes": read_procfile(root / PROCFILE)}, tables.get(SHARED, {}))
    read_stage(SHARED, shared)
    return {stage: read_stage(stage, merge(shared, tables.get(stage, {}))) for stage in stages}


def read_tables(path: Path, stages: tuple[str, ...]) -> dict[str, Any]:
    """Return the tables of the file; raise SetupError where it has others than the stages'."""
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{FILE} cannot be read: {error}.", mend(FILE)) from None
    for name, table in tables.items():
        if name not in (SHARED, *stages):
            raise SetupError(
                f"{FILE} has a table [{name}], which is no stage: there are {', '.join(stages)}.",
                f"Mend its name, or make it a stage, STAGES={name}; then run this again.",
            )
        require(isinstance(table, dict), name, "a table such as [staging]", table)
        for inner in TABLES:
            given = table.get(inner, {})
            require(isinstance(given, dict), f"[{name}] {inner}", "a table", given)
            if inner != "parameters":
                table[inner] = {key: as_table(value) for key, value in given.items()}
    return tables


def as_table(command: Any) -> Any:
    """Return a process or schedule that is its command alone as the table that it stands for."""
    return {"command": command} if isinstance(command, str) else command


def read_procfile(path: Path) -> dict[str, dict[str, str]]:
    """Return the further processes of a Procfile: names in lower case, with hyphens."""
    lines = path.read_text().splitlines() if path.is_file() else []
    found = (re.fullmatch(r"([\w-]+):\s*(\S.*?)\s*", line) for line in lines)
    processes = {one[1].lower().replace("_", "-"): one[2] for one in found if one}
    further = {name: one for name, one in processes.items() if name not in OWN_PROCESSES}
    for name, command in further.items():
        check_command(PROCFILE, name, command)
    return {name: as_table(one) for name, one in further.items()}


def merge(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return both tables in one: what is in `own` wins, and so it does inside of tables."""
    both = {
        key: merge(shared[key], own[key])
        for key in shared.keys() & own.keys()
        if isinstance(shared[key], dict) and isinstance(own[key], dict)
    }
    return {**shared, **own, **both}


def read_stage(stage: str, table: Mapping[str, Any]) -> StageChoices:
    """Return what a table says; raise SetupError with the key at fault."""
    keys = dict(flat({key: one for key, one in table.items() if key not in TABLES}))
    parameters = dict(read_keys(f"[{stage}]", keys))
    for name, value in read_parameters(f"[{stage}.parameters]", table.get("parameters", {})):
        require(name not in parameters, f"[{stage}.parameters]", "what no key says already", name)
        parameters[name] = value
    processes = read_commands(f"[{stage}.processes]", table.get("processes", {}), PROCESS)
    schedules = read_commands(f"[{stage}.schedules]", table.get("schedules", {}), SCHEDULE)
    for name in OWN_PROCESSES:
        require(name not in processes, f"[{stage}.processes]", "further processes", name)
    return StageChoices(
        parameters,
        frozenset(key for key, value in [*keys.items(), ("schedules", schedules)] if value),
        {name: Process(**one) for name, one in processes.items()},
        {name: Schedule(**one) for name, one in schedules.items()},
    )


def read_keys(where: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the parameters that the keys of a stage stand for, and their values."""
    for name, value in table.items():
        require(name in KEYS, where, f"the keys {', '.join((*KEYS, *TABLES))}", name)
        key = KEYS[name]
        require(is_kind(value, key.kind), f"{where} {name}", KINDS[key.kind], value)
        for parameter, part in parts_of_value(key, value):
            refused = parameters()[parameter].refuses(written(part))
            require(
                part not in ("", []) and not refused, f"{where} {name}", refused or "a value", part
            )
            yield parameter, written(part)


def is_kind(value: Any, kind: type) -> bool:
    """Return whether a value is of a kind; a text alone is a list, too."""
    if kind is not list:
        return type(value) is kind
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    )


def parts_of_value(key: Key, value: Any) -> list[tuple[str, Any]]:
    """Return the parameters that a key stands for, with the part of its value that each takes."""
    if not key.parameter:
        return []
    if not key.further or not isinstance(value, list) or not value:
        return [(key.parameter, value)]
    first, *rest = value
    return [(key.parameter, first), *([(key.further, rest)] if rest else [])]


def read_parameters(where: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield parameters by their own names."""
    known = parameters()
    for name, value in table.items():
        require(name in known, where, f"parameters of deploy/infra/: {', '.join(known)}", name)
        require(not isinstance(value, dict), f"{where} {name}", "one value", value)
        refused = known[name].refuses(written(value))
        require(not refused, f"{where} {name}", refused, value)
        yield name, written(value)


def parameters() -> dict[str, Parameter]:
    """Return the parameters of a stage's templates by name."""
    return {name: one for part in PARTS for name, one in declared(part.template).items()}


class Field(NamedTuple):
    """What a key of a process or of a schedule takes."""

    wanted: str
    kind: type
    check: Any
    required: bool = False


COMMAND = Field("a command in quotes", str, re.compile(r"\S(.*\S)?").fullmatch, required=True)
PROCESS = {
    "command": COMMAND,
    "containers": Field(
        f"a whole number from 0 to {MOST_CONTAINERS}", int, range(MOST_CONTAINERS + 1).__contains__
    ),
    "cpu": Field("256, 512, 1024, 2048 or 4096", int, (256, 512, 1024, 2048, 4096).__contains__),
}
SCHEDULE = {
    "command": COMMAND,
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
    "cron": Field(
        'six fields such as "0 3 * * ? *": minute hour day month weekday year',
        str,
        re.compile(r"[\w*?,/#-]+( [\w*?,/#-]+){5}").fullmatch,
        required=True,
    ),
}


def read_commands(
    where: str, table: Mapping[str, Any], fields: Mapping[str, Field]
) -> dict[str, dict[str, Any]]:
    """Return the processes or schedules of a stage by name, but those that it switches off."""
    found = {}
    for name, given in table.items():
        require(re.fullmatch(NAME, name), where, f"names of {NAMES}", name)
        if given is False:
            continue
        require(isinstance(given, dict), f"{where} {name}", "a command, a table or false", given)
        for key, value in given.items():
            require(key in fields, f"{where} {name}", f"the keys {', '.join(fields)}", key)
            takes = fields[key]
            fits = type(value) is takes.kind and takes.check(value)
            require(fits, f"{where} {name}.{key}", takes.wanted, value)
        for key, takes in fields.items():
            require(key in given or not takes.required, f"{where} {name}", f"a {key} too", given)
        check_command(f"{FILE}: {where}", name, given["command"])
        found[name] = given
    return found


def check_command(where: str, name: str, command: str) -> None:
    """Raise SetupError for more than one program: `sh -c "exec COMMAND"` would run the first.

    A container's first process has to be the program itself, so that it hears SIGTERM.
    """
    try:
        words = shlex.shlex(command, posix=True, punctuation_chars=";&|<>")
        words.whitespace_split, words.commenters = True, ""
        first, *rest = words
    except ValueError as error:
        raise one_program(where, name, command, str(error).lower()) from None
    if re.match(r"\w+=", first):
        raise one_program(where, name, command, f"begin it with `env {first}`")
    if any(word and not word.strip(";&|") for word in (first, *rest)):
        raise one_program(where, name, command, "put several into a script")


def one_program(where: str, name: str, command: str, why: str) -> SetupError:
    """Return the error for a command that is not one program with its arguments."""
    return SetupError(
        f"{where} {name} takes one program with its arguments, not {command!r}: {why}.",
        mend(where.partition(":")[0]),
    )


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a table and of the tables in it, by keys with dots between them."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def written(value: Any) -> str:
    """Return a value as CloudFormation takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(written, value)) if isinstance(value, list) else str(value)


def require(condition: object, where: str, wanted: str, given: object) -> None:
    """Raise SetupError, which names the file and the key, unless the condition holds."""
    if not condition:
        raise SetupError(f"{FILE}: {where} takes {wanted.rstrip('.')}, not {given!r}.", mend(FILE))


def mend(file: str) -> str:
    """Return what to do about a file that cannot be."""
    return f"Mend {file}, then run this again."
