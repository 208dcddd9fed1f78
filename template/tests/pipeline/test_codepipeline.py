"""CodePipeline runs what the template declares, and refuses what it does not have."""

from copy import deepcopy
from dataclasses import replace

import pytest

from template.rehearsal import codepipeline
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.codepipeline import PipelineError
from template.rehearsal.sandbox import set_up
from template.tests.pipeline.sandboxes import commit, edit, play, small_project

pytestmark = pytest.mark.usefixtures("docker")

SHOW = """\
version: 0.2
phases: {build: {commands: ['echo "$COMMIT_SHA, $ECR_ENDPOINT, $CODEBUILD_INITIATOR"', 'ls -a']}}
"""
RELEASE = """\
version: 0.2
phases: {build: {commands: ['echo "$PREVIOUS_STAGE_NAME to $STAGE_NAME"', 'docker ps']}}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A sandbox whose buildspecs show what they are given; a release asks for Docker's Engine."""
    source = small_project(tmp_path_factory.mktemp("codepipeline") / "source")
    (source / "build.yml").write_text(SHOW)
    (source / "release.yml").write_text(RELEASE)
    commit(source)
    with set_up(source, print, play) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared):
    """That sandbox; what a test changes in its stacks and its role is undone."""
    stacks, shared.say = dict(shared.stacks), [].append
    yield shared
    shared.stacks.update(stacks)


@pytest.fixture
def lines(sandbox):
    """What the pipeline said."""
    said = []
    sandbox.say = said.append
    return said


@pytest.fixture
def properties(sandbox):
    """The properties of a resource of deploy/infra/pipeline.yml, to be changed by the test."""
    stack = deepcopy(sandbox.stacks["pipeline"])
    sandbox.stacks["pipeline"] = stack
    return lambda name: stack.resources[name].properties


def keep(pipeline, *names):
    """Leave only these stages in the pipeline."""
    pipeline["Stages"] = [each for each in pipeline["Stages"] if each["Name"] in names]


def results(ran):
    """The stages with their results, in order."""
    return [(each.stage, each.result) for each in ran]


def test_build_gets_the_variables_of_the_template(sandbox, properties, lines):
    """The project's variables, the commit of the source and CodeBuild's own reach the commands."""
    keep(properties("Pipeline"), "Source", "Build")
    assert results(codepipeline.run(sandbox)) == [("source", "success"), ("build", "success")]
    registry = sandbox.cloud.front.endpoint
    given = f"   {sandbox.checkout.commit}, {registry}, codepipeline/django-crud-app"
    assert given in lines


def test_source_is_a_zip_without_git(sandbox, properties, lines):
    """The build sees the files of the commit, and no .git."""
    keep(properties("Pipeline"), "Source", "Build")
    codepipeline.run(sandbox)
    assert "   Dockerfile" in lines
    assert "   .git" not in lines


def test_project_without_privileged_mode_has_no_engine(sandbox, lines):
    """A release that wants a Docker Engine fails, and nothing runs after it."""
    ran = codepipeline.run(sandbox)
    assert results(ran)[1:] == [("build", "success"), ("staging", "failure")]
    assert f"   {sandbox.checkout.commit} to staging" in lines
    assert any("/nonexistent/docker.sock" in line for line in lines)


def test_action_wins_over_its_project(sandbox, properties, lines):
    """A variable of the action replaces the project's of the same name."""
    keep(properties("Pipeline"), "Source", "Staging")
    release = properties("Pipeline")["Stages"][1]["Actions"][0]["Configuration"]
    release["EnvironmentVariables"] = '[{"name": "STAGE_NAME", "value": "elsewhere"}]'
    codepipeline.run(sandbox)
    assert "    to elsewhere" in lines


def test_refused_approval_ends_the_pipeline(sandbox, properties, lines):
    """Nobody's release runs after a refusal, which is told the question and the link."""
    keep(properties("Pipeline"), "Source", "Production")
    asked = []
    ran = codepipeline.run(sandbox, lambda approval: asked.append(approval) is not None)
    assert results(ran) == [("source", "success"), ("production", "refused")]
    assert sandbox.checkout.commit in asked[0].question
    assert asked[0].link.endswith(f"/commit/{sandbox.checkout.commit}")
    assert "-- Release" not in lines


def test_approval_needs_no_words(sandbox, properties):
    """The question and the link of an approval are optional."""
    keep(properties("Pipeline"), "Source", "Production")
    del properties("Pipeline")["Stages"][1]["Actions"][0]["Configuration"]["CustomData"]
    del properties("Pipeline")["Stages"][1]["Actions"][0]["Configuration"]["ExternalEntityLink"]
    asked = []
    codepipeline.run(sandbox, lambda approval: asked.append(approval) is not None)
    assert asked == [codepipeline.Approval("", "")]


