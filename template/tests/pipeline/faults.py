"""Everything that may go wrong in a release, a row each: what happens, and how it must end."""

from collections.abc import Callable
from dataclasses import dataclass, field

from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.faults import ANY
from template.rehearsal.ecs import timelines
from template.rehearsal.ecs.deployments import COMPLETED
from template.rehearsal.project import NAME
from template.tests.pipeline.account import FIRST, OTHER, QUIET, Account, put_image
from template.tests.pipeline.workers import WORKER

ALWAYS = 1000
DENIED = AwsError("AccessDeniedException", "not today")
BROKEN = AwsError("InternalFailure", "the dog ate it", 500)
THROTTLED = AwsError("ThrottlingException", "Rate exceeded")
TAG_BACK = "The tag `staging` is back on"
UNCHANGED = "Nothing was changed."
HALF_DONE = "**Left half-done:**"
RELEASED = "Released to staging"
NOT_ACTIVE = AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
NO_LAYERS = AwsError("LayersNotFoundException", "The specified layers could not be found")
NO_REPOSITORY = AwsError(
    "RepositoryNotFoundException", "The repository with name 'django-crud-app' does not exist"
)
# Calls of DescribeServices that a release makes before it begins to work: to look twice, to wait,
# and to migrate.
AT_WORK = 4
CLASSIC = [{"loadBalancerName": "classic", "containerName": "web", "containerPort": 80}]


@dataclass(frozen=True)
class Fault:
    """A fault: how it is arranged, the words that have to tell it, and the state at the end.

    `tag` is what staging's tag names at the end, `serves` what its tasks run once all is quiet:
    "before", "promoted", "other" or "nothing". `worker` is the story of a worker beside the web
    server, until the release; it serves the same, unless `worker_serves` tells otherwise.
    """

    name: str
    arrange: Callable[[Account], None]
    told: tuple[str, ...]
    tag: str = "before"
    serves: str = "before"
    succeeds: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    worker: timelines.Timeline | None = None
    worker_serves: str = ""


def deploys(*stories: timelines.Timeline) -> Callable[[Account], None]:
    """The next deployments go like that."""
    return lambda account: account.timelines.deploy(*stories)


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


def somebody_releases_and_regrets(account: Account) -> None:
    """Another release moves the stage's tag, and at the next look the tag is back."""
    somebody_releases(account)
    happens("registry", "BatchGetImage", lambda it: put_image(it.registry, ["staging"], FIRST))(
        account
    )


def somebody_deploys(account: Account) -> None:
    """Somebody presses **Force new deployment** in the console."""
    account.ecs.call("UpdateService", {**account.service, "forceNewDeployment": True})


def somebody_migrates(account: Account) -> None:
    """Another release to the stage runs its migration."""
    account.timelines.run_task(timelines.MIGRATION_HANGS)
    start_task(account, startedBy="release-staging")


def start_task(account: Account, **who: str) -> None:
    """A task of the web server's task definition is started, for somebody."""
    web = account.scheduler.service
    account.ecs.call(
        "RunTask",
        {
            "cluster": account.service["cluster"],
            "taskDefinition": web.settings["taskDefinition"],
            "launchType": "FARGATE",
            "networkConfiguration": web.settings["networkConfiguration"],
            **who,
        },
    )


def has(**settings: object) -> Callable[[Account], None]:
    """The service has these settings besides."""
    return lambda account: account.scheduler.service.settings.update(settings)


def no_events(account: Account) -> None:
    """The events are gone before anybody reads them."""
    account.scheduler.advance(account.clock.now())
    account.scheduler.service.forget_events()


def a_schedule_runs(life: timelines.Life) -> Callable[[Account], None]:
    """A schedule starts a task of the web server's task definition while a release waits."""

    def arrange(account: Account) -> None:
        migrates(life)(account)
        start_task(account, group="schedule:clear-sessions", startedBy="schedule")

    return arrange


def image_is_deleted(account: Account) -> None:
    """Somebody deletes the image that ran before; its layers are there for a while."""
    account.registry.delete(NAME, account.digests["before"])


