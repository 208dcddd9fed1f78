"""Resolves a CloudFormation template with its parameters into plain resources and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from template.rehearsal.aws.account import ACCOUNT, PARTITION, REGION
from template.rehearsal.cloudformation.intrinsics import NO_VALUE, Intrinsics, TemplateError
from template.rehearsal.cloudformation.parameters import settle
from template.rehearsal.cloudformation.resources import Identity

SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}


@dataclass(frozen=True)
class Resource:
    """A resource that a stack has: its type, and its properties with every function resolved."""

    type: str
    properties: dict[str, Any]
    id: str


@dataclass(frozen=True)
class Stack:
    """A template with its parameters: resources by logical id, and outputs by name."""

    name: str
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)

    def relocated(self, old: str, new: str) -> "Stack":
        """The same stack with a text replaced wherever it stands, such as a registry's address."""
        resources = {
            key: replace(each, properties=_replaced(each.properties, old, new))
            for key, each in self.resources.items()
        }
        return replace(self, resources=resources, outputs=_replaced(self.outputs, old, new))

    def of_type(self, type_name: str) -> dict[str, Resource]:
        """The resources of one type, by logical id."""
        return {key: each for key, each in self.resources.items() if each.type == type_name}


def resolve(path: Path, parameters: Mapping[str, str], *, name: str, region: str = REGION) -> Stack:
    """The stack of this name that the template makes of the parameters.

    Raises TemplateError for a missing, unknown or refused parameter, an unknown function and a
    reference to nothing; the message begins with the template's name.
    """
    try:
        template = _Loader(path.read_text()).get_single_data()
        return _Resolver(template, parameters, name, region).stack()
    except TemplateError as error:
        raise TemplateError(f"{path.name}: {error}") from None


def parameters_of(path: Path) -> set[str]:
    """The names of a template's parameters."""
    return set(_Loader(path.read_text()).get_single_data()["Parameters"])


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each, old, new) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return value.replace(old, new) if isinstance(value, str) else value


class _Loader(yaml.SafeLoader):
    """Reads `!Sub x` as `{Fn::Sub: x}`, as CloudFormation does."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> dict:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    construct = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: partial(loader.construct_sequence, deep=True),
        yaml.MappingNode: partial(loader.construct_mapping, deep=True),
    }[type(node)]
    return {name: construct(node)}


_Loader.add_multi_constructor("!", _tagged)


class _Resolver:
    """Works one template out."""

    def __init__(self, template: dict, parameters: Mapping[str, str], name: str, region: str):
        if unknown := set(template) - SECTIONS:
            raise TemplateError(f"the section {sorted(unknown)[0]} is not played")
        self.template = template
        self.name = name
        self.pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": PARTITION,
            "AWS::Region": region,
            "AWS::StackName": name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.parameters = settle(template.get("Parameters", {}), parameters)
        self.resolving: set[str] = set()
        self.intrinsics = Intrinsics(
            self.reference,
            self.attribute,
            self.condition,
            template.get("Mappings", {}),
            [f"{region}{letter}" for letter in "abc"],
        )

    def stack(self) -> Stack:
        """The whole stack."""
        resources = {
            key: Resource(definition["Type"], self.properties(key), self.reference(key))
            for key, definition in self.template["Resources"].items()
            if self.exists(definition)
        }
        outputs = {
            key: self.intrinsics.resolve(output["Value"])
            for key, output in self.template.get("Outputs", {}).items()
            if self.exists(output)
        }
        return Stack(self.name, resources, outputs, self.parameters)

    def exists(self, definition: dict) -> bool:
        """Whether the condition of a resource or an output, if it has one, holds."""
        return "Condition" not in definition or self.condition(definition["Condition"])

    def condition(self, name: str) -> bool:
        """Whether a condition holds."""
        conditions = self.template.get("Conditions", {})
        if name not in conditions:
            raise TemplateError(f"there is no condition {name}")
        return self.intrinsics.resolve(conditions[name])

    def reference(self, name: str) -> Any:
        """What Ref gives: a parameter, a pseudo parameter or a resource's id."""
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        return self.identity(name).id

    def attribute(self, resource: str, name: str) -> str:
        """What GetAtt gives."""
        return self.identity(resource).attribute(name)

    def identity(self, name: str) -> Identity:
        """A resource as the functions see it."""
        if name not in self.template["Resources"]:
            raise TemplateError(f"there is no parameter or resource {name}")
        type_name = self.template["Resources"][name]["Type"]
        return Identity(
            self.name, name, type_name, self.properties(name), self.pseudo["AWS::Region"]
        )

    def properties(self, name: str) -> dict:
        """The properties of a resource, resolved. Raises TemplateError when they go in circles."""
        if name in self.resolving:
            raise TemplateError(f"the resource {name} refers to itself")
        self.resolving.add(name)
        try:
            return self.intrinsics.resolve(self.template["Resources"][name].get("Properties", {}))
        finally:
            self.resolving.discard(name)
