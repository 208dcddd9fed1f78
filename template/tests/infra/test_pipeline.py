"""CodePipeline releases commit by commit, with a person before production."""

import json

import pytest

from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.project import NAME, STAGES
from template.tests.infra.cloudformation import stack, stacks

PIPELINE = stacks()["pipeline"]
STEPS = [
    (stage["Name"], action)
    for stage in PIPELINE.resources["Pipeline"].properties["Stages"]
    for action in stage["Actions"]
]
COMMIT = "#{SourceVariables.CommitId}"


def projects() -> dict[str, dict]:
    """The CodeBuild projects by name."""
    found = PIPELINE.of_type("AWS::CodeBuild::Project").values()
    return {project.properties["Name"]: project.properties for project in found}


def variables(action: dict) -> dict[str, str]:
    """What a CodeBuild action's buildspec finds in its environment."""
    project = projects()[action["Configuration"]["ProjectName"]]
    given = project["Environment"]["EnvironmentVariables"]
    added = json.loads(action["Configuration"]["EnvironmentVariables"])
    return {each["Name"]: each["Value"] for each in given} | {
        each["name"]: each["value"] for each in added
    }


def test_a_person_stands_before_production():
    """Source, build, staging, approval, production: in this order, one commit after the other."""
    assert [(name, action["ActionTypeId"]["Provider"]) for name, action in STEPS] == [
        ("Source", "CodeStarSourceConnection"),
        ("Build", "CodeBuild"),
        ("Staging", "CodeBuild"),
        ("Production", "Manual"),
        ("Production", "CodeBuild"),
    ]
    orders = [action["RunOrder"] for name, action in STEPS if name == "Production"]
    assert orders == [1, 2]
    properties = PIPELINE.resources["Pipeline"].properties
    assert (properties["PipelineType"], properties["ExecutionMode"]) == ("V2", "QUEUED")


def test_what_is_approved_is_what_ships():
    """Every step after the source gets the commit of its own run."""
    steps = dict(enumerate(action for _, action in STEPS))
    assert steps[0]["Namespace"] == "SourceVariables"
    assert variables(steps[1])["COMMIT_SHA"] == COMMIT
    assert variables(steps[2])["PREVIOUS_STAGE_NAME"] == COMMIT
    assert COMMIT in steps[3]["Configuration"]["CustomData"]
    assert variables(steps[4])["PREVIOUS_STAGE_NAME"] == COMMIT


def test_releases_get_what_release_yml_asks_for():
    """A release knows its stage, and the service and cluster that the stage's stack has."""
    for stage, (_, action) in zip(STAGES, (STEPS[2], STEPS[4]), strict=True):
        given = variables(action)
        there = stacks()[f"{stage}-stage"].outputs
        registry = stacks()["github"].outputs
        assert given["STAGE_NAME"] == stage
        assert given["SERVICE_NAME"] == there["ServiceName"]
        assert given["CLUSTER_ARN"] == there["ClusterArn"]
        assert given["ECR_IMAGE_URL"] == registry["EcrImageUrl"]
        assert given["ECR_ENDPOINT"] == registry["EcrEndpoint"]


def test_projects_run_the_buildspecs():
    """One project runs build.yml with a Docker Engine, the others run release.yml without."""
    assert {
        name: (project["Source"]["BuildSpec"], project["Environment"]["PrivilegedMode"])
        for name, project in projects().items()
    } == {
        f"{NAME}-build": ("build.yml", True),
        f"{NAME}-release-staging": ("release.yml", False),
        f"{NAME}-release-production": ("release.yml", False),
    }


def test_projects_wait_longer_than_a_release_does():
    """CodeBuild does not cut a release short that keeps to its own deadlines of 45 minutes."""
    releases = [project for name, project in projects().items() if "release" in name]
    assert all(project["TimeoutInMinutes"] > 45 for project in releases)


def test_several_services_can_be_deployed():
    """The names of several services reach release.yml as they are; others are refused."""
    pipeline = stack("pipeline", ServiceName="web worker")
    for project in pipeline.of_type("AWS::CodeBuild::Project").values():
        given = project.properties["Environment"]["EnvironmentVariables"]
        if "release" in project.properties["Name"]:
            assert {"Name": "SERVICE_NAME", "Value": "web worker"} in given
    for refused in (" web", "web  worker", "web,worker", ""):
        with pytest.raises(TemplateError):
            stack("pipeline", ServiceName=refused)


def test_nothing_can_be_deployed():
    """The service's name `placeholder` reaches release.yml, which then only moves tags."""
    pipeline = stack("pipeline", ServiceName="placeholder")
    [staging] = [
        project.properties["Environment"]["EnvironmentVariables"]
        for project in pipeline.of_type("AWS::CodeBuild::Project").values()
        if project.properties["Name"] == f"{NAME}-release-staging"
    ]
    assert {"Name": "SERVICE_NAME", "Value": "placeholder"} in staging


@pytest.mark.parametrize("database", ["", "items-database"])
def test_only_production_takes_snapshots(database):
    """The instance reaches production's releases, and no empty variable where there is none."""
    pipeline = stack("pipeline", ProductionSnapshotDatabase=database)
    found = {
        project.properties["Name"]: each["Value"]
        for project in pipeline.of_type("AWS::CodeBuild::Project").values()
        for each in project.properties["Environment"]["EnvironmentVariables"]
        if each["Name"] == "SNAPSHOT_DATABASE"
    }
    assert found == ({f"{NAME}-release-production": database} if database else {})


def test_stages_may_have_other_names_and_services():
    """Names of the stages are parameters, and production may have more services than staging."""
    chosen = {"StagingName": "qa", "ProductionName": "live", "ProductionServiceName": "web worker"}
    pipeline = stack("pipeline", **chosen)
    found = pipeline.of_type("AWS::CodeBuild::Project").values()
    environments = {
        project.properties["Name"]: {
            each["Name"]: each["Value"]
            for each in project.properties["Environment"]["EnvironmentVariables"]
        }
        for project in found
    }
    for stage, services in (("qa", "web"), ("live", "web worker")):
        given = environments[f"{NAME}-release-{stage}"]
        assert given["STAGE_NAME"] == stage
        assert given["SERVICE_NAME"] == services
        assert given["CLUSTER_ARN"].endswith(f":cluster/{NAME}-{stage}")
