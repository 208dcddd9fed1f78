"""build.yml and release.yml do the same in both engines, and refuse the same."""

import contextlib
import itertools
import os
import shutil
from pathlib import Path

import pytest

from template.rehearsal import cloud, project
from template.rehearsal.aws.account import REGION, arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloudformation.templates import Resource, Stack
from template.tests import exhaustive
from template.tests.pipeline import engines
from template.tests.pipeline.account import FIRST, PUSH, SECOND, Pipeline

pytestmark = pytest.mark.usefixtures("docker")

# What a release role needs for a stage in another region: that region's repository.
ABROAD = Stack(
    "abroad",
    {
        "Policy": Resource(
            "AWS::IAM::ManagedPolicy",
            {
                "ManagedPolicyName": "abroad",
                "Roles": [f"{project.NAME}-staging-release"],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": [
                                "ecr:BatchCheckLayerAvailability",
                                "ecr:BatchGetImage",
                                "ecr:CompleteLayerUpload",
                                "ecr:GetDownloadUrlForLayer",
                                "ecr:InitiateLayerUpload",
                                "ecr:PutImage",
                                "ecr:UploadLayerPart",
                            ],
                            "Resource": arn("ecr", f"repository/{project.NAME}", "us-east-1"),
                        }
                    ],
                },
            },
            "abroad",
        )
    },
)
REQUIRED = {
    "build.yml": ["AWS_REGION", "ECR_ENDPOINT", "ECR_IMAGE_URL"],
    "release.yml": [
        "AWS_REGION",
        "ECR_ENDPOINT",
        "ECR_IMAGE_URL",
        "PREVIOUS_STAGE_NAME",
        "STAGE_NAME",
        "CLUSTER_ARN",
    ],
}


@pytest.fixture
def start(tmp_path, tools):
    """A function that starts an engine with an account of its own."""
    numbers = itertools.count()
    with contextlib.ExitStack() as running:

        def begin(engine: str) -> Pipeline:
            stacks = project.deploy().values()
            doubles = running.enter_context(cloud.run(stacks, project.REPOSITORY, lambda: PUSH))
            folder = tmp_path / str(next(numbers))
            folder.mkdir()
            return Pipeline(engines.ENGINES[engine], doubles, folder, tools)

        yield begin


@pytest.fixture(params=exhaustive.rows(engines.ENGINES, "CodeBuild"))
def pipeline(request, start):
    """Each engine in turn. That both make the same calls has a test of its own."""
    return start(request.param)


def test_build_pushes_the_commit_and_latest(pipeline):
    """After a build the commit's tag and `latest` name one digest, and the page tells them."""
    done = pipeline.build(FIRST)
    assert done.succeeded
    assert set(pipeline.tags) == {FIRST, "latest"}
    assert len(set(pipeline.tags.values())) == 1
    assert f"| Commit | `{FIRST}` |" in done.summary
    assert f"| Digest | `{pipeline.tags[FIRST]}` |" in done.summary


def test_second_build_of_a_commit_changes_nothing(pipeline):
    """What is in the registry is not built again, even where the sources have changed since."""
    assert pipeline.build(FIRST).succeeded
    before = pipeline.tags
    done = pipeline.build(FIRST, content="something else")
    assert done.succeeded
    assert "nothing to build" in done.output
    assert pipeline.tags == before


def test_promotion_keeps_the_digest(pipeline):
    """A commit goes to staging and from there to production, as the same digest."""
    assert pipeline.build(FIRST).succeeded
    assert pipeline.promote(FIRST, "staging").succeeded
    done = pipeline.promote("staging", "production")
    assert done.succeeded
    assert set(pipeline.tags) == {FIRST, "latest", "staging", "production"}
    assert len(set(pipeline.tags.values())) == 1
    assert f"| To commit | `{FIRST}` |" in done.summary


@exhaustive.MARK
def test_promotion_moves_its_own_stage_only(pipeline):
    """The next commit moves staging, remembers what staging ran, and leaves production alone."""
    for commit in (FIRST, SECOND):
        assert pipeline.build(commit, content=commit).succeeded
    for image, stage in ((FIRST, "staging"), (FIRST, "production"), (SECOND, "staging")):
        done = pipeline.promote(image, stage)
        assert done.succeeded
    tags = pipeline.tags
    assert tags["staging"] == tags[SECOND] != tags[FIRST]
    assert tags["production"] == tags["staging-previous"] == tags[FIRST]
    assert f"| From commit | `{FIRST}` |" in done.summary


