"""A process is the web server's container with another command, and a schedule a task of it."""

import json
import re

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION
from template.rehearsal.cloudformation.templates import Stack, TemplateError
from template.rehearsal.project import NAME, STAGES
from template.tests.infra.cloudformation import TEMPLATES, stack
from template.tests.infra.test_stage import HTTPS, container, environment

SWITCHES = {
    **HTTPS,
    "OtherDomainNames": "www.example.com,example.org",
    "UploadsBucketName": "a-bucket",
    "MailFrom": "team@example.com",
    "CacheUrl": "rediss://cache.example.com:6379/0",
    "CacheClientSecurityGroupId": "sg-0c",
    "TaskSubnetIds": "subnet-0a,subnet-0b",
    "EnableExecuteCommand": "true",
    "CpuArchitecture": "ARM64",
}
CHOICES = {
    "nothing": {},
    "domain": {"DomainName": "shop.example.com"},
    "everything": SWITCHES,
}
# What the web server's container has of its own: it is asked by the load balancer.
WEB_ONLY = {"Name", "PortMappings", "SystemControls", "StopTimeout", "LogConfiguration"}
PROCESS_ONLY = {"Name", "Command", "HealthCheck", "StopTimeout", "LogConfiguration"}


def beside(template: str, choice: dict[str, str], **own: str) -> Stack:
    """The stack of a process or a schedule, with what setup gives it of the web server's stack."""
    given = {**choice, **stack("stage", **choice).outputs, **own}
    taken = TEMPLATES[template]["Parameters"]
    return stack(template, **{name: value for name, value in given.items() if name in taken})


def process(**own: str) -> Stack:
    """The stack of a process with parameters of its own."""
    return beside("process", {}, **own)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_process_gets_what_the_web_server_gets(choice):
    """Environment, secrets, image, roles and confinement are the same, whatever is switched on."""
    web, worker = stack("stage", **CHOICES[choice]), beside("process", CHOICES[choice])
    assert environment(worker) == environment(web)
    assert container(worker)["Secrets"] == container(web)["Secrets"]
    one, other = container(worker), container(web)
    shared = one.keys() - PROCESS_ONLY
    assert shared == other.keys() - WEB_ONLY
    assert {key: one[key] for key in shared} == {key: other[key] for key in shared}
    for key in ("ExecutionRoleArn", "TaskRoleArn", "RuntimePlatform", "Volumes"):
        tasks = (each.resources["TaskDefinition"].properties[key] for each in (worker, web))
        assert len({json.dumps(task) for task in tasks}) == 1


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("template", ["process", "schedule"])
def test_they_run_where_the_web_server_runs(choice, template):
    """Subnets, security groups and public addresses are those of the web server's service."""
    web = stack("stage", **CHOICES[choice])
    own = web.resources["Service"].properties["NetworkConfiguration"]
    resources = beside(template, CHOICES[choice]).resources
    if template == "process":
        found = resources["Service"].properties["NetworkConfiguration"]
    else:
        target = resources["Schedule"].properties["Target"]
        found = target["EcsParameters"]["NetworkConfiguration"]
    expected = own["AwsvpcConfiguration"]
    split = {name: listed(value) for name, value in found["AwsvpcConfiguration"].items()}
    assert split == {name: listed(value) for name, value in expected.items()}


def listed(value: str | list) -> list[str]:
    """A list that a parameter may hold as text."""
    return value.split(",") if isinstance(value, str) else value


def test_nobody_reaches_a_process():
    """A process has no port and no load balancer."""
    worker = process()
    assert "PortMappings" not in container(worker)
    assert "LoadBalancers" not in worker.resources["Service"].properties


def test_names_of_a_process_are_those_of_the_pipeline():
    """Service, container and log are called like the process, the family like stage and process."""
    worker = process()
    task = worker.resources["TaskDefinition"].properties
    service = worker.resources["Service"].properties
    assert service["ServiceName"] == container(worker)["Name"] == "worker"
    assert service["Cluster"] == f"{NAME}-staging"
    assert task["Family"] == f"{NAME}-staging-worker"
    assert worker.outputs["ProcessServiceName"] == "worker"
    options = container(worker)["LogConfiguration"]["Options"]
    assert options["awslogs-group"] == f"/ecs/{NAME}-staging"
    assert options["awslogs-stream-prefix"] == "worker"


def test_the_command_hears_sigterm():
    """The shell becomes the program, which has the longest time that Fargate gives."""
    definition = container(process(ProcessCommand="celery -A shop worker --loglevel $LEVEL"))
    assert definition["Command"] == ["sh", "-c", "exec celery -A shop worker --loglevel $LEVEL"]
    assert definition["StopTimeout"] == 120
    assert "EntryPoint" not in definition


