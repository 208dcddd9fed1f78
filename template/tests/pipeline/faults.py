"""Everything that may go wrong in a release, a row each: what happens, and how it must end."""

from collections.abc import Callable
from dataclasses import dataclass, field

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import ANY
from template.rehearsal.ecs import timelines
from template.tests.pipeline.account import OTHER, Account, put_image

ALWAYS = 1000
DENIED = AwsError("AccessDeniedException", "not today")
BROKEN = AwsError("InternalFailure", "the dog ate it", 500)
THROTTLED = AwsError("ThrottlingException", "Rate exceeded")
TAG_BACK = "The tag `staging` is back on"
UNCHANGED = "Nothing was changed."
HALF_DONE = "**Left half-done:**"


@dataclass(frozen=True)
class Fault:
    """A fault: how it is arranged, the words that have to tell it, and the state at the end.

    `tag` is what staging's tag names at the end, `serves` what its tasks run once all is quiet:
    "before", "promoted", "other" or "nothing".
    """

    name: str
    arrange: Callable[[Account], None]
    told: tuple[str, ...]
    tag: str = "before"
    serves: str = "before"
    succeeds: bool = False
    variables: dict[str, str] = field(default_factory=dict)


def deploys(timeline: timelines.Timeline) -> Callable[[Account], None]:
    """The next deployment goes like that."""
    return lambda account: account.timelines.deploy(timeline)


def migrates(life: object) -> Callable[[Account], None]:
    """The next migration goes like that."""
    return lambda account: account.timelines.run_task(life)


def fails(service: str, operation: str, error: AwsError, **when: int) -> Callable[[Account], None]:
    """A call is answered with an error, always or `times` after the first `skip`."""
    chosen = {"times": ALWAYS, **when}
    return lambda account: account.faults.fail(service, operation, error, **chosen)


def happens(service: str, operation: str, effect: Callable[[Account], None], **when: int):
    """Something happens at a call."""
    return lambda account: account.faults.inject(
        service, operation, lambda: effect(account), **when
    )


def both(*parts: Callable[[Account], None]) -> Callable[[Account], None]:
    """All of them."""

    def arrange(account: Account) -> None:
        for part in parts:
            part(account)

    return arrange


def nothing(account: Account) -> None:
    """Nothing is arranged: the variables are the fault."""


def somebody_releases(account: Account) -> None:
    """Another release moves the stage's tag to an image of its own."""
    account.digests["other"] = put_image(account.registry, ["staging"], OTHER)


