"""The parameters of the templates: what each declares, and what a person's choice comes to."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from deploy.errors import SetupError

TEMPLATES = Path(__file__).parent / "infra"
# Tag of a stack: the parameters that a person chose in place of what setup would give.
CHOSEN = "Chosen"
# Tag of a stack: the parameters that stages.toml gave it.
FILED = "StagesFile"
# Tag of a stack: the number of the GitHub repository that it belongs to.
OWNER = "RepositoryId"


@dataclass(frozen=True)
class Parameter:
    """A parameter as a template declares it."""

    default: str | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    least: int | None = None
    most: int | None = None
    several: bool = False
    wanted: str = ""

    def refuses(self, value: str) -> str:
        """Return what the parameter wants where the value cannot be, or nothing where it can."""
        if self.choices and value not in self.choices:
            return " or ".join(self.choices)
        parts = value.split(",") if self.several else [value]
        if self.pattern and not all(re.fullmatch(self.pattern, part) for part in parts):
            return self.wanted
        if self.least is not None and self.most is not None:
            fits = re.fullmatch(r"\d{1,9}", value) and self.least <= int(value) <= self.most
            return "" if fits else f"a number from {self.least} to {self.most}"
        return ""


@cache
def declared(template: str) -> dict[str, Parameter]:
    """Return the parameters that a template declares, by name.

    The standard library reads no YAML, so this takes each property on a line of its own.
    """
    _, _, after = (TEMPLATES / template).read_text().partition("\nParameters:\n")
    section = re.split(r"^\S", after, maxsplit=1, flags=re.MULTILINE)[0]
    _, *pieces = re.split(r"^  (\w+):\n", section, flags=re.MULTILINE)
    return {
        name: parameter(dict(re.findall(r"^    (\w+): (.*)$", body, re.MULTILINE)))
        for name, body in zip(pieces[::2], pieces[1::2], strict=True)
    }


def parameter(told: dict[str, str]) -> Parameter:
    """Return a parameter from its properties, as they are written."""
    choices = told.get("AllowedValues", "")[1:-1].split(", ")
    bounds = {name: int(told[key]) for name, key in BOUNDS.items() if key in told}
    return Parameter(
        default=told["Default"].strip('"') if "Default" in told else None,
        choices=tuple(choice.strip('"') for choice in choices if choice),
        pattern=json.loads(told["AllowedPattern"]) if "AllowedPattern" in told else "",
        several="List" in told["Type"],
        wanted=told.get("ConstraintDescription", ""),
        **bounds,
    )


BOUNDS = {"least": "MinValue", "most": "MaxValue"}


@cache
def declared_outputs(template: str) -> list[str]:
    """Return the names of the outputs that a template declares."""
    _, _, section = (TEMPLATES / template).read_text().partition("\nOutputs:\n")
    return re.findall(r"^  (\w+):$", section, flags=re.MULTILINE)


def keep_places(before: str, wanted: Iterable[str]) -> list[str]:
    """Return texts for a list in which each place is a resource: who has a place keeps it.

    A text that moved to another place would be made there before it is deleted here, or be taken
    away there when it is deleted here. Places without a text are empty.
    """
    wanted = list(wanted)
    places = [text if text in wanted else "" for text in before.split(",")] if before else []
    for text in wanted:
        if text not in places:
            places = places if "" in places else [*places, ""]
            places[places.index("")] = text
    return places


@dataclass(frozen=True)
class Choice:
    """What a stack gets: values, the names among them that are a person's own, and those that
    stages.toml gives."""

    values: dict[str, str]
    own: frozenset[str] = frozenset()
    filed: frozenset[str] = frozenset()

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that remember both for the next run."""
        both = {CHOSEN: self.own, FILED: self.filed}
        return {tag: " ".join(sorted(names)) for tag, names in both.items() if names}


def remembered(
    parameters: Mapping[str, str], tags: Mapping[str, str], outputs: Mapping[str, str]
) -> frozenset[str]:
    """Return the parameters of a stack that a person chose earlier in place of what setup gives.

    A stack from before the tags tells it by its values: one that is neither empty nor the output
    that it would come from. Its count of 0 may be a parked stage, so that is taken for a choice.
    """
    if OWNER in tags:
        return frozenset(tags.get(CHOSEN, "").split())
    differing = {
        name for name, output in outputs.items() if parameters.get(name, "") not in ("", output)
    }
    parked = {"DesiredCount"} if parameters.get("DesiredCount") == "0" else set()
    return frozenset(differing | parked)


@dataclass(frozen=True)
class Wishes:
    """What the person chooses for a stage now, and which of that stages.toml says."""

    values: Mapping[str, str] = field(default_factory=dict)
    filed: frozenset[str] = frozenset()

    def taken_out(self, stack_tags: Mapping[str, str]) -> frozenset[str]:
        """Return what stages.toml said when the stack was deployed, and nobody says now."""
        return frozenset(stack_tags.get(FILED, "").split()) - set(self.values)


def choose(
    template: str,
    given: Mapping[str, str],
    wishes: Wishes,
    earlier: frozenset[str],
    taken_out: frozenset[str] = frozenset(),
) -> Choice:
    """Return what a template's stack gets.

    `given` is what setup knows by itself, `earlier` the names that the person chose before: those
    keep the value that they have. An empty value for what setup gives takes a choice back. What
    was taken out of stages.toml is what setup gives again, or the default.
    """
    names = declared(template)
    given = {name: value for name, value in given.items() if name in names}
    chosen = {name: value for name, value in wishes.values.items() if name in names}
    taken_back = {name for name, value in chosen.items() if name in given and not value}
    own = frozenset((set(chosen) | earlier - taken_out) & set(given) - taken_back)
    defaults = {
        name: default
        for name, one in names.items()
        if name in taken_out and (default := one.default) is not None
    }
    values = defaults | {name: value for name, value in given.items() if name not in own}
    values |= {name: value for name, value in chosen.items() if name not in taken_back}
    return Choice(values, own, wishes.filed & set(names))


def check_values(variable: str, chosen: Mapping[str, str], templates: list[str]) -> None:
    """Raise SetupError for a parameter that no template declares, or a value that cannot be."""
    known = {name: one for template in templates for name, one in declared(template).items()}
    if strange := sorted(set(chosen) - set(known)):
        raise SetupError(
            f"{variable} names {', '.join(strange)}: no template declares it.",
            f"Choose from {', '.join(sorted(known))}; then run this again.",
        )
    for name, value in chosen.items():
        if value and (wanted := known[name].refuses(value)):
            raise SetupError(
                f"{variable} says {name}={value}, which cannot be.",
                f"Give {name} as {wanted.rstrip('.')}; then run this again.",
            )
