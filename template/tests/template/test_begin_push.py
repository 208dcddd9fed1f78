"""The first push of a copy begins it; where GitHub does not let it, the copy stays as it is.

The workflow runs under act, and pushes to a repository that refuses as GitHub does: the hooks say
GitHub's own words, and judge what is pushed.
"""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from template.begin.changes import WORKFLOW
from template.begin.push import check_copy, push
from template.begin.source import source
from template.errors import TemplateError
from template.rehearsal import machine
from template.rehearsal.github.act import Run
from template.rehearsal.github.checkout import Checkout
from template.tests import exhaustive
from template.tests.template.copies import clone, fresh_copy, git

NAME = "My-Shop.api"
WORKFLOW_REFUSED = (
    "refusing to allow a GitHub App to create or update workflow "
    f"`{WORKFLOW}` without `workflows` permission"
)
# A hook of the repository, which sees what is pushed before it is taken.
HOOKS = {
    "workflow": f"""\
read old new ref
git diff --quiet $old $new -- .github/workflows && exit 0
echo '{WORKFLOW_REFUSED}' >&2
exit 1
""",
    "protected": """\
echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2
echo 'error: Changes must be made through a pull request.' >&2
exit 1
""",
    "rules": """\
echo 'error: GH013: Repository rule violations found for refs/heads/main.' >&2
exit 1
""",
    "permission": """\
echo 'Permission to o/shop.git denied to github-actions[bot].' >&2
exit 1
""",
    "else": "echo 'error: GH999: The moon is full.' >&2\nexit 1\n",
}
TEMPLATE = {"template_repository": {"full_name": "o/t", "html_url": "https://github.com/o/t"}}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy of this repository with one commit; tests leave it as it is."""
    return fresh_copy(tmp_path_factory.mktemp("template") / "copy")


@dataclass
class Copy:
    """A checkout of a copy, and the repository on GitHub that it is from."""

    checkout: str
    hub: str
    event: dict = field(default_factory=dict)

    def refuse(self, reason):
        """Let the repository refuse what is pushed, for a reason in HOOKS."""
        hook = self.hub / "hooks/pre-receive"
        hook.write_text(f"#!/bin/sh\n{HOOKS[reason]}")
        hook.chmod(0o755)

    def head(self):
        """The commit of the branch on GitHub, and how many there are."""
        return git(self.hub, "rev-parse", "main").strip(), self.count()

    def count(self):
        """How many commits the branch on GitHub has."""
        return int(git(self.hub, "rev-list", "--count", "main"))

    def files(self):
        """The files of the branch on GitHub."""
        return git(self.hub, "ls-tree", "-r", "--name-only", "main").split()


@pytest.fixture
def copy(fresh, tmp_path):
    """A copy on GitHub, and the checkout of its first push."""
    checkout = clone(fresh, tmp_path / "checkout")
    git(checkout, "clone", "--quiet", "--bare", str(checkout), str(tmp_path / "hub"))
    git(checkout, "remote", "add", "origin", str(tmp_path / "hub"))
    for key in ("user.name", "user.email"):
        git(checkout, "config", "--unset", key)
    repository = {
        "name": NAME,
        "full_name": f"o/{NAME}",
        "default_branch": "main",
        "is_template": False,
        "fork": False,
    }
    event = {"ref": "refs/heads/main", "repository": repository}
    return Copy(checkout, tmp_path / "hub", event)


@pytest.fixture
def begin(copy, tmp_path, capsys):
    """A function that does what the job's step does; returns annotations and the summary."""

    def run(**environment):
        event, summary = tmp_path / "event.json", tmp_path / "summary.md"
        event.write_text(json.dumps(copy.event))
        given = {
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_REPOSITORY": f"o/{NAME}",
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_TOKEN": "token",
        }
        push(copy.checkout, given | environment)
        return capsys.readouterr().out, summary.read_text()

    return run


@dataclass(frozen=True)
class Begin(Run):
    """A run of the workflow for an event."""

    payload: str = ""

    def command(self):
        """The command line of act."""
        return [*super().command(), "--eventpath", self.payload]


