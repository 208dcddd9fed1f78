"""Somebody is told, in words that say what to do, and one page shows the stage."""

import json
import re

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION, arn
from template.rehearsal.project import NAME
from template.tests.infra.cloudformation import TEMPLATES, stack

ALARM = "AWS::CloudWatch::Alarm"
DATABASE = {"DatabaseIdentifier": "items-database"}
NO_DATABASE = {"DatabaseIdentifier": ""}
CACHE = {"CacheNodeId": "items-cache-001"}
TOPIC = arn("sns", f"{NAME}-staging-alarms")


def alarms(**chosen: str) -> dict[str, dict]:
    """The alarms of the stack."""
    found = stack("alarms", **chosen).of_type(ALARM)
    return {name: one.properties for name, one in found.items()}


def widgets(**chosen: str) -> list[dict]:
    """The widgets of the dashboard."""
    body = stack("alarms", **chosen).resources["Dashboard"].properties["DashboardBody"]
    return json.loads(body)["widgets"]


def rules() -> dict[str, dict]:
    """The rules of EventBridge."""
    found = stack("alarms").of_type("AWS::Events::Rule")
    return {name: one.properties for name, one in found.items()}


@pytest.mark.parametrize("count", range(1, 6))
def test_everybody_is_subscribed(count):
    """Each address has a subscription to the topic, and nobody else."""
    addresses = [f"person{number}@example.com" for number in range(count)]
    chosen = stack("alarms", AlarmEmails=",".join(addresses))
    found = [one.properties for one in chosen.of_type("AWS::SNS::Subscription").values()]
    assert [one["Endpoint"] for one in found] == addresses
    assert {(one["Protocol"], one["TopicArn"]) for one in found} == {("email", TOPIC)}


def test_an_address_keeps_its_place():
    """Who is subscribed in the second place stays so when the first one is empty."""
    both = stack("alarms", AlarmEmails="a@example.com,b@example.com").resources
    one = stack("alarms", AlarmEmails=",b@example.com").resources
    assert "FirstSubscription" not in one
    assert one["SecondSubscription"] == both["SecondSubscription"]


@pytest.mark.parametrize(
    "addresses", ["team", ",".join(["a@b.example"] * 6), "a@b.example, c@d.e", ",,,,,"]
)
def test_nobody_is_left_out_unseen(addresses):
    """What is no address, and a sixth one, is refused rather than forgotten."""
    pattern = TEMPLATES["alarms"]["Parameters"]["AlarmEmails"]["AllowedPattern"]
    assert not re.fullmatch(pattern, addresses)


