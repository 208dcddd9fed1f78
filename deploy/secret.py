"""The one secret with a stage's variables: a JSON object in AWS Secrets Manager.

When each variable was changed stands in the secret too, because it then changes together with the
value, in one call, and for any number of names: Secrets Manager itself keeps one date for all of a
version, a secret has at most 50 tags, and its description belongs to deploy/infra/roles.yml.
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from deploy.aws import Aws, read_time
from deploy.errors import ProgramError, SetupError

# A member beside the variables, and so a variable too: all members are strings.
CHANGES = "STAGE_CONFIG_CHANGES"
LARGEST = 65_536  # bytes: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
# The label of a version that is not current yet.
NEXT = "NEXT"


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