def act(copy, home, event="push"):
    """What happens when the workflow runs for an event in the copy."""
    payload = home / "payload.json"
    payload.write_text(json.dumps(copy.event))
    environment = {
        "PATH": machine.search_path(),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    stand_ins = Checkout(copy.checkout, "", False).stand_ins()
    run = Begin(
        *(copy.checkout, "template.yml", event, {}, environment, stand_ins),
        branch=copy.event["repository"]["default_branch"],
        payload=str(payload),
    )
    with run.start() as events:
        return list(events)


def told(events, kind):
    """The texts of the events of a kind."""
    return [event.text for event in events if event.kind == kind]


def test_first_push_begins(copy, tmp_path):
    """The job makes one commit on the branch, and its summary says what that means."""
    first = copy.head()[0]
    events = act(copy, tmp_path)
    assert told(events, "job-result") == ["success"], told(events, "line")
    [summary] = told(events, "summary")
    commit, count = copy.head()
    assert count == 2
    assert commit in summary
    assert f"### This repository is {NAME} now" in summary
    assert "`my_shop_api` in Python, `my-shop-api` elsewhere" in summary
    assert "A push from a workflow starts no other workflow" in summary
    assert "`git pull`" in summary
    files = copy.files()
    assert "src/my_shop_api/settings.py" in files
    assert [name for name in files if name.startswith("template/") or name == WORKFLOW] == []
    assert git(copy.hub, "diff", "--name-status", first, "main", "--", ".github/workflows") == (
        f"D\t{WORKFLOW}\n"
    )
    assert git(copy.hub, "log", "-1", "--format=%an").strip() == "github-actions[bot]"


def test_workflow_that_must_stay_does_nothing(copy, tmp_path):
    """Where GitHub lets no workflow go, the rest is done, and what stays is named and inert."""
    copy.refuse("workflow")
    events = act(copy, tmp_path)
    assert told(events, "job-result") == ["success"], told(events, "line")
    [summary] = told(events, "summary")
    assert f"`{WORKFLOW}` is still there" in summary
    assert f"git rm {WORKFLOW}" in summary
    commit, count = copy.head()
    assert (count, WORKFLOW in copy.files()) == (2, True)
    assert "template/cli.py" not in copy.files()
    assert commit in summary
    said = git(copy.hub, "log", "-1", "--format=%B", "main")
    assert WORKFLOW not in said

    git(copy.checkout, "pull", "--quiet", "origin", "main")
    again = act(copy, tmp_path)
    assert told(again, "job-result") == ["success"], told(again, "line")
    assert told(again, "summary") == []
    assert copy.head() == (commit, 2)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    exhaustive.rows(
        [
            ("protected", "because the branch is protected"),
            ("rules", "because the branch is protected"),
            ("permission", "because workflows may not write to this repository"),
            ("meanwhile", "because somebody has pushed meanwhile"),
            ("else", "GH999: The moon is full."),
        ],
        "protected",
        key=lambda row: row[0],
    ),
)
def test_refused_push_leaves_the_copy(copy, tmp_path, reason, meaning):
    """Where GitHub takes no commit, the job is green, and says what the owner runs by hand."""
    if reason == "meanwhile":
        somebody_pushes(copy, tmp_path / "theirs")
    else:
        copy.refuse(reason)
    before = copy.head()
    events = act(copy, tmp_path)
    assert told(events, "job-result") == ["success"], told(events, "line")
    [summary] = told(events, "summary")
    assert meaning in summary
    assert f"make begin NAME={NAME}" in summary
    assert copy.head() == before


def somebody_pushes(copy, folder):
    """Another commit reaches the branch."""
    git(copy.hub, "clone", "--quiet", str(copy.hub), str(folder))
    (folder / "README.md").write_text("mine")
    git(folder, "commit", "--quiet", "--all", "--message=Mine")
    git(folder, "push", "--quiet")


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"is_template": True}, "push"),
        ({"fork": True}, "push"),
        ({"default_branch": "trunk"}, "push"),
        ({}, "pull_request"),
    ],
    ids=["template", "fork", "branch", "pull request"],
)
def test_nothing_begins_elsewhere(copy, tmp_path, changes, event):
    """In the template, in a fork, on another branch and for a pull request nothing begins.

    Nor does any other job of the workflow run in a copy.
    """
    copy.event["repository"] |= changes
    if changes.get("is_template"):
        # There the other jobs do run, and for long.
        keep_job(copy.checkout / WORKFLOW, "begin")
        git(copy.checkout, "commit", "--quiet", "--all", "--amend", "--no-edit")
        git(copy.checkout, "push", "--quiet", "--force", "origin", "HEAD:main")
    before = copy.head()
    events = act(copy, tmp_path, event)
    assert told(events, "job-result") == []
    assert copy.head() == before


def keep_job(file, name):
    """Take the jobs after this one out of a workflow file."""
    text = file.read_text()
    start = text.index(f"\n  {name}:")
    end = text.index("\n\n  ", start)
    file.write_text(text[: end + 1])