@exhaustive.MARK
def test_approval_that_comes_late_ships_what_was_approved(start):
    """A newer commit moves staging while an older one waits: production gets the older one."""
    pipeline = start("CodeBuild")
    for commit in (FIRST, SECOND):
        assert pipeline.build(commit, content=commit).succeeded
        assert pipeline.promote(commit, "staging").succeeded
    assert pipeline.promote(FIRST, "production").succeeded
    tags = pipeline.tags
    assert tags["production"] == tags[FIRST] != tags["staging"]


def test_unknown_image_changes_nothing(pipeline):
    """What is not in the registry cannot be promoted; the message says what to do."""
    done = pipeline.promote(FIRST, "staging")
    assert not done.succeeded
    assert (
        f"there is no image {pipeline.cloud.front.endpoint}/{project.NAME}:{FIRST}" in done.summary
    )
    assert "Build that commit first" in done.summary
    assert "Nothing was changed." in done.summary
    assert pipeline.tags == {}


@pytest.mark.parametrize(
    ("buildspec", "name"),
    exhaustive.rows(
        [(buildspec, name) for buildspec, names in REQUIRED.items() for name in names],
        ("build.yml", "ECR_IMAGE_URL"),
        ("release.yml", "STAGE_NAME"),
    ),
)
def test_missing_variable_is_named(pipeline, buildspec, name):
    """Without a required variable nothing is called, and the message names it."""
    given = {"PREVIOUS_STAGE_NAME": FIRST, "STAGE_NAME": "staging", "SERVICE_NAME": "web"}
    given |= {"CLUSTER_ARN": "arn", "COMMIT_SHA": FIRST, name: ""}
    done = pipeline.run(buildspec, "build", **given)
    assert not done.succeeded
    assert f"{name}: must be set: " in done.output
    assert pipeline.calls() == set()


NO_COMMITS = ["main", "abc123", "A" * 40, f"{FIRST};true"]


@pytest.mark.parametrize("commit", exhaustive.rows(NO_COMMITS, "main", f"{FIRST};true"))
def test_what_is_no_commit_is_refused(pipeline, commit):
    """A tag is made of 40 hex digits and of nothing else."""
    done = pipeline.build(commit)
    assert not done.succeeded
    assert f"COMMIT_SHA must be the 40 hex digits of the commit, not '{commit}'" in done.output
    assert pipeline.calls() == set()


def test_zip_source_needs_to_be_told_the_commit(start):
    """Without git and without a variable the build stops and says what CodePipeline has."""
    done = start("CodeBuild").run("build.yml", "build")
    assert not done.succeeded
    assert "#{SourceVariables.CommitId}" in done.output


@pytest.mark.parametrize("name", ["COMMIT_SHA", "GITHUB_SHA", "CODEBUILD_RESOLVED_SOURCE_VERSION"])
def test_commit_comes_from_the_engine(start, name):
    """Each engine's own variable names the commit."""
    pipeline = start("CodeBuild")
    assert pipeline.run("build.yml", "build", **{name: FIRST}).succeeded
    assert FIRST in pipeline.tags


def test_first_of_the_variables_wins(start):
    """COMMIT_SHA takes precedence over what the engine says."""
    pipeline = start("CodeBuild")
    done = pipeline.run("build.yml", "build", COMMIT_SHA=FIRST, GITHUB_SHA=SECOND)
    assert done.succeeded
    assert set(pipeline.tags) == {FIRST, "latest"}


@exhaustive.MARK
def test_stage_in_another_region_gets_the_image(tmp_path, tools):
    """With a regional registry the stage's tag is made there, and the digest is the same."""
    regions = (REGION, "us-east-1")
    stacks = [*project.deploy().values(), ABROAD]
    doubles = cloud.run(stacks, project.REPOSITORY, lambda: PUSH, regions=regions)
    with doubles as running:
        pipeline = Pipeline(engines.run_in_codebuild, running, tmp_path, tools)
        assert pipeline.build(FIRST).succeeded
        abroad = running.fronts["us-east-1"]
        done = pipeline.run(
            "release.yml",
            "staging-release",
            PREVIOUS_STAGE_NAME=FIRST,
            STAGE_NAME="staging",
            STAGE_REGION="us-east-1",
            REGIONAL_ECR_ENDPOINT=abroad.endpoint,
            REGIONAL_ECR_IMAGE_URL=f"{abroad.endpoint}/{project.NAME}",
        )
        assert done.succeeded, done.output
        assert abroad.registry.tags(project.NAME) == {"staging": pipeline.tags[FIRST]}
        assert "staging" not in pipeline.tags


def test_password_never_shows(pipeline):
    """Neither the log nor the page shows the registry's password."""
    done = pipeline.build(FIRST)
    known = pipeline.cloud.passwords._known
    assert len(known) == 1
    for password in known:
        assert password not in done.output + done.summary


