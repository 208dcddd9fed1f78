"""A desk with the doubles of aws and gh on PATH, where the commands are run."""

import copy
import io
from typing import NamedTuple

import pytest

from setup import stacks
from setup.__main__ import main
from tests.setup.cloud import Cloud
from tests.setup.hub import Hub
from tests.setup.programs import Desk, serve

CHOICES = (
    *("PROJECT", "REGION", "STAGES", "SUBJECT_FORMAT", "YES", "DELETE_DATA", "GH_REPO"),
    *("STAGING_PARAMETERS", "PRODUCTION_PARAMETERS", "AWS_REGION", "AWS_PROFILE"),
)


class Outcome(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Workplace:
    """A person's desk: an account, a repository, and the commands."""

    def __init__(self, server, monkeypatch, capsys) -> None:
        self.cloud, self.hub = Cloud(), Hub()
        self.desk = server.desk = Desk({"aws": self.cloud, "gh": self.hub})
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def run(self, *arguments: str, typing: str = "y\n", **choices: str) -> Outcome:
        """Run a command of `python3 -m setup` with these choices, typing these answers."""
        self.desk.calls.clear()
        with self.monkeypatch.context() as context:
            for name, value in choices.items():
                context.setenv(name, value)
            context.setattr("sys.stdin", io.StringIO(typing))
            code = main(list(arguments))
        printed = self.capsys.readouterr()
        assert self.desk.fault is None
        assert code != 1 or "\nNext: " in printed.err, "every error says what to do next"
        return Outcome(code, printed.out, printed.err)

    def set_up(self) -> None:
        """Bring the account and the repository where a first run leaves them."""
        outcome = self.run("setup")
        assert outcome.code == 0, outcome

    def deploy_images(self, *stages: str) -> None:
        """Tag an image for each stage, as a release does."""
        images = self.cloud.formation.kept["AWS::ECR::Repository"]["django-crud-app"]
        images.update(
            {stage: f"sha256:{'ab' * 32}" for stage in stages or ("staging", "production")}
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The executables, answered from a thread."""
    folder = tmp_path_factory.mktemp("programs")
    running = serve(folder)
    running.programs = folder
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def workplace(server, monkeypatch, capsys):
    """A desk with an empty account and a new private repository."""
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(server.programs))
    monkeypatch.setattr(stacks, "POLL_SECONDS", 0)
    return Workplace(server, monkeypatch, capsys)


@pytest.fixture(scope="session")
def first_run():
    """Where a first run leaves account and repository, once somebody has run it."""
    return {}


@pytest.fixture
def set_up(workplace, first_run):
    """A desk whose first run is over."""
    if not first_run:
        workplace.set_up()
        first_run.update(copy.deepcopy({"cloud": workplace.cloud, "hub": workplace.hub}))
    vars(workplace.cloud).update(copy.deepcopy(vars(first_run["cloud"])))
    vars(workplace.hub).update(copy.deepcopy(vars(first_run["hub"])))
    return workplace
