"""The double of GitHub's API compares commits, and says no as GitHub does."""

import pytest
import requests

from template.rehearsal.github.api import Api, history_of
from template.rehearsal.github.oidc import Job, Repository
from template.rehearsal.serving import serve
from template.tests.pipeline.sandboxes import commit, git

REPOSITORY = Repository()
TOKEN = "ghs_of-this-job"
PUSH = Job(None, "push", "refs/heads/main", id_token=False)
SILENT = Job(None, "push", "refs/heads/main", id_token=False, contents=False)


@pytest.fixture
def commits(tmp_path):
    """A clone with two commits on a branch, and one beside them; `found` has all three."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    found = {}
    for name, start in (("first", None), ("second", None), ("beside", "HEAD~1")):
        if start:
            git(tmp_path, "checkout", "--quiet", start)
        (tmp_path / name).write_text(name)
        commit(tmp_path)
        found[name] = (tmp_path / ".git/refs/heads/main").read_text().strip()
        if start:
            found[name] = (tmp_path / ".git/HEAD").read_text().strip()
    return tmp_path, found


@pytest.fixture
def ask(commits):
    """A function that asks for a comparison, as a job."""

    def asked(earlier, later, job=PUSH, token=TOKEN, name=REPOSITORY.full_name):
        with serve(Api(REPOSITORY, history_of(commits[0]), lambda: job, TOKEN)) as endpoint:
            path = f"repos/{name}/compare/{earlier}...{later}?per_page=1&page=2"
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.get(f"http://{endpoint}/{path}", headers=headers, timeout=60)
        return answer.status_code, answer.json()

    return asked


@pytest.mark.parametrize(
    ("earlier", "later", "status"),
    [
        ("first", "second", "ahead"),
        ("second", "first", "behind"),
        ("second", "beside", "diverged"),
        ("second", "second", "identical"),
    ],
)
def test_commits_are_compared(commits, ask, earlier, later, status):
    """The answer says how the second commit stands to the first."""
    found = commits[1]
    assert ask(found[earlier], found[later]) == (200, {"status": status})


def test_unknown_commit_is_not_found(commits, ask):
    """A commit that the repository does not have is not found."""
    assert ask(commits[1]["first"], "f" * 40) == (404, {"message": "Not Found"})


def test_other_repository_is_not_found(commits, ask):
    """The token of a job shows no other repository."""
    assert ask(*[commits[1]["first"]] * 2, name="o/r")[0] == 404


def test_wrong_token_is_refused(commits, ask):
    """Only the job's own token is taken."""
    assert ask(*[commits[1]["first"]] * 2, token="another") == (401, {"message": "Bad credentials"})


def test_job_that_may_not_read_is_refused(commits, ask):
    """Without `contents: read` the comparison is not told."""
    status, told = ask(*[commits[1]["first"]] * 2, job=SILENT)
    assert (status, told["message"]) == (403, "Resource not accessible by integration")
