"""A sandbox has the project deployed, and nothing of it stays."""

import subprocess

import pytest

from deploy.errors import SetupError
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.sandbox import NobodyError, nobody, set_up
from template.rehearsal.services import readable_secret, run_containers
from template.tests.pipeline.sandboxes import commit, edit, play, small_project

pytestmark = pytest.mark.usefixtures("docker")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A project of one commit."""
    return small_project(tmp_path_factory.mktemp("sandbox") / "source")


def definition(sandbox):
    """The task definition of staging."""
    return sandbox.stacks["staging-stage"].resources["TaskDefinition"].properties


def test_stages_wait_for_their_first_image(source):
    """Each stage has a service that wants one task, and none that runs."""
    with set_up(source, print, play) as sandbox:
        for stage in ("staging", "production"):
            named = sandbox.stacks[f"{stage}-stage"].outputs
            assert sandbox.ecs.serving(named["ClusterArn"], named["ServiceName"]) == []
        assert sandbox.tags() == {}
        folder = sandbox.folder
    assert not folder.exists()


def test_images_of_the_registry_are_removed(source):
    """What was built for the registry is gone from the Docker Engine, also after an error."""

    def build_and_fail():
        with set_up(source, print, play) as sandbox:
            tag = f"{sandbox.cloud.front.endpoint}/django-crud-app:try"
            build = ["docker", "build", "--quiet", "--tag", tag, sandbox.checkout.folder]
            subprocess.run(build, env=sandbox.machine, capture_output=True, check=True)
            raise ArithmeticError(tag)

    with pytest.raises(ArithmeticError) as error:
        build_and_fail()
    listed = ["docker", "image", "ls", "--quiet", str(error.value)]
    assert subprocess.run(listed, capture_output=True, text=True).stdout == ""


def test_template_of_the_commit_counts(tmp_path):
    """The templates are those of the commit, and a broken one is told."""
    source = small_project(tmp_path / "source")
    edit(source / "deploy/infra/stage.yml", "!Ref LogGroup\n", "!Ref Nothing\n")
    commit(source)
    with pytest.raises(TemplateError, match=r"stage\.yml"):
        set_up(source, print, play).__enter__()


def test_stages_toml_of_the_commit_counts(tmp_path):
    """What runs in the stages is what the commit's file says, and a mistake there is told."""
    source = small_project(tmp_path / "source")
    (source / "stages.toml").write_text("[all.processes]\nworker = 1\n")
    commit(source)
    with pytest.raises(SetupError, match=r"stages\.toml: .*worker"):
        set_up(source, print, play).__enter__()


def test_template_that_is_missing_is_told(tmp_path):
    """A project with a process needs the template that deploys one."""
    source = small_project(tmp_path / "source")
    (source / "stages.toml").write_text('[all.processes]\nworker = "true"\n')
    (source / "deploy/infra/process.yml").unlink()
    commit(source)
    with pytest.raises(TemplateError, match=r"has no process\.yml, which stages\.toml needs"):
        set_up(source, print, play).__enter__()


def test_nobody_gets_a_token():
    """While no job runs, the issuer is told so."""
    with pytest.raises(NobodyError, match="no job runs"):
        nobody()


def test_containers_get_the_secrets_of_their_role(source):
    """The execution role of a stage may read its secrets, and that of the other may not."""
    with set_up(source, print, play) as sandbox:
        (container,) = definition(sandbox)["ContainerDefinitions"]
        wanted = {each["Name"]: each["ValueFrom"] for each in container["Secrets"]}
        given = [
            [
                readable_secret(sandbox.cloud, f"django-crud-app-{stage}-execution", value_from)
                for value_from in wanted.values()
            ]
            for stage in ("staging", "production")
        ]
    assert set(wanted) == {"STAGE_CONFIG", "SECRET_KEY", "PGUSER", "PGPASSWORD"}
    own = dict(zip(wanted, given[0], strict=True))
    assert (own["STAGE_CONFIG"], own["PGUSER"]) == ("{}", "app")
    assert min(len(own["SECRET_KEY"]), len(own["PGPASSWORD"])) >= 50
    assert given[1] == [None] * 4


@pytest.mark.parametrize(
    ("allowed", "logged_in"),
    [("ecr:GetAuthorizationToken", True), ("ecr:DescribeRepositories", False)],
)
def test_login_is_that_of_the_execution_role(tmp_path, allowed, logged_in):
    """Docker has the login of the role, or none where the role may not ask for it."""
    source = small_project(tmp_path / "source")
    edit(source / "deploy/infra/roles.yml", "ecr:GetAuthorizationToken", allowed)
    commit(source)
    with (
        set_up(source, print, play) as sandbox,
        run_containers(
            sandbox.cloud, sandbox.stacks["staging-stage"], sandbox.machine
        ) as containers,
    ):
        image = f"{sandbox.cloud.front.endpoint}/django-crud-app:try"
        pulled = containers.docker("pull", image).stdout
        callers = {call.principal.split("/")[1] for call in sandbox.cloud.recording}
    assert ("not found" in pulled) is logged_in
    assert callers == {"django-crud-app-staging-execution"}