def test_actions_run_in_their_run_order(sandbox, properties, lines):
    """The order comes from RunOrder, whatever the order in the template."""
    keep(properties("Pipeline"), "Source", "Production")
    properties("Pipeline")["Stages"][1]["Actions"].reverse()
    codepipeline.run(sandbox, lambda approval: False)
    assert [line for line in lines if line.startswith("--")] == ["-- GitHub", "-- Approve"]


def test_source_without_a_namespace_has_no_variables(sandbox, properties):
    """The commit is unknown unless the source action has a namespace."""
    del properties("Pipeline")["Stages"][0]["Actions"][0]["Namespace"]
    with pytest.raises(PipelineError, match=r"no variable #\{SourceVariables\.CommitId\}"):
        codepipeline.run(sandbox)


def build(properties):
    """The action that builds."""
    return properties("Pipeline")["Stages"][1]["Actions"][0]


def misspell_variable(properties):
    """Refer to a variable that no source has."""
    text = '[{"name": "COMMIT_SHA", "value": "#{SourceVariables.Commit}"}]'
    build(properties)["Configuration"]["EnvironmentVariables"] = text


def keep_secret_in_action(properties):
    """Take a variable of an action from the parameter store."""
    text = '[{"name": "A", "value": "b", "type": "PARAMETER_STORE"}]'
    build(properties)["Configuration"]["EnvironmentVariables"] = text


def keep_secret_in_project(properties):
    """Take a variable of a project from Secrets Manager."""
    variables = properties("BuildProject")["Environment"]["EnvironmentVariables"]
    variables.append({"Name": "A", "Value": "b", "Type": "SECRETS_MANAGER"})


def misspell_project(properties):
    """Name a project that the template does not have."""
    build(properties)["Configuration"]["ProjectName"] = "other"


def misspell_artifact(properties):
    """Want an artifact that nothing makes."""
    build(properties)["InputArtifacts"] = [{"Name": "Other"}]


def misspell_role(properties):
    """Name a role that no template has."""
    properties("BuildProject")["ServiceRole"] = "arn:aws:iam::123456789012:role/other"


def change_provider(properties):
    """Use a provider of actions that is not played."""
    build(properties)["ActionTypeId"]["Provider"] = "Jenkins"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (misspell_variable, r"Build: there is no variable #\{SourceVariables\.Commit\}"),
        (keep_secret_in_action, "Build: the variable A of type PARAMETER_STORE is not played"),
        (
            keep_secret_in_project,
            "django-crud-app-build: the variable A of type SECRETS_MANAGER is not played",
        ),
        (misspell_project, "Build: there is no project other"),
        (misspell_artifact, "Build: there is no artifact Other"),
        (misspell_role, "there is no role arn:aws:iam::123456789012:role/other"),
        (change_provider, "Build: the provider Jenkins is not played"),
    ],
)
def test_template_that_names_nothing_is_an_error(sandbox, properties, change, message):
    """What the template refers to has to be there; the error names it."""
    change(properties)
    with pytest.raises(PipelineError, match=message):
        codepipeline.run(sandbox)


def test_project_has_its_own_role_only(sandbox, properties, lines):
    """A project cannot run as the role of another, which trusts that project alone."""
    other = properties("StagingReleaseProject")["ServiceRole"]
    properties("BuildProject")["ServiceRole"] = other
    ran = codepipeline.run(sandbox)
    assert results(ran) == [("source", "success"), ("build", "failure")]
    assert f"   AccessDeniedException: codebuild is not allowed to assume {other}" in lines


def test_pipeline_has_its_own_role_only(sandbox, properties):
    """The pipeline does not start with a role that trusts somebody else."""
    properties("Pipeline")["RoleArn"] = properties("BuildProject")["ServiceRole"]
    with pytest.raises(AwsError, match="codepipeline is not allowed to assume"):
        codepipeline.run(sandbox)


def test_pipeline_needs_the_permission_to_start_a_project(sandbox, properties, lines):
    """A project that the pipeline's role may not start is not run."""
    name = "django-crud-app-other"
    project = {**properties("BuildProject"), "Name": name}
    stack = sandbox.stacks["pipeline"]
    stack.resources["BuildProject"] = replace(stack.resources["BuildProject"], properties=project)
    build(properties)["Configuration"]["ProjectName"] = name
    ran = codepipeline.run(sandbox)
    assert results(ran) == [("source", "success"), ("build", "failure")]
    assert any("not authorized to perform: codebuild:StartBuild" in line for line in lines)


def test_pipeline_needs_the_permission_to_fetch_the_source(tmp_path):
    """Without that action in deploy/infra/ nothing is built."""
    source = small_project(tmp_path / "source")
    edit(
        source / "deploy/infra/pipeline.yml", "codeconnections:UseConnection", "s3:ListAllMyBuckets"
    )
    commit(source)
    lines = []
    with set_up(source, lines.append, play) as sandbox:
        assert results(codepipeline.run(sandbox)) == [("source", "failure")]
    assert any("not authorized to perform: codeconnections:UseConnection" in each for each in lines)
