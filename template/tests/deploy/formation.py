"""CloudFormation in the double of AWS: stacks from the templates of deploy/infra/."""

import json
import re
from pathlib import Path
from typing import Any

from template.tests.deploy.parameters import choose_values, error, invalid
from template.tests.deploy.programs import RefusedError
from template.tests.deploy.resources import KINDS, arn, outputs, resources
from template.tests.deploy.templates import LARGEST, read_template

REGION = "eu-central-1"
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Formation:
    """The account's stacks, and what outlives them, by type and name."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.stacks: dict[str, dict] = {}
        self.deleted: list[dict] = []
        self.kept: dict[str, dict[str, dict]] = {kind: {} for kind in KINDS}
        self.breaks: dict[str, list[tuple[str, str, str]]] = {}
        self.change_sets: dict[str, dict] = {}

    def answer(self, operation: str, positional: list[str], options: dict) -> Any:
        """Answer an operation of CloudFormation."""
        method = getattr(self, operation.replace("-", "_"))
        return method(positional, options)

    def describe_stacks(self, _: list, options: dict) -> dict:
        """Describe a stack; one that was under way has come to its end the next time."""
        stack = self.find(options["--stack-name"][0])
        told = {
            "StackName": stack["name"],
            "StackId": stack["id"],
            "StackStatus": stack["status"].pop(0) if stack["status"][1:] else stack["status"][0],
            "Parameters": pairs(stack["parameters"], "ParameterKey", "ParameterValue"),
            "Outputs": pairs(stack["outputs"], "OutputKey", "OutputValue"),
            "Tags": pairs(stack["tags"], "Key", "Value"),
        }
        return {"Stacks": [told]}

    def find(self, name: str) -> dict:
        """Return a stack by name, or a deleted one by its id."""
        for stack in (*self.stacks.values(), *self.deleted):
            if name == stack["id"] or (name == stack["name"] and stack not in self.deleted):
                return stack
        raise error("ValidationError", "DescribeStacks", f"Stack with id {name} does not exist")

    def describe_stack_events(self, _: list, options: dict) -> dict:
        """List what happened to a stack, newest first."""
        return {"StackEvents": self.find(options["--stack-name"][0])["events"][::-1]}

    def list_stacks(self, _: list, options: dict) -> dict:
        """List the deleted stacks, which is all that anybody asks for."""
        if options["--stack-status-filter"] != ["DELETE_COMPLETE"]:
            raise RefusedError("the double lists deleted stacks only", 252)
        told = [{"StackName": one["name"], "StackId": one["id"]} for one in self.deleted]
        return {"StackSummaries": told}

    def deploy(self, _: list, options: dict) -> str:
        """Create or update a stack and wait for it, as `aws cloudformation deploy` does."""
        file = Path(options["--template-file"][0])
        if not file.is_file():
            raise RefusedError(f"Invalid template path {file}", 255)
        parameters = dict(word.split("=", 1) for word in options["--parameter-overrides"])
        tags = dict(word.split("=", 1) for word in options["--tags"])
        name = options["--stack-name"][0]
        stack = self.prepare(name, file, parameters, tags, options)
        if name in self.stacks and self.stacks[name]["likeness"] == stack["likeness"]:
            return f"\nNo changes to deploy. Stack {name} is up to date\n"
        if not self.bring_about(stack, adopt=False):
            raise RefusedError("Failed to create/update the stack. Run the following command", 255)
        return f"Successfully created/updated stack - {name}\n"

    def create_change_set(self, _: list, options: dict) -> dict:
        """Prepare the creation of a stack."""
        body = Path(options["--template-body"][0].removeprefix("file://"))
        parameters = json.loads(options["--parameters"][0])
        values = {one["ParameterKey"]: one["ParameterValue"] for one in parameters}
        tags = {one["Key"]: one["Value"] for one in json.loads(options["--tags"][0])}
        name = options["--stack-name"][0]
        stack = self.prepare(name, body, values, tags, options)
        self.change_sets[options["--change-set-name"][0]] = stack
        self.stacks[name] = stack | {"status": ["REVIEW_IN_PROGRESS"]}
        return {"Id": "change-set"}

    def execute_change_set(self, _: list, options: dict) -> dict:
        """Create the stack of a change set, taking over what exists."""
        self.bring_about(self.change_sets.pop(options["--change-set-name"][0]), adopt=True)
        return {}

    def wait(self, positional: list[str], options: dict) -> str:
        """Wait for what a waiter is named after."""
        stack = self.stacks.get(options["--stack-name"][0])
        wanted = {
            "change-set-create-complete": "REVIEW_IN_PROGRESS",
            "stack-create-complete": "CREATE_COMPLETE",
            "stack-delete-complete": None,
        }[positional[0]]
        if (stack and stack["status"][0]) != wanted:
            raise RefusedError(
                "Waiter StackWait failed: Waiter encountered a terminal failure", 255
            )
        return ""

    def prepare(self, name: str, file: Path, given: dict, tags: dict, options: dict) -> dict:
        """Return the stack that a template and its parameters describe, or refuse them."""
        template = read_template(file)
        before = self.stacks.get(name)
        if before and before["status"][0] not in (*UPDATABLE, "REVIEW_IN_PROGRESS"):
            raise invalid(f"Stack:{name} is in {before['status'][0]} state, can not be updated.")
        if file.stat().st_size > LARGEST:
            raise RefusedError(
                "Templates with a size greater than 51,200 bytes must be deployed", 255
            )
        if options.get("--capabilities") != ["CAPABILITY_NAMED_IAM"]:
            raise error("InsufficientCapabilities", "CreateChangeSet", "Requires capabilities")
        earlier = before["parameters"] if before else {}
        values = choose_values(template["Parameters"], earlier, given)
        serial = before["serial"] if before else len(self.deleted)
        return {
            "name": name,
            "id": arn("cloudformation", REGION, self.account, f"stack/{name}/{serial}"),
            "serial": serial,
            "template": template,
            "likeness": [values, tags, file.read_text()],
            "parameters": values,
            "tags": tags,
            "events": before["events"] if before else [],
            "outputs": {},
            "status": [],
        }

    def bring_about(self, stack: dict, *, adopt: bool) -> bool:
        """Create or update a stack, or undo that where a resource fails; say if it went well."""
        name = stack["name"]
        before = self.stacks.get(name)
        update = before is not None and before["status"][0] in UPDATABLE
        verb = "UPDATE" if update else "CREATE"
        record(stack, name, "AWS::CloudFormation::Stack", f"{verb}_IN_PROGRESS", "User Initiated")
        failures = self.breaks.get(name) or self.obstacles(stack, update=update, adopt=adopt)
        for logical, kind, reason in failures:
            record(stack, logical, kind, f"{verb}_FAILED", reason)
            record(
                stack, "Other", "AWS::Some::Thing", f"{verb}_FAILED", "Resource creation cancelled"
            )
        return self.conclude(stack, before if update else None, verb, failed=bool(failures))

    def conclude(self, stack: dict, before: dict | None, verb: str, *, failed: bool) -> bool:
        """Put a stack into the state where its operation ends, and say if it went well."""
        status = f"{verb}_COMPLETE"
        if failed:
            status = "UPDATE_ROLLBACK_COMPLETE" if before else "ROLLBACK_COMPLETE"
        record(stack, stack["name"], "AWS::CloudFormation::Stack", status, "")
        if failed and before:
            before["events"], before["status"] = stack["events"], [status]
            return False
        self.stacks[stack["name"]] = stack | {"status": [status]}
        if failed:
            return False
        self.stacks[stack["name"]]["outputs"] = outputs(stack, self.account)
        for kind, name, _ in resources(stack, self.account):
            self.kept.get(kind, {}).setdefault(name, {})
        return True

    def obstacles(self, stack: dict, *, update: bool, adopt: bool) -> list[tuple[str, str, str]]:
        """Return the resources that cannot be brought about, with AWS's reasons."""
        taken = []
        for kind, physical, _ in resources(stack, self.account):
            exists = physical in self.kept.get(kind, {})
            imports = adopt and kind == "AWS::ECR::Repository"
            if exists and not update and not imports:
                taken.append((kind.rpartition(":")[2], kind, f"{physical} already exists"))
        stage = stack["parameters"].get("Stage")
        images = self.kept["AWS::ECR::Repository"].get(stack["parameters"]["ProjectName"], {})
        if stack["parameters"].get("DesiredCount", "0") != "0" and stage not in images:
            taken.append(
                ("Service", "AWS::ECS::Service", "Deployment Circuit Breaker was triggered")
            )
        if f"{stack['parameters']['ProjectName']}-github" not in self.stacks and stage:
            taken.append(("ReleasePolicy", "AWS::IAM::ManagedPolicy", "The role cannot be found"))
        return taken

    def delete_stack(self, _: list, options: dict) -> dict:
        """Delete a stack with all that its template does not keep."""
        stack = self.find(options["--stack-name"][0])
        name = stack["name"]
        record(stack, name, "AWS::CloudFormation::Stack", "DELETE_IN_PROGRESS", "User Initiated")
        if stack["parameters"].get("DeletionProtection") == "true":
            said = "Cannot delete protected DB Instance"
            record(stack, "Database", "AWS::RDS::DBInstance", "DELETE_FAILED", said)
            stack["status"] = ["DELETE_FAILED"]
            return {}
        for kind, physical, keeps in resources(stack, self.account):
            record(stack, physical, kind, "DELETE_SKIPPED" if keeps else "DELETE_COMPLETE", "")
            if kind == "AWS::RDS::DBInstance":
                self.kept["AWS::RDS::DBSnapshot"][f"{physical}-snapshot"] = {}
                backup = arn("rds", REGION, self.account, f"auto-backup:{physical}")
                self.kept["AWS::RDS::DBInstanceAutomatedBackup"][backup] = {}
        self.deleted.append(self.stacks.pop(name))
        return {}

    def trusted_subject(self, role: str) -> str | None:
        """Return the subject that a role of the GitHub stack trusts, or None without a role."""
        found = re.fullmatch(r"(.+?)-(build|release-(\w+))", role)
        stack = self.stacks.get(f"{found[1]}-github") if found else None
        if stack is None or stack["status"][0] not in UPDATABLE:
            return None
        of = stack["parameters"]
        repository = "{GitHubOwner}@{GitHubOwnerId}/{GitHubRepository}@{GitHubRepositoryId}"
        if of["SubjectFormat"] == "classic":
            repository = "{GitHubOwner}/{GitHubRepository}"
        context = f"environment:{found[3]}" if found[3] else f"ref:refs/heads/{of['DefaultBranch']}"
        return f"repo:{repository.format(**of)}:{context}"


def pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    """Return a mapping the way CloudFormation lists it."""
    return [{key: name, value: one} for name, one in values.items()]


def record(stack: dict, name: str, kind: str, status: str, reason: str) -> None:
    """Add an event to a stack's history."""
    itself = kind == "AWS::CloudFormation::Stack"
    told = {"StackId": stack["id"], "LogicalResourceId": name, "ResourceType": kind}
    told |= {"PhysicalResourceId": stack["id"] if itself else name, "ResourceStatus": status}
    stack["events"].append(told | ({"ResourceStatusReason": reason} if reason else {}))
