"""Turns the properties of CloudFormation's ECS resources into the shapes of the API."""

import functools
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape

ELSEWHERE = {"Cluster", "Tags"}


class PropertyError(ValueError):
    """A property that the API's shape does not have."""


def api_shape(properties: Mapping[str, Any], shape: str) -> dict[str, Any]:
    """The properties of a resource as the named structure of the ECS API.

    Names lose their capital, texts become numbers and booleans where the API has those; keys of
    free maps, such as log options, stay. Raises PropertyError for an unknown property.
    """
    own = {key: value for key, value in properties.items() if key not in ELSEWHERE}
    return _converted(own, _model().shape_for(shape))


@functools.cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("ecs")


def _converted(value: Any, shape: Shape) -> Any:
    match shape.type_name:
        case "structure":
            return {name: _converted(each, member) for name, each, member in _members(value, shape)}
        case "list":
            return [_converted(each, shape.member) for each in value]
        case "integer":
            return int(value)
        case "boolean":
            return str(value).lower() == "true"
        case "map":
            return {key: str(each) for key, each in value.items()}
    return str(value)


def _members(value: Mapping[str, Any], shape: Shape) -> list[tuple[str, Any, Shape]]:
    names = {key: key[:1].lower() + key[1:] for key in value}
    for key, name in names.items():
        if name not in shape.members:
            raise PropertyError(f"{shape.name} of ECS has no {name} for the property {key}")
    return [(name, value[key], shape.members[name]) for key, name in names.items()]
