"""CloudFormation in the double of AWS: stacks from the templates of infra/."""

import json
import re
from pathlib import Path
from typing import Any

from tests.setup.programs import RefusedError
from tests.setup.templates import LARGEST, read_template

PROVIDER = "oidc-provider/token.actions.githubusercontent.com"
KINDS = (
    *("AWS::ECR::Repository", "AWS::IAM::OIDCProvider", "AWS::SecretsManager::Secret"),
    *("AWS::S3::Bucket", "AWS::RDS::DBSnapshot", "AWS::RDS::DBInstanceAutomatedBackup"),
)
UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def error(code: str, operation: str, said: str) -> RefusedError:
    """Return what the AWS CLI prints of an error."""
    return RefusedError(
        f"An error occurred ({code}) when calling the {operation} operation: {said}", 254
    )


def arn(service: str, region: str, account: str, rest: str) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{region}:{account}:{rest}"


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
            said = f"Stack:{name} is in {before['status'][0]} state and can not be updated."
            raise error("ValidationError", "CreateChangeSet", said)
        if file.stat().st_size > LARGEST:
            raise RefusedError(
                "Templates with a size greater than 51,200 bytes must be deployed", 255
            )
        if options.get("--capabilities") != ["CAPABILITY_NAMED_IAM"]:
            raise error("InsufficientCapabilities", "CreateChangeSet", "Requires capabilities")
        declared = template["Parameters"]
        if strange := sorted(set(given) - set(declared)):
            said = f"Parameters: {strange} do not exist in the template"
            raise error("ValidationError", "CreateChangeSet", said)
        defaults = {key: one["Default"] for key, one in declared.items() if "Default" in one}
        values = defaults | (before["parameters"] if before else {}) | given
        if absent := sorted(set(declared) - set(values)):
            said = f"Parameters: {absent} must have values"
            raise error("ValidationError", "CreateChangeSet", said)
        for key, value in values.items():
            check_value(key, str(value), declared[key])
        values = {key: str(value) for key, value in values.items()}
        return {
            "name": name,
            "id": arn(
                "cloudformation", "eu-central-1", self.account, f"stack/{name}/{len(self.deleted)}"
            ),
            "serial": before["serial"] if before else len(self.deleted),
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
        status = f"{verb}_COMPLETE"
        if failures:
            status = "UPDATE_ROLLBACK_COMPLETE" if update else "ROLLBACK_COMPLETE"
        record(stack, name, "AWS::CloudFormation::Stack", status, "")
        if failures and update:
            before["events"], before["status"] = stack["events"], [status]
            return False
        stack["status"] = [status]
        stack["id"] = before["id"] if update else stack["id"]
        self.stacks[name] = stack
        if failures:
            return False
        stack["outputs"] = self.outputs(stack)
        for kind, physical, _ in self.resources(stack):
            self.kept.get(kind, {}).setdefault(physical, {})
        return True

    def obstacles(self, stack: dict, *, update: bool, adopt: bool) -> list[tuple[str, str, str]]:
        """Return the resources that cannot be brought about, with AWS's reasons."""
        taken = []
        for kind, physical, _ in self.resources(stack):
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

    def resources(self, stack: dict) -> list[tuple[str, str, bool]]:
        """Return type and physical id of a stack's resources, and whether they outlive it."""
        own_provider = not stack["parameters"].get("ExistingOidcProviderArn")
        return [
            (
                one["Type"],
                self.physical(stack, logical, one["Type"]),
                one.get("DeletionPolicy") == "Retain",
            )
            for logical, one in stack["template"]["Resources"].items()
            if own_provider or one["Type"] != "AWS::IAM::OIDCProvider"
        ]

    def physical(self, stack: dict, logical: str, kind: str) -> str:
        """Return the physical id that a resource gets."""
        if kind == "AWS::ECR::Repository":
            return stack["parameters"]["ProjectName"]
        if kind == "AWS::IAM::OIDCProvider":
            return arn("iam", "", self.account, PROVIDER)
        return f"{stack['name']}-{logical.lower()}-{stack['serial']}"

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
        for kind, physical, keeps in self.resources(stack):
            record(stack, physical, kind, "DELETE_SKIPPED" if keeps else "DELETE_COMPLETE", "")
            if kind == "AWS::RDS::DBInstance":
                self.kept["AWS::RDS::DBSnapshot"][f"{physical}-snapshot"] = {}
                backup = arn("rds", "eu-central-1", self.account, f"auto-backup:{physical}")
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

    def outputs(self, stack: dict) -> dict[str, str]:
        """Return the values of the outputs that the template declares."""
        project, stage = stack["parameters"]["ProjectName"], stack["parameters"].get("Stage", "")
        role = arn("iam", "", self.account, f"role/{project}")
        endpoint = f"{self.account}.dkr.ecr.eu-central-1.amazonaws.com"
        values = {
            "BuildRoleArn": f"{role}-build",
            "StagingReleaseRoleArn": f"{role}-release-staging",
            "ProductionReleaseRoleArn": f"{role}-release-production",
            "EcrEndpoint": endpoint,
            "EcrImageUrl": f"{endpoint}/{project}",
            "VpcId": "vpc-0a1b2c3d4e5f60718",
            "PublicSubnetIds": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
            "PrivateSubnetIds": "subnet-0cccccccccccccccc,subnet-0dddddddddddddddd",
            "DatabaseHost": f"{project}-{stage}.abc.eu-central-1.rds.amazonaws.com",
            "DatabaseSecretArn": self.secret("database"),
            "SecretKeyArn": self.secret("key"),
            "DatabaseClientSecurityGroupId": "sg-0a1b2c3d4e5f60718",
            "ClusterArn": arn("ecs", "eu-central-1", self.account, f"cluster/{project}-{stage}"),
            "ServiceName": "web",
            "Url": f"http://{project}-{stage}.eu-central-1.elb.amazonaws.com",
        }
        declared = stack["template"]["Outputs"]
        return {name: value for name, value in values.items() if name in declared}

    def secret(self, name: str) -> str:
        """Return the ARN of a secret."""
        return arn("secretsmanager", "eu-central-1", self.account, f"secret:{name}-AbCdEf")


def check_value(name: str, value: str, declared: dict) -> None:
    """Refuse a value that a parameter's bounds do not allow."""
    choices = [str(choice) for choice in declared.get("AllowedValues", [value])]
    pattern = declared.get("AllowedPattern", ".*")
    parts = value.split(",") if "List" in declared["Type"] else [value]
    if value not in choices or not all(re.fullmatch(pattern, part) for part in parts):
        said = f"Parameter {name} failed to satisfy constraint: {value}"
        raise error("ValidationError", "CreateChangeSet", said)


def pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    """Return a mapping the way CloudFormation lists it."""
    return [{key: name, value: one} for name, one in values.items()]


def record(stack: dict, name: str, kind: str, status: str, reason: str) -> None:
    """Add an event to a stack's history."""
    itself = kind == "AWS::CloudFormation::Stack"
    told = {"StackId": stack["id"], "LogicalResourceId": name, "ResourceType": kind}
    told |= {"PhysicalResourceId": stack["id"] if itself else name, "ResourceStatus": status}
    stack["events"].append(told | ({"ResourceStatusReason": reason} if reason else {}))
