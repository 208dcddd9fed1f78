"""CloudFormation stacks: what state they are in, deploying and deleting them."""

import json
import time
from dataclasses import dataclass, field

from deploy.aws import Aws
from deploy.console import say
from deploy.errors import ProgramError, SetupError, find_reason
from deploy.parameters import TEMPLATES, declared

POLL_SECONDS = 10
# AWS gives up by itself, some resources after three hours; nobody waits for that at a terminal.
WAIT_SECONDS = 3600
# A certificate is there within minutes where the DNS has its records, and never where it has not.
CERTIFICATE, CERTIFICATE_SECONDS = "-certificate", 900
REPORT_SECONDS = 120
ABSENT = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
# What CloudFormation says of a change set without changes.
UNCHANGED = ("didn't contain changes", "No updates are to be performed")


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
    """A stack to create or update; with `adopt` it takes over resources of its names.

    Without a template the stack keeps the one that it has.
    """

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
    return as_stack(answer["Stacks"][0])


def list_stacks(aws: Aws) -> list[Stack]:
    """Return every stack of the region that there is."""
    told = aws.ask("cloudformation", "describe-stacks")["Stacks"]
    return [as_stack(one) for one in told if one["StackStatus"] not in ABSENT]


def describe_stack(aws: Aws, name: str) -> Stack:
    """Return a stack, by its name or its ARN, whatever its state."""
    return as_stack(aws.ask("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0])


def as_stack(found: dict) -> Stack:
    """Return a stack of an answer to describe-stacks."""
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


def wait_until_idle(aws: Aws, stack: Stack | None) -> Stack | None:
    """Return the stack once nothing is under way in it; raise SetupError after an hour."""
    if stack and stack.status.endswith("_IN_PROGRESS"):
        ended = wait_for_end(aws, stack.id)
        return None if ended.status in ABSENT else ended
    return stack


def wait_for_end(aws: Aws, stack_id: str) -> Stack:
    """Return the stack of this ARN once its operation has ended, saying every other minute that
    it has not; raise SetupError after an hour, for a certificate after a quarter of one."""
    began = reported = time.monotonic()
    stack = describe_stack(aws, stack_id)
    patience = CERTIFICATE_SECONDS if stack.name.endswith(CERTIFICATE) else WAIT_SECONDS
    while stack.status.endswith("_IN_PROGRESS"):
        now = time.monotonic()
        if now - began > patience:
            raise still_working(aws, stack)
        if now - reported > REPORT_SECONDS:
            say(f"             {stack.status} for {int(now - began) // 60} minutes")
            reported = now
        time.sleep(POLL_SECONDS)
        stack = describe_stack(aws, stack_id)
    return stack


def still_working(aws: Aws, stack: Stack) -> SetupError:
    """Return the error for an operation of AWS's that takes too long to wait for."""
    if stack.name.endswith(CERTIFICATE):
        names = stack.parameters["CertificateNames"]
        zone = stack.parameters["CertificateZoneIds"].partition(",")[0]
        return SetupError(
            f"AWS waits for the DNS records of the certificate for {names}: they are in Route 53,"
            " where the internet does not seem to look for them.",
            "Give your registrar the name servers of the hosted zone, `aws route53 get-hosted-zone"
            f" --id {zone} --query DelegationSet.NameServers`; then run the same command again,"
            " which waits on.",
        )
    events = "aws cloudformation describe-stack-events --query 'StackEvents[:9].[LogicalResourceId,"
    return SetupError(
        f"AWS still works on the stack {stack.name} ({stack.status}) after an hour; nothing was"
        " undone.",
        f"See what it waits for, `{events}ResourceStatus,ResourceStatusReason]' --output table"
        f" {which(aws, stack.name)}`; then run the same command again, which waits on.",
    )


def settle(aws: Aws, stack: Stack | None) -> Stack | None:
    """Return the stack once it can be deployed to; raise SetupError where it cannot."""
    stack = wait_until_idle(aws, stack)
    if stack and stack.status not in USABLE:
        raise unusable(aws, stack)
    return stack


def unusable(aws: Aws, stack: Stack) -> SetupError:
    """Return the error for a stack that AWS will not update, with the command that mends it."""
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        command = f"aws cloudformation continue-update-rollback {which(aws, stack.name)}"
        return SetupError(
            f"The stack {stack.name} is stuck in {stack.status}.{why(aws, stack.id)}",
            f"Mend the reason, let AWS finish with `{command}`, then run `make setup` again.",
        )
    return SetupError(
        f"The stack {stack.name} failed earlier ({stack.status}); AWS only lets it be deleted."
        + why(aws, stack.id),
        f"Delete it, `{delete_command(aws, stack.name)}`, mend the reason, then `make setup`.",
    )


def delete_command(aws: Aws, name: str) -> str:
    """Return the command that deletes a stack and waits until it is gone."""
    stack = which(aws, name)
    wait = f"aws cloudformation wait stack-delete-complete {stack}"
    return f"aws cloudformation delete-stack {stack} && {wait}"


def which(aws: Aws, name: str) -> str:
    """Return the options that name a stack in a command for the person."""
    return f"--stack-name {name} {aws.options}"


def deploy(aws: Aws, deployment: Deployment) -> bool:
    """Create or update a stack and return whether anything changed.

    Parameters that are not given keep their values. Raises SetupError with AWS's reasons where it
    refuses the change, or undoes its work.
    """
    change_set = create_change_set(aws, deployment, find_stack(aws, deployment.name))
    if change_set is None:
        return False
    aws.text("cloudformation", "execute-change-set", "--change-set-name", change_set["Id"])
    stack = wait_for_end(aws, change_set["StackId"])
    if stack.status not in DEPLOYED:
        raise undone(aws, stack)
    return True


def create_change_set(
    aws: Aws, deployment: Deployment, before: Stack | None
) -> dict[str, str] | None:
    """Return the ids of a change set and its stack, or None where nothing would change."""
    template = ["--use-previous-template"]
    if deployment.template:
        template = ["--template-body", f"file://{TEMPLATES / deployment.template}"]
    made = aws.ask(
        *("cloudformation", "create-change-set", "--stack-name", deployment.name),
        *("--change-set-name", f"setup-{int(time.time())}"),
        *("--change-set-type", "UPDATE" if before else "CREATE"),
        *template,
        *(("--import-existing-resources",) if deployment.adopt else ()),
        *("--capabilities", "CAPABILITY_NAMED_IAM"),
        *("--parameters", json.dumps(as_parameters(deployment, before))),
        *("--tags", json.dumps([{"Key": k, "Value": v} for k, v in deployment.tags.items()])),
    )
    told = wait_for_change_set(aws, made["Id"])
    if told["Status"] != "FAILED":
        return made
    reason = told.get("StatusReason", "")
    unchanged = any(part in reason for part in UNCHANGED)
    error = None if unchanged else refused(aws, deployment.name, made["Id"], reason)
    clean_up(aws, made, before)
    if error:
        raise error
    return None


def as_parameters(deployment: Deployment, before: Stack | None) -> list[dict[str, object]]:
    """Return the parameters as a change set takes them: as given, else as they are."""
    earlier = before.parameters if before else {}
    names = declared(deployment.template) if deployment.template else earlier
    kept = [name for name in names if name in earlier and name not in deployment.parameters]
    given: list[dict[str, object]] = [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in deployment.parameters.items()
    ]
    return given + [{"ParameterKey": name, "UsePreviousValue": True} for name in kept]


def wait_for_change_set(aws: Aws, change_set: str) -> dict:
    """Return what AWS says of a change set once it is complete or has failed."""
    while True:
        told = aws.ask("cloudformation", "describe-change-set", "--change-set-name", change_set)
        if told["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return told
        time.sleep(POLL_SECONDS / 5)


def clean_up(aws: Aws, made: dict[str, str], before: Stack | None) -> None:
    """Delete a failed change set, with the empty stack that a first one leaves."""
    if before:
        aws.text("cloudformation", "delete-change-set", "--change-set-name", made["Id"])
    else:
        aws.text("cloudformation", "delete-stack", "--stack-name", made["StackId"])


def refused(aws: Aws, name: str, change_set: str, reason: str) -> SetupError:
    """Return why AWS refuses a change set, which leaves everything as it was."""
    reasons = "".join(f"\n  {line}" for line in (reason, *early_reasons(aws, change_set)) if line)
    known = find_reason(reasons)
    advice = f"{known.advice} " if known else "Mend the reason. "
    return SetupError(
        f"AWS refuses the change of the stack {name}; nothing was changed in it.{reasons}",
        f"{advice}Then `make setup`.",
    )


def early_reasons(aws: Aws, change_set: str) -> list[str]:
    """Return what AWS found when it validated a change set early, a line for each resource.

    The AWS CLI knows this command since November 2025; without it there is only the summary.
    """
    command = ("describe-events", "--change-set-name", change_set, "--filters", "FailedEvents=true")
    try:
        events = aws.ask("cloudformation", *command)["OperationEvents"]
    except ProgramError:
        return []
    return [
        f"{event.get('LogicalResourceId', 'Stack')} ({event.get('ResourceType', '')}): {reason}"
        for event in events
        if (reason := event.get("ValidationStatusReason") or event.get("ResourceStatusReason"))
    ]


def delete(aws: Aws, stack: Stack, again: str) -> None:
    """Delete a stack and wait until it is gone; raise SetupError where AWS keeps it."""
    aws.text("cloudformation", "delete-stack", "--stack-name", stack.name)
    left = wait_for_end(aws, stack.id)
    if left.status != "DELETE_COMPLETE":
        raise undone(aws, left, again)


def undone(aws: Aws, stack: Stack, again: str = "make setup") -> SetupError:
    """Return why AWS undid its work on a stack."""
    reasons = why(aws, stack.id)
    known = find_reason(reasons)
    advice = f"{known.advice} " if known else "Mend the reason. "
    if stack.status == "ROLLBACK_COMPLETE":
        advice += f"Before that, delete what failed: `{delete_command(aws, stack.name)}`. "
    return SetupError(
        f"AWS undid its work on the stack {stack.name}.{reasons}", f"{advice}Then `{again}`."
    )


def why(aws: Aws, stack_id: str) -> str:
    """Return the failed resources of the stack's last operation with their reasons, a line each."""
    command = ("cloudformation", "describe-stack-events", "--stack-name", stack_id)
    events = aws.ask(*command)["StackEvents"]
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
