"""A stage is what the application, the pipeline and the load balancer expect of it."""

import re

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION
from template.rehearsal.cloudformation.templates import Stack, TemplateError
from template.rehearsal.project import INFRA, NAME, STAGES
from template.tests.infra.cloudformation import TEMPLATES, stack

CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0a1b2c3d-0000"
DOMAIN = {"DomainName": "items.example.com"}
HTTPS = {**DOMAIN, "CertificateArn": CERTIFICATE}


def stage(name: str = "staging", **chosen: str) -> Stack:
    """The stage with some parameters chosen."""
    return stack("stage", name, **chosen)


def container(stack: Stack) -> dict:
    """The definition of the stage's one container."""
    [only] = stack.resources["TaskDefinition"].properties["ContainerDefinitions"]
    return only


def environment(stack: Stack) -> dict[str, str]:
    """The variables that the container gets in plain text."""
    return {each["Name"]: each["Value"] for each in container(stack)["Environment"]}


def actions(stack: Stack, listener: str) -> list[dict]:
    """What a listener does with a request."""
    return stack.resources[listener].properties["DefaultActions"]


@pytest.mark.parametrize("name", STAGES)
def test_names_are_those_of_the_pipeline(name):
    """Cluster, service, family, log and image are called what a release expects."""
    stack = stage(name)
    task = stack.resources["TaskDefinition"].properties
    assert stack.outputs["ClusterArn"].endswith(f":cluster/{NAME}-{name}")
    assert stack.outputs["ServiceName"] == container(stack)["Name"] == "web"
    assert stack.outputs["LogGroupName"] == f"/ecs/{NAME}-{name}"
    assert task["Family"] == f"{NAME}-{name}"
    assert task["ExecutionRoleArn"].endswith(f":role/{NAME}-{name}-execution")
    assert task["TaskRoleArn"].endswith(f":role/{NAME}-{name}-task")
    assert re.fullmatch(rf"{ACCOUNT}\.dkr\..+/{NAME}:{name}", container(stack)["Image"])


def test_without_a_certificate_there_is_plain_http():
    """Port 80 serves the application under the load balancer's name, without HTTPS."""
    stack = stage()
    assert "HttpsListener" not in stack.resources
    assert [each["Type"] for each in actions(stack, "HttpListener")] == ["forward"]
    assert environment(stack)["HTTPS"] == "false"
    assert environment(stack)["ALLOWED_HOSTS"] == stack.outputs["LoadBalancerDnsName"]
    assert stack.outputs["Url"] == f"http://{stack.outputs['LoadBalancerDnsName']}"


def test_with_a_certificate_http_is_redirected():
    """Port 443 serves the application under its domain, and port 80 sends people there."""
    stack = stage(**HTTPS)
    assert [each["Type"] for each in actions(stack, "HttpsListener")] == ["forward"]
    [redirect] = actions(stack, "HttpListener")
    assert redirect["RedirectConfig"]["Protocol"] == "HTTPS"
    assert environment(stack)["HTTPS"] == "true"
    assert environment(stack)["ALLOWED_HOSTS"] == "items.example.com"
    assert stack.outputs["Url"] == "https://items.example.com"


def test_a_certificate_needs_a_domain():
    """CloudFormation refuses a certificate without the name that it is for."""
    rule = TEMPLATES["stage"]["Rules"]["CertificateNeedsDomainName"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}
    [assertion] = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "DomainName"}, ""]}]}


def test_the_container_gets_what_production_needs():
    """The application finds its database, its key and a place for temporary files."""
    given = set(environment(stage())) | {each["Name"] for each in container(stage())["Secrets"]}
    assert given == {
        "ALLOWED_HOSTS",
        "HTTPS",
        "PGDATABASE",
        "PGHOST",
        "PGPASSWORD",
        "PGPORT",
        "PGSSLMODE",
        "PGUSER",
        "SECRET_KEY",
        "STAGE_CONFIG",
        "TMPDIR",
    }


