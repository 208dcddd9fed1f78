"""CloudFormation stacks: what state they are in, deploying and deleting them."""

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.aws import Aws
from deploy.errors import ProgramError, SetupError
from deploy.refusals import find_reason

TEMPLATES = Path(__file__).parent / "infra"
POLL_SECONDS = 10
ABSENT = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


@dataclass(frozen=True)
class Stack:
    """A stack as AWS describes it."""

    name: str
    id: str
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """A stack to create or update; with `adopt` it takes over resources of its names."""

    name: str
    template: str
    parameters: dict[str, str]
    tags: dict[str, str]
    adopt: bool = False


def find_stack(aws: Aws, name: str) -> Stack | None:
    """Return the stack, or None where there is none, or only a change set that nobody executed."""
    answer = aws.find("does not exist", "cloudformation", "describe-stacks", "--stack-name", name)
    if answer is None or answer["Stacks"][0]["StackStatus"] in ABSENT:
        return None
    return as_stack(answer)


def describe_stack(aws: Aws, name: str) -> Stack:
    """Return a stack that has just been deployed."""
    return as_stack(aws.ask("cloudformation", "describe-stacks", "--stack-name", name))


def as_stack(answer: dict) -> Stack:
    """Return the one stack of an answer to describe-stacks."""
    (found,) = answer["Stacks"]
    return Stack(
        name=found["StackName"],
        id=found["StackId"],
        status=found["StackStatus"],
        parameters={
            one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])
        },
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])},
        tags={one["Key"]: one["Value"] for one in found.get("Tags", [])},
    )


def wait_until_idle(aws: Aws, name: str) -> Stack | None:
    """Return the stack once nothing is under way in it."""
    stack = find_stack(aws, name)
    while stack and stack.status.endswith("_IN_PROGRESS"):
        time.sleep(POLL_SECONDS)
        stack = find_stack(aws, name)
    return stack


def settle(aws: Aws, name: str) -> Stack | None:
    """Return the stack once it can be deployed to; raise SetupError where it cannot."""
    stack = wait_until_idle(aws, name)
    if stack and stack.status not in USABLE:
        raise unusable(aws, stack)
    return stack


def unusable(aws: Aws, stack: Stack) -> SetupError:
    """Return the error for a stack that AWS will not update, with the command that mends it."""
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        command = f"aws cloudformation continue-update-rollback {which(aws, stack.name)}"
        return SetupError(
            f"The stack {stack.name} is stuck in {stack.status}.{why(aws, stack.name)}",
            f"Mend the reason, let AWS finish with `{command}`, then run `make setup` again.",
        )
    return SetupError(
        f"The stack {stack.name} failed earlier ({stack.status}); AWS only lets it be deleted."
        + why(aws, stack.name),
        f"Delete it, `{delete_command(aws, stack.name)}`, mend the reason, then `make setup`.",
    )


def delete_command(aws: Aws, name: str) -> str:
    """Return the command that deletes a stack and waits until it is gone."""
    stack = which(aws, name)
    wait = f"aws cloudformation wait stack-delete-complete {stack}"
    return f"aws cloudformation delete-stack {stack} && {wait}"


def which(aws: Aws, name: str) -> str:
    """Return the options that name a stack in a command for the person."""
    return f"--stack-name {name} --region {aws.region}"


def deploy(aws: Aws, deployment: Deployment) -> bool:
    """Create or update a stack and return whether anything changed.

    Parameters that are not given keep their values. Raises SetupError with the failed resources'
    reasons where AWS undoes its work.
    """
    try:
        if deployment.adopt:
            return create_adopting(aws, deployment)
        said = aws.text(
            *("cloudformation", "deploy", "--stack-name", deployment.name),
            *("--template-file", str(TEMPLATES / deployment.template)),
            *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
            *("--tags", *words(deployment.tags)),
            *("--parameter-overrides", *words(deployment.parameters)),
        )
    except ProgramError as error:
        raise undone(aws, deployment.name, error) from error
    return "No changes to deploy" not in said


def words(values: dict[str, str]) -> list[str]:
    """Return values as `deploy` takes them."""
    return [f"{name}={value}" for name, value in values.items()]


def create_adopting(aws: Aws, deployment: Deployment) -> bool:
    """Create a stack that takes over existing resources of its names, which `deploy` cannot do."""
    stack = ("--stack-name", deployment.name)
    change_set = (*stack, "--change-set-name", f"setup-{int(time.time())}")
    parameters = [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in deployment.parameters.items()
    ]
    tags = [{"Key": name, "Value": value} for name, value in deployment.tags.items()]
    aws.text(
        *("cloudformation", "create-change-set", *change_set, "--change-set-type", "CREATE"),
        *("--template-body", f"file://{TEMPLATES / deployment.template}"),
        *("--import-existing-resources", "--capabilities", "CAPABILITY_NAMED_IAM"),
        *("--parameters", json.dumps(parameters), "--tags", json.dumps(tags)),
    )
    aws.text("cloudformation", "wait", "change-set-create-complete", *change_set)
    aws.text("cloudformation", "execute-change-set", *change_set)
    aws.text("cloudformation", "wait", "stack-create-complete", *stack)
    return True


def delete(aws: Aws, stack: Stack) -> None:
    """Delete a stack and wait until it is gone; raise SetupError where AWS keeps it."""
    try:
        aws.text("cloudformation", "delete-stack", "--stack-name", stack.name)
        aws.text("cloudformation", "wait", "stack-delete-complete", "--stack-name", stack.name)
    except ProgramError as error:
        raise undone(aws, stack.name, error, again="make teardown") from error


def undone(aws: Aws, name: str, error: ProgramError, again: str = "make setup") -> Exception:
    """Return why AWS undid its work on a stack, or the error itself where it never began."""
    if not re.search(r"Failed to create/update the stack|Waiter \w+ failed", error.said):
        return error
    reasons = why(aws, name)
    known = find_reason(reasons)
    advice = f"{known.advice} " if known else "Mend the reason. "
    stack = find_stack(aws, name)
    if stack and stack.status == "ROLLBACK_COMPLETE":
        advice += f"Before that, delete what failed: `{delete_command(aws, name)}`. "
    return SetupError(
        f"AWS undid its work on the stack {name}.{reasons}", f"{advice}Then `{again}`."
    )


def why(aws: Aws, name: str) -> str:
    """Return the failed resources of the stack's last operation with their reasons, a line each."""
    events = aws.ask("cloudformation", "describe-stack-events", "--stack-name", name)["StackEvents"]
    reasons = [reason for event in last_operation(events) if (reason := failure(event))]
    return "".join(f"\n  {reason}" for reason in reversed(reasons))


def last_operation(events: list[dict]) -> list[dict]:
    """Return the events of the newest operation, newest first as AWS gives them."""
    for index, event in enumerate(events):
        begins = event["ResourceStatus"] in (
            "CREATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "DELETE_IN_PROGRESS",
        )
        if begins and event["PhysicalResourceId"] == event["StackId"]:
            return events[:index]
    return events


def failure(event: dict) -> str:
    """Return a failed resource and its reason, or nothing where it did not fail of itself."""
    reason = event.get("ResourceStatusReason", "")
    itself = event["PhysicalResourceId"] == event["StackId"]
    if itself or not event["ResourceStatus"].endswith("_FAILED") or "cancelled" in reason:
        return ""
    return f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
