"""The project's stacks feed each other, and tell GitHub what it has to know."""

import shutil

import pytest

from deploy.stages import Process, Schedule, StageChoices
from template.rehearsal import project
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.tests.pipeline.sandboxes import edit


@pytest.fixture(scope="module")
def stacks():
    """The stacks of deploy/infra/."""
    return project.deploy()


def test_stages_have_their_templates(stacks):
    """What every project has is there once, or once for each stage."""
    assert stacks.keys() == {
        "github",
        "pipeline",
        *(f"{each}-{part}" for each in project.STAGES for part in project.TEMPLATES_OF_A_STAGE),
    }


def test_processes_and_schedules_have_stacks_of_their_own(stacks):
    """Each has one, the schedules of a stage share another, and a release names the processes."""
    commands = StageChoices(
        processes={"worker": Process("a"), "beat": Process("b", containers=2, cpu=512)},
        schedules={"daily": Schedule("c", "0 3 * * ? *")},
    )
    chosen = project.deploy(choices={"staging": StageChoices(), "production": commands})
    assert chosen.keys() - stacks.keys() == {
        "production-process-beat",
        "production-process-worker",
        "production-schedule-daily",
        "production-schedules",
    }
    assert list(project.processes(chosen, "production")) == ["beat", "worker"]
    assert list(project.schedules(chosen, "production")) == ["daily"]
    assert project.processes(chosen, "staging") == project.schedules(chosen, "staging") == {}
    names = [project.environment_variables(chosen, each)["SERVICE_NAME"] for each in project.STAGES]
    assert names == ["web", "web beat worker"]
    projects = chosen["pipeline"].of_type("AWS::CodeBuild::Project")
    for stage, name in zip(project.STAGES, names, strict=True):
        release = projects[f"{stage.title()}ReleaseProject"].properties["Environment"]
        assert {"Name": "SERVICE_NAME", "Value": name} in release["EnvironmentVariables"]
    beat = chosen["production-process-beat"]
    assert beat.name == f"{project.NAME}-production-process-beat"
    assert beat.resources["Service"].properties["DesiredCount"] == "2"
    assert beat.resources["TaskDefinition"].properties["Cpu"] == "512"


def test_outputs_are_the_parameters_of_later_stacks(stacks):
    """The pipeline's projects have the repository of github.yml and their stage's policy."""
    build = stacks["pipeline"].resources["BuildProject"].properties
    declared = {
        each["Name"]: each["Value"] for each in build["Environment"]["EnvironmentVariables"]
    }
    assert declared["ECR_IMAGE_URL"] == stacks["github"].outputs["EcrImageUrl"]
    role = stacks["pipeline"].resources["ProductionReleaseProjectRole"].properties
    assert stacks["production-roles"].outputs["ReleasePolicyArn"] in role["ManagedPolicyArns"]


def test_parameters_can_be_chosen():
    """A chosen parameter wins over the usual one."""
    stacks = project.deploy(DesiredCount="1", ProjectName="other")
    stack = stacks["staging-stage"]
    (target,) = stack.of_type("AWS::ApplicationAutoScaling::ScalableTarget").values()
    assert str(target.properties["MinCapacity"]) == "1"
    assert stacks["production-stage"].outputs["ClusterArn"].endswith(":cluster/other-production")


def test_broken_template_is_an_error(tmp_path):
    """A reference to nothing in a copy of deploy/infra/ is told with the template's name."""
    copy = shutil.copytree(project.INFRA, tmp_path / "infra")
    edit(copy / "stage.yml", "!Ref LogGroup\n", "!Ref Nothing\n")
    with pytest.raises(TemplateError, match=r"stage\.yml: there is no parameter or resource"):
        project.deploy(copy)


@pytest.mark.parametrize(
    ("template", "output"), [("roles", "ReleaseRoleArn"), ("stage", "ServiceName")]
)
def test_output_that_a_project_lacks_is_told(tmp_path, template, output):
    """Templates of an older copy are named, with what they do not put out."""
    copy = shutil.copytree(project.INFRA, tmp_path / "infra")
    edit(copy / f"{template}.yml", f"\n  {output}:", "\n  Another:")
    stacks = project.deploy(copy)
    with pytest.raises(TemplateError, match=f"{template}.yml has no output {output}: "):
        project.environment_variables(stacks, "staging")


def test_repository_variables_name_the_registry(stacks):
    """The registry's address is replaced, the rest is what the stack puts out."""
    variables = project.repository_variables(stacks, "127.0.0.1:5000")
    assert variables == {
        "AWS_REGION": "eu-central-1",
        "AWS_BUILD_ROLE_ARN": "arn:aws:iam::123456789012:role/django-crud-app-build",
        "ECR_ENDPOINT": "127.0.0.1:5000",
        "ECR_IMAGE_URL": "127.0.0.1:5000/django-crud-app",
    }


@pytest.mark.parametrize("stage", project.STAGES)
def test_environment_variables_are_the_stage_s_own(stacks, stage):
    """Each environment has its stage's role, cluster and service."""
    assert project.environment_variables(stacks, stage) == {
        "AWS_ACCOUNT_ID": "123456789012",
        "AWS_RELEASE_ROLE_ARN": f"arn:aws:iam::123456789012:role/django-crud-app-{stage}-release",
        "CLUSTER_ARN": f"arn:aws:ecs:eu-central-1:123456789012:cluster/django-crud-app-{stage}",
        "SERVICE_NAME": "web",
        "SNAPSHOT_DATABASE": "",
    }


def test_switches_of_stages_toml_are_deployed(stacks):
    """A bucket whose name the containers get, and a snapshot of the database before a release."""
    choice = StageChoices({"SnapshotBeforeRelease": "true"}, switches=frozenset({"uploads"}))
    chosen = project.deploy(choices={"staging": StageChoices(), "production": choice})
    assert chosen.keys() - stacks.keys() == {"production-uploads"}
    (bucket,) = chosen["production-uploads"].of_type("AWS::S3::Bucket").values()
    (definition,) = chosen["production-stage"].of_type("AWS::ECS::TaskDefinition").values()
    given = definition.properties["ContainerDefinitions"][0]["Environment"]
    assert {"Name": "AWS_STORAGE_BUCKET_NAME", "Value": bucket.id} in given
    database = chosen["production-database"].outputs["DatabaseIdentifier"]
    named = [project.environment_variables(chosen, each) for each in project.STAGES]
    assert [each["SNAPSHOT_DATABASE"] for each in named] == ["", database]
    release = chosen["pipeline"].resources["ProductionReleaseProject"].properties["Environment"]
    assert {"Name": "SNAPSHOT_DATABASE", "Value": database} in release["EnvironmentVariables"]
