"""CloudFormation's functions give what CloudFormation gives."""

import pytest

from template.rehearsal.cloudformation.intrinsics import NO_VALUE, Intrinsics, TemplateError

KNOWN = {"Name": "app", "Ids": ["a", "b"], "AWS::NoValue": NO_VALUE}
MAPPINGS = {"Memory": {"256": {"MiB": 512}}}


@pytest.fixture
def resolve():
    """Resolve a value against a few names."""
    return Intrinsics(
        KNOWN.__getitem__,
        lambda resource, name: f"<{resource}.{name}>",
        {"Yes": True, "No": False}.__getitem__,
        MAPPINGS,
        ["eu-central-1a", "eu-central-1b"],
    ).resolve


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        (7, 7),
        ({"Ref": "Name"}, "app"),
        ({"Fn::GetAtt": ["Db", "Arn"]}, "<Db.Arn>"),
        ({"Fn::GetAtt": "Db.Endpoint.Address"}, "<Db.Endpoint.Address>"),
        ({"Fn::Sub": "${Name}-x-${Db.Arn}"}, "app-x-<Db.Arn>"),
        ({"Fn::Sub": "${!Name}"}, "${Name}"),
        ({"Fn::Sub": ["${own}-${Name}", {"own": {"Ref": "Name"}}]}, "app-app"),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, {"Ref": "Name"}]}, "app"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 1]]}, "a-app-1"),
        ({"Fn::Join": [",", {"Ref": "Ids"}]}, "a,b"),
        ({"Fn::Split": ["/", "a/b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]}, "b"),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Equals": [{"Ref": "Name"}, "other"]}, False),
        ({"Fn::Not": [{"Condition": "Yes"}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Fn::Equals": [1, 1]}]}, True),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]}, True),
        ({"Fn::Or": [{"Condition": "No"}, {"Condition": "No"}]}, False),
        ({"Fn::FindInMap": ["Memory", 256, "MiB"]}, 512),
        ({"Fn::GetAZs": ""}, ["eu-central-1a", "eu-central-1b"]),
        (
            {"Fn::Cidr": ["10.0.0.0/16", 3, 8]},
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"],
        ),
        ({"a": {"Ref": "Name"}, "b": [{"Ref": "Name"}]}, {"a": "app", "b": ["app"]}),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_value(resolve, value, expected):
    """A value is resolved to what CloudFormation makes of it."""
    assert resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue is not a function that the rehearsal knows"),
        ({"Fn::Select": [2, ["a"]]}, "no element 2"),
        ({"Fn::FindInMap": ["Memory", "257", "MiB"]}, "no Memory.257.MiB"),
        ({"Fn::FindInMap": ["Disk", "256", "MiB"]}, "no Disk.256.MiB"),
        ({"Fn::FindInMap": ["Memory", "256"]}, "no Memory.256"),
    ],
)
def test_mistake(resolve, value, words):
    """What CloudFormation would refuse is refused, with a reason."""
    with pytest.raises(TemplateError) as error:
        resolve(value)
    assert words in str(error.value)
