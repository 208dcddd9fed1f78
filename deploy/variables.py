"""The variables that the workflows read: their names, their form, their values."""

import re

from deploy.settings import REGION
from deploy.stacks import Stack

# In the order of setting: the last one switches deploying on.
OF_REPOSITORY = ("AWS_REGION", "ECR_ENDPOINT", "ECR_IMAGE_URL", "AWS_BUILD_ROLE_ARN")
OF_STAGE = ("AWS_ACCOUNT_ID", "AWS_RELEASE_ROLE_ARN", "CLUSTER_ARN", "SERVICE_NAME")
# The database that a release takes a snapshot of, where stages.toml has snapshot_before_release.
SNAPSHOT = "SNAPSHOT_DATABASE"

REGISTRY = r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"
ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
# Form of each variable's value, and an example of it.
FORMS = {
    "AWS_REGION": (REGION, "eu-central-1"),
    "ECR_ENDPOINT": (REGISTRY, "123456789012.dkr.ecr.eu-central-1.amazonaws.com"),
    "ECR_IMAGE_URL": (
        REGISTRY + r"/[a-z0-9][a-z0-9._/-]*",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/django-crud-app",
    ),
    "AWS_BUILD_ROLE_ARN": (ROLE, "arn:aws:iam::123456789012:role/django-crud-app-build"),
    "AWS_ACCOUNT_ID": (r"\d{12}", "123456789012"),
    "AWS_RELEASE_ROLE_ARN": (
        ROLE,
        "arn:aws:iam::123456789012:role/django-crud-app-staging-release",
    ),
    "CLUSTER_ARN": (
        r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/[\w-]+",
        "arn:aws:ecs:eu-central-1:123456789012:cluster/django-crud-app-staging",
    ),
    "SERVICE_NAME": (r"[\w-]{1,255}( [\w-]{1,255})*", "web"),
}


def of_repository(region: str, github: Stack) -> dict[str, str]:
    """Return the repository's variables, from the outputs of the GitHub stack."""
    return {
        "AWS_REGION": region,
        "ECR_ENDPOINT": github.outputs["EcrEndpoint"],
        "ECR_IMAGE_URL": github.outputs["EcrImageUrl"],
        "AWS_BUILD_ROLE_ARN": github.outputs["BuildRoleArn"],
    }


def of_stage(
    roles: Stack, service: Stack, processes: list[str], snapshot: str = ""
) -> dict[str, str]:
    """Return the variables of a stage's environment, from the outputs of two of its stacks.

    The services that a release redeploys are the web server, and the processes by their names.
    `snapshot` is the database that it takes a snapshot of; without, there is no such variable.
    """
    role = roles.outputs["ReleaseRoleArn"]
    return {
        "AWS_ACCOUNT_ID": role.split(":")[4],
        "AWS_RELEASE_ROLE_ARN": role,
        "CLUSTER_ARN": service.outputs["ClusterArn"],
        "SERVICE_NAME": " ".join([service.outputs["ServiceName"], *processes]),
        SNAPSHOT: snapshot,
    }


def database_name(database: Stack | None) -> str:
    """Return the name in RDS of a stage's own database, or nothing without one.

    In stacks from before the output it is how the host's name begins.
    """
    if database is None:
        return ""
    host = database.outputs.get("DatabaseHost", "").partition(".")[0]
    return database.outputs.get("DatabaseIdentifier", host)


def expected_github(partition: str, account: str, region: str, project: str) -> Stack:
    """Return the GitHub stack that is to be, with the outputs that its names lead to."""
    endpoint = f"{account}.dkr.ecr.{region}.amazonaws.com"
    outputs = {
        "EcrEndpoint": endpoint,
        "EcrImageUrl": f"{endpoint}/{project}",
        "RepositoryArn": f"arn:{partition}:ecr:{region}:{account}:repository/{project}",
        "BuildRoleArn": f"arn:{partition}:iam::{account}:role/{project}-build",
    }
    return Stack(f"{project}-github", "", "", outputs=outputs)


def expected_roles(partition: str, account: str, name: str) -> Stack:
    """Return the stage's stack of roles that is to be, with what its name leads to."""
    role = f"arn:{partition}:iam::{account}:role/{name}-release"
    return Stack(f"{name}-roles", "", "", outputs={"ReleaseRoleArn": role})


def expected_service(partition: str, account: str, region: str, name: str) -> Stack:
    """Return the stage's stack of the service that is to be, with what its name leads to."""
    cluster = f"arn:{partition}:ecs:{region}:{account}:cluster/{name}"
    return Stack(name, "", "", outputs={"ClusterArn": cluster, "ServiceName": "web"})


def malformed(variables: dict[str, str]) -> dict[str, str]:
    """Return an example for each variable whose value cannot be right."""
    return {
        name: example
        for name, (form, example) in FORMS.items()
        if name in variables and not re.fullmatch(form, variables[name])
    }