def test_the_topic_has_the_name_that_the_stage_knows():
    """The stage's own alarms reach the topic, which setup names before it is there."""
    assert stack("alarms").outputs["AlarmTopicArn"] == TOPIC
    pattern = TEMPLATES["stage"]["Parameters"]["AlarmTopicArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, TOPIC)


@pytest.mark.parametrize("name", alarms(**DATABASE, **CACHE))
def test_an_alarm_says_what_to_do(name):
    """Its text names the stage and the first command, and it tells the topic of both changes."""
    alarm = alarms(**DATABASE)[name]
    text = alarm["AlarmDescription"]
    assert f"{NAME}-staging" in text
    commands = "python3 -m deploy (status|logs) staging|aws rds [a-z-]+ .+|make doctor .+"
    assert re.search(f"First: ({commands})$", text)
    assert len(text) <= 1024
    assert alarm["AlarmActions"] == alarm["OKActions"] == [TOPIC]


def test_the_stages_own_alarms_say_it_too():
    """Those that also roll a deployment back name the first command."""
    for alarm in stack("stage").of_type(ALARM).values():
        assert alarm.properties["AlarmDescription"].endswith(
            "First: python3 -m deploy logs staging"
        )


def test_a_stage_without_a_database_has_no_alarms_of_it():
    """A database of somebody else's is not watched here."""
    without = alarms(**NO_DATABASE)
    assert len(alarms(**DATABASE)) - len(without) == 4
    assert not [alarm for alarm in without.values() if alarm["Namespace"] == "AWS/RDS"]
    for alarm in alarms(**DATABASE).values():
        if alarm["Namespace"] == "AWS/RDS":
            [dimension] = alarm["Dimensions"]
            assert dimension == {"Name": "DBInstanceIdentifier", "Value": "items-database"}


@pytest.mark.parametrize(("least", "missing"), [("2", "breaching"), ("0", "notBreaching")])
def test_a_parked_stage_does_not_ring(least, missing):
    """Without a report from any container the alarm rings, unless none are wanted."""
    alarm = alarms(DesiredCount=least)["ContainersMissingAlarm"]
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (least, missing)
    # Each task sends one sample a minute:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-metrics.html
    assert (alarm["Statistic"], alarm["Period"]) == ("SampleCount", 60)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"


def test_the_connections_can_be_chosen():
    """A larger database takes more connections before the alarm rings."""
    chosen = alarms(**DATABASE, MostConnections="300")
    assert chosen["DatabaseConnectionsTooManyAlarm"]["Threshold"] == "300"


def test_only_this_cluster_is_heard():
    """Each rule is for the stage's cluster, and tells the topic in words of its own."""
    for rule in rules().values():
        pattern = json.dumps(rule["EventPattern"])
        assert rule["EventPattern"]["source"] == ["aws.ecs"]
        assert f"cluster/{NAME}-staging" in pattern or f"service/{NAME}-staging/" in pattern
        [target] = rule["Targets"]
        assert target["Arn"] == TOPIC
        # AWS takes text of several lines, each of them in quotes.
        lines = target["InputTransformer"]["InputTemplate"].strip().splitlines()
        assert all(re.fullmatch(r'"[^"]+"', line) for line in lines)
        used = set(re.findall(r"<(\w+)>", "".join(lines)))
        assert used == set(target["InputTransformer"]["InputPathsMap"])
        assert any(line.startswith('"First: ') for line in lines)


def stopped(code: str, exit_code: int | None, group: str = "service:web") -> dict:
    """An event of a task that has stopped, as far as the rules look at it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    container = {"name": "web"} | ({} if exit_code is None else {"exitCode": exit_code})
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {
            "clusterArn": arn("ecs", f"cluster/{NAME}-staging"),
            "lastStatus": "STOPPED",
            "stopCode": code,
            "group": group,
            "containers": [container],
        },
    }


def matches(pattern: object, event: object) -> bool:
    """Whether an event fits a pattern, for the kinds of patterns that the templates have.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
    """
    if isinstance(event, list) and isinstance(pattern, dict):
        return any(matches(pattern, one) for one in event)
    if isinstance(pattern, dict):
        rest = {name: one for name, one in pattern.items() if name != "$or"}
        either = [matches(one, event) for one in pattern.get("$or", [])]
        return all(name in event and matches(one, event[name]) for name, one in rest.items()) and (
            any(either) or "$or" not in pattern
        )
    values = event if isinstance(event, list) else [event]
    return any(fits(one, value) for one in pattern for value in values)


def fits(wanted: object, value: object) -> bool:
    """Whether a value is the wanted one, greater than it, another one, or begins with it."""
    if isinstance(wanted, dict):
        [(kind, operand)] = wanted.items()
        if kind == "numeric":
            sign, number = operand
            assert sign == ">"
            return isinstance(value, int) and value > number
        if kind == "anything-but":
            return not fits(operand, value)
        assert kind == "prefix"
        return str(value).startswith(operand)
    return wanted == value


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (stopped("EssentialContainerExited", 1), True),
        (stopped("EssentialContainerExited", 137), True),
        # Those of schedules are told by schedules.yml, which knows what they mean.
        (stopped("EssentialContainerExited", 1, "schedule:nightly"), False),
        (stopped("TaskFailedToStart", None, "schedule:nightly"), False),
        (stopped("EssentialContainerExited", 1, "family:items"), True),
        (stopped("TaskFailedToStart", None), True),
        (stopped("EssentialContainerExited", 0), False),
        (stopped("ServiceSchedulerInitiated", 143), False),
        (stopped("UserInitiated", 137), False),
        ({**stopped("EssentialContainerExited", 1), "source": "aws.batch"}, False),
    ],
)
def test_tasks_that_fail_are_told(event, told):
    """What ends by itself with an error is told, and what a release or a person stops is not."""
    assert matches(rules()["TaskFailedRule"]["EventPattern"], event) is told
    other = json.loads(json.dumps(event).replace(f"{NAME}-staging", f"{NAME}-production"))
    assert not matches(rules()["TaskFailedRule"]["EventPattern"], other)
    running = json.loads(json.dumps(event).replace("STOPPED", "RUNNING"))
    assert not matches(rules()["TaskFailedRule"]["EventPattern"], running)


def of_service(kind: str, **detail: str) -> dict:
    """An event of a service.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
    """
    return {
        "source": "aws.ecs",
        "detail-type": kind,
        "resources": [arn("ecs", f"service/{NAME}-staging/worker")],
        "detail": {"clusterArn": arn("ecs", f"cluster/{NAME}-staging"), **detail},
    }


@pytest.mark.parametrize(
    ("rule", "event", "told"),
    [
        (
            "DeploymentFailedRule",
            of_service("ECS Deployment State Change", eventName="SERVICE_DEPLOYMENT_FAILED"),
            True,
        ),
        (
            "DeploymentFailedRule",
            of_service("ECS Deployment State Change", eventName="SERVICE_DEPLOYMENT_COMPLETED"),
            False,
        ),
        ("ServiceImpairedRule", of_service("ECS Service Action", eventType="WARN"), True),
        ("ServiceImpairedRule", of_service("ECS Service Action", eventType="ERROR"), True),
        ("ServiceImpairedRule", of_service("ECS Service Action", eventType="INFO"), False),
    ],
)
def test_services_in_trouble_are_told(rule, event, told):
    """Failed deployments and warnings are told, and what goes well is not."""
    assert matches(rules()[rule]["EventPattern"], event) is told
    other = json.loads(json.dumps(event).replace(f"{NAME}-staging", f"{NAME}-staging2"))
    assert not matches(rules()[rule]["EventPattern"], other)


@pytest.mark.parametrize(
    ("service", "context", "may"),
    [
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": ACCOUNT}, True),
        ("cloudwatch.amazonaws.com", {"aws:SourceAccount": "210987654321"}, False),
        ("cloudwatch.amazonaws.com", {}, False),
        ("events.amazonaws.com", {}, True),
        ("s3.amazonaws.com", {"aws:SourceAccount": ACCOUNT}, False),
    ],
)
def test_who_may_speak_to_the_topic(judge, service, context, may):
    """CloudWatch for this account and EventBridge publish, and no other service does."""
    decision = judge.decide(
        principal=service,
        action="sns:Publish",
        resource=TOPIC,
        context=context,
        policies={},
        resource_policy=stack("alarms").resources["TopicPolicy"].properties["PolicyDocument"],
    )
    assert decision.allowed is may


@pytest.mark.parametrize(
    ("chosen", "titles"),
    [
        (NO_DATABASE, 7),
        (DATABASE, 10),
        ({**NO_DATABASE, **CACHE}, 9),
        ({**DATABASE, **CACHE}, 12),
    ],
)
def test_the_dashboard_shows_what_there_is(chosen, titles):
    """Its body is JSON, with widgets for the database and the cache where there are any."""
    found = widgets(**chosen)
    assert len({one["properties"]["title"] for one in found}) == len(found) == titles
    text = json.dumps(found)
    assert ("AWS/RDS" in text) is bool(chosen["DatabaseIdentifier"])
    assert ("AWS/ElastiCache" in text) is ("CacheNodeId" in chosen)
    for one in found:
        assert one["properties"].get("region", REGION) == REGION
        assert one["width"] in (8, 24)


@pytest.mark.parametrize("chosen", [NO_DATABASE, DATABASE])
def test_the_dashboard_has_every_alarm(chosen):
    """The first widget shows all alarms of the stack."""
    first = widgets(**chosen)[0]
    assert first["type"] == "alarm"
    assert len(first["properties"]["alarms"]) == len(alarms(**chosen))


def test_processes_are_on_the_dashboard():
    """Services are found by their cluster, so that a worker shows up by itself."""
    expressions = re.findall(r"SEARCH\('.*?'", json.dumps(widgets()))
    assert len(expressions) == 3
    assert all("ClusterName" in one and "ServiceName=" not in one for one in expressions)