def test_secrets_are_not_in_plain_text():
    """User, password, key and variables are read from Secrets Manager when a container starts."""
    secrets = {each["Name"]: each["ValueFrom"] for each in container(stage())["Secrets"]}
    assert set(secrets) == {"PGPASSWORD", "PGUSER", "SECRET_KEY", "STAGE_CONFIG"}
    assert f"secret:{NAME}-staging-roles-" in secrets.pop("STAGE_CONFIG")
    assert all(f"secret:{NAME}-staging-database-" in value for value in secrets.values())
    assert secrets["PGUSER"].endswith(":username::")
    assert secrets["PGPASSWORD"].endswith(":password::")


def test_the_container_is_locked_up():
    """It runs without root, privileges and a writable system, but may listen on port 80."""
    definition = container(stage())
    assert definition["User"] == "10001"
    assert definition["ReadonlyRootFilesystem"] is True
    assert definition["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert definition["MountPoints"] == [{"SourceVolume": "data", "ContainerPath": "/data"}]
    [control] = definition["SystemControls"]
    assert int(control["Value"]) <= definition["PortMappings"][0]["ContainerPort"] == 80


def test_a_shell_is_a_switch():
    """ECS Exec is off, and switched on it gets the file system and the permissions it needs."""
    for switch, on in (("false", False), ("true", True)):
        definition = container(stage(EnableExecuteCommand=switch))
        roles = stack("roles", EnableExecuteCommand=switch)
        assert definition["ReadonlyRootFilesystem"] is not on
        assert definition["LinuxParameters"]["InitProcessEnabled"] is on
        assert ("ExecuteCommandPolicy" in roles.resources) is on


def test_times_are_in_step_with_gunicorn():
    """Connections outlive the load balancer's, and requests end before the container is killed."""
    # Read, not run: gevent would patch this process.
    text = (INFRA.parent / "gunicorn.conf.py").read_text()
    settings = re.findall(r"^(keepalive|graceful_timeout) = (\d+)", text, re.MULTILINE)
    gunicorn = {name: int(seconds) for name, seconds in settings}
    resources = stage().resources
    balancer = resources["LoadBalancer"].properties["LoadBalancerAttributes"]
    group = resources["TargetGroup"].properties["TargetGroupAttributes"]
    assert {"Key": "idle_timeout.timeout_seconds", "Value": "60"} in balancer
    assert gunicorn["keepalive"] > 60
    assert gunicorn["graceful_timeout"] < container(stage())["StopTimeout"] <= 120
    assert group == [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]


def test_health_is_asked_where_the_image_answers():
    """The load balancer asks for the path that the image's own check asks for."""
    group = stage().resources["TargetGroup"].properties
    [asked] = re.findall(r"(/health/\w+)", (INFRA.parents[1] / "Dockerfile").read_text())
    assert group["HealthCheckPath"] == asked == "/health/live"
    assert group["Matcher"] == {"HttpCode": "200"}


def test_a_bad_deployment_goes_back():
    """New containers are added before old ones go, and failure brings the old ones back."""
    resources = stage().resources
    deployment = resources["Service"].properties["DeploymentConfiguration"]
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["Alarms"]["Rollback"] is True
    alarms = {
        resource.id for resource in resources.values() if resource.type == "AWS::CloudWatch::Alarm"
    }
    assert set(deployment["Alarms"]["AlarmNames"]) == alarms


def test_nothing_runs_before_the_first_image():
    """The service starts with no container until it is told otherwise."""
    parked = stage().resources
    assert parked["Service"].properties["DesiredCount"] == 0
    assert parked["ScalableTarget"].properties["MinCapacity"] == "0"


def test_a_stack_update_leaves_the_count_to_autoscaling():
    """A stage that runs has no count in its stack: autoscaling's lower bound starts containers."""
    raised = stage(DesiredCount="2").resources
    assert "DesiredCount" not in raised["Service"].properties
    assert raised["ScalableTarget"].properties["MinCapacity"] == "2"


def test_alarms_tell_somebody_on_demand():
    """With the ARN of a topic, both alarms tell it when they begin and end; without, nobody."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:team"
    alarms = stage(AlarmTopicArn=topic).of_type("AWS::CloudWatch::Alarm").values()
    for name in ("AlarmActions", "OKActions"):
        assert [alarm.properties[name] for alarm in alarms] == [[topic], [topic]]
        silent = stage().of_type("AWS::CloudWatch::Alarm").values()
        assert not [alarm for alarm in silent if name in alarm.properties]


def test_the_log_is_kept_as_long_as_chosen():
    """LogDays says how long the containers' log is kept."""
    assert stage(LogDays="365").resources["LogGroup"].properties["RetentionInDays"] == "365"


def test_containers_need_no_nat_gateway():
    """They have public addresses in public subnets, or none in private subnets."""
    public = stage().resources["Service"].properties["NetworkConfiguration"]
    assert public["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED"
    private = stage(TaskSubnetIds="subnet-0a,subnet-0b").resources["Service"].properties
    configuration = private["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert configuration["AssignPublicIp"] == "DISABLED"
    assert configuration["Subnets"] == ["subnet-0a", "subnet-0b"]


def test_only_the_load_balancer_reaches_containers():
    """The containers' security group has one way in."""
    resources = stage().resources
    group = resources["TaskSecurityGroup"].properties
    assert "SecurityGroupIngress" not in group
    rules = [each for each in resources.values() if each.type == "AWS::EC2::SecurityGroupIngress"]
    assert [rule.properties["SourceSecurityGroupId"] for rule in rules] == [
        resources["LoadBalancerSecurityGroup"].id
    ]


def test_memory_fits_the_processor():
    """Every choice of processor has twice as much memory, which Fargate combines with it."""
    template = TEMPLATES["stage"]
    memories = {cpu: body["MiB"] for cpu, body in template["Mappings"]["MemoryOfCpu"].items()}
    choices = template["Parameters"]["Cpu"]["AllowedValues"]
    assert memories == {cpu: str(2 * int(cpu)) for cpu in choices}
    assert stage().resources["TaskDefinition"].properties["Memory"] == memories["256"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("Cpu", "300"),
        ("CpuArchitecture", "arm"),
        ("DesiredCount", "-1"),
        ("DomainName", "https://items.example.com"),
        ("CertificateArn", "items.example.com"),
        ("EnableExecuteCommand", "yes"),
        ("ProjectName", "My_App"),
        ("TaskSubnetIds", "0a1b2c3d"),
        ("GitHubOwnerId", "octo-org"),
        ("GitHubRepository", "octo-org/django-crud-app"),
        ("ExistingOidcProviderArn", "arn:aws:iam::123456789012:oidc-provider/example.com"),
        ("VpcCidr", "10.0.0.0/8"),
        ("Stage", "Staging"),
        ("Stage", "my-stage"),
        ("Stage2", "Production"),
        ("StageAccountIds", "12345"),
        ("PermissionsBoundaryArn", "boundary"),
        ("AlarmTopicArn", "team@example.com"),
        ("LogDays", "31"),
        ("BackupDays", "0"),
        ("BackupWindow", "2:00-3:00"),
        ("MaintenanceWindow", "03:00-04:00"),
        ("PostgresVersion", "18.1"),
        ("OtherDomainNames", "https://shop.example.com"),
        ("UploadsBucketName", "Shop_Uploads"),
        ("MailFrom", "Team <team@example.com>"),
        ("SenderAddress", "example.com"),
        ("CacheUrl", "redis://cache.example.com:6379/0"),
        ("CacheNodeType", "t4g.micro"),
        ("KeepVersionsDays", "0"),
        ("AlarmEmails", "team"),
        ("CertificateZoneIds", "/hostedzone/Z0"),
    ],
)
def test_nonsense_is_refused(parameter, value):
    """A parameter with a value that cannot work is refused by its name."""
    template = next(name for name, each in TEMPLATES.items() if parameter in each["Parameters"])
    with pytest.raises(TemplateError, match=f"the parameter {parameter} cannot be '{value}'"):
        stack(template, **{parameter: value})
