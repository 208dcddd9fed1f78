"""Who needs which calls.

A call is an IAM action, the resource that AWS checks it on, and its condition keys.
"""

from template.rehearsal.aws.account import ACCOUNT, arn, iam_arn
from template.rehearsal.aws.recording import Authorization as Call
from template.rehearsal.project import NAME as PROJECT
from template.rehearsal.project import STAGES
from template.tests.infra.cloudformation import SWITCHED

SENDER = SWITCHED["SenderAddress"]
IMAGES = arn("ecr", f"repository/{PROJECT}")
LOG_IN = Call("ecr:GetAuthorizationToken", "*")
READ_IMAGES = [
    Call(f"ecr:{action}", IMAGES)
    for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
]
NAME_IMAGES = Call("ecr:PutImage", IMAGES)
PUSH_LAYERS = [
    Call(f"ecr:{action}", IMAGES)
    for action in ("CompleteLayerUpload", "InitiateLayerUpload", "UploadLayerPart")
]
BUILD = [LOG_IN, *READ_IMAGES, *PUSH_LAYERS, NAME_IMAGES]
PROMOTE = [LOG_IN, *READ_IMAGES, NAME_IMAGES]
ARTIFACT = f"arn:aws:s3:::{PROJECT}-pipeline-ArtifactBucket/{PROJECT}/Source/a1b2c3d"


def cluster(stage: str) -> str:
    """The ARN of a stage's cluster."""
    return arn("ecs", f"cluster/{PROJECT}-{stage}")


def service(stage: str, name: str = "web") -> str:
    """The ARN of a stage's service."""
    return arn("ecs", f"service/{PROJECT}-{stage}/{name}")


def task(stage: str) -> str:
    """The ARN of a task in a stage's cluster."""
    return arn("ecs", f"task/{PROJECT}-{stage}/0a1b2c3d4e5f")


def family(stage: str, revision: str = "") -> str:
    """The ARN of a stage's task definition, of one revision or of the newest."""
    return arn("ecs", f"task-definition/{PROJECT}-{stage}{revision}")


def stream(stage: str, name: str = "web/web/0a1b2c3d4e5f") -> str:
    """The ARN of a log stream of a stage's containers."""
    return arn("logs", f"log-group:/ecs/{PROJECT}-{stage}:log-stream:{name}")


def secrets(stage: str) -> list[str]:
    """The ARNs of a stage's secrets: the database's, SECRET_KEY, and its variables."""
    names = ("database-DatabaseSecret", "database-SecretKey", "roles-StageConfig")
    return [arn("secretsmanager", f"secret:{PROJECT}-{stage}-{name}-a1b2c3") for name in names]


def lend(role: str, to: str = "ecs-tasks.amazonaws.com") -> Call:
    """iam:PassRole of a role to a service of AWS."""
    return Call("iam:PassRole", iam_arn(f"role/{role}"), {"iam:PassedToService": to})


def within(stage: str) -> dict[str, str]:
    """The condition key of a call in a stage's cluster."""
    return {"ecs:cluster": cluster(stage)}


def release(stage: str) -> list[Call]:
    """What release.yml calls in ECS and CloudWatch Logs, in its order; `worker` is a process."""
    here = within(stage)
    of_web = {**here, "ecs:task-definition": family(stage, ":7")}
    of_worker = {**here, "ecs:task-definition": family(f"{stage}-worker", ":7")}
    return [
        Call("ecs:DescribeServices", service(stage), here),
        Call("ecs:DescribeServices", service(stage, "worker"), here),
        Call("ecs:DescribeTaskDefinition", "*"),
        Call("ecs:RunTask", family(stage, ":7"), here),
        Call("ecs:RunTask", family(stage), here),
        lend(f"{PROJECT}-{stage}-execution"),
        lend(f"{PROJECT}-{stage}-task"),
        Call("ecs:DescribeTasks", task(stage), here),
        Call("ecs:StopTask", task(stage), here),
        Call("ecs:UpdateService", service(stage), here),
        Call("ecs:UpdateService", service(stage), of_web),
        Call("ecs:UpdateService", service(stage, "worker"), of_worker),
        Call("ecs:ListTasks", "*", here),
        Call("logs:GetLogEvents", stream(stage)),
        Call("logs:GetLogEvents", stream(stage, "worker/worker/0a1b2c3d4e5f")),
    ]


