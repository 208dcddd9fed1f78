"""CloudFormation's properties in the shapes of the API."""

import pytest

from template.rehearsal.ecs.shapes import PropertyError, api_shape


def test_names_and_types_are_the_apis():
    """Names lose their capital; texts become numbers and booleans."""
    properties = {
        "DesiredCount": "2",
        "EnableExecuteCommand": "true",
        "EnableECSManagedTags": False,
    }
    assert api_shape(properties, "Service") == {
        "desiredCount": 2,
        "enableExecuteCommand": True,
        "enableECSManagedTags": False,
    }


def test_nested_properties_are_converted():
    """Structures in lists are converted, the keys of free maps are not."""
    options = {"awslogs-group": "/ecs/app", "max-buffer-size": "4m"}
    container = {"Name": "web", "LogConfiguration": {"LogDriver": "awslogs", "Options": options}}
    shape = api_shape({"ContainerDefinitions": [container]}, "TaskDefinition")
    log = {"logDriver": "awslogs", "options": options}
    assert shape == {"containerDefinitions": [{"name": "web", "logConfiguration": log}]}


def test_unknown_property_is_refused():
    """A property that the API does not have is an error that names it."""
    with pytest.raises(PropertyError, match="Service of ECS has no colour for the property Colour"):
        api_shape({"Colour": "red"}, "Service")


def test_what_is_kept_elsewhere_is_left_out():
    """The cluster and the tags are no part of a service's own shape."""
    assert api_shape({"Cluster": "app", "Tags": []}, "Service") == {}
