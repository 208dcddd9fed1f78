"""What CloudFormation says to the parameters that a deployment gives."""

import re

from template.tests.deploy.programs import RefusedError


def error(code: str, operation: str, said: str) -> RefusedError:
    """Return what the AWS CLI prints of an error."""
    return RefusedError(
        f"An error occurred ({code}) when calling the {operation} operation: {said}", 254
    )


def choose_values(declared: dict, before: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Return a stack's parameters: as given, else as before, else the default; or refuse them."""
    if strange := sorted(set(given) - set(declared)):
        raise invalid(f"Parameters: {strange} do not exist in the template")
    defaults = {name: str(one["Default"]) for name, one in declared.items() if "Default" in one}
    values = defaults | before | given
    if absent := sorted(set(declared) - set(values)):
        raise invalid(f"Parameters: {absent} must have values")
    for name, value in values.items():
        check_value(name, value, declared[name])
    return values


def check_value(name: str, value: str, declared: dict) -> None:
    """Refuse a value that a parameter's bounds do not allow."""
    choices = [str(choice) for choice in declared.get("AllowedValues", [value])]
    pattern = declared.get("AllowedPattern", ".*")
    parts = value.split(",") if "List" in declared["Type"] else [value]
    bounds = declared.get("MinValue", float("-inf")), declared.get("MaxValue", float("inf"))
    fits = declared["Type"] != "Number" or bounds[0] <= float(value) <= bounds[1]
    if value not in choices or not fits or not all(re.fullmatch(pattern, part) for part in parts):
        raise invalid(f"Parameter {name} failed to satisfy constraint: {value}")


def invalid(said: str) -> RefusedError:
    """Return the error for a change set that cannot be."""
    return error("ValidationError", "CreateChangeSet", said)
