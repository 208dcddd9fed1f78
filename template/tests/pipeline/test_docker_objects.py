"""What the steps of a run make with Docker is found again and removed, and nothing else is."""

import secrets
import subprocess

import pytest

from template.rehearsal import docker_objects, machine
from template.rehearsal.docker_objects import LeftBehindError
from template.tests.pipeline.real_tasks import BASE

pytestmark = pytest.mark.usefixtures("docker")

IMAGE = 'FROM scratch\nCOPY content /content\nCMD ["/content"]\n'
COMPOSE = """\
services:
  web:
    build: .
    volumes: [data:/data]
volumes: {data: {}}
"""
# What a step may make.
COMMANDS = {
    "run": "docker run --detach --name NAME --volume /data BASE sleep 300",
    "container run": "docker container run --detach --name NAME BASE sleep 300",
    "create": "docker create --name NAME BASE",
    "container create": "docker container create --name NAME BASE",
    "volume create": "docker volume create NAME",
    "network create": "docker network create NAME",
    "build": "docker build --quiet --tag NAME .",
    "image build": "docker image build --quiet --tag NAME .",
    "buildx build": "docker buildx build --load --quiet --tag NAME .",
    "compose": "docker compose create",
}
LISTED = (("container", "ls", "--all"), ("network", "ls"), ("volume", "ls"), ("image", "ls"))


@pytest.fixture
def name():
    """A name that nothing else in the Docker Engine has."""
    return f"rehearsal-{secrets.token_hex(8)}"


@pytest.fixture
def environment(tmp_path, name):
    """The environment of a run's steps."""
    return machine.environment(tmp_path / "home", name)


@pytest.fixture
def folder(tmp_path):
    """A project with an image of one file, and a service in Compose."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(IMAGE)
    (folder / "content").write_text("content")
    (folder / "compose.yaml").write_text(COMPOSE)
    return folder


def docker(*arguments):
    """What the person's own `docker` prints."""
    command = ["docker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def made_by(name):
    """The objects that carry the name of a run."""
    return [
        found
        for listed in LISTED
        for label in (docker_objects.LABEL, docker_objects.COMPOSE_LABEL)
        for found in docker(*listed, "--quiet", "--filter", f"label={label}={name}").split()
    ]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_a_step_makes_is_removed(environment, folder, name, command):
    """Whatever command made it, nothing is left of it, nor of its anonymous volumes."""
    script = command.replace("NAME", name).replace("BASE", BASE)
    subprocess.run(["bash", "-ec", script], cwd=folder, env=environment, check=True)
    assert made_by(name)
    mounted = [
        docker("inspect", "--format={{range .Mounts}}{{.Name}} {{end}}", found)
        for found in docker("ps", "--quiet", "--filter", f"name={name}").split()
    ]
    docker_objects.remove_run(name, environment)
    assert made_by(name) == []
    assert not set(" ".join(mounted).split()) & set(docker("volume", "ls", "--quiet").split())


def test_what_somebody_else_makes_stays(environment, name):
    """A run removes what carries its own name, and no other."""
    docker("volume", "create", "--label", f"{docker_objects.LABEL}={name}-other", name)
    docker_objects.remove_run(name, environment)
    assert docker("volume", "rm", name) == name


def test_image_keeps_the_names_that_others_gave_it(environment, name, folder):
    """Two runs that build the same have one image with two names, of which only one goes."""
    build = ("build", "--quiet", str(folder))
    names = [f"127.0.0.1:9/{name}/{run}:one" for run in ("first", "second")]
    ids = [docker(*build, f"--tag={each}") for each in names]
    assert ids[0] == ids[1]
    docker_objects.remove(f"reference=127.0.0.1:9/{name}/first", environment, ("image",))
    listed = ("image", "ls", "--format={{.Repository}}:{{.Tag}}", f"127.0.0.1:9/{name}/*")
    assert docker(*listed) == names[1]
    docker("image", "rm", names[1])


def test_other_commands_are_docker_s_own(environment):
    """Arguments, output and exit status pass through unchanged."""
    command = ["docker", "run", "--rm", BASE, "sh", "-c", 'echo "$1"; exit 3', "sh", "two words"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "two words\n")
    version = ("version", "--format", "{{.Client.Version}}")
    asked = ["docker", *version]
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == docker(*version)


def test_what_docker_keeps_is_told(environment, name):
    """A volume that a container of somebody else's uses is not removed, and not forgotten."""
    subprocess.run(["docker", "volume", "create", name], env=environment, check=True)
    docker("create", "--name", name, "--volume", f"{name}:/data", BASE)
    with pytest.raises(LeftBehindError, match=f"did not remove the volume {name}: .*in use"):
        docker_objects.remove_run(name, environment)
    docker("rm", name)
    docker_objects.remove_run(name, environment)
    assert made_by(name) == []


def test_docker_that_does_not_answer_is_told(environment, name):
    """Where nobody knows what is left, nobody says that nothing is."""
    silent = {**environment, "DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    with pytest.raises(LeftBehindError, match="does not tell which containers are left"):
        docker_objects.remove_run(name, silent)
