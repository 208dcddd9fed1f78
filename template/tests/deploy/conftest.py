"""A desk with the doubles of aws and gh on PATH, where the commands are run."""

import copy
import io
from pathlib import Path

import pytest

from deploy import domains, logs, restore, run, stacks, start, task
from deploy.cli import main
from template.tests.deploy.cloud import Cloud
from template.tests.deploy.hub import FULL_NAME, Hub
from template.tests.deploy.operations import new_secret
from template.tests.deploy.outcomes import Outcome
from template.tests.deploy.programs import Desk, serve
from template.tests.deploy.terminal import attached

PROJECT = "shop"
# What a new production says that has no name yet.
PLAIN = "[all]\nplain = true\n"
CHOICES = (
    *("PROJECT", "REGION", "STAGES", "SUBJECT_FORMAT", "YES", "DELETE_DATA", "GH_REPO"),
    *(
        "STAGING_PARAMETERS",
        "PRODUCTION_PARAMETERS",
        "PRODUCTION_PROFILE",
        "GITHUB_PARAMETERS",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
    ),
)


class Workplace:
    """A person's desk: an account, a repository, and the commands."""

    def __init__(self, server, monkeypatch, capsys) -> None:
        self.cloud, self.hub = Cloud(), Hub()
        self.programs = server.programs
        self.desk = server.desk = Desk({"aws": self.cloud, "gh": self.hub})
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def write_stages(self, text: str, procfile: str = "") -> None:
        """Write stages.toml, and a Procfile where one is given, into the folder of the desk."""
        Path("stages.toml").write_text(text)
        Path("Procfile").write_text(procfile)

    def run(self, *arguments: str, typing: str | bytes = "y\n", **choices: str) -> Outcome:
        """Run a command of `python3 -m deploy` with these choices, typing these answers."""
        given = typing.encode() if isinstance(typing, str) else typing
        self.desk.calls.clear()
        with self.monkeypatch.context() as context:
            for name, value in choices.items():
                context.setenv(name, value)
            context.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
            code = main(list(arguments))
        printed = self.capsys.readouterr()
        assert self.desk.fault is None
        assert code != 1 or "\nNext: " in printed.err, "every error says what to do next"
        return Outcome(code, printed.out, printed.err)

    def operate(self, *arguments: str, **choices: str) -> Outcome:
        """Run a command that needs no GitHub CLI, in a clone that tells its repository's name."""
        outcome = self.run(*arguments, **{"GH_REPO": FULL_NAME} | choices)
        assert not [call for call in self.desk.calls if call.words[0] == "gh"]
        return outcome

    def operate_at_terminal(self, *arguments: str, typing: str = "") -> Outcome:
        """Run a command at a terminal, where these lines are typed."""
        self.desk.calls.clear()
        with self.monkeypatch.context() as context, attached() as terminal:
            context.setenv("GH_REPO", FULL_NAME)
            terminal.type(typing)
            code = main(list(arguments))
        assert self.desk.fault is None
        return Outcome(code, terminal.printed, self.capsys.readouterr().err)

    def set_up(self) -> None:
        """Bring the account and the repository where a run leaves them."""
        self.last = self.run("setup")
        assert self.last.code == 0, self.last

    def deploy_images(self, *stages: str) -> None:
        """Tag an image for each stage, as a release does."""
        images = self.cloud.formation.kept["AWS::ECR::Repository"][PROJECT]
        images.update(dict.fromkeys(stages or ("staging", "production"), f"sha256:{'ab' * 32}"))


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
def workplace(server, monkeypatch, capsys, tmp_path):
    """A desk with an empty account and a new private repository, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(server.programs))
    monkeypatch.setattr(stacks, "POLL_SECONDS", 0)
    for module in (domains, logs, restore, run, start, task):
        monkeypatch.setattr(module, "POLL_SECONDS", 0)
    monkeypatch.setattr(task, "SETTLE_SECONDS", 0.2)
    workplace = Workplace(server, monkeypatch, capsys)
    monkeypatch.setattr(
        domains, "addresses", lambda host: workplace.cloud.addresses.get(host, set())
    )
    workplace.write_stages(PLAIN)
    return workplace


@pytest.fixture(scope="session")
def remembered():
    """Account and repository as earlier tests left them, by what had been done to them."""
    return {}


def bring(workplace, remembered, state, *steps):
    """Bring a desk to a state by these steps, once; later it is remembered."""
    if state not in remembered:
        for step in steps:
            step()
        left = (workplace.cloud, workplace.hub)
        remembered[state] = (copy.deepcopy(left), workplace.last, workplace.desk.changes())
    cloud, hub = copy.deepcopy(remembered[state][0])
    vars(workplace.cloud).update(vars(cloud))
    vars(workplace.hub).update(vars(hub))
    return workplace


@pytest.fixture
def set_up(workplace, remembered):
    """A desk whose first run is over."""
    return bring(workplace, remembered, "set up", workplace.set_up)


@pytest.fixture
def first_run(set_up, remembered):
    """What the first run printed, and what it changed."""
    return remembered["set up"][1:]


@pytest.fixture
def healthy(workplace, remembered):
    """A desk where everything is deployed and runs."""
    steps = (workplace.set_up, workplace.deploy_images, workplace.set_up)
    return bring(workplace, remembered, "healthy", *steps)


@pytest.fixture
def secret(healthy):
    """The variables of the stage staging, in a desk where everything runs."""
    outputs = healthy.cloud.formation.stacks["shop-staging-roles"]["outputs"]
    healthy.cloud.secrets[outputs["ConfigSecretArn"]] = new_secret()
    return healthy.cloud.secrets[outputs["ConfigSecretArn"]]
