"""Begins in GitHub Actions, for the first push of a copy, and tells the owner what happened."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from template.begin import begin
from template.begin.begin import Wish
from template.begin.changes import WORKFLOW
from template.begin.git import git
from template.begin.names import NameRefusedError, Names
from template.begin.source import source
from template.errors import TemplateError

BOT = "github-actions[bot]"
MAIL = "41898282+github-actions[bot]@users.noreply.github.com"
# GitHub's words for a refused push, and what they mean.
WORKFLOW_REFUSED = re.compile(r"refusing to allow .* to create or update workflow")
REFUSALS = {
    re.compile(r"GH006|GH013|protected branch"): "the branch is protected",
    re.compile(r"error: 403|Permission to \S+ denied|Write access to repository not granted"): (
        "workflows may not write to this repository"
    ),
    re.compile(r"fetch first|non-fast-forward|cannot lock ref|stale info"): (
        "somebody has pushed meanwhile"
    ),
}


class RefusedError(Exception):
    """GitHub did not take the push; the message is what it said."""


def push(root: Path, environment: Mapping[str, str]) -> None:
    """Begin with the repository's name and push it; where that cannot be, say what to do.

    The copy is as it was then, and that is no error: its owner runs `make begin`.
    """
    event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text())
    repository = event["repository"]
    wish = Wish(repository["name"])
    try:
        check_copy(root, repository)
        git(root, "config", "user.name", BOT)
        git(root, "config", "user.email", MAIL)
        tree = git(root, "rev-parse", "HEAD^{tree}").strip()
        wish = Wish(repository["name"], source=source(environment, tree))
        names = begin.check(root, wish)
        commit, kept = push_commit(root, names, wish, environment["GITHUB_REF"])
    except NameRefusedError as error:
        other = replace(wish, name="...")
        tell(environment, *not_begun(other, f"{error} Choose another name."))
    except TemplateError as error:
        tell(environment, *not_begun(wish, f"{error} {error.advice}"))
    except RefusedError as error:
        tell(environment, *not_begun(wish, reason(str(error))))
    else:
        tell(environment, *begun(names, commit, kept))


def check_copy(root: Path, repository: Mapping[str, object]) -> None:
    """Raise TemplateError unless this is the first commit of a copy.

    Neither the template nor a fork of it is one, and what its owner has done since is not touched:
    a revert of the beginning, for example. GitHub makes a copy in a single commit:
    https://docs.github.com/en/repositories/creating-and-managing-repositories/creating-a-repository-from-a-template
    """
    if repository.get("is_template") is not False or repository.get("fork") is not False:
        raise TemplateError("This is the template, or a fork of it.", "It stays as it is.")
    if re.search(r"^parent ", git(root, "cat-file", "commit", "HEAD"), re.MULTILINE):
        raise TemplateError("This is not the first commit of a copy.", "It is yours to begin.")


def push_commit(root: Path, names: Names, wish: Wish, ref: str) -> tuple[str, list[str]]:
    """Push the beginning; return its commit, and the files that GitHub did not let go.

    GITHUB_TOKEN may delete a workflow, and write none. Raises RefusedError where it may do neither.
    """
    kept: list[str] = []
    commit = begin.make_commit(root, names, wish)
    try:
        send(root, commit, ref)
    except RefusedError as error:
        if not WORKFLOW_REFUSED.search(str(error)):
            raise
        kept = [WORKFLOW]
        commit = begin.make_commit(root, names, wish, kept)
        send(root, commit, ref)
    return commit, kept


def send(root: Path, commit: str, ref: str) -> None:
    """Push a commit to the branch that it was made from; raises RefusedError with the reason."""
    try:
        git(root, "push", "--quiet", "origin", f"{commit}:{ref}")
    except TemplateError as error:
        raise RefusedError(str(error)) from None


def reason(said: str) -> str:
    """Return why a push was refused, in a sentence."""
    for words, meaning in REFUSALS.items():
        if words.search(said):
            return f"GitHub did not take the commit, because {meaning}."
    return f"GitHub did not take the commit. {said}"


def begun(names: Names, commit: str, kept: list[str]) -> tuple[str, str]:
    """Return the title and the text for a copy that is its owner's now."""
    text = f"""\
The commit {commit} removes what the template needed for itself, and gives the project its name:
`{names.project}` in Python, `{names.slug}` elsewhere. Its message says what it did, and
`git revert` undoes it.

- If you have cloned the repository already: `git pull`
- A push from a workflow starts no other workflow, so nothing has tested this commit on GitHub.
  Your next push does. To see it now: `make test` in a clone.
"""
    for name in kept:
        text += f"""\
- `{name}` is still there, because GitHub did not let a workflow remove it.
  It does nothing any more. Remove it: `git rm {name}`
"""
    return f"This repository is {names.given} now", text


def not_begun(wish: Wish, why: str) -> tuple[str, str]:
    """Return the title and the text for a copy that is as it was."""
    where = f" SOURCE={wish.source.split()[0]}" if wish.source else ""
    return (
        "This copy is as the template made it",
        f"""\
{why}

To make it yours, run this in a clone, and push or open a pull request:

    make begin NAME={wish.name}{where}
""",
    )


def tell(environment: Mapping[str, str], title: str, text: str) -> None:
    """Write a notice at the run, and its summary."""
    print(f"::notice title={title}::{text.partition(chr(10))[0]}")
    with Path(environment["GITHUB_STEP_SUMMARY"]).open("a") as summary:
        summary.write(f"### {title}\n\n{text}")
