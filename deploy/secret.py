"""The one secret with a stage's variables, and how a person gives them.

The secret is a JSON object in AWS Secrets Manager. A person gives words like NAME=value, lines as
in .env, or a JSON object; a message names a variable or a line, never a value.

When each variable was changed stands in the secret too, because it then changes together with the
value, in one call, and for any number of names: Secrets Manager itself keeps one date for all of a
version, a secret has at most 50 tags, and its description belongs to deploy/infra/roles.yml.
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deploy.aws import Aws, read_time
from deploy.errors import ProgramError, SetupError

# A member beside the variables, and so a variable too: all members are strings.
CHANGES = "STAGE_CONFIG_CHANGES"
LARGEST = 65_536  # bytes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
# The label of a version that is not current yet.
NEXT = "NEXT"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
# What python-dotenv reads, but for variables in values: they are refused, because nobody would
# notice that one is not replaced.
ASSIGNMENT = re.compile(
    r"""
    (?:export[ \t]+)?
    (?P<name>[^\s=\#'"]+)[ \t]*=[ \t]*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>(?!['"])[^\n]*))
    [ \t]*(?:\#[^\n]*)?(?:\n|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
NOTHING = re.compile(r"(?:[ \t]*(?:\#[^\n]*)?\n)*[ \t]*(?:\#[^\n]*\Z)?")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Variables:
    """The variables of a stage, when each was changed, and the secret's version that has them.

    `by_hand` is when somebody changed the secret by other means, if that came last.
    """

    values: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    version: str = ""
    by_hand: datetime | None = None


def read(aws: Aws, secret: str) -> Variables:
    """Return what the secret has; raise SetupError where that is no object of strings."""
    answer = aws.ask("secretsmanager", "get-secret-value", "--secret-id", secret)
    try:
        values = json.loads(answer.get("SecretString", ""))
    except (RecursionError, ValueError):
        values = None
    if not (isinstance(values, dict) and all(isinstance(one, str) for one in values.values())):
        raise broken(aws, secret)
    noted, changed = read_changes(values.pop(CHANGES, ""))
    is_ours = noted == answer["VersionId"] or not values
    return Variables(
        values,
        {name: at for name, at in changed.items() if name in values},
        answer["VersionId"],
        None if is_ours else read_time(answer["CreatedDate"]),
    )


def read_changes(text: str) -> tuple[str, dict[str, str]]:
    """Return the version that the dates were written with, and the dates; a person may have
    changed them by hand."""
    try:
        notes = json.loads(text)
        return str(notes["version"]), {name: str(at) for name, at in notes["changed"].items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return "", {}


def broken(aws: Aws, secret: str) -> SetupError:
    """Return the error for a secret that containers cannot start with."""
    anew = f"aws secretsmanager put-secret-value --secret-id {secret} --secret-string '{{}}'"
    return SetupError(
        "The stage's variables are no JSON object whose members are strings: somebody changed the"
        " secret by hand, and no container starts with it.",
        f"Mend it in the console of AWS Secrets Manager, or begin anew: `{anew} {aws.options}`.",
    )


def write(aws: Aws, secret: str, before: Variables, values: dict[str, str]) -> None:
    """Put these values in place of those before.

    Raises SetupError, and changes nothing, where somebody else has changed them meanwhile, or where
    they are too many.
    """
    version = str(uuid.uuid4())
    document = written(before, values, version)
    if len(document) > LARGEST:
        raise SetupError(
            f"Nothing was changed: with their names the values come to {len(document):,} bytes, and"
            f" a secret holds {LARGEST:,}.",
            "Give less, and put what is large into a file of the image or of a bucket.",
        )
    which = ("--secret-id", secret)
    put = ("put-secret-value", *which, "--client-request-token", version, "--version-stages", NEXT)
    # By standard input: whoever may list processes sees their arguments.
    aws.text("secretsmanager", *put, "--secret-string", "file:///dev/stdin", stdin=document)
    current = ("--version-stage", "AWSCURRENT", "--move-to-version-id", version)
    move = ("update-secret-version-stage", *which, *current)
    try:
        # AWS refuses this unless the version is still the current one.
        aws.text("secretsmanager", *move, "--remove-from-version-id", before.version)
    except ProgramError:
        now = read(aws, secret).version
        if now == before.version:
            raise
        if now != version:  # else an answer was lost, and the second attempt refused
            raise SetupError(
                "Nothing was changed: somebody else has changed variables of this stage meanwhile.",
                "See what there is now, then run this again.",
            ) from None


def written(before: Variables, values: dict[str, str], version: str) -> str:
    """Return the secret's text, in ASCII: the values, and when each was changed."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    changed = {
        name: before.changed.get(name, "") if before.values.get(name) == value else now
        for name, value in values.items()
    }
    notes = json.dumps({"version": version, "changed": changed}, separators=(",", ":"))
    return json.dumps({**values, CHANGES: notes}, separators=(",", ":"), sort_keys=True)


def parse_variables(text: str, where: str) -> dict[str, str]:
    """Return the variables of a text, which is a JSON object or has lines as in .env.

    Raises SetupError, which names the place in the text.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return parse_object(text, where)
    return parse_lines(text, where)


def parse_object(text: str, where: str) -> dict[str, str]:
    """Return the members of a JSON object; raise SetupError unless all of them are strings."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except json.JSONDecodeError as error:
        raise refused(where, f"line {error.lineno} is no JSON") from None
    except RecursionError:
        raise refused(where, "it is nested too deeply") from None
    for name, value in pairs:
        if not isinstance(value, str):
            raise refused(where, f"{told(name)} is no text in quotes")
    return without_doubles(pairs, where)


def parse_lines(text: str, where: str) -> dict[str, str]:
    """Return the variables of lines such as NAME=value; raise SetupError for another line."""
    pairs = []
    position = skip(text, 0)
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        found = ASSIGNMENT.match(text, position)
        if not found:
            raise refused(where, f"line {line} is not like NAME=value")
        pairs.append((found["name"], value_of(found, where, line)))
        position = skip(text, found.end())
    return without_doubles(pairs, where)


def skip(text: str, position: int) -> int:
    """Return where the next line begins that is neither empty nor a comment."""
    nothing = NOTHING.match(text, position)
    return nothing.end() if nothing else position


def value_of(found: re.Match[str], where: str, line: int) -> str:
    """Return the value of an assignment, without quotes, escapes and comment."""
    if found["single"] is not None:
        return found["single"]
    plain = found["double"] is None
    raw = re.sub(r"\s+#.*", "", found["plain"]).rstrip() if plain else found["double"]
    if re.search(r"(?<!\\)\$\{", raw):
        raise refused(
            where, f"line {line} has a variable in its value, which is not replaced: quote it by '"
        )
    if plain:
        return raw
    return re.sub(r"\\(.)", lambda escape: unescaped(escape[1]), raw, flags=re.DOTALL)


def unescaped(character: str) -> str:
    """Return what stands for a backslash and a character within double quotes."""
    if character in ESCAPES:
        return ESCAPES[character]
    return character if character in "\"'\\$`\n" else f"\\{character}"


def without_doubles(pairs: list[tuple[str, str]], where: str) -> dict[str, str]:
    """Return the pairs as a mapping; raise SetupError for a name that occurs twice."""
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise refused(where, f"{told(name)} occurs twice")
    return dict(pairs)


def told(name: Any) -> str:
    """Return a name for a message, unless it may be something else by mistake."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else "a name"


def refused(where: str, what: str) -> SetupError:
    """Return the error for a text that cannot be read."""
    return SetupError(
        f"{where} cannot be read: {what}.",
        'Give lines like NAME=value, as in .env, or a JSON object {"NAME": "value"}.',
    )
