"""The templates as they are written, and as stacks."""

import functools
from collections.abc import Iterator

from cfnlint.decode.cfn_yaml import load

from template.rehearsal.cloudformation.templates import Stack, resolve
from template.rehearsal.project import CHOSEN, INFRA, STAGES, TEMPLATES_OF_A_STAGE, deploy

# What the templates of switches, processes and schedules want to be told, which nobody chooses
# otherwise.
SWITCHED = {
    "AlarmEmails": "team@example.com",
    "CertificateNames": "shop.example.com",
    "CertificateZoneIds": "Z0EXAMPLE",
    "ProcessCommand": "python manage.py db_worker",
    "ProcessName": "worker",
    "RecordNames": "shop.example.com",
    "RecordZoneIds": "Z0EXAMPLE",
    "ScheduleCommand": "python manage.py clearsessions",
    "ScheduleCron": "0 3 * * ? *",
    "ScheduleName": "clear-sessions",
    "SenderAddress": "team@example.com",
}
TEMPLATES = {path.stem: load(str(path)) for path in sorted(INFRA.glob("*.yml"))}


@functools.cache
def stacks(**chosen: str) -> dict[str, Stack]:
    """The stacks that the templates make of these choices, by name; not to be changed."""
    return deploy(**chosen)


@functools.cache
def stack(template: str, stage: str = "staging", **chosen: str) -> Stack:
    """The stack of one template, with these choices in place of what the project has."""
    known = {**CHOSEN, **SWITCHED, "Stage": stage, **stacks()["github"].outputs}
    for each in STAGES:
        outputs = stacks()[f"{each}-roles"].outputs
        known |= {f"{each.title()}{name}": value for name, value in outputs.items()}
    for each in TEMPLATES_OF_A_STAGE:
        known |= stacks()[f"{stage}-{each}"].outputs
    if template == "schedule":
        known |= stack("schedules", stage).outputs
    known |= chosen
    wanted = TEMPLATES[template]["Parameters"]
    given = {name: value for name, value in known.items() if name in wanted}
    return resolve(INFRA / f"{template}.yml", given, name=f"{CHOSEN['ProjectName']}-{stage}")


@functools.cache
def switches() -> tuple[Stack, ...]:
    """The stacks of the switches that give permissions, for each stage."""
    return tuple(stack(name, each) for each in STAGES for name in ("uploads", "mail", "schedules"))


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
            for entry in document["Statement"]:
                # One that depends on a condition stands in the middle of an Fn::If.
                statement = entry["Fn::If"][1] if "Fn::If" in entry else entry
                yield f"{name}.{statement.get('Sid')}", statement


def _documents(value: object) -> Iterator[dict]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _documents(each)