def test_a_process_that_ends_at_once_goes_back():
    """ECS judges a process by whether it is still there after half a minute."""
    worker = process()
    deployment = worker.resources["Service"].properties["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    check = container(worker)["HealthCheck"]
    assert (check["Command"], check["Interval"]) == (["CMD-SHELL", "exit 0"], 30)


def test_a_process_has_its_own_size_and_count():
    """Processor, memory and number of containers are the process's own; none run at first."""
    assert process().resources["Service"].properties["DesiredCount"] == "0"
    worker = beside("process", {"Cpu": "512"}, ProcessCpu="2048", ProcessCount="3")
    task = worker.resources["TaskDefinition"].properties
    assert (task["Cpu"], task["Memory"]) == ("2048", "4096")
    assert worker.resources["Service"].properties["DesiredCount"] == "3"


@pytest.mark.parametrize("stage", STAGES)
def test_a_schedule_starts_the_newest_task_definition(stage):
    """It names the family without a revision, in the stage's cluster, with a group of its own."""
    schedule = stack("schedule", stage).resources["Schedule"].properties
    target = schedule["Target"]
    place = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
    assert target["Arn"] == f"{place}:cluster/{NAME}-{stage}"
    parameters = target["EcsParameters"]
    assert parameters["TaskDefinitionArn"] == f"{place}:task-definition/{NAME}-{stage}"
    assert parameters["Group"] == "schedule:clear-sessions"
    assert target["RoleArn"].endswith(f":role/{NAME}-{stage}-scheduler")
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["State"] == "DISABLED"


@pytest.mark.parametrize("command", ["python manage.py clearsessions", 'a "b c" d\\e', "é 'x'"])
def test_a_schedule_overrides_the_command(command):
    """Whatever its quotes, the command reaches the container, which waits for migrations."""
    escaped = json.dumps(command)[1:-1]
    given = stack("schedule", ScheduleCommand=escaped).resources["Schedule"].properties["Target"]
    [override] = json.loads(given["Input"])["containerOverrides"]
    assert override == {
        "name": container(stack("stage"))["Name"],
        "command": ["sh", "-c", f"exec {command}"],
        "environment": [{"name": "WAIT_FOR_MIGRATIONS", "value": "1"}],
    }


@pytest.mark.parametrize(
    ("template", "name", "value"),
    [
        ("process", "ProcessName", "Worker"),
        ("process", "ProcessName", "web-"),
        ("process", "ProcessCommand", " "),
        ("process", "ProcessCount", "-1"),
        ("process", "ProcessCpu", "300"),
        ("process", "AssignPublicIp", "yes"),
        ("schedule", "ScheduleCommand", 'say "x"'),
        ("schedule", "ScheduleCommand", "say \\x"),
        ("schedule", "ScheduleCron", "0 3 * * *"),
        ("schedule", "ScheduleCron", "0 3 * * ? *) rate(1 minute"),
        ("schedule", "ScheduleState", "on"),
        ("schedule", "SchedulerRoleArn", "scheduler"),
    ],
)
def test_nonsense_is_refused(template, name, value):
    """A parameter with a value that cannot work is refused by its name."""
    with pytest.raises(TemplateError, match=re.escape(f"the parameter {name} cannot be {value!r}")):
        stack(template, **{name: value})


def test_only_schedules_of_the_stage_may_start_tasks():
    """Nothing else of EventBridge Scheduler's, and no other account, may become the role."""
    resources = stack("schedules").resources
    [statement] = resources["SchedulerRole"].properties["AssumeRolePolicyDocument"]["Statement"]
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{NAME}-staging"
    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": group},
    }
    schedule = stack("schedule").resources["Schedule"].properties
    assert schedule["GroupName"] == resources["ScheduleGroup"].properties["Name"]


def test_ended_runs_are_kept():
    """Each ended task of a schedule, and of nothing else, goes into a log that EventBridge may
    write."""
    resources = stack("schedules").resources
    rule = resources["RunEndedRule"].properties
    pattern = rule["EventPattern"]["detail"]
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{NAME}-staging"
    assert pattern == {
        "clusterArn": [cluster],
        "group": [{"prefix": "schedule:"}],
        "lastStatus": ["STOPPED"],
    }
    group = stack("schedule").resources["Schedule"].properties["Target"]["EcsParameters"]["Group"]
    assert group.startswith(pattern["group"][0]["prefix"])
    log = resources["RunsLogGroup"].properties["LogGroupName"]
    [target] = rule["Targets"]
    assert target["Arn"].endswith(f":log-group:{log}")
    policy = json.loads(resources["RunsLogPolicy"].properties["PolicyDocument"])
    [statement] = policy["Statement"]
    assert statement["Resource"].endswith(f":log-group:{log}:*")
    assert "events.amazonaws.com" in statement["Principal"]["Service"]


def test_failed_runs_tell_somebody_on_demand():
    """With the ARN of a topic, it hears of runs that failed or could not start; without, nobody."""
    assert "RunFailedRule" not in stack("schedules").resources
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:team"
    resources = stack("schedules", AlarmTopicArn=topic).resources
    failed, ended = (resources[name].properties for name in ("RunFailedRule", "RunEndedRule"))
    [target] = failed["Targets"]
    assert target["Arn"] == topic
    detail = dict(failed["EventPattern"]["detail"])
    assert detail.pop("$or") == [
        {"stopCode": ["TaskFailedToStart"]},
        {"containers": {"exitCode": [{"anything-but": 0}]}},
    ]
    assert detail == ended["EventPattern"]["detail"], "the same runs otherwise"