def image_is_gone(account: Account) -> None:
    """The image that ran before is deleted with its layers, and cannot be put again."""
    image_is_deleted(account)
    account.faults.fail("ecr", "PutImage", NO_LAYERS, times=ALWAYS)


def wants_one_more(account: Account) -> None:
    """Autoscaling wants one task more as soon as the deployment is completed."""
    account.scheduler.advance(account.clock.now())
    if account.scheduler.service.primary.rollout_state == COMPLETED:
        account.scheduler.scale(2)


def time_passes(account: Account) -> None:
    """Everything has happened."""
    account.clock.advance(QUIET)


def time_stops(account: Account) -> None:
    """From now on time passes where a fault says so, whatever the machine's pace."""
    account.clock.stop()


def half_a_minute_passes(account: Account) -> None:
    """Half a minute passes, unless ECS rolls a service back."""
    services = account.ecs.services(account.service["cluster"])
    if not any(service.primary.undoes for service in services):
        account.clock.advance(30)


# From the deployments on, half a minute passes with each look, until ECS rolls back.
STEP_BY_STEP = (
    happens("ecs", "UpdateService", time_stops),
    happens("ecs", "DescribeServices", half_a_minute_passes, skip=AT_WORK, times=ALWAYS),
)


def long_event(account: Account) -> None:
    """ECS tells a very long story."""
    account.scheduler.service.say(account.clock.now(), "x" * 400_000)


def nothing_is_started(account: Account) -> None:
    """UpdateService answers, and starts no deployment."""
    account.scheduler.deploy = lambda definition: None


def is_inactive(account: Account) -> None:
    """The service was deleted."""
    account.scheduler.service.status = "INACTIVE"


def worker_is_inactive(account: Account) -> None:
    """The worker was deleted."""
    account.ecs.scheduler(account.service["cluster"], WORKER).service.status = "INACTIVE"


def is_forgotten(account: Account) -> None:
    """The service was deleted an hour ago."""
    account.ecs.forget_service(account.service["cluster"], "web")