def test_both_engines_make_the_same_calls(start):
    """From build to production, AWS and the registry see the same from either engine."""
    calls, tags = [], []
    for engine in engines.ENGINES:
        pipeline = start(engine)
        assert pipeline.build(FIRST).succeeded
        assert pipeline.promote(FIRST, "staging").succeeded
        assert pipeline.promote("staging", "production").succeeded
        calls.append(pipeline.calls())
        tags.append(set(pipeline.tags))
    assert calls[0] == calls[1]
    assert tags[0] == tags[1]
    assert len(calls[0]) > 10


BROKEN_DOCKERFILE = "FROM scratch\nCOPY missing /\n"
BUILD_FAULTS = {
    "no login": ("ecr", "GetAuthorizationToken", 0, "not today", set()),
    "the registry cannot be read": ("registry", "BatchGetImage", 0, "Cannot read", set()),
    "layers are refused": ("registry", "InitiateLayerUpload", 0, "denied", set()),
    "the commit's tag is refused": ("registry", "PutImage", 0, "denied", set()),
    "latest is refused": ("registry", "PutImage", 1, "denied", {FIRST}),
}


@pytest.mark.parametrize("name", exhaustive.rows(BUILD_FAULTS, "no login", "latest is refused"))
def test_failing_command_fails_the_build(pipeline, name):
    """Whichever command is refused, the build fails with the reason, and goes no further."""
    service, operation, skip, told, tags = BUILD_FAULTS[name]
    denied = AwsError("AccessDeniedException", "not today")
    pipeline.cloud.faults.fail(service, operation, denied, times=1000, skip=skip)
    done = pipeline.build(FIRST)
    assert not done.succeeded
    assert told in done.output
    assert set(pipeline.tags) == tags
    assert "### Built" not in done.output


def test_image_that_cannot_be_built_is_not_pushed(start):
    """A failing Dockerfile ends the build before the registry sees anything."""
    pipeline = start("CodeBuild")
    (pipeline.source / "Dockerfile").write_text(BROKEN_DOCKERFILE)
    done = pipeline.build(FIRST)
    assert not done.succeeded
    assert "missing" in done.output
    assert pipeline.tags == {}


@exhaustive.MARK
def test_next_build_mends_a_half_done_one(pipeline):
    """A build that got as far as the commit's tag is finished by the next one."""
    denied = AwsError("AccessDeniedException", "not today")
    pipeline.cloud.faults.fail("registry", "PutImage", denied, skip=1)
    assert not pipeline.build(FIRST).succeeded
    assert pipeline.build(FIRST).succeeded
    assert set(pipeline.tags) == {FIRST, "latest"}


WITNESS = """\
#!/bin/sh
case $1 in build) echo "attestations: ${BUILDX_NO_DEFAULT_ATTESTATIONS:-added}" ;; esac
exec DOCKER "$@"
"""


def test_image_does_not_depend_on_the_engine(start, tmp_path):
    """No engine adds an attestation, and with it an index, by itself."""
    pipeline = start("CodeBuild")
    witness = tmp_path / "bin" / "docker"
    witness.parent.mkdir()
    witness.write_text(WITNESS.replace("DOCKER", shutil.which("docker")))
    witness.chmod(0o755)
    path = os.pathsep.join([str(witness.parent), pipeline.tools["PATH"]])
    done = pipeline.run("build.yml", "build", COMMIT_SHA=FIRST, PATH=path)
    assert done.succeeded, done.output
    assert "attestations: 1" in done.output


def test_repository_that_is_not_there_is_told(start):
    """Without its repository nothing is built, and ECR's own words say why."""
    pipeline = start("CodeBuild")
    gone = AwsError("RepositoryNotFoundException", "The repository with name 'x' does not exist")
    for service in ("registry", "ecr"):
        pipeline.cloud.faults.fail(service, "BatchGetImage", gone, times=1000)
    done = pipeline.build(FIRST)
    assert not done.succeeded
    assert "RepositoryNotFoundException" in done.output
    assert "### Built" not in done.output


def test_password_of_a_build_does_not_stay(start):
    """Docker's own configuration is as it was, whether the build succeeds or fails."""
    pipeline = start("CodeBuild")
    config = Path(pipeline.machine["DOCKER_CONFIG"], "config.json")
    config.write_text('{"psFormat": "kept"}')
    assert pipeline.build(FIRST).succeeded
    (pipeline.source / "Dockerfile").write_text(BROKEN_DOCKERFILE)
    assert not pipeline.build(SECOND).succeeded
    assert config.read_text() == '{"psFormat": "kept"}'
