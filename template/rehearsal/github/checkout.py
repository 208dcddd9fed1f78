"""A checkout of the commit to rehearse, as GitHub makes one for each job."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from template.rehearsal.github.oidc import Repository

ACTIONS = Path(__file__).parent / "actions"
USES = re.compile(r"uses: (([\w-]+/([\w-]+))@\w+)")


class CheckoutError(RuntimeError):
    """There is no commit to rehearse; the message says what to do."""


@dataclass(frozen=True)
class Checkout:
    """A clone in a folder, on branch main, at a commit of 40 hex digits."""

    folder: Path
    commit: str
    changed: bool

    def stand_ins(self) -> dict[str, Path]:
        """The folders that stand in for the third-party actions of the workflows."""
        texts = (file.read_text() for file in (self.folder / ".github" / "workflows").iterdir())
        uses = {match for text in texts for match in USES.findall(text)}
        return {use: ACTIONS / name for use, _, name in uses if (ACTIONS / name).is_dir()}


def clone(source: Path, folder: Path, repository: Repository) -> Checkout:
    """Clone the commit that a work tree is on. Raises CheckoutError when it has none.

    What is not committed stays out; `changed` tells that there is such a thing.
    """
    try:
        commit = _git(source, "rev-parse", "HEAD")
        changed = _git(source, "status", "--porcelain") != ""
        _git(source, "clone", "--quiet", "--no-hardlinks", str(source), str(folder))
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip()
        raise CheckoutError(f"There is no commit to rehearse: {reason}. Run: git commit") from None
    _git(folder, "checkout", "--quiet", "-B", "main", commit)
    _git(folder, "remote", "set-url", "origin", f"https://github.com/{repository.full_name}")
    return Checkout(folder, commit, changed)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
