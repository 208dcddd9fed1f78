"""The checkout whose templates are deployed."""

from deploy.errors import ProgramError
from deploy.programs import run


def describe_checkout() -> str:
    """Return branch and commit of the checkout, and whether there are changes beside it."""
    try:
        branch = run("git", "rev-parse", "--abbrev-ref", "HEAD").strip()
        commit = run("git", "rev-parse", "--short", "HEAD").strip()
        changed = run("git", "status", "--porcelain", "--", "deploy/infra").strip()
    except (FileNotFoundError, ProgramError):
        return "of this folder, which Git does not know"
    return f"{branch} at {commit}{', with changes that are not committed' if changed else ''}"
