"""CloudFormation in the double of AWS: stacks from the templates of deploy/infra/."""

import json
import re
from pathlib import Path
from typing import Any

from template.rehearsal.cloudformation.templates import resolve
from template.tests.deploy.parameters import choose_values, error, invalid
from template.tests.deploy.programs import RefusedError
from template.tests.deploy.resources import KINDS, arn, outputs, resources
from template.tests.deploy.templates import LARGEST, read_template

REGION = "eu-central-1"
UPDATABLE = (
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"),
)
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to"
EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To"
    " troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure"
    " information."
)
FREE_PLAN = (
    "The specified backup retention period exceeds the maximum available to free tier customers."
    " To remove all limitations, upgrade your account plan. (Service: Rds, Status Code: 400,"
    " Error Code: FreeTierRestrictionError)"
)


class Formation:
    """The account's stacks, and what outlives them, by type and name."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.stacks: dict[str, dict] = {}
        self.deleted: list[dict] = []
        self.kept: dict[str, dict[str, dict]] = {kind: {} for kind in KINDS}
        self.breaks: dict[str, list[tuple[str, str, str]]] = {}
        self.change_sets: dict[str, dict] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.services: dict[str, dict] = {}
        self.has_free_plan = False
        # Records that nobody's stack made, by hosted zone: name, type, where they lead to.
        self.records: dict[str, list[tuple[str, str, str]]] = {}
        # Hosted zones that the registrar does not lead to.
        self.undelegated: set[str] = set()
        # Stacks of processes whose containers end as soon as they run.
        self.crashing: set[str] = set()

    def answer(self, operation: str, positional: list[str], options: dict) -> Any:
        """Answer an operation of CloudFormation."""
        method = getattr(self, operation.replace("-", "_"))
        return method(positional, options)

    def describe_stacks(self, _: list, options: dict) -> dict:
        """Describe a stack, or all; one that was under way has come to its end the next time."""
        if "--stack-name" not in options:
            return {"Stacks": [told(one, one["status"][0]) for one in self.stacks.values()][::-1]}
        stack = self.find(options["--stack-name"][0])
        status = stack["status"].pop(0) if stack["status"][1:] else stack["status"][0]
        return {"Stacks": [told(stack, status)]}

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

    def create_change_set(self, _: list, options: dict) -> dict:
        """Say what a change set would do, or that it cannot be; nothing happens yet."""
        name, kind = options["--stack-name"][0], options["--change-set-type"][0]
        before = self.stacks.get(name)
        exists = before is not None and before["status"][0] != "REVIEW_IN_PROGRESS"
        if exists and kind == "CREATE":
            raise invalid(f"Stack [{name}] already exists and cannot be created again")
        if not exists and kind == "UPDATE":
            raise invalid(f"Stack [{name}] does not exist")
        given = self.given(options, before)
        tags = {one["Key"]: one["Value"] for one in json.loads(options["--tags"][0])}
        if wrong := [v for v in tags.values() if not re.fullmatch(r"[\w .:/=+@-]{1,256}", v)]:
            raise invalid(f"Tag value {wrong[0]!r} is not valid")
        stack = self.prepare(name, self.template(options, before), given, tags, options)
        stack["adopts"] = "--import-existing-resources" in options
        identity = arn("cloudformation", REGION, self.account, f"changeSet/{name}/{self.serial()}")
        same = exists and before["likeness"] == stack["likeness"]
        taken = self.taken(stack, update=exists)
        self.change_sets[identity] = {
            "stack": stack,
            "status": "FAILED" if same or taken else "CREATE_COMPLETE",
            "reason": NO_CHANGES if same else EARLY if taken else "",
            "taken": taken,
        }
        if not exists:
            self.stacks[name] = stack | {"status": ["REVIEW_IN_PROGRESS"]}
        return {"Id": identity, "StackId": stack["id"]}

    def serial(self) -> int:
        """Return a number that no change set has yet."""
        self.made = getattr(self, "made", 0) + 1
        return self.made

    def given(self, options: dict, before: dict | None) -> dict[str, str]:
        """Return a change set's parameters, those that keep their values left out."""
        told = json.loads(options["--parameters"][0])
        earlier = before["parameters"] if before else {}
        for one in told:
            if one.get("UsePreviousValue") and one["ParameterKey"] not in earlier:
                raise invalid(f"Cannot specify usePreviousValue for {one['ParameterKey']}")
        named = {one["ParameterKey"] for one in told}
        defaults = {} if before is None else {k: None for k in earlier if k not in named}
        return defaults | {
            one["ParameterKey"]: one["ParameterValue"]
            for one in told
            if not one.get("UsePreviousValue")
        }

    def template(self, options: dict, before: dict | None) -> Path:
        """Return the file of a change set's template."""
        if "--use-previous-template" in options:
            return before["file"]
        file = Path(options["--template-body"][0].removeprefix("file://"))
        if not file.is_file():
            raise RefusedError(f"Error parsing parameter: Unable to load paramfile {file}", 252)
        return file

    def change_set(self, options: dict) -> dict:
        """Return a change set by its ARN."""
        name = options["--change-set-name"][0]
        if name not in self.change_sets:
            raise error("ChangeSetNotFound", "DescribeChangeSet", f"ChangeSet [{name}]")
        return self.change_sets[name]

    def describe_change_set(self, _: list, options: dict) -> dict:
        """Describe a change set, which is still being made the first time."""
        found = self.change_set(options)
        if not found.get("seen"):
            found["seen"] = True
            return {"Status": "CREATE_IN_PROGRESS"}
        return {"Status": found["status"], "StatusReason": found["reason"]}

    def describe_events(self, _: list, options: dict) -> dict:
        """List what early validation found."""
        return {
            "OperationEvents": [
                {
                    "EventType": "VALIDATION_ERROR",
                    "LogicalResourceId": logical,
                    "ResourceType": kind,
                    "ValidationStatusReason": reason,
                }
                for logical, kind, reason in self.change_set(options)["taken"]
            ]
        }

    def delete_change_set(self, _: list, options: dict) -> dict:
        """Delete a change set."""
        self.change_set(options)
        del self.change_sets[options["--change-set-name"][0]]
        return {}

    def execute_change_set(self, _: list, options: dict) -> dict:
        """Create or update the stack of a change set; it is under way when this returns."""
        found = self.change_set(options)
        if found["status"] != "CREATE_COMPLETE":
            raise error("InvalidChangeSetStatus", "ExecuteChangeSet", "cannot be executed")
        del self.change_sets[options["--change-set-name"][0]]
        self.bring_about(found["stack"])
        return {}

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
        # What an update does not name falls back to its default.
        earlier = {
            k: v for k, v in earlier.items() if k in template["Parameters"] and k not in given
        }
        given = {name: value for name, value in given.items() if value is not None}
        values = choose_values(template["Parameters"], earlier, given)
        serial = before["serial"] if before else len(self.deleted)
        return {
            "name": name,
            "id": arn("cloudformation", REGION, self.account, f"stack/{name}/{serial}"),
            "serial": serial,
            "file": file,
            "template": template,
            "likeness": [values, tags, file.read_text()],
            "parameters": values,
            "tags": tags,
            "events": before["events"] if before else [],
            "outputs": {},
            "status": [],
        }

    def bring_about(self, stack: dict) -> None:
        """Create or update a stack, or undo that where a resource fails."""
        name = stack["name"]
        before = self.stacks.get(name)
        update = before is not None and before["status"][0] in UPDATABLE
        verb = "UPDATE" if update else "CREATE"
        record(stack, name, "AWS::CloudFormation::Stack", f"{verb}_IN_PROGRESS", "User Initiated")
        failures = self.breaks.get(name) or self.obstacles(stack)
        for logical, kind, reason in failures:
            record(stack, logical, kind, f"{verb}_FAILED", reason)
            record(
                stack, "Other", "AWS::Some::Thing", f"{verb}_FAILED", "Resource creation cancelled"
            )
        self.conclude(stack, before if update else None, verb, failed=bool(failures))

    def conclude(self, stack: dict, before: dict | None, verb: str, *, failed: bool) -> None:
        """Put a stack on its way into the state where its operation ends."""
        status = "IMPORT_COMPLETE" if stack["adopts"] else f"{verb}_COMPLETE"
        if failed:
            status = "UPDATE_ROLLBACK_COMPLETE" if before else "ROLLBACK_COMPLETE"
        record(stack, stack["name"], "AWS::CloudFormation::Stack", status, "")
        way = [f"{verb}_IN_PROGRESS", status]
        if self.undelegated & set(stack["parameters"].get("CertificateZoneIds", "").split(",")):
            way = way[:1]
        if failed and before:
            before["events"], before["status"] = stack["events"], way
            return
        self.stacks[stack["name"]] = stack | {"status": way}
        for kind, name, _ in resources(stack, self.account):
            # A creation that is undone leaves what says Retain, not what says RetainExceptOnCreate.
            if not failed or leaves(stack, kind):
                self.kept.get(kind, {}).setdefault(name, {})
                self.tags[name] = stack["tags"]
        if not failed:
            self.stacks[stack["name"]]["outputs"] = outputs(stack, self.account)
            self.scale(stack, before)

    def scale(self, stack: dict, before: dict | None) -> None:
        """Set a service's count as ECS and autoscaling come to it."""
        if "ProcessName" in stack["parameters"]:
            count = int(stack["parameters"]["ProcessCount"])
            known = {"desired": count, "events": [], "stopped": [], "starting": 0}
            self.services[service_key(stack)] = known
        if "ScalableTarget" not in stack["template"]["Resources"]:
            return
        resolved = resolve(stack["file"], stack["parameters"], name=stack["name"]).resources
        service, target = (resolved[name].properties for name in ("Service", "ScalableTarget"))
        known = self.services.setdefault(stack["name"], {"desired": 1, "events": [], "stopped": []})
        earlier = known["desired"] if before else 0
        if "DesiredCount" in service or before is None:
            known["desired"] = int(service.get("DesiredCount", 1))
        least, most = int(target["MinCapacity"]), int(target["MaxCapacity"])
        known["desired"] = min(max(known["desired"], least), most)
        known["starting"] = 2 if known["desired"] > earlier == 0 else 0

    def taken(self, stack: dict, *, update: bool) -> list[tuple[str, str, str]]:
        """Return the resources whose names something else has, which early validation finds."""
        return [
            (
                kind.rpartition(":")[2],
                kind,
                f"Resource of type '{kind}' with identifier '{physical}' already exists.",
            )
            for kind, physical, _ in resources(stack, self.account)
            if physical in self.kept.get(kind, {})
            and not update
            and not (stack["adopts"] and kind in ("AWS::ECR::Repository", "AWS::S3::Bucket"))
        ]

    def obstacles(self, stack: dict) -> list[tuple[str, str, str]]:
        """Return the resources that cannot be brought about, with AWS's reasons."""
        of, found = stack["parameters"], []
        if self.has_free_plan and int(of.get("BackupDays", "0")) > 1:
            found.append(("Database", "AWS::RDS::DBInstance", FREE_PLAN))
        if int(of.get("DesiredCount", "0")) > int(of.get("MaximumCount", "4")):
            said = "Maximum capacity cannot be less than minimum capacity"
            kind = "AWS::ApplicationAutoScaling::ScalableTarget"
            found.append(("ScalableTarget", kind, said))
        return found + self.obstacles_of_command(stack) + self.obstacles_of_switch(stack)

    def obstacles_of_switch(self, stack: dict) -> list[tuple[str, str, str]]:
        """Return what is missing for what stages.toml switches on, or in its way."""
        of, found = stack["parameters"], []
        stage = f"{of.get('ProjectName', '')}-{of.get('Stage', '')}"
        if "TaskPolicy" in stack["template"]["Resources"] and f"{stage}-roles" not in self.stacks:
            said = f"The role with name {stage}-task cannot be found."
            found.append(("TaskPolicy", "AWS::IAM::RolePolicy", said))
        own = {host for host, _ in self.host_names(stack["name"])}
        for host, zone in hosts_of(of):
            taken = {name for name, kind, _ in self.records.get(zone, []) if kind in ("A", "CNAME")}
            if host in taken and host not in own:
                said = f"Tried to create resource record set [name='{host}.', type='A'] but it"
                said += " already exists"
                found.append(("FirstRecord", "AWS::Route53::RecordSet", said))
        return found

    def host_names(self, only: str = "") -> list[tuple[str, str]]:
        """Return the names, and their zones, that all stacks or one of them have records of."""
        stacks = [one for name, one in self.stacks.items() if only in ("", name)]
        return [pair for one in stacks for pair in hosts_of(one["parameters"])]

    def in_the_way(self, stack: dict) -> tuple[str, str, str] | None:
        """Return what keeps a stack from being deleted: something else that uses it."""
        of, others = stack["parameters"], [one for one in self.stacks.values() if one is not stack]
        used = ",".join(value for one in others for value in one["parameters"].values())
        for output, logical, kind in IN_USE:
            declared = stack["template"].get("Outputs", {})
            if output in declared and stack["outputs"].get(output, "-") in used:
                return logical, kind, f"resource {logical} is in use"
        name = f"{of.get('ProjectName', '')}-{of.get('Stage', '')}"
        attached = [
            f"{name}-{part}" for part in ("uploads", "mail") if f"{name}-{part}" in self.stacks
        ]
        if stack["name"] == f"{name}-roles" and attached:
            return "TaskRole", "AWS::IAM::Role", "Cannot delete entity, must delete policies first."
        return None

    def obstacles_of_command(self, stack: dict) -> list[tuple[str, str, str]]:
        """Return what is missing for a process or a schedule, or how its containers end."""
        of = stack["parameters"]
        stage = f"{of.get('ProjectName', '')}-{of.get('Stage', '')}"
        if "ProcessName" in of and stage not in self.stacks:
            return [("Service", "AWS::ECS::Service", "Cluster not found.")]
        if "ScheduleName" in of and f"{stage}-schedules" not in self.stacks:
            said = f"Schedule group {stage} does not exist."
            return [("Schedule", "AWS::Scheduler::Schedule", said)]
        if of.get("ProcessCount", "0") != "0" and stack["name"] in self.crashing:
            said = "Resource handler returned message: \"Error occurred during operation 'ECS"
            said += " Deployment Circuit Breaker was triggered'.\""
            return [("Service", "AWS::ECS::Service", said)]
        return []

    def delete_stack(self, _: list, options: dict) -> dict:
        """Delete a stack with all that its template does not keep."""
        stack = self.find(options["--stack-name"][0])
        name = stack["name"]
        if stack["status"] == ["REVIEW_IN_PROGRESS"]:
            del self.stacks[name]
            return {}
        record(stack, name, "AWS::CloudFormation::Stack", "DELETE_IN_PROGRESS", "User Initiated")
        if stack["parameters"].get("DeletionProtection") == "true":
            said = "Cannot delete protected DB Instance"
            record(stack, "Database", "AWS::RDS::DBInstance", "DELETE_FAILED", said)
            stack["status"] = ["DELETE_IN_PROGRESS", "DELETE_FAILED"]
            return {}
        if [key for key in self.services if key.startswith(f"{name}/")]:
            said = "The Cluster cannot be deleted while Services are active."
            record(stack, "Cluster", "AWS::ECS::Cluster", "DELETE_FAILED", said)
            stack["status"] = ["DELETE_IN_PROGRESS", "DELETE_FAILED"]
            return {}
        if obstacle := self.in_the_way(stack):
            record(stack, *obstacle[:2], "DELETE_FAILED", obstacle[2])
            stack["status"] = ["DELETE_IN_PROGRESS", "DELETE_FAILED"]
            return {}
        if "ProcessName" in stack["parameters"]:
            del self.services[service_key(stack)]
        for kind, physical, keeps in resources(stack, self.account):
            record(stack, physical, kind, "DELETE_SKIPPED" if keeps else "DELETE_COMPLETE", "")
            if kind == "AWS::RDS::DBInstance":
                self.kept["AWS::RDS::DBSnapshot"][f"{physical}-snapshot"] = {}
                backup = arn("rds", REGION, self.account, f"auto-backup:{physical}")
                self.kept["AWS::RDS::DBInstanceAutomatedBackup"][backup] = {}
        stack["status"] = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
        self.deleted.append(self.stacks.pop(name))
        return {}

    def trusted_subject(self, role: str) -> str | None:
        """Return the subject that a role trusts, or None without such a role."""
        found = re.fullmatch(r"(.+?)-(?:build|(\w+)-release)", role)
        name = f"{found[1]}-{found[2]}-roles" if found and found[2] else f"{role[:-6]}-github"
        stack = self.stacks.get(name)
        if stack is None or stack["status"][-1] not in UPDATABLE:
            return None
        of = stack["parameters"]
        repository = "{GitHubOwner}@{GitHubOwnerId}/{GitHubRepository}@{GitHubRepositoryId}"
        if of["SubjectFormat"] == "classic":
            repository = "{GitHubOwner}/{GitHubRepository}"
        context = f"environment:{found[2]}" if found[2] else f"ref:refs/heads/{of['DefaultBranch']}"
        return f"repo:{repository.format(**of)}:{context}"