def start(stage: str) -> list[Call]:
    """What ECS calls to start a container."""
    return [
        LOG_IN,
        *READ_IMAGES,
        *(Call("secretsmanager:GetSecretValue", secret) for secret in secrets(stage)),
        Call("logs:CreateLogStream", stream(stage)),
        Call("logs:PutLogEvents", stream(stage)),
        Call("logs:PutLogEvents", stream(stage, "worker/worker/0a1b2c3d4e5f")),
    ]


def schedule(stage: str) -> list[Call]:
    """What EventBridge Scheduler calls to start a task of the newest task definition."""
    here = within(stage)
    return [
        Call("ecs:RunTask", family(stage), here),
        Call("ecs:RunTask", family(stage, ":7"), here),
        lend(f"{PROJECT}-{stage}-execution"),
        lend(f"{PROJECT}-{stage}-task"),
    ]


def bucket(stage: str) -> str:
    """The ARN of the bucket of a stage's uploads."""
    return f"arn:aws:s3:::{PROJECT}-{stage}-{ACCOUNT}"


def store(stage: str) -> list[Call]:
    """What django-storages calls to store, read, look for and delete a file.

    https://django-storages.readthedocs.io/en/latest/backends/amazon-S3.html#iam-policy
    """
    file = f"{bucket(stage)}/items/picture.png"
    actions = ("AbortMultipartUpload", "DeleteObject", "GetObject", "PutObject")
    return [
        *(Call(f"s3:{action}", file) for action in actions),
        Call("s3:ListBucket", bucket(stage)),
    ]


def send(sender: str = SENDER, identity: str = "example.com") -> list[Call]:
    """What django-anymail calls to send mail: of the sender's identity, and of the recipient's as
    long as the account is in SES's sandbox.

    https://anymail.dev/en/stable/esps/amazon_ses/#iam-permissions
    """
    place = arn("ses", f"identity/{identity}")
    actions = ("SendEmail", "SendRawEmail")
    return [Call(f"ses:{action}", place, {"ses:FromAddress": sender}) for action in actions]


def run_project(name: str) -> list[Call]:
    """What CodeBuild calls for a project beside the buildspec's own calls."""
    log = arn("logs", f"log-group:/codebuild/{PROJECT}:log-stream:{name}/0a1b2c3d")
    return [
        Call("s3:GetObject", ARTIFACT),
        Call("s3:GetObjectVersion", ARTIFACT),
        Call("logs:CreateLogStream", log),
        Call("logs:PutLogEvents", log),
    ]


def run_pipeline() -> list[Call]:
    """What CodePipeline calls."""
    connection = "connection/0a1b2c3d"
    projects = [
        arn("codebuild", f"project/{PROJECT}-{name}")
        for name in ("build", "release-staging", "release-production")
    ]
    bucket = ARTIFACT.partition("/")[0]
    return [
        Call("codeconnections:UseConnection", arn("codeconnections", connection)),
        *(Call(f"s3:{each}", ARTIFACT) for each in ("GetObject", "GetObjectVersion", "PutObject")),
        Call("s3:GetBucketLocation", bucket),
        Call("s3:GetBucketVersioning", bucket),
        *(Call("codebuild:StartBuild", project) for project in projects),
        *(Call("codebuild:BatchGetBuilds", project) for project in projects),
    ]


NEEDED: dict[str, list[Call]] = {
    f"{PROJECT}-build": BUILD,
    f"{PROJECT}-codebuild-build": BUILD + run_project("build"),
    f"{PROJECT}-pipeline": run_pipeline(),
}
for _stage in STAGES:
    NEEDED |= {
        f"{PROJECT}-{_stage}-execution": start(_stage),
        f"{PROJECT}-{_stage}-task": store(_stage) + send() + send(identity="a@example.org"),
        f"{PROJECT}-{_stage}-scheduler": schedule(_stage),
        f"{PROJECT}-{_stage}-release": PROMOTE + release(_stage),
        f"{PROJECT}-codebuild-release-{_stage}": PROMOTE
        + release(_stage)
        + run_project(f"release-{_stage}"),
    }
