"""`python3 -m deploy config`: the variables and secrets of a stage, and which names it refuses.

No value is ever printed.
"""

import getpass
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.aws import read_time
from deploy.cluster import Cluster, find_cluster
from deploy.console import Journal, agrees, say
from deploy.errors import SetupError
from deploy.secret import NAME, Variables, parse_variables, read, write
from deploy.settings import Settings
from deploy.stacks import find_stack
from deploy.start import primary, redeploy
from deploy.task import container_of
from deploy.templates import ROLES
from deploy.wanted import image_variables

STDIN = "-"
VARIABLE = "STAGE_CONFIG"  # in which a container gets all of them
DOMAIN = "`domain` in stages.toml decides"
DATABASE = "the stage's database decides (docs/setup.md)"
# Where those are decided that deploy/infra/ sets, or the entry point makes.
DECIDED = {
    "ALLOWED_HOSTS": DOMAIN,
    "AWS_STORAGE_BUCKET_NAME": "`uploads` in stages.toml decides",
    "CACHE_URL": "`cache` in stages.toml decides",
    "CSRF_TRUSTED_ORIGINS": DOMAIN,
    "DEFAULT_FROM_EMAIL": "`mail_from` in stages.toml decides",
    "HTTPS": DOMAIN,
    "SENTRY_ENVIRONMENT": "it is the stage's name",
}
# What a name of this form would do, whatever the stage has.
FORMS = [
    (r"STAGE_CONFIG\w*", "that is what all of these are kept in"),
    (
        r"DATABASE_URL|PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|"
        r"SSLMODE)",
        DATABASE,
    ),
    (r"SECRET_KEY", "it has a secret of its own (docs/operations.md, Secrets)"),
    (
        r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|(DEFAULT_)?PROFILE|"
        r"ROLE_\w+|WEB_IDENTITY_\w+|CONTAINER_\w+|CONFIG_FILE|SHARED_CREDENTIALS_FILE|"
        r"EC2_METADATA_\w+)",
        "what a container may do in AWS is the task role's (deploy/infra/roles.yml)",
    ),
    (r"AWS_((DEFAULT_)?REGION|EXECUTION_ENV)|ECS_\w+", "ECS sets it"),
    (
        r"LD_\w+|GLIBC_TUNABLES|GCONV_PATH|BASH_ENV|"
        r"PYTHON(PATH|HOME|STARTUP|PLATLIBDIR|USERBASE|EXECUTABLE)",
        "it decides which code runs: that belongs into the Dockerfile",
    ),
    (r"PATH|HOME|HOSTNAME", "the container has it already, and that stays"),
]


@dataclass(frozen=True)
class Changes:
    """What to set, as words (NAME=value, NAME, -) and from a file, and what to remove."""

    words: tuple[str, ...] = ()
    file: str = ""
    unset: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.words or self.file or self.unset)


def config(settings: Settings, stage: str, changes: Changes, journal: Journal) -> None:
    """List the variables of a stage, or change some and offer the release that they need.

    Raises SetupError, and changes nothing, for names that cannot be set, and where somebody else
    changes them meanwhile.
    """
    given = read_given(changes)
    cluster = find_cluster(settings, stage)
    secret = find_secret(cluster)
    before = read(cluster.aws, secret)
    if not changes:
        show(cluster, before)
        return
    check_names(given, stage, names_of_stage(cluster))
    check_unset(stage, changes.unset, given, before)
    after = {name: one for name, one in before.values.items() if name not in changes.unset} | given
    if after == before.values:
        say(f"Nothing changed: {', '.join(given)} of {stage} had that value already.")
        return
    write(cluster.aws, secret, before, after)
    for name in sorted(before.values.keys() | given):
        note(journal, stage, name, before.values.get(name), after.get(name))
    offer_release(settings, cluster)