@pytest.mark.parametrize("changes", [{"is_template": True}, {"fork": True}, {"is_template": None}])
def test_what_is_no_copy_is_refused(copy, begin, changes):
    """The command looks for itself: only what GitHub says is no template and no fork begins."""
    copy.event["repository"] |= changes
    before = copy.head()
    said, _ = begin()
    assert "This is the template, or a fork of it." in said
    assert copy.head() == before


def test_only_the_first_commit_begins(copy, begin):
    """What an owner has committed since is not touched: a revert of the beginning, for example."""
    git(copy.checkout, "commit", "--quiet", "--allow-empty", "--message=Mine")
    git(copy.checkout, "push", "--quiet", "origin", "main")
    before = copy.head()
    said, summary = begin()
    assert "::notice title=This copy is as the template made it::" in said
    assert "This is not the first commit of a copy." in summary
    assert copy.head() == before


def test_first_commit_is_told_from_the_last_of_a_shallow_clone(copy, tmp_path):
    """A checkout has the last commit alone, which has a parent all the same."""
    git(copy.checkout, "commit", "--quiet", "--allow-empty", "--message=Mine")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{copy.checkout}", str(shallow))
    assert git(shallow, "rev-list", "--count", "HEAD").strip() == "1"
    with pytest.raises(TemplateError, match="not the first commit"):
        check_copy(shallow, {"is_template": False, "fork": False})


@pytest.mark.parametrize("name", ["2048", "django", "x" * 33])
def test_name_that_cannot_be_is_left_to_its_owner(copy, begin, name):
    """A repository's name that is no project's is no error; the owner chooses another."""
    copy.event["repository"]["name"] = name
    before = copy.head()
    said, summary = begin()
    assert said.startswith("::notice title=This copy is as the template made it::NAME=")
    assert "Choose another name." in summary
    assert "make begin NAME=...\n" in summary
    assert copy.head() == before


def test_forbidden_is_told(copy, begin):
    """The answer 403 of GitHub's server means that workflows may not write."""
    with serving({}) as address:
        git(copy.checkout, "remote", "set-url", "origin", f"{address}/o/shop")
        said, summary = begin()
    assert "because workflows may not write to this repository" in summary
    assert "::notice" in said


def test_source_is_the_commit_with_the_same_files(copy, begin):
    """GitHub knows the template of a copy, and which commit of it has the copy's files."""
    tree = git(copy.checkout, "rev-parse", "HEAD^{tree}").strip()
    commits = [
        {"sha": "b" * 40, "commit": {"tree": {"sha": "0" * 40}}},
        {"sha": "a" * 40, "commit": {"tree": {"sha": tree}}},
    ]
    answers = {f"/repos/o/{NAME}": TEMPLATE, "/repos/o/t/commits?per_page=100": commits}
    with serving(answers) as address:
        begin(GITHUB_API_URL=address)
    readme = git(copy.hub, "show", "main:README.md")
    assert f"Made from https://github.com/o/t at {'a' * 40}, as commit " in readme


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ({}, ""),
        ({"/repos/o/shop": {}}, ""),
        ({"/repos/o/shop": {"template_repository": None}}, ""),
        ({"/repos/o/shop": TEMPLATE}, "https://github.com/o/t"),
        (
            {"/repos/o/shop": TEMPLATE, "/repos/o/t/commits?per_page=100": []},
            "https://github.com/o/t",
        ),
    ],
)
def test_less_is_told_of_a_template_that_is_not_seen(answers, known):
    """Of a private template, or without an answer, only what is known is said."""
    with serving(answers) as address:
        environment = {
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": "o/shop",
            "GITHUB_TOKEN": "token",
        }
        assert source(environment, "0" * 40) == known


def test_source_is_passed_on_to_the_owner(copy, begin):
    """The command for the owner names the template, which a clone does not know."""
    copy.refuse("protected")
    with serving({f"/repos/o/{NAME}": TEMPLATE}) as address:
        _, summary = begin(GITHUB_API_URL=address)
    assert f"make begin NAME={NAME} SOURCE=https://github.com/o/t\n" in summary


class serving:  # noqa: N801 - reads as a function
    """A server that gives these answers to who shows the token, and 403 to all else."""

    def __init__(self, answers):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.headers["Authorization"] == "Bearer token" and self.path in answers
                self.send_response(200 if known else 403)
                self.end_headers()
                self.wfile.write(json.dumps(answers.get(self.path)).encode())

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
