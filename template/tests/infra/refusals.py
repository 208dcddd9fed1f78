"""Calls that must be refused to each role."""

from collections.abc import Iterator

from template.rehearsal.aws.account import ACCOUNT, REGION, arn, iam_arn
from template.rehearsal.aws.recording import Authorization as Call
from template.rehearsal.project import NAME as PROJECT
from template.rehearsal.project import STAGES
from template.tests.infra.calls import (
    ARTIFACT,
    BUILD,
    IMAGES,
    NAME_IMAGES,
    PROMOTE,
    PUSH_LAYERS,
    READ_IMAGES,
    bucket,
    cluster,
    family,
    lend,
    release,
    run_pipeline,
    run_project,
    schedule,
    secrets,
    send,
    service,
    start,
    store,
    stream,
    task,
    within,
)

ELSEWHERE = arn("ecr", "repository/other-app")
KEY = arn("kms", "key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f")
STACK = arn("cloudformation", f"stack/{PROJECT}-github/0a1b2c3d")


def elsewhere(calls: list[Call]) -> Iterator[Call]:
    """The same calls in another region, and in another account."""
    for call in calls:
        for place in (REGION, "us-east-1"), (ACCOUNT, "210987654321"):
            if place[0] in call.resource:
                yield Call(call.action, call.resource.replace(*place), call.context)


def in_the_registry() -> Iterator[Call]:
    """Other repositories, and whatever destroys or reconfigures the own one."""
    for call in [*READ_IMAGES, *PUSH_LAYERS, NAME_IMAGES]:
        yield Call(call.action, ELSEWHERE)
    for action in (
        "BatchDeleteImage",
        "CreateRepository",
        "DeleteLifecyclePolicy",
        "DeleteRepository",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
    ):
        yield Call(f"ecr:{action}", IMAGES)


def of_power() -> Iterator[Call]:
    """What would let a role reach beyond itself, or read what it has no need to know."""
    for role in (f"{PROJECT}-staging-release", f"{PROJECT}-production-release", "Admin"):
        for action in (
            "AttachRolePolicy",
            "PutRolePolicy",
            "TagRole",
            "UpdateAssumeRolePolicy",
        ):
            yield Call(f"iam:{action}", iam_arn(f"role/{role}"))
        yield Call("sts:AssumeRole", iam_arn(f"role/{role}"))
        yield lend(role)
    yield Call("iam:CreateUser", iam_arn("user/eve"))
    yield Call("iam:CreateAccessKey", iam_arn("user/eve"))
    yield Call("iam:CreatePolicyVersion", iam_arn(f"policy/{PROJECT}-build"))
    for stage in ("staging", "production"):
        for secret in secrets(stage):
            yield Call("secretsmanager:GetSecretValue", secret)
    yield Call("kms:Decrypt", KEY)
    yield Call("ssm:GetParameter", arn("ssm", "parameter/anything"))
    yield Call("rds:DeleteDBInstance", arn("rds", "db:items"))
    yield Call("cloudformation:UpdateStack", STACK)
    yield Call("cloudformation:DeleteStack", STACK)
    yield Call("ecs:DeregisterTaskDefinition", "*")
    for action in ("GetObject", "GetObjectVersion", "PutObject"):
        yield Call(f"s3:{action}", "arn:aws:s3:::anything/at-all")
    for action in ("CreateLogStream", "PutLogEvents"):
        yield Call(f"logs:{action}", arn("logs", "log-group:/anything:log-stream:web/at/all"))


def in_a_stage(stage: str) -> Iterator[Call]:
    """All that a release calls, but in a stage that is not its own."""
    there = within(stage)
    yield Call("ecs:DescribeServices", service(stage), there)
    yield Call("ecs:UpdateService", service(stage), there)
    yield Call("ecs:RunTask", family(stage), there)
    yield Call("ecs:RunTask", family(stage, ":7"), there)
    yield Call("ecs:DescribeTasks", task(stage), there)
    yield Call("ecs:StopTask", task(stage), there)
    yield Call("ecs:ListTasks", "*", there)
    yield Call("logs:GetLogEvents", stream(stage))
    yield lend(f"{PROJECT}-{stage}-execution")
    yield lend(f"{PROJECT}-{stage}-task")


def beside(stage: str, other: str) -> Iterator[Call]:
    """What comes close to what a release of the stage may do, and is not it."""
    here = within(stage)
    for longer in (f"{stage}2", f"{stage}-eu"):  # another stage, and one of another project
        yield Call("ecs:UpdateService", service(longer), within(longer))
        yield Call("ecs:UpdateService", service(longer, "worker"), within(longer))
        yield Call("logs:GetLogEvents", stream(longer))
    yield Call(
        "ecs:UpdateService", service(stage), {**here, "ecs:task-definition": family(other, ":7")}
    )
    yield Call("ecs:RunTask", family(stage, ":7"), within(other))
    yield Call("ecs:RunTask", family(stage, ":7"))
    yield Call("ecs:RunTask", family(other, ":7"), here)
    yield Call("ecs:RunTask", family(f"{stage}-worker"), here)
    yield Call("ecs:RunTask", family(f"{stage}-worker", ":7"), here)
    yield Call("ecs:ListTasks", "*")
    yield lend(f"{PROJECT}-{stage}-task", to="lambda.amazonaws.com")
    yield lend(f"{PROJECT}-{stage}-task", to="ec2.amazonaws.com")
    yield lend(f"{PROJECT}-{stage}-execution", to="codebuild.amazonaws.com")
    yield Call("iam:PassRole", iam_arn(f"role/{PROJECT}-{stage}-task"))
    yield Call("logs:GetLogEvents", stream(stage, "of-no-container"))
    yield Call("logs:DeleteLogGroup", arn("logs", f"log-group:/ecs/{PROJECT}-{stage}"))