def read_given(changes: Changes) -> dict[str, str]:
    """Return what is to be set, from all places; raise SetupError where it cannot be."""
    given: dict[str, str] = {}
    for word in changes.words:
        name, sign, value = word.partition("=")
        if sign:
            add(given, {name: value})
        elif word == STDIN:
            add(given, parse_variables(read_file(STDIN), "Standard input"))
        else:
            add(given, {name: ask(name)})
    if changes.file:
        add(given, parse_variables(read_file(changes.file), changes.file))
    check_form([*given, *changes.unset])
    for name, value in given.items():
        if not fits(value):
            raise SetupError(
                f"The value of {name} has a NUL or is no UTF-8, which no variable can have.",
                "Encode it, such as in Base64, then run this again.",
            )
    return given


def add(given: dict[str, str], more: dict[str, str]) -> None:
    """Add variables to others; raise SetupError for a name that is among them already."""
    if twice := given.keys() & more:
        check_form(twice)
        raise SetupError(f"{', '.join(sorted(twice))} is given twice.", "Give it once.")
    given.update(more)


def ask(name: str) -> str:
    """Return a value that the person types unseen, or that comes by standard input.

    Raises SetupError for a word that may be a value, as after NAME and a blank.
    """
    if not re.fullmatch("[A-Z][A-Z0-9_]*", name):
        raise SetupError(
            "A word is neither NAME=value nor a NAME in capitals whose value is asked for.",
            "Write NAME=value without blanks, and quotes around it where the value has some.",
        )
    if sys.stdin.isatty():
        value = type_unseen(name)
    else:
        value = read_file(STDIN).removesuffix("\n").removesuffix("\r")
    if not value:
        raise SetupError(f"{name} got no value.", f"To set it to nothing: {name}= as a word.")
    return value


def type_unseen(name: str) -> str:
    """Return what the person types, or nothing after Ctrl-D."""
    try:
        return getpass.getpass(f"Value of {name}, which is not shown: ")
    except EOFError:
        say()
        return ""


def read_file(path: str) -> str:
    """Return the text of a file, or of standard input for a hyphen; raise SetupError without."""
    try:
        return sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = "Standard input" if path == STDIN else path
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise SetupError(f"{what} cannot be read: {reason}.", "Give a text file.") from None


def fits(value: str) -> bool:
    """Return whether a container can have this value."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def find_secret(cluster: Cluster) -> str:
    """Return the ARN of the secret with a stage's variables; raise SetupError without one."""
    roles = find_stack(cluster.aws, f"{cluster.name}{ROLES.suffix}")
    secret = roles.outputs.get("ConfigSecretArn") if roles else None
    if not secret:
        raise without_variables(cluster.stage)
    return secret


def names_of_stage(cluster: Cluster) -> set[str]:
    """Return the names that a stage sets itself; raise SetupError where it takes no others."""
    names = set_by_stage(cluster)
    if VARIABLE not in names:
        raise without_variables(cluster.stage)
    return names


def without_variables(stage: str) -> SetupError:
    """Return the error for a stage that was set up before stages had variables."""
    return SetupError(
        f"{stage} has no place for variables: it was set up before there was one.",
        f"Let setup add it, `make setup STAGES={stage}`, then run this again.",
    )


def check_unset(stage: str, unset: Iterable[str], given: dict[str, str], before: Variables) -> None:
    """Raise SetupError for names to remove that are not there, or are to be set as well."""
    for name in unset:
        if name in given:
            raise SetupError(f"{name} is to be set and removed.", "Choose one of them.")
    if missing := [name for name in unset if name not in before.values]:
        raise SetupError(
            f"Nothing was changed: {stage} has no variable {', '.join(missing)}.",
            f"See which it has: `python3 -m deploy config {stage}`.",
        )


def note(journal: Journal, stage: str, name: str, before: str | None, after: str | None) -> None:
    """Say what became of a variable, without its value."""
    if before == after:
        return
    outcome = "removed" if after is None else "set" if before is None else "changed"
    journal.note(outcome, f"{name} of {stage}{', to nothing' if after == '' else ''}")


