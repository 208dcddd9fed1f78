"""The double of GitHub's REST API: it compares two commits, for a job that may read contents.

https://docs.github.com/en/rest/commits/commits#compare-two-commits
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from werkzeug import Request, Response
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, Unauthorized

from template.rehearsal.github.oidc import Job, Repository

COMPARISON = re.compile(r"/repos/([\w.-]+/[\w.-]+)/compare/([0-9a-f]{40})\.\.\.([0-9a-f]{40})")

History = Callable[[str, str], str]


class Api:
    """The API, a WSGI application.

    `history` says how a commit stands to an earlier one: identical, ahead, behind or diverged; it
    raises LookupError for a commit that the repository does not have. `token` is the job's.
    """

    def __init__(
        self, repository: Repository, history: History, current_job: Callable[[], Job], token: str
    ):
        self.repository = repository
        self.history = history
        self.current_job = current_job
        self.token = token

    def __call__(self, environ, start_response):
        """Answer one request."""
        try:
            content, status = self._compare(Request(environ)), 200
        except HTTPException as error:
            content, status = {"message": error.description}, error.code
        response = Response(json.dumps(content), status, content_type="application/json")
        return response(environ, start_response)

    def _compare(self, request: Request) -> dict:
        """Raises Unauthorized, Forbidden and NotFound, as GitHub answers."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Unauthorized("Bad credentials")
        if not self.current_job().contents:
            raise Forbidden("Resource not accessible by integration")
        found = COMPARISON.fullmatch(request.path)
        if not found or found[1] != self.repository.full_name:
            raise NotFound("Not Found")
        try:
            return {"status": self.history(found[2], found[3])}
        except LookupError:
            raise NotFound("Not Found") from None


def history_of(checkout: Path) -> History:
    """The history that a clone has."""

    def compare(earlier: str, later: str) -> str:
        for commit in (earlier, later):
            if _git(checkout, "cat-file", "-e", f"{commit}^{{commit}}"):
                raise LookupError(commit)
        if earlier == later:
            return "identical"
        if not _git(checkout, "merge-base", "--is-ancestor", earlier, later):
            return "ahead"
        if not _git(checkout, "merge-base", "--is-ancestor", later, earlier):
            return "behind"
        return "diverged"

    return compare


def _git(checkout: Path, *arguments: str) -> int:
    """The exit status of a git command."""
    return subprocess.run(
        ["git", *arguments], cwd=checkout, capture_output=True, check=False
    ).returncode
