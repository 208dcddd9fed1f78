"""Parameters keep the bounds that the template sets."""

import pytest

from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.cloudformation.parameters import settle

DEFINITIONS = {
    "Name": {
        "Type": "String",
        "AllowedPattern": "[a-z]+",
        "MinLength": 2,
        "MaxLength": 4,
        "ConstraintDescription": "Two to four letters.",
    },
    "Stage": {"Type": "String", "Default": "staging", "AllowedValues": ["staging", "production"]},
    "Count": {"Type": "Number", "Default": 1, "MinValue": 0, "MaxValue": 10},
    "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": "a, b"},
    "Zones": {"Type": "CommaDelimitedList", "Default": "x", "AllowedPattern": "[a-z]?"},
}


def test_defaults_and_types():
    """What is not given is the default; lists are split."""
    assert settle(DEFINITIONS, {"Name": "abc"}) == {
        "Name": "abc",
        "Stage": "staging",
        "Count": "1",
        "Subnets": ["a", "b"],
        "Zones": ["x"],
    }


def test_given_values_win():
    """What is given replaces the default."""
    settled = settle(DEFINITIONS, {"Name": "abc", "Count": "9", "Zones": "y,z"})
    assert (settled["Count"], settled["Zones"]) == ("9", ["y", "z"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Name is required"),
        ({"Name": "abc", "Nome": "x"}, "no parameter Nome"),
        ({"Name": "a1"}, "Name cannot be 'a1': Two to four letters."),
        ({"Name": "a"}, "Two to four letters."),
        ({"Name": "abcde"}, "Two to four letters."),
        ({"Name": "abc", "Stage": "test"}, "AllowedValues ['staging', 'production']"),
        ({"Name": "abc", "Count": "11"}, "Count cannot be '11': MaxValue 10"),
        ({"Name": "abc", "Count": "-1"}, "Count cannot be '-1': MinValue 0"),
        ({"Name": "abc", "Zones": "a,bc"}, "Zones cannot be 'a,bc'"),
    ],
)
def test_refused_values(given, words):
    """A missing, unknown or refused value is named with its reason."""
    with pytest.raises(TemplateError) as error:
        settle(DEFINITIONS, given)
    assert words in str(error.value)