FAULTS = (
    # The image is bad.
    Fault(
        "crash loop",
        deploys(timelines.CRASH_LOOP),
        ("tasks failed to start", "SECRET_KEY must be set", "exited", TAG_BACK),
    ),
    Fault(
        "out of memory",
        deploys(timelines.MEMORY_CRASH_LOOP),
        ("tasks failed to start", "137", "OutOfMemoryError", TAG_BACK),
    ),
    Fault(
        "fails the load balancer's checks",
        deploys(timelines.UNHEALTHY_LOOP),
        ("Task failed ELB health checks", TAG_BACK),
    ),
    Fault(
        "cannot be pulled",
        deploys(timelines.UNPULLABLE),
        ("CannotPullContainerError", TAG_BACK),
    ),
    Fault(
        "gets no secrets",
        deploys(timelines.WITHOUT_SECRETS),
        ("ResourceInitializationError", TAG_BACK),
    ),
    Fault(
        "no capacity until the deadline",
        deploys(timelines.STUCK),
        ("did not end within 4 seconds", "Capacity is unavailable", TAG_BACK, "brings the service"),
        variables={"DEPLOY_TIMEOUT": "4"},
    ),
    Fault(
        "an alarm rolls it back",
        deploys(timelines.ALARMED),
        ("alarm", TAG_BACK),
    ),
    Fault(
        "a crash loop of the image that runs already",
        deploys(timelines.CRASH_LOOP),
        ("tasks failed to start", "nothing to put back"),
        variables={"PREVIOUS_STAGE_NAME": "staging"},
    ),
    # Somebody else is at it.
    Fault(
        "replaced by another deployment",
        deploys(timelines.REPLACED),
        ("which somebody else started", TAG_BACK),
        serves="promoted",
    ),
    Fault(
        "the service is deleted meanwhile",
        deploys(timelines.DELETED),
        ("the service web is gone", TAG_BACK),
        serves="nothing",
    ),
    Fault(
        "another release moves the tag meanwhile",
        both(
            deploys(timelines.CRASH_LOOP),
            happens("ecs", "UpdateService", somebody_releases),
        ),
        ("tasks failed to start", "left as it is"),
        tag="other",
    ),
    # The migration is bad.
    Fault(
        "the migration fails",
        migrates(timelines.MIGRATION_FAILS),
        ("ended with exit code 1", 'column "title" already exists', TAG_BACK),
    ),
    Fault(
        "the migration is killed",
        migrates(timelines.MIGRATION_IS_KILLED),
        ("ended with exit code 137", TAG_BACK),
    ),
    Fault(
        "the migration hangs",
        migrates(timelines.MIGRATION_HANGS),
        ("did not end within 3 seconds", "The migration's task was stopped", TAG_BACK),
        variables={"MIGRATE_TIMEOUT": "3"},
    ),
    Fault(
        "the migration never starts",
        migrates(timelines.MIGRATION_NEVER_STARTS),
        ("did not end within 3 seconds", "The migration's task was stopped", TAG_BACK),
        variables={"MIGRATE_TIMEOUT": "3"},
    ),
    Fault(
        "the migration's image cannot be pulled",
        migrates(timelines.CANNOT_BE_PULLED),
        ("container never ran", "CannotPullContainerError", TAG_BACK),
    ),
    Fault(
        "the migration gets no secrets",
        migrates(timelines.GETS_NO_SECRETS),
        ("container never ran", "ResourceInitializationError", TAG_BACK),
    ),
    Fault(
        "no processor for the migration",
        migrates(timelines.NO_CPU),
        ("could not be started: RESOURCE:CPU", TAG_BACK),
    ),
    Fault(
        "no capacity for the migration",
        migrates(timelines.NO_FARGATE),
        ("could not be started: Capacity is unavailable", TAG_BACK),
    ),
    Fault(
        "a migration with quotes",
        nothing,
        ("cannot hold quotes", TAG_BACK),
        variables={"MIGRATE_COMMAND": 'sh -c "true"'},
    ),
    # AWS or the registry says no.
    Fault(
        "no login",
        fails("ecr", "GetAuthorizationToken", DENIED),
        ("not today", "cannot log in", UNCHANGED),
    ),
    Fault(
        "the registry cannot be read",
        fails("registry", "BatchGetImage", DENIED),
        ("did not tell what", UNCHANGED),
    ),
    Fault(
        "the tag may not be moved",
        fails("registry", "PutImage", DENIED),
        ("could not be moved", "left as it is"),
    ),
    Fault(
        "there is no such image",
        nothing,
        ("there is no image", "Build that commit first", UNCHANGED),
        variables={"PREVIOUS_STAGE_NAME": "f" * 40},
    ),
    Fault(
        "there is no such cluster",
        nothing,
        ("Check CLUSTER_ARN and SERVICE_NAME", UNCHANGED),
        variables={"CLUSTER_ARN": "arn:aws:ecs:eu-central-1:123456789012:cluster/nobodys"},
    ),
    Fault(
        "there is no such service",
        fails(
            "ecs", "DescribeServices", AwsError("ClusterNotFoundException", "Cluster not found.")
        ),
        ("Cluster not found.", "Check CLUSTER_ARN and SERVICE_NAME", UNCHANGED),
    ),
    Fault(
        "the task definition names another tag",
        nothing,
        ("so a new deployment would not change it", UNCHANGED),
        variables={"STAGE_NAME": "latest"},
    ),
    Fault(
        "the task definition may not be read",
        fails("ecs", "DescribeTaskDefinition", DENIED),
        ("not today", UNCHANGED),
    ),
    Fault(
        "the migration may not be started",
        fails("ecs", "RunTask", DENIED),
        ("not today", "refused to start the migration", TAG_BACK),
    ),
    Fault(
        "the migration cannot be watched",
        fails("ecs", "DescribeTasks", DENIED),
        ("how the migration is doing, five times in a row", "task was stopped", TAG_BACK),
    ),
    Fault(
        "the service may not be redeployed",
        fails("ecs", "UpdateService", DENIED),
        ("refused the new deployment", TAG_BACK),
    ),
    Fault(
        "the rollout cannot be watched",
        both(deploys(timelines.STUCK), fails("ecs", "DescribeServices", DENIED, skip=2)),
        ("how the rollout is doing, five times in a row", TAG_BACK, "brings the service"),
    ),
    Fault(
        "a crash loop that may not be explained",
        both(
            deploys(timelines.CRASH_LOOP),
            fails("ecs", "ListTasks", DENIED),
            fails("logs", "GetLogEvents", DENIED),
        ),
        ("tasks failed to start", TAG_BACK),
    ),
    # The way back is cut off.
    Fault(
        "the tag cannot be put back",
        both(
            deploys(timelines.CRASH_LOOP),
            fails("registry", "PutImage", DENIED, skip=1),
        ),
        ("tasks failed to start", HALF_DONE, "docker buildx imagetools create"),
        tag="promoted",
    ),
    Fault(
        "the credentials expire during the rollout",
        both(
            deploys(timelines.STUCK),
            happens(
                "ecs", "DescribeServices", lambda account: account.cloud.sessions.expire(), skip=2
            ),
        ),
        ("ExpiredToken", TAG_BACK, HALF_DONE, "aws ecs update-service"),
    ),
    Fault(
        "the credentials and the login expire",
        both(
            deploys(timelines.STUCK),
            happens("ecs", "DescribeServices", lambda account: account.cloud.expire(), skip=2),
        ),
        (HALF_DONE, "the registry does not answer", "aws ecs update-service"),
        tag="promoted",
    ),
    # Not a fault in the end.
    Fault(
        "the network is cut twice",
        lambda account: account.faults.cut("ecs", "DescribeServices", times=2, skip=1),
        ("asking again (2 of 5)", "Released to staging"),
        tag="promoted",
        serves="promoted",
        succeeds=True,
        variables={"AWS_MAX_ATTEMPTS": "1"},
    ),
    Fault(
        "ECS throttles",
        both(
            fails("ecs", "DescribeServices", THROTTLED, times=2, skip=1),
            fails("ecs", "UpdateService", THROTTLED, times=2),
        ),
        ("Released to staging",),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "the log cannot be read",
        fails("logs", ANY, BROKEN),
        ("Released to staging",),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "the first tasks crash, the next serve",
        deploys(timelines.RECOVERS),
        ("Released to staging", "1 of 1 tasks run"),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "a slow start",
        deploys(timelines.SLOW),
        ("Released to staging",),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "the same image again",
        nothing,
        ("Released to staging",),
        serves="before",
        succeeds=True,
        variables={"PREVIOUS_STAGE_NAME": "staging"},
    ),
)


def check(account: Account, fault: Fault) -> None:
    """Release with the fault: its end is told, and the tag names what serves or that is said."""
    fault.arrange(account)
    done = account.release(**fault.variables)
    told = done.output + done.summary
    assert done.succeeded == fault.succeeds, told
    assert account.tags["staging"] == account.digests[fault.tag], told
    for words in fault.told:
        assert words in told, f"{words!r} is missing in:\n{told}"
    assert account.serving() == {account.digests[fault.serves]} - {None}
