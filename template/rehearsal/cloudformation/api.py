"""AWS CloudFormation: the stacks that the templates make, for who looks for them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.cloudformation.templates import Stack

OPERATION = "DescribeStacks"
# The parameters from which `make setup` makes a stack's tags.
TAGS = {"Project": "ProjectName", "Stage": "Stage"}

Params = dict[str, Any]


class CloudFormation:
    """The service `cloudformation` of the AWS double, whose stacks are all of one repository."""

    name = "cloudformation"

    def __init__(self, stacks: Iterable[Stack], repository: str):
        self._stacks = {stack.name: _described(stack, repository) for stack in stacks}

    def authorizations(self, operation: str, params: Params) -> list[Authorization]:
        """The operation, on the stack or on all. Raises AwsError for one that is not played."""
        if operation != OPERATION:
            raise AwsError(
                "UnknownOperationException",
                f"The rehearsal's CloudFormation does not play {operation}.",
            )
        if "StackName" in params:
            return [Authorization(f"cloudformation:{operation}", _arn(params["StackName"]))]
        actions = (operation, "ListStacks")
        return [Authorization(f"cloudformation:{action}", "*") for action in actions]

    def call(self, operation: str, params: Params) -> dict:
        """Make the call; the output is in the API's shape. Raises AwsError for an unknown stack."""
        wanted = params.get("StackName")
        if wanted is None:
            return {"Stacks": list(self._stacks.values())}
        if wanted not in self._stacks:
            raise AwsError("ValidationException", f"Stack with id {wanted} does not exist")
        return {"Stacks": [self._stacks[wanted]]}


def _described(stack: Stack, repository: str) -> dict[str, Any]:
    known = {tag: stack.parameters.get(name) for tag, name in TAGS.items()}
    known["Repository"] = repository
    return {
        "StackId": _arn(stack.name),
        "StackName": stack.name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": datetime.now(UTC),
        "Parameters": _pairs("ParameterKey", "ParameterValue", stack.parameters),
        "Outputs": _pairs("OutputKey", "OutputValue", stack.outputs),
        "Tags": _pairs("Key", "Value", {key: value for key, value in known.items() if value}),
    }


def _pairs(key: str, value: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{key: name, value: _text(given)} for name, given in values.items()]


def _text(given: Any) -> str:
    return ",".join(given) if isinstance(given, list) else str(given)


def _arn(name: str) -> str:
    return arn("cloudformation", f"stack/{name}/0")
