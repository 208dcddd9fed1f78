"""The templates as they are written, and as stacks."""

import functools
from collections.abc import Iterator

from cfnlint.decode.cfn_yaml import load

from rehearsal.project import INFRA, deploy
from rehearsal.templates import Stack

TEMPLATES = {path.stem: load(str(path)) for path in sorted(INFRA.glob("*.yml"))}


@functools.cache
def stacks(**chosen: str) -> dict[str, Stack]:
    """The stacks that the templates make of these choices, by name; not to be changed."""
    return deploy(**chosen)


def listed(value: object) -> list:
    """A value that may stand alone where a list may stand, as a list."""
    return value if isinstance(value, list) else [value]


def resources() -> Iterator[tuple[str, dict]]:
    """Every resource of every template, as (`template.LogicalId`, body)."""
    for name, template in TEMPLATES.items():
        for logical_id, body in template["Resources"].items():
            yield f"{name}.{logical_id}", body


def statements() -> Iterator[tuple[str, dict]]:
    """Every policy statement of every template, as (`template.LogicalId.Sid`, statement)."""
    for name, body in resources():
        for document in _documents(body.get("Properties", {})):
            for statement in document["Statement"]:
                yield f"{name}.{statement.get('Sid')}", statement


def _documents(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _documents(each)