def of_administration(stage: str) -> Iterator[Call]:
    """What changes a stage instead of releasing to it."""
    here = within(stage)
    yield Call("ecs:CreateService", service(stage), here)
    yield Call("ecs:DeleteService", service(stage), here)
    yield Call("ecs:DeleteCluster", cluster(stage))
    yield Call("ecs:ExecuteCommand", task(stage), here)
    yield Call("ecs:RegisterTaskDefinition", family(stage, ":8"))
    yield Call(
        "ecs:StopServiceDeployment", arn("ecs", f"service-deployment/{PROJECT}-{stage}/web/1")
    )


def of_a_release(stage: str, other: str) -> list[Call]:
    """Everything that a release of one stage must not get through with."""
    return [
        *elsewhere(PROMOTE + release(stage)),
        *in_the_registry(),
        *PUSH_LAYERS,
        *of_power(),
        *in_a_stage(other),
        *beside(stage, other),
        *of_administration(stage),
        *of_administration(other),
    ]


def of_a_project(name: str) -> list[Call]:
    """What CodeBuild must not get through with for a project beside its buildspec."""
    other = arn("logs", "log-group:/codebuild/other:log-stream:build/0a1b2c3d")
    return [*elsewhere(run_project(name)), Call("logs:PutLogEvents", other)]


def of_a_start(stage: str, other: str) -> list[Call]:
    """What ECS must not get through with when it starts a container of the stage."""
    own = {call.resource for call in start(stage)}
    return [
        *elsewhere(start(stage)),
        *in_the_registry(),
        *(call for call in of_power() if call.resource not in own),
        *in_a_stage(stage),
        *start(other)[-3:],
        Call("logs:CreateLogStream", stream(stage, "of-no-container")),
        Call("logs:CreateLogStream", stream(f"{stage}2")),
        NAME_IMAGES,
    ]


def of_a_task(stage: str, other: str) -> list[Call]:
    """What the application must not get through with, whatever is switched on."""
    file = store(stage)[0].resource
    return [
        *of_a_start(stage, other),
        *start(stage),
        *elsewhere(send()),
        *store(other),
        *store("test"),
        *(Call(call.action, f"{bucket(stage)}-more/picture.png") for call in store(stage)[:-1]),
        Call("s3:ListBucket", f"{bucket(stage)}-more"),
        Call("s3:GetObjectVersion", file),
        Call("s3:DeleteObjectVersion", file),
        Call("s3:PutObjectAcl", file),
        Call("s3:DeleteBucket", bucket(stage)),
        Call("s3:PutBucketPolicy", bucket(stage)),
        Call("s3:PutBucketVersioning", bucket(stage)),
        Call("s3:PutLifecycleConfiguration", bucket(stage)),
        *send("ceo@example.com"),
        *send("team@example.com.evil.example"),
        *(Call(call.action, call.resource) for call in send()),
        Call("ses:SendEmail", arn("ses", "configuration-set/any"), send()[0].context),
        Call("ses:SendBulkEmail", send()[0].resource),
        Call("ses:CreateEmailIdentity", send()[0].resource),
        Call("ses:DeleteEmailIdentity", send()[0].resource),
    ]


def of_a_schedule(stage: str, other: str) -> list[Call]:
    """What EventBridge Scheduler must not get through with beside starting the stage's tasks."""
    own = schedule(stage)
    return [
        *elsewhere(own),
        *in_the_registry(),
        *of_power(),
        *in_a_stage(other),
        *(call for call in in_a_stage(stage) if call not in own),
        *beside(stage, other),
        *of_administration(stage),
    ]


def of_a_pipeline() -> list[Call]:
    """What CodePipeline must not get through with beside its own work."""
    return [
        *elsewhere(run_pipeline()),
        *of_power(),
        *in_a_stage("production"),
        *READ_IMAGES,
        NAME_IMAGES,
        Call("codeconnections:UseConnection", arn("codeconnections", "connection/ffffffff")),
        Call("codeconnections:DeleteConnection", arn("codeconnections", "connection/0a1b2c3d")),
        Call("codebuild:StartBuild", arn("codebuild", "project/other")),
        Call("codebuild:BatchGetBuilds", arn("codebuild", "project/other")),
        Call("codebuild:UpdateProject", arn("codebuild", f"project/{PROJECT}-build")),
        Call("s3:GetBucketLocation", "arn:aws:s3:::anything"),
        Call("s3:GetBucketVersioning", "arn:aws:s3:::anything"),
        Call("s3:DeleteObject", ARTIFACT),
    ]


OF_A_BUILD = [
    *elsewhere(BUILD),
    *in_the_registry(),
    *of_power(),
    *in_a_stage("staging"),
    *in_a_stage("production"),
    *of_administration("production"),
    Call("ecs:DescribeTaskDefinition", "*"),
]
REFUSED: dict[str, list[Call]] = {
    f"{PROJECT}-build": OF_A_BUILD,
    f"{PROJECT}-codebuild-build": OF_A_BUILD + of_a_project("build"),
    f"{PROJECT}-pipeline": of_a_pipeline(),
}
for _stage, _other in (STAGES, STAGES[::-1]):
    REFUSED |= {
        f"{PROJECT}-{_stage}-execution": of_a_start(_stage, _other),
        f"{PROJECT}-{_stage}-task": of_a_task(_stage, _other),
        f"{PROJECT}-{_stage}-scheduler": of_a_schedule(_stage, _other),
        f"{PROJECT}-{_stage}-release": of_a_release(_stage, _other),
        f"{PROJECT}-codebuild-release-{_stage}": of_a_release(_stage, _other)
        + of_a_project(f"release-{_stage}"),
    }
