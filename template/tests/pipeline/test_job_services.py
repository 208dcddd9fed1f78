"""The services of jobs run beside the jobs, at the ports that the jobs are told."""

import contextlib
import socket

import psycopg
import pytest
import yaml

from template.rehearsal import docker_objects, machine, postgresql_image
from template.rehearsal.github import job_services
from template.tests.image.containers import docker as run_docker
from template.tests.image.containers import unique

CALLER = """\
on: push
jobs:
  test: {uses: ./.github/workflows/ci.yml}
  remote: {uses: somebody/else/.github/workflows/ci.yml@v1}
"""
CI = """\
on: {workflow_call: }
jobs:
  lint:
    runs-on: ubuntu-24.04
    env: {PORT: 5432}
    steps: [{run: "true"}]
  test:
    runs-on: ubuntu-24.04
    services:
      db:
        image: public.ecr.aws/docker/library/postgres:18-trixie
        env: {POSTGRES_PASSWORD: pass}
        ports: ["5432:5432"]
        options: --health-cmd pg_isready --health-interval 1s --health-retries 30
    env:
      DATABASE_URL: postgres://postgres:pass@localhost:5432/postgres
      PGPORT: 5432
      OTHERS: 15432 54321 5432.1 ${{ job.services.db.ports['5432'] }}
    steps: [{run: "true"}]
  boxed:
    container: python:3
    services: {db: {image: postgres}}
"""


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose deploy.yml calls a workflow with services."""
    folder = tmp_path / "checkout/.github/workflows"
    folder.mkdir(parents=True)
    (folder / "deploy.yml").write_text(CALLER)
    (folder / "ci.yml").write_text(CI)
    (folder / "nightly.yml").write_text(CI)
    return tmp_path / "checkout"


@pytest.fixture
def taken():
    """The port 5432, which somebody has on this machine."""
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 5432)):
        yield
        return
    yield


@pytest.fixture
def environment(docker, tmp_path):
    """The environment of a run, whose containers and images go with the test."""
    name = unique("services")
    environment = machine.environment(tmp_path / "home", name)
    try:
        yield environment
    finally:
        docker_objects.remove_run(name, environment)
        postgresql_image.remove(environment)


def the_service(checkout):
    """The only service that a push starts."""
    (service,) = job_services.found(checkout / ".github/workflows", "deploy.yml")
    return service


def jobs(checkout):
    """The jobs of the called workflow, as they are told by now."""
    return yaml.safe_load((checkout / ".github/workflows/ci.yml").read_text())["jobs"]


def test_services_of_called_workflows_are_found(checkout):
    """Not those of a workflow that a push does not start, nor of a job that act has in a box."""
    assert str(the_service(checkout)) == "db of ci.yml: test"


@pytest.mark.parametrize(
    ("said", "inner", "wanted"),
    [
        ("127.0.0.1:6379:6379", "6379", "6379"),
        ("16379:6379/tcp", "6379", "16379"),
        (6379, "6379", ""),
        ("53:53/udp", None, None),
    ],
)
def test_ports_are_read(checkout, said, inner, wanted):
    """A port alone is at any place, as on GitHub; one of UDP is at none."""
    service = the_service(checkout)
    service.definition["ports"] = [said]
    ports = job_services.choose_ports(service)
    assert [(port, chosen[0]) for port, chosen in ports.items()] == (
        [(inner, wanted)] if inner else []
    )


@pytest.mark.usefixtures("taken")
def test_job_is_told_another_port_where_its_own_is_taken(checkout):
    """Wherever the job names it, and nowhere else."""
    service = the_service(checkout)
    ports = job_services.choose_ports(service)
    job_services.move_ports(service, ports)
    outer = ports["5432"][1]
    assert outer != "5432"
    told = jobs(checkout)["test"]
    assert told["services"]["db"]["ports"] == [f"{outer}:{outer}"]
    assert told["env"] == {
        "DATABASE_URL": f"postgres://postgres:pass@localhost:{outer}/postgres",
        "PGPORT": int(outer),
        "OTHERS": f"15432 54321 5432.1 {outer}",
    }
    assert jobs(checkout)["lint"]["env"] == {"PORT": 5432}


def test_port_that_is_free_stays(checkout):
    """The job reads what it says itself."""
    job_services.move_ports(the_service(checkout), {"5432": ("5432", "5432")})
    assert jobs(checkout)["test"]["env"]["PGPORT"] == 5432
    assert "5432.1 5432" in jobs(checkout)["test"]["env"]["OTHERS"]


@pytest.mark.usefixtures("taken")
def test_service_answers_once_it_is_started(checkout, environment, monkeypatch):
    """A server of PostgreSQL takes the job's password, at the port that the job is told.

    A port that was free at the look, and that somebody took then, is not told.
    """
    free, told = job_services._is_free, iter([True])
    monkeypatch.setattr(job_services, "_is_free", lambda port: next(told, False) or free(port))
    lines = []
    job_services.start(checkout, "deploy.yml", environment, lines.append)
    assert list(told) == []
    url = jobs(checkout)["test"]["env"]["DATABASE_URL"]
    assert url.rpartition("@")[2].partition("/")[0].replace("localhost", "127.0.0.1") in lines[-1]
    with psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url.replace("pass@", "wrong@"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"image": "127.0.0.1:1/nobody/has:it"}, "The service db of ci.yml: test does not start: "),
        (
            {"options": "--health-cmd false --health-interval 1s --health-retries 1"},
            "it is not healthy",
        ),
        ({"image": "postgres:${{ matrix.postgres }}"}, "because it has expressions"),
    ],
)
def test_service_that_does_not_start_is_told(checkout, environment, change, told):
    """The rehearsal goes on, and the job shows what it misses."""
    file = checkout / ".github/workflows/ci.yml"
    workflow = yaml.safe_load(file.read_text())
    workflow["jobs"]["test"]["services"]["db"] |= {"ports": [5432], **change}
    file.write_text(yaml.safe_dump(workflow))
    lines = []
    job_services.start(checkout, "deploy.yml", environment, lines.append)
    assert told in lines[-1]


def test_services_go_with_the_run(checkout, docker, tmp_path):
    """They carry the label of the run, by which it removes what it has made."""
    name = unique("services")
    environment = machine.environment(tmp_path / "home", name)
    label = f"label={docker_objects.LABEL}={name}"
    listed = ("ps", "--all", "--quiet", "--filter", label)
    try:
        job_services.start(checkout, "deploy.yml", environment, str)
        assert run_docker(*listed).stdout != ""
    finally:
        docker_objects.remove_run(name, environment)
        postgresql_image.remove(environment)
    assert run_docker(*listed).stdout == ""
