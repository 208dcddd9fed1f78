"""Names of variables that `config` refuses, each with the reason and where it is decided."""

import re
from collections.abc import Iterable
from typing import Any

from deploy.assignments import NAME
from deploy.cluster import Cluster
from deploy.errors import SetupError
from deploy.image import image_variables
from deploy.task import container_of

DOMAIN = "`domain` in stages.toml decides"
DATABASE = "the stage's database decides (docs/setup.md)"
# Where those are decided that deploy/infra/ sets, or the entry point makes.
DECIDED = {
    "ALLOWED_HOSTS": DOMAIN,
    "AWS_STORAGE_BUCKET_NAME": "`uploads` in stages.toml decides",
    "CACHE_URL": "`cache` in stages.toml decides",
    "CSRF_TRUSTED_ORIGINS": DOMAIN,
    "DEFAULT_FROM_EMAIL": "`mail_from` in stages.toml decides",
    "HTTPS": DOMAIN,
    "SENTRY_ENVIRONMENT": "it is the stage's name",
}
# What a name of this form would do, whatever the stage has.
FORMS = [
    (r"STAGE_CONFIG\w*", "that is what all of these are kept in"),
    (
        r"DATABASE_URL|PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|PASSFILE|SERVICE|SERVICEFILE|"
        r"SSLMODE)",
        DATABASE,
    ),
    (r"SECRET_KEY", "it has a secret of its own (docs/operations.md, Secrets)"),
    (
        r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|(DEFAULT_)?PROFILE|"
        r"ROLE_\w+|WEB_IDENTITY_\w+|CONTAINER_\w+|CONFIG_FILE|SHARED_CREDENTIALS_FILE|"
        r"EC2_METADATA_\w+)",
        "what a container may do in AWS is the task role's (deploy/infra/roles.yml)",
    ),
    (r"AWS_((DEFAULT_)?REGION|EXECUTION_ENV)|ECS_\w+", "ECS sets it"),
    (
        r"LD_\w+|GLIBC_TUNABLES|GCONV_PATH|BASH_ENV|"
        r"PYTHON(PATH|HOME|STARTUP|PLATLIBDIR|USERBASE|EXECUTABLE)",
        "it decides which code runs: that belongs into the Dockerfile",
    ),
    (r"PATH|HOME|HOSTNAME", "the container has it already, and that stays"),
]


def check_names(names: Iterable[str], stage: str, stages: set[str]) -> None:
    """Raise SetupError for names that cannot be set for a stage, with the reason of each; `stages`
    are the names that it sets itself."""
    images = set(image_variables())
    reasons = {name: reason_against(name, stages, images) for name in names}
    if lines := [f"  {name}: {reason}." for name, reason in reasons.items() if reason]:
        raise SetupError(
            "\n".join([f"Nothing was changed. These cannot be set for {stage}:", *lines]),
            "Leave them out, then run this again.",
        )


def check_form(names: Iterable[str]) -> None:
    """Raise SetupError for what no variable can be called, without repeating it: it may be a
    value that somebody gave in the wrong place."""
    for number, name in enumerate(names, start=1):
        if not NAME.fullmatch(name):
            raise SetupError(
                f"The name of variable {number} cannot be: letters, digits and `_` can, no digit"
                " first, 255 at most.",
                "Give NAME=value, with the whole word in quotes where the value has blanks.",
            )


def reason_against(name: str, stages: set[str], images: set[str]) -> str:
    """Return why a name cannot be set, or nothing where it can."""
    for form, reason in FORMS:
        # The settings read SECRET_KEY_FILE, and the like, in place of SECRET_KEY.
        if re.fullmatch(form, name.removesuffix("_FILE")):
            return reason
    if name.removesuffix("_FILE") in stages:
        return DECIDED.get(name.removesuffix("_FILE"), "deploy/infra/stage.yml sets it")
    if name in images:
        return "the Dockerfile sets it, and an image's own variable stays"
    return ""


def set_by_stage(cluster: Cluster) -> set[str]:
    """Return the variables that the stage's containers have by deploy/infra/stage.yml."""
    container = web_container(cluster)
    declared = [*container.get("environment", []), *container.get("secrets", [])]
    return {one["name"] for one in declared}


def web_container(cluster: Cluster) -> dict[str, Any]:
    """Return the web server's container as its task definition has it."""
    service = cluster.service()
    asked = ("describe-task-definition", "--task-definition", service["taskDefinition"])
    return container_of(service, cluster.aws.ask("ecs", *asked)["taskDefinition"])