def show(cluster: Cluster, variables: Variables) -> None:
    """Print the names of a stage's variables, and when each was changed."""
    stage = cluster.stage
    if not variables.values:
        say(f"{stage} has no variables. To set one: `python3 -m deploy config {stage} NAME`.")
        return
    deployed = read_time(primary(cluster.service())["createdAt"])
    width = max(map(len, variables.values))
    for name in sorted(variables.values):
        say(f"{name:<{width}}  {told(variables.changed.get(name, ''), deployed)}")
    if variables.by_hand:
        say(
            f"Somebody changed the secret by other means, the last time at"
            f" {variables.by_hand:%Y-%m-%d %H:%M} UTC, so a date may be too early."
        )


def told(changed: str, deployed: datetime) -> str:
    """Return when a variable was changed, and whether containers have it yet."""
    if not changed:
        return "by other means"
    moment = read_time(changed)
    pending = ", not released yet" if moment > deployed else ""
    return f"{moment:%Y-%m-%d %H:%M} UTC{pending}"


def offer_release(settings: Settings, cluster: Cluster) -> None:
    """Say that containers read variables when they start, and replace them if that is wanted."""
    stage = cluster.stage
    say("Containers read variables when they start: what runs has to be released again.")
    can_ask = settings.yes or sys.stdin.isatty()
    if not (can_ask and agrees(f"Replace the containers of {stage} now?", yes=settings.yes)):
        say(f"Next: `gh workflow run stage.yml --field stage={stage} --field image={stage}`")
        return
    services = redeploy(cluster)
    what = f"Replaced: the containers of {', '.join(services)}." if services else "Nothing runs."
    say(what)


def check_names(names: Iterable[str], stage: str, stages: set[str]) -> None:
    """Raise SetupError for names that cannot be set for a stage, with the reason of each; `stages`
    are the names that it sets itself."""
    images = set(image_variables())
    reasons = {name: reason_against(name, stages, images) for name in names}
    if lines := [f"  {name}: {reason}." for name, reason in reasons.items() if reason]:
        raise SetupError(
            "\n".join([f"Nothing was changed. These cannot be set for {stage}:", *lines]),
            "Leave them out, then run this again.",
        )


def check_form(names: Iterable[str]) -> None:
    """Raise SetupError for what no variable can be called, without repeating it: it may be a
    value that somebody gave in the wrong place."""
    for number, name in enumerate(names, start=1):
        if not NAME.fullmatch(name):
            raise SetupError(
                f"The name of variable {number} cannot be: letters, digits and `_` can, no digit"
                " first, 255 at most.",
                "Give NAME=value, with the whole word in quotes where the value has blanks.",
            )


def reason_against(name: str, stages: set[str], images: set[str]) -> str:
    """Return why a name cannot be set, or nothing where it can."""
    for form, reason in FORMS:
        # The settings read SECRET_KEY_FILE, and the like, in place of SECRET_KEY.
        if re.fullmatch(form, name.removesuffix("_FILE")):
            return reason
    if name.removesuffix("_FILE") in stages:
        return DECIDED.get(name.removesuffix("_FILE"), "deploy/infra/stage.yml sets it")
    if name in images:
        return "the Dockerfile sets it, and an image's own variable stays"
    return ""


def set_by_stage(cluster: Cluster) -> set[str]:
    """Return the variables that the stage's containers have by deploy/infra/stage.yml."""
    container = web_container(cluster)
    declared = [*container.get("environment", []), *container.get("secrets", [])]
    return {one["name"] for one in declared}


def web_container(cluster: Cluster) -> dict[str, Any]:
    """Return the web server's container as its task definition has it."""
    service = cluster.service()
    asked = ("describe-task-definition", "--task-definition", service["taskDefinition"])
    return container_of(service, cluster.aws.ask("ecs", *asked)["taskDefinition"])
