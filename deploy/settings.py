"""What the person chose: environment variables, as `make setup NAME=value` passes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.errors import SetupError

# The stages that deploy/infra/github.yml has release roles for, in the order of a release.
STAGES = ("staging", "production")
SUBJECT_FORMATS = ("immutable", "classic")
SWITCHES = {"": False, "0": False, "1": True}


@dataclass(frozen=True)
class Settings:
    """The choices of one run; region and subject format are empty where setup finds out."""

    project: str
    region: str
    stages: tuple[str, ...]
    subject_format: str
    parameters: dict[str, dict[str, str]]
    yes: bool
    delete_data: bool


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the choices in the environment; raise SetupError where one cannot be."""
    stages = tuple(environment.get("STAGES", "").split()) or STAGES
    return Settings(
        project=matching(
            environment, "PROJECT", r"(?=.{2,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*", "django-crud-app"
        ),
        region=matching(environment, "REGION", r"[a-z]{2}(-[a-z]+)+-\d"),
        stages=tuple(one_of("STAGES", stage, STAGES) for stage in stages),
        subject_format=one_of(
            "SUBJECT_FORMAT", environment.get("SUBJECT_FORMAT", ""), ("", *SUBJECT_FORMATS)
        ),
        parameters={stage: read_parameters(environment, stage) for stage in stages},
        yes=switch(environment, "YES"),
        delete_data=switch(environment, "DELETE_DATA"),
    )


def read_parameters(environment: Mapping[str, str], stage: str) -> dict[str, str]:
    """Return a stage's template parameters, from words in a variable like STAGING_PARAMETERS."""
    name = f"{stage.upper()}_PARAMETERS"
    words = environment.get(name, "").split()
    for word in words:
        if not re.match(r"[A-Za-z0-9]+=", word):
            raise refused(
                name, word, "words like Name=value, with names from deploy/infra/stage.yml"
            )
    return dict(word.split("=", 1) for word in words)


def matching(environment: Mapping[str, str], name: str, pattern: str, default: str = "") -> str:
    """Return a variable that fits the pattern, or the default where it is empty."""
    value = environment.get(name) or default
    if value and not re.fullmatch(pattern, value):
        example = "eu-central-1" if name == "REGION" else "django-crud-app"
        raise refused(name, value, f"something like {example}")
    return value


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return a value that is one of the choices."""
    if value not in choices:
        raise refused(name, value, " or ".join(filter(None, choices)))
    return value


def switch(environment: Mapping[str, str], name: str) -> bool:
    """Return whether a switch is 1."""
    value = environment.get(name, "")
    if value not in SWITCHES:
        raise refused(name, value, "1 or 0")
    return SWITCHES[value]


def refused(name: str, value: str, wanted: str) -> SetupError:
    """Return the error for a variable that cannot be."""
    return SetupError(
        f"{name}={value} cannot be.", f"Give {name} as {wanted}, then run this again."
    )