NO_NUMBERS = [
    *(("DEPLOY_TIMEOUT", value) for value in ("30m", "0900", "0", "-1", "1e3", "1 2", "9999999")),
    ("MIGRATE_TIMEOUT", "0900"),
    ("WAIT_TIMEOUT", "ten"),
    ("SNAPSHOT_TIMEOUT", "30m"),
    ("REGISTRY_TIMEOUT", "1.5"),
    *(("POLL_SECONDS", value) for value in ("ten", "0", "0.0", "010", "10s")),
]
NO_TAGS = [
    *(("STAGE_NAME", value) for value in ("feature/x", "my prod", " staging", ".x", "x" * 119)),
    ("PREVIOUS_STAGE_NAME", "team/prod"),
    ("PREVIOUS_STAGE_NAME", f"{FIRST};true"),
    ("PREVIOUS_STAGE_NAME", f"@sha256:{FIRST}"),
]

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
    Fault(
        "rolled back before anybody looks",
        both(
            deploys(timelines.CRASH_LOOP),
            happens("ecs", "DescribeServices", time_passes, skip=AT_WORK),
        ),
        ("ECS rolled the deployment of web back", "tasks failed to start", TAG_BACK, "ECS itself"),
    ),
    Fault(
        "a rollback without an event",
        both(
            deploys(timelines.CRASH_LOOP),
            happens("ecs", "DescribeServices", no_events, times=ALWAYS),
            *STEP_BY_STEP,
        ),
        ("circuit breaker", TAG_BACK, "ECS itself brings the service web back"),
    ),
    Fault(
        "a rollback that nobody tells of",
        both(
            deploys(timelines.CRASH_LOOP),
            happens("ecs", "DescribeServices", time_passes, skip=AT_WORK),
            happens("ecs", "DescribeServices", no_events, times=ALWAYS),
        ),
        ("completed, and yet web runs sha256:", "or ECS has gone back by itself", TAG_BACK),
    ),
    Fault(
        "tasks that come and go until the deadline",
        deploys(timelines.FLAPPING),
        (
            "did not end within 4 seconds",
            "Task failed ELB health checks",
            TAG_BACK,
            "brings the service",
        ),
        variables={"DEPLOY_TIMEOUT": "4"},
    ),
    Fault(
        "a very long event",
        both(
            deploys(timelines.CRASH_LOOP),
            happens("ecs", "DescribeServices", long_event, skip=AT_WORK, times=ALWAYS),
        ),
        ("tasks failed to start", "xxx", TAG_BACK),
    ),
    Fault(
        "no log of the crash",
        both(
            deploys(timelines.CRASH_LOOP),
            fails("logs", ANY, AwsError("ResourceNotFoundException", "no such log stream")),
        ),
        ("tasks failed to start", "no such log stream", TAG_BACK),
    ),
    # Somebody else is at it.
    Fault(
        "replaced by another deployment of the same image",
        deploys(timelines.REPLACED),
        ("takes the same image: following that", RELEASED),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "replaced by another deployment, which crashes",
        deploys(timelines.REPLACED, timelines.CRASH_LOOP),
        ("takes the same image: following that", "tasks failed to start", TAG_BACK),
    ),
    Fault(
        "replaced by a deployment of another image",
        both(
            deploys(timelines.REPLACED),
            happens("ecs", "DescribeServices", somebody_releases, skip=AT_WORK),
        ),
        ("which somebody else started", "left as it is"),
        tag="other",
        serves="other",
    ),
    Fault(
        "another release moves the tag before the deployment",
        happens("ecs", "DescribeTasks", somebody_releases),
        ("somebody else has moved the tag staging", "One release at a time.", "left as it is"),
        tag="other",
    ),
    Fault(
        "another release moves the tag with the deployment",
        happens("ecs", "UpdateService", somebody_releases),
        ("somebody else has moved the tag staging", "left as it is"),
        tag="other",
        serves="other",
    ),
    Fault(
        "another release moves the tag, and back",
        happens("ecs", "UpdateService", somebody_releases_and_regrets),
        ("completed, and yet web runs sha256:", TAG_BACK, "brings the service"),
    ),
    Fault(
        "another release moves the tag at the end",
        happens("ecs", "ListTasks", somebody_releases, skip=1),
        ("somebody else has moved the tag staging", "left as it is"),
        tag="other",
        serves="promoted",
    ),
    Fault(
        "somebody deploys our image, whose migration fails",
        both(
            migrates(timelines.MIGRATION_FAILS),
            happens("ecs", "DescribeTasks", somebody_deploys),
        ),
        ("ended with exit code 1", TAG_BACK, "brings the service"),
    ),
    Fault(
        "no new deployment is started",
        nothing_is_started,
        ("ECS started no new deployment of web", TAG_BACK),
    ),
    Fault(
        "another release runs",
        # It gets nowhere until it was looked at, however late that is; then another one ends.
        both(
            deploys(timelines.STUCK),
            somebody_deploys,
            happens("ecs", "ListTasks", somebody_deploys, skip=1),
        ),
        ("Waiting for the deployment ecs-svc/", RELEASED),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "another release gets nowhere",
        both(deploys(timelines.STUCK), somebody_deploys),
        ("This release goes on and takes its place", RELEASED),
        tag="promoted",
        serves="promoted",
        succeeds=True,
        variables={"WAIT_TIMEOUT": "1"},
    ),
    Fault(
        "another release migrates for too long",
        somebody_migrates,
        ("Waiting for the migration of another release", "aws ecs stop-task", UNCHANGED),
        variables={"WAIT_TIMEOUT": "1"},
    ),
    Fault(
        "nobody can be waited for",
        fails("ecs", "ListTasks", DENIED),
        ("how the release before this one is doing, five times in a row", UNCHANGED),
    ),
    Fault(
        "the service is deleted meanwhile",
        deploys(timelines.DELETED),
        ("the service web is gone", TAG_BACK),
        serves="nothing",
    ),
    Fault(
        "the service is forgotten meanwhile",
        both(
            deploys(timelines.SLOW),
            happens("ecs", "DescribeServices", is_forgotten, skip=AT_WORK),
        ),
        ("the service web is gone (ECS says: MISSING)", TAG_BACK),
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
    # One of two services is bad.
    Fault(
        "the worker crashes at start",
        both(deploys(timelines.SUCCEEDS, timelines.CRASH_LOOP), *STEP_BY_STEP),
        (
            "the deployment of worker failed: ECS deployment circuit breaker",
            "SECRET_KEY must be set",
            TAG_BACK,
            "brings the service web back",
            "ECS itself brings the service worker back",
        ),
        worker=timelines.SUCCEEDS,
    ),
    Fault(
        "the worker never starts",
        deploys(timelines.SUCCEEDS, timelines.STUCK),
        ("the rollout of worker did not end within 4 seconds", "Capacity is unavailable", TAG_BACK),
        variables={"DEPLOY_TIMEOUT": "4"},
        worker=timelines.SUCCEEDS,
    ),
    Fault(
        "the web server crashes beside a good worker",
        both(deploys(timelines.CRASH_LOOP), *STEP_BY_STEP),
        ("the deployment of web failed", TAG_BACK, "brings the service worker back"),
        worker=timelines.SUCCEEDS,
    ),
    Fault(
        "the worker does not stop on SIGTERM",
        nothing,
        (RELEASED,),
        tag="promoted",
        serves="promoted",
        succeeds=True,
        worker=timelines.STUBBORN,
    ),
    *(
        Fault(
            f"the worker is refused with {error.code}",
            fails("ecs", "UpdateService", error, skip=1, times=1),
            (error.code, "refused the new deployment of worker", TAG_BACK, "the service web back"),
            worker=timelines.SUCCEEDS,
        )
        for error in (DENIED, NOT_ACTIVE)
    ),
    Fault(
        "the worker is deleted meanwhile",
        happens("ecs", "UpdateService", worker_is_inactive, skip=1),
        ("ServiceNotActiveException", "refused the new deployment of worker", TAG_BACK),
        worker=timelines.SUCCEEDS,
        worker_serves="nothing",
    ),
    Fault(
        "the worker's failure cannot be followed by a way back",
        both(
            deploys(timelines.SUCCEEDS, timelines.STUCK),
            fails("ecs", "UpdateService", DENIED, skip=2),
        ),
        (
            "the rollout of worker did not end",
            f"{HALF_DONE} the service web could not be sent back",
            f"{HALF_DONE} the service worker could not be sent back",
        ),
        serves="promoted",
        worker_serves="before",
        variables={"DEPLOY_TIMEOUT": "4"},
        worker=timelines.SUCCEEDS,
    ),
    # The migration is bad.
    Fault(
        "the migration ends with 3",
        migrates(timelines.MIGRATION_ENDS_WITH_3),
        ("ended with exit code 3", TAG_BACK),
        worker=timelines.SUCCEEDS,
    ),
    Fault(
        "somebody interrupts the migration",
        migrates(timelines.MIGRATION_IS_INTERRUPTED),
        ("ended with exit code 143: Task stopped by user", TAG_BACK),
    ),
    Fault(
        "the stage's configuration is no JSON",
        migrates(timelines.CONFIG_IS_NO_JSON),
        ("ended with exit code 1", "STAGE_CONFIG must be a JSON object", TAG_BACK),
        worker=timelines.SUCCEEDS,
    ),
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
        "ECS tells nothing of the migration",
        migrates(timelines.NO_ANSWER),
        ("could not be started: ECS gave no reason", TAG_BACK),
    ),
    Fault(
        "a migration with quotes",
        nothing,
        ("cannot hold quotes", UNCHANGED),
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
        "there is no such repository",
        both(
            fails("registry", "BatchGetImage", NO_REPOSITORY),
            fails("ecr", "BatchGetImage", NO_REPOSITORY),
        ),
        ("RepositoryNotFoundException", "did not tell what", UNCHANGED),
    ),
    Fault(
        "a proxy knows nothing of the registry",
        fails("registry", "BatchGetImage", NO_REPOSITORY),
        ("and ECR says: it is there", "did not tell what", UNCHANGED),
    ),
    Fault(
        "the registry is broken",
        fails("registry", "BatchGetImage", AwsError("InternalFailure", "broken", 500)),
        ("did not tell what", UNCHANGED),
    ),
    Fault(
        "the image's parts may not be read",
        both(
            fails("registry", "BatchCheckLayerAvailability", DENIED),
            fails("registry", "GetDownloadUrlForLayer", DENIED),
        ),
        ("could not be moved", TAG_BACK),
    ),
    Fault(
        "the tag may not be moved",
        fails("registry", "PutImage", DENIED),
        ("could not be moved", TAG_BACK),
    ),
    Fault(
        "there is no such image",
        nothing,
        ("there is no image", "Build that commit first", UNCHANGED),
        variables={"PREVIOUS_STAGE_NAME": "f" * 40},
    ),
    *(
        Fault(
            f"{name} is {value!r}",
            nothing,
            (f"{name} must be a number of seconds above 0", f"not '{value}'", UNCHANGED),
            variables={name: value},
        )
        for name, value in NO_NUMBERS
    ),
    *(
        Fault(
            f"{name} is {value!r}",
            nothing,
            (f"{name} cannot be a tag of an image: '{value}'", UNCHANGED),
            variables={name: value},
        )
        for name, value in NO_TAGS
    ),
    *(
        Fault(
            f"a commit like {value!r}",
            nothing,
            ("there is no image", "all of its 40 digits, in lower case", UNCHANGED),
            variables={"PREVIOUS_STAGE_NAME": value},
        )
        for value in (FIRST[:7], FIRST[:39], FIRST.upper())
    ),
    Fault(
        "a repository in upper case",
        nothing,
        ("have no upper case", UNCHANGED),
        variables={"ECR_IMAGE_URL": "127.0.0.1:1/Items"},
    ),
    *(
        Fault(
            f"a service of {kind}",
            has(deploymentController={"type": kind}),
            (f"deployed by {kind} with", "Only rolling updates by ECS", UNCHANGED),
        )
        for kind in ("CODE_DEPLOY", "EXTERNAL")
    ),
    *(
        Fault(
            f"a service with the strategy {strategy}",
            has(deploymentConfiguration={"strategy": strategy}),
            (f"with the strategy {strategy}", "Only rolling updates by ECS", UNCHANGED),
        )
        for strategy in ("BLUE_GREEN", "LINEAR", "CANARY")
    ),
    Fault(
        "the service was deleted",
        is_inactive,
        ("there is no active service web", "(ECS says: INACTIVE)", UNCHANGED),
        serves="nothing",
    ),
    Fault(
        "the service was deleted long ago",
        is_forgotten,
        ("there is no active service web", "(ECS says: MISSING)", UNCHANGED),
        serves="nothing",
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
        both(deploys(timelines.STUCK), fails("ecs", "DescribeServices", DENIED, skip=AT_WORK)),
        ("how the rollout is doing, five times in a row", TAG_BACK, "brings the service"),
    ),
    Fault(
        "a crash loop that may not be explained",
        both(
            deploys(timelines.CRASH_LOOP),
            fails("ecs", "ListTasks", DENIED, skip=1),
            fails("logs", "GetLogEvents", DENIED),
        ),
        ("tasks failed to start", TAG_BACK),
    ),
    Fault(
        "fewer tasks than wanted",
        both(
            deploys(timelines.Timeline((timelines.SERVES, timelines.CANNOT_BE_PLACED))),
            happens("ecs", "DescribeServices", wants_one_more, skip=AT_WORK, times=ALWAYS),
        ),
        ("the deployment of web completed, but", "1 of 2", TAG_BACK, "brings the service"),
        variables={"DEPLOY_TIMEOUT": "4"},
    ),
    # The way back is cut off.
    Fault(
        "the image of before is deleted meanwhile",
        both(deploys(timelines.CRASH_LOOP), happens("ecs", "UpdateService", image_is_deleted)),
        ("tasks failed to start", TAG_BACK),
    ),
    Fault(
        "the image of before is deleted with its layers",
        both(deploys(timelines.CRASH_LOOP), happens("ecs", "UpdateService", image_is_gone)),
        (
            "tasks failed to start",
            f"{HALF_DONE} the image `sha256:",
            "is gone from the registry",
            "Release an image that is there",
        ),
        tag="promoted",
    ),
    Fault(
        "the tag cannot be put back",
        both(
            deploys(timelines.CRASH_LOOP),
            fails("registry", "PutImage", DENIED, skip=1),
            fails("ecr", "PutImage", DENIED),
        ),
        ("tasks failed to start", HALF_DONE, "docker buildx imagetools create"),
        tag="promoted",
    ),
    Fault(
        "the credentials expire during the rollout",
        both(
            deploys(timelines.STUCK),
            happens(
                "ecs",
                "DescribeServices",
                lambda account: account.cloud.sessions.expire(),
                skip=AT_WORK,
            ),
        ),
        (
            "ExpiredToken",
            "credentials have expired, which last an hour",
            TAG_BACK,
            HALF_DONE,
            "aws ecs update-service",
        ),
    ),
    Fault(
        "the credentials and the login expire",
        both(
            deploys(timelines.STUCK),
            happens(
                "ecs", "DescribeServices", lambda account: account.cloud.expire(), skip=AT_WORK
            ),
        ),
        (HALF_DONE, "the registry does not answer", "aws ecs update-service"),
        tag="promoted",
    ),
    # Not a fault in the end.
    *(
        Fault(
            f"a schedule {name} meanwhile",
            a_schedule_runs(life),
            (RELEASED,),
            tag="promoted",
            serves="promoted",
            succeeds=True,
        )
        for name, life in (("runs", timelines.MIGRATION_HANGS), ("fails", timelines.CRASHES))
    ),
    Fault(
        "autoscaling wants one task more",
        happens("ecs", "DescribeServices", wants_one_more, skip=AT_WORK, times=ALWAYS),
        (RELEASED, "2 of 2"),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "the network is cut twice",
        lambda account: account.faults.cut("ecs", "DescribeServices", times=2, skip=AT_WORK),
        ("asking again (2 of 5)", "Released to staging"),
        tag="promoted",
        serves="promoted",
        succeeds=True,
        variables={"AWS_MAX_ATTEMPTS": "1"},
    ),
    Fault(
        "ECS throttles",
        both(
            fails("ecs", "DescribeServices", THROTTLED, times=2, skip=AT_WORK),
            fails("ecs", "UpdateService", THROTTLED, times=2),
        ),
        ("Released to staging",),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "ECS throttles for as long as an AWS CLI by itself would ask",
        fails("ecs", "UpdateService", THROTTLED, times=5),
        ("Released to staging",),
        tag="promoted",
        serves="promoted",
        succeeds=True,
        variables={"AWS_MAX_ATTEMPTS": ""},
    ),
    Fault(
        "what ran before cannot be remembered",
        both(fails("registry", "PutImage", DENIED, skip=1), fails("ecr", "PutImage", DENIED)),
        ("staging-previous could not be moved; the release itself stands", RELEASED),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "a Classic Load Balancer",
        has(loadBalancers=CLASSIC),
        (RELEASED, "| 1 of 1 |"),
        tag="promoted",
        serves="promoted",
        succeeds=True,
    ),
    Fault(
        "a Classic Load Balancer, and no capacity",
        both(has(loadBalancers=CLASSIC), deploys(timelines.STUCK)),
        ("did not end within 4 seconds", TAG_BACK, "brings the service"),
        variables={"DEPLOY_TIMEOUT": "4"},
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
        ("Released to staging", "| 1 of 1 |"),
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
    if fault.worker:
        account.add_worker(fault.worker)
    fault.arrange(account)
    done = account.release(**fault.variables)
    told = done.output + done.summary
    assert done.succeeded == fault.succeeds, told
    assert account.tags["staging"] == account.digests[fault.tag], told
    for words in fault.told:
        assert words in told, f"{words!r} is missing in:\n{told}"
    assert "None" not in told
    assert account.serving() == {account.digests[fault.serves]} - {None}
    if fault.worker:
        serves = fault.worker_serves or fault.serves
        assert account.serving(WORKER) == {account.digests[serves]} - {None}
