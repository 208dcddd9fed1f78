"""The parameters of a CloudFormation template: defaults, and the bounds that values must keep."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from template.rehearsal.cloudformation.intrinsics import TemplateError

BOUNDS: dict[str, Callable[[str, Any], bool]] = {
    "AllowedPattern": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "AllowedValues": lambda value, allowed: value in map(str, allowed),
    "MaxLength": lambda value, most: len(value) <= int(most),
    "MaxValue": lambda value, most: float(value) <= float(most),
    "MinLength": lambda value, least: len(value) >= int(least),
    "MinValue": lambda value, least: float(value) >= float(least),
}


def settle(definitions: Mapping[str, dict], given: Mapping[str, str]) -> dict[str, Any]:
    """The value of every parameter: lists for list types, text for all others.

    Raises TemplateError, naming the parameter, for one that is unknown, missing or out of bounds.
    """
    if unknown := set(given) - set(definitions):
        raise TemplateError(f"there is no parameter {sorted(unknown)[0]}")
    return {name: _settled(name, each, given) for name, each in definitions.items()}


def _settled(name: str, definition: dict, given: Mapping[str, str]) -> Any:
    if name not in given and "Default" not in definition:
        raise TemplateError(f"the parameter {name} is required: {definition.get('Description')}")
    text = str(given.get(name, definition.get("Default")))
    is_list = definition["Type"].startswith(("List<", "CommaDelimitedList"))
    values = [part.strip() for part in text.split(",")] if is_list else [text]
    for bound, keeps in BOUNDS.items():
        if bound in definition and not all(keeps(value, definition[bound]) for value in values):
            reason = definition.get("ConstraintDescription", f"{bound} {definition[bound]}")
            raise TemplateError(f"the parameter {name} cannot be {text!r}: {reason}")
    return values if is_list else text