# Outputs that AWS keeps while another stack uses them.
IN_USE = (
    ("CertificateArn", "Certificate", "AWS::CertificateManager::Certificate"),
    ("CacheClientSecurityGroupId", "CacheClientSecurityGroup", "AWS::EC2::SecurityGroup"),
)


def hosts_of(parameters: dict[str, str]) -> list[tuple[str, str]]:
    """Return the names of a stack of records, each with its zone."""
    names, zones = (parameters.get(f"Record{one}", "").split(",") for one in ("Names", "ZoneIds"))
    return [(name, zone) for name, zone in zip(names, zones, strict=True) if name]


def service_key(stack: dict) -> str:
    """Return under which name the service of a process is known: its cluster's and its own."""
    return "{ProjectName}-{Stage}/{ProcessName}".format(**stack["parameters"])


def told(stack: dict, status: str) -> dict:
    """Return a stack as CloudFormation describes it."""
    return {
        "StackName": stack["name"],
        "StackId": stack["id"],
        "StackStatus": status,
        "Parameters": pairs(stack["parameters"], "ParameterKey", "ParameterValue"),
        "Outputs": pairs(stack["outputs"], "OutputKey", "OutputValue"),
        "Tags": pairs(stack["tags"], "Key", "Value"),
    }


def leaves(stack: dict, kind: str) -> bool:
    """Return whether a creation that is undone leaves resources of this kind behind."""
    own = stack["template"]["Resources"].values()
    return any(one["Type"] == kind and one.get("DeletionPolicy") == "Retain" for one in own)


def pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    """Return a mapping the way CloudFormation lists it."""
    return [{key: name, value: one} for name, one in values.items()]


def record(stack: dict, name: str, kind: str, status: str, reason: str) -> None:
    """Add an event to a stack's history."""
    itself = kind == "AWS::CloudFormation::Stack"
    told = {"StackId": stack["id"], "LogicalResourceId": name, "ResourceType": kind}
    told |= {"PhysicalResourceId": stack["id"] if itself else name, "ResourceStatus": status}
    stack["events"].append(told | ({"ResourceStatusReason": reason} if reason else {}))
