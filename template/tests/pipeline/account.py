"""An account with the project deployed in it, and a pipeline that releases to it."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import requests

from template.rehearsal import cloud, machine, project
from template.rehearsal.aws.logs import Logs
from template.rehearsal.clock import Clock
from template.rehearsal.ecr.registry import USER, Manifest, Registry
from template.rehearsal.ecs.api import Ecs
from template.rehearsal.ecs.scheduler import Scheduler
from template.rehearsal.ecs.timelines import SUCCEEDS, Timeline, Timelines
from template.rehearsal.github.oidc import Job
from template.tests.pipeline import engines, workers

PUSH = Job(None, "push", "refs/heads/main", id_token=True)
FIRST, SECOND, BEFORE, OTHER = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)
PROGRAMS = Path(__file__).parent / "bin"
SPEED = 120.0  # seconds of ECS's in one of ours
QUIET = 1000.0  # seconds of ECS's after which nothing happens any more
OCI = "application/vnd.oci.image"


@contextlib.contextmanager
def fast_aws(folder: Path) -> Iterator[dict[str, str]]:
    """The AWS CLI without its start-up, which a table of faults would pay a thousand times.

    The value are variables that put it first on PATH.
    """
    place = folder / "aws.sock"
    with subprocess.Popen([sys.executable, PROGRAMS / "aws-server", place]) as server:
        while not place.exists():
            assert server.poll() is None
            time.sleep(0.05)
        path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
        yield {"AWS_SERVER": str(place), "PATH": path}
        server.terminate()


class Pipeline:
    """One engine with an account of its own; `tools` are variables of its environment."""

    def __init__(
        self,
        engine: engines.Engine,
        doubles: cloud.Cloud,
        folder: Path,
        tools: dict[str, str],
    ):
        self.engine = engine
        self.tools = tools
        self.cloud = doubles
        self.source = engines.source(folder / "source")
        self.machine = machine.environment(folder / "home", folder.name)
        self.endpoint = doubles.front.endpoint
        self.image = f"{self.endpoint}/{project.NAME}"

    def environment(self, role: str, **variables: str) -> dict[str, str]:
        """What a run has as a role of the project: tools, credentials, registry, variables."""
        session = self.cloud.sessions.issue(f"{project.NAME}-{role}", "try")
        return {
            **self.machine,
            **self.tools,
            **self.cloud.environment(session),
            "ECR_ENDPOINT": self.endpoint,
            "ECR_IMAGE_URL": self.image,
            "POLL_SECONDS": "0.2",
            "AWS_MAX_ATTEMPTS": "3",  # the pauses before a fourth and fifth prove nothing
            **variables,
        }

    def run(self, buildspec: str, role: str, **variables: str) -> engines.Outcome:
        """Run a buildspec as a role of the project, with these variables besides."""
        done = self.engine(buildspec, self.source, self.environment(role, **variables))
        if buildspec == "build.yml":
            forget_images(self.image)
        return done

    def build(self, commit: str, content: str = "content") -> engines.Outcome:
        """Build a commit whose image holds the content."""
        engines.change(self.source, content)
        return self.run("build.yml", "build", COMMIT_SHA=commit)

    def promote(self, image: str, stage: str, **variables: str) -> engines.Outcome:
        """Release an image to a stage; with no service named, its tag moves and that is all."""
        named = {"PREVIOUS_STAGE_NAME": image, "STAGE_NAME": stage, **variables}
        return self.run("release.yml", f"{stage}-release", **named)

    @property
    def tags(self) -> dict[str, str]:
        """The digest of every tag in the registry."""
        return self.cloud.front.registry.tags(project.NAME)

    def calls(self) -> set[tuple]:
        """Every call that reached AWS and the registry: who, what, on what, and the answer."""
        return {
            (call.principal.split("/")[1], call.action, call.resource, call.allowed)
            for call in self.cloud.recording
        }


class Account(Pipeline):
    """A pipeline, and staging's service on programmable timelines.

    Staging runs the image of the commit BEFORE, unless it is `new`: then nothing was ever
    released to it. The image of the commit FIRST is built and waits to be released.
    """

    def __init__(
        self,
        engine: engines.Engine,
        doubles: cloud.Cloud,
        folder: Path,
        tools: dict[str, str],
        *,
        new: bool = False,
        desired: str = "1",
    ):
        super().__init__(engine, doubles, folder, tools)
        self.faults = doubles.faults
        self.registry = doubles.front.registry
        self.digests = {"promoted": put_image(self.registry, [FIRST], FIRST), "nothing": None}
        if not new:
            self.digests["before"] = put_image(self.registry, [BEFORE, "staging"], BEFORE)
        self.clock = Clock(speed=SPEED)
        self.process: subprocess.Popen | None = None  # of a release that a test interrupts
        self.platforms: dict[str, str] = {}
        self.timelines = Timelines()
        self.variables = self._deploy_service(desired)

    def _deploy_service(self, desired: str) -> dict[str, str]:
        stacks = project.deploy(DesiredCount=desired)
        self.home = stacks["github"].outputs["EcrEndpoint"]
        logs = Logs()
        self.ecs = Ecs(self.clock, logs, self._resolve)
        stage = stacks["staging-stage"].relocated(self.home, self.endpoint)
        self.ecs.add_stage(self.timelines, stage)
        self.cloud.aws.add(self.ecs)
        self.cloud.aws.add(logs)
        return project.environment_variables(stacks, "staging")

    def _resolve(self, image: str) -> str:
        """The digest that a task with an image runs. Raises LookupError when there is none.

        `platforms` has the digests that ECS tells in place of those of images of several platforms.
        """
        digest = self.registry.digest(project.NAME, image.rsplit(":", 1)[1])
        if digest is None:
            raise LookupError(image)
        return self.platforms.get(digest, digest)

    def release_variables(self, **variables: str) -> dict[str, str]:
        """The variables of a release of the commit FIRST to staging, with these besides."""
        named = {"PREVIOUS_STAGE_NAME": FIRST, "STAGE_NAME": "staging"}
        return {**self.variables, **named, **variables}

    def release(self, **variables: str) -> engines.Outcome:
        """Release the commit FIRST to staging, with these variables besides."""
        return self.run("release.yml", "staging-release", **self.release_variables(**variables))

    def add_worker(self, story: Timeline = SUCCEEDS, *, checked: bool = True) -> None:
        """Deploy a worker beside the web server, which releases name from now on.

        `story` is what becomes of the tasks that it runs until then.
        """
        self.timelines.deploy(story)
        worker = workers.worker_stack(checked=checked).relocated(self.home, self.endpoint)
        self.ecs.add_service(self.service["cluster"], worker)
        self.variables["SERVICE_NAME"] += f" {workers.WORKER}"

    @property
    def service(self) -> dict[str, str]:
        """Staging's service, as calls name it."""
        return {"cluster": self.variables["CLUSTER_ARN"], "service": "web"}

    @property
    def scheduler(self) -> Scheduler:
        """What looks after staging's service."""
        return self.ecs.scheduler(*self.service.values())

    def serving(self, name: str = "web") -> set[str]:
        """The digests that a service's healthy tasks run, once every story is told."""
        self.clock.advance(QUIET)
        cluster = self.service["cluster"]
        if not self.ecs.exists(cluster, name):
            return set()
        return {task.digest for task in self.ecs.serving(cluster, name)}


