"""What the person chose: environment variables, as `make setup NAME=value` passes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.errors import SetupError

# The stages of a project that has chosen none, in the order of a release.
STAGES = ("staging", "production")
# ECR takes five patterns for tags that may move: `latest`, and one for each stage.
MOST_STAGES = 4
STAGE = r"[a-z][a-z0-9]{1,15}"
# These would share a stack's name, an image's tag or a table of stages.toml with something else.
RESERVED = ("all", "aws", "build", "github", "latest", "pipeline")
PROJECT = r"(?=.{2,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"
REGION = r"[a-z]{2}(-[a-z]+)+-\d"
SUBJECT_FORMATS = ("immutable", "classic")


@dataclass(frozen=True)
class Settings:
    """The choices of one run; those that are empty are for setup to find out."""

    project: str = ""
    region: str = ""
    stages: tuple[str, ...] = ()
    subject_format: str = ""
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    yes: bool = False
    delete_data: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the choices in the environment; raise SetupError where one cannot be."""
    words = endings(environment, "_PARAMETERS")
    return Settings(
        project=matching(environment, "PROJECT", PROJECT, "something like shop"),
        region=matching(environment, "REGION", REGION, "something like eu-central-1"),
        stages=read_stages(environment.get("STAGES", "")),
        subject_format=matching(
            environment, "SUBJECT_FORMAT", "|".join(SUBJECT_FORMATS), " or ".join(SUBJECT_FORMATS)
        ),
        parameters={stage: read_parameters(stage, value) for stage, value in words.items()},
        profiles=endings(environment, "_PROFILE"),
        yes=matching(environment, "YES", "0|1", "1 or 0") == "1",
        delete_data=matching(environment, "DELETE_DATA", "0|1", "1 or 0") == "1",
    )


def endings(environment: Mapping[str, str], ending: str) -> dict[str, str]:
    """Return the variables such as STAGING_PARAMETERS by the stage that they begin with."""
    found = {
        name.removesuffix(ending).lower(): value
        for name, value in environment.items()
        if name.endswith(ending) and value
    }
    # AWS_PROFILE is the AWS CLI's own.
    return {one: value for one, value in found.items() if re.fullmatch(STAGE, one) and one != "aws"}


def read_stages(value: str) -> tuple[str, ...]:
    """Return the names of stages in a variable; raise SetupError where one cannot be."""
    stages = tuple(dict.fromkeys(value.split()))
    for stage in stages:
        if not re.fullmatch(STAGE, stage) or stage in RESERVED:
            wanted = "names of 2 to 16 lower-case letters and digits, a letter first, such as"
            others = ", ".join(RESERVED)
            raise refused("STAGES", value, f"{wanted} `test staging production`, none of {others}")
        if not re.search("[g-z]", stage):
            raise refused("STAGES", value, "names that no commit begins with: a letter beyond f")
    if len(stages) > MOST_STAGES:
        raise refused("STAGES", value, f"at most {MOST_STAGES} names")
    return stages


def read_parameters(stage: str, value: str) -> dict[str, str]:
    """Return a stage's template parameters, from words in a variable like STAGING_PARAMETERS."""
    words = value.split()
    for word in words:
        if not re.match(r"[A-Za-z0-9]+=", word):
            raise refused(
                f"{stage.upper()}_PARAMETERS",
                word,
                "words like Name=value, with names from deploy/infra/",
            )
    return dict(word.split("=", 1) for word in words)


def matching(environment: Mapping[str, str], name: str, pattern: str, wanted: str) -> str:
    """Return a variable that is empty or fits the pattern."""
    value = environment.get(name, "")
    if value and not re.fullmatch(pattern, value):
        raise refused(name, value, wanted)
    return value


def refused(name: str, value: str, wanted: str) -> SetupError:
    """Return the error for a variable that cannot be."""
    return SetupError(
        f"{name}={value} cannot be.", f"Give {name} as {wanted}, then run this again."
    )


def project_name(repository: str) -> str:
    """Return the project's name for a repository's: lower case, digits and single hyphens, a letter
    first, 2 to 32 characters."""
    name = re.sub(r"[^a-z0-9]+", "-", repository.lower()).strip("-")
    if not re.match("[a-z].", name):
        name = f"app-{name}".rstrip("-")
    return name[:32].rstrip("-")


def all_stages(
    chosen: tuple[str, ...], before: tuple[str, ...], *, is_new: bool
) -> tuple[str, ...]:
    """Return all stages of a project in the order of a release.

    `before` are those that it has had. Further ones that are named alone come before the last.
    """
    known = before or STAGES
    if set(chosen) <= set(known):
        return known
    if set(chosen) >= set(known) or is_new:
        return chosen
    further = tuple(stage for stage in chosen if stage not in known)
    return (*known[:-1], *further, known[-1])


def reviewed_stage(stages: tuple[str, ...]) -> str:
    """Return the stage that wants a person's review: the last of several, or `production`."""
    return stages[-1] if len(stages) > 1 else "production"
