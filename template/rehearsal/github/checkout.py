"""A checkout of the commit to rehearse, as GitHub makes one for each job."""

import contextlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from template.adopt.adopt import OTHER_WORKFLOW
from template.adopt.home import OTHER
from template.rehearsal.github.oidc import Repository

ACTIONS = Path(__file__).parent / "actions"
USES = re.compile(r"uses: (([\w-]+/([\w-]+))@\w+)")
# What the pipeline consists of, in any project that has it.
PIPELINE = (
    ".github/actions/run-buildspec/action.yml",
    ".github/workflows/deploy.yml",
    ".github/workflows/stage.yml",
    "build.yml",
    "release.yml",
    "deploy/infra/github.yml",
    "deploy/infra/pipeline.yml",
    "deploy/infra/stage.yml",
    "Dockerfile",
)


# Where an adopted project has a part of it, if it has files of its own in the usual places.
ELSEWHERE = {
    ".github/workflows/deploy.yml": (OTHER_WORKFLOW,),
    "Dockerfile": ("deploy/Dockerfile", f"{OTHER}/Dockerfile"),
    **{path: (path.replace("deploy", OTHER, 1),) for path in PIPELINE if "infra" in path},
}


class CheckoutError(RuntimeError):
    """There is no commit that can be rehearsed; the message says what to do."""


@dataclass(frozen=True)
class Checkout:
    """A clone in a folder, on the default branch, at a commit of 40 hex digits.

    `changed` tells that the project has changes that are not committed, `home` is the folder with
    infra/, and `workflow` the name of the workflow that deploys.
    """

    folder: Path
    commit: str
    changed: bool
    branch: str = "main"
    home: str = "deploy"
    workflow: str = "deploy.yml"

    def contains(self, text: str) -> bool:
        """Whether a text stands in a file of the commit. Raises CheckoutError."""
        command = ["git", "grep", "--quiet", "--text", "--fixed-strings", "-f", "-", self.commit]
        done = subprocess.run(command, cwd=self.folder, input=text, text=True, check=False)
        if done.returncode > 1:
            raise CheckoutError(f"Git cannot look for a text in {self.commit}.")
        return done.returncode == 0

    def stand_ins(self) -> dict[str, Path]:
        """The folders that stand in for the third-party actions of the workflows."""
        texts = (file.read_text() for file in (self.folder / ".github" / "workflows").iterdir())
        uses = {match for text in texts for match in USES.findall(text)}
        return {use: ACTIONS / name for use, _, name in uses if (ACTIONS / name).is_dir()}


def default_branch(source: Path) -> str:
    """The default branch of a repository, as its remote, its names or its work tree tell."""
    asked = ("symbolic-ref", "--quiet", "--short")
    with contextlib.suppress(subprocess.CalledProcessError):
        return _git(source, *asked, "refs/remotes/origin/HEAD").partition("/")[2]
    branches = _git(source, "branch", "--format=%(refname:short)").splitlines()
    for usual in ("main", "master"):
        if usual in branches:
            return usual
    with contextlib.suppress(subprocess.CalledProcessError):
        return _git(source, *asked, "HEAD")
    return "main"


def clone(source: Path, folder: Path, repository: Repository) -> Checkout:
    """Clone the commit that a work tree is on, onto the branch that deploys.

    What is not committed stays out. Raises CheckoutError for a folder that is not the root of a
    repository, that has no commit, or whose commit lacks a part of the pipeline.
    """
    _check_root(source)
    try:
        commit = _git(source, "rev-parse", "--verify", "HEAD")
    except subprocess.CalledProcessError:
        raise CheckoutError(
            f"{source} has no commit to rehearse. Run there: git add . && git commit"
        ) from None
    _git(source, "clone", "--quiet", "--no-hardlinks", str(source), str(folder))
    branch = default_branch(source)
    _git(folder, "checkout", "--quiet", "-B", branch, commit)
    _git(folder, "remote", "set-url", "origin", f"https://github.com/{repository.full_name}")
    places = _check_pipeline(source, folder)
    changed = _git(source, "status", "--porcelain") != ""
    home = places["deploy/infra/stage.yml"].parent.parent.as_posix()
    workflow = places[".github/workflows/deploy.yml"].name
    return Checkout(folder, commit, changed, branch, home, workflow)


def _check_root(source: Path) -> None:
    if not source.is_dir():
        raise CheckoutError(f"{source} is not a folder. Name a project: make rehearse OF=../shop")
    try:
        root = Path(_git(source, "rev-parse", "--show-toplevel"))
    except subprocess.CalledProcessError as error:
        raise CheckoutError(
            f"{source} is no Git repository, and what is rehearsed is a commit."
            f" Run there: git init && git add . && git commit. Git says: {error.stderr.strip()}"
        ) from None
    if not root.samefile(source):
        raise CheckoutError(
            f"{source} is a folder of the repository {root}. Run: make rehearse OF={root}"
        )


def _check_pipeline(source: Path, folder: Path) -> dict[str, Path]:
    """Where each part of the pipeline is, below the folder. Raises CheckoutError."""
    places = {path: place for path in PIPELINE if (place := _place(folder, path))}
    missing = [path for path in PIPELINE if path not in places]
    if not missing:
        return places
    there = [path for path in missing if _place(source, path)]
    if there:
        raise CheckoutError(f"The commit of {source} lacks {', '.join(there)}. Commit them first.")
    raise CheckoutError(
        f"{source} has no {', '.join(missing)}, so it cannot be rehearsed."
        f" Run: make adopt INTO={source}, and commit what that writes."
    )


def _place(folder: Path, path: str) -> Path | None:
    """Where a part of the pipeline is: an adopted project's other place comes first."""
    places = (*ELSEWHERE.get(path, ()), path)
    return next((Path(place) for place in places if (folder / place).is_file()), None)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