def forget_images(repository: str) -> None:
    """Remove the images of a repository from Docker; the registry keeps its own."""
    # By name, because another test may have made the same image under a name of its own.
    name = "--format={{.Repository}}:{{.Tag}}"
    listing = ["docker", "image", "ls", name, f"--filter=reference={repository}"]
    found = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["docker", "image", "rm", "--force", *found], capture_output=True, check=False)


def put_image(registry: Registry, tags: Iterable[str], commit: str, platform: str = "amd64") -> str:
    """Put an image without layers into the registry, as the build of a commit; its digest."""
    labels = {"org.opencontainers.image.revision": commit}
    config = json.dumps(
        {"architecture": platform, "os": "linux", "config": {"Labels": labels}}
    ).encode()
    described = {
        "mediaType": f"{OCI}.config.v1+json",
        "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
        "size": len(config),
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": described,
        "layers": [],
    }
    with requests.Session() as session:
        session.auth = (USER, registry.password)
        base = f"http://{registry.endpoint}/v2/{project.NAME}"
        place = session.post(f"{base}/blobs/uploads/", timeout=60).headers["Location"]
        parameters = {"digest": described["digest"]}
        session.put(place, params=parameters, data=config, timeout=60).raise_for_status()
    return _put_manifest(registry, tags, manifest).digest


def put_index(registry: Registry, tags: Iterable[str], commit: str) -> tuple[str, list[str]]:
    """Put an image of two platforms into the registry; its digest, and those of the platforms."""
    platforms = {name: put_image(registry, [], commit, name) for name in ("amd64", "arm64")}
    manifests = [
        {
            "mediaType": f"{OCI}.manifest.v1+json",
            "digest": digest,
            "size": len(registry.manifest(project.NAME, digest).body),
            "platform": {"architecture": name, "os": "linux"},
        }
        for name, digest in platforms.items()
    ]
    index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests}
    return _put_manifest(registry, tags, index).digest, list(platforms.values())


def _put_manifest(registry: Registry, tags: Iterable[str], manifest: dict) -> Manifest:
    """Put a manifest under its digest and under tags."""
    body = json.dumps(manifest).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    kept = Manifest(digest, manifest["mediaType"], body)
    for reference in (digest, *tags):
        registry.put(project.NAME, reference, kept)
    return kept
