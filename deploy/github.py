"""The GitHub repository: its numbers, its token's subject, its variables."""

import json
from dataclasses import dataclass
from typing import Any

from deploy.errors import ProgramError, SetupError
from deploy.programs import run

# Repositories created since then send the immutable subject.
# https://docs.github.com/en/actions/reference/security/oidc
IMMUTABLE_SINCE = "2026-07-15"


@dataclass(frozen=True)
class Repository:
    """A repository as GitHub describes it to whoever is logged in."""

    full_name: str
    owner: str
    owner_id: int
    name: str
    id: int
    default_branch: str
    created_at: str
    private: bool
    admin: bool

    def subject(self, form: str, context: str) -> str:
        """Return a token's subject for a context such as `environment:staging`."""
        if form == "classic":
            return f"repo:{self.full_name}:{context}"
        return f"repo:{self.owner}@{self.owner_id}/{self.name}@{self.id}:{context}"


def api(path: str, *options: str, body: Any = None) -> str:
    """Return what GitHub's API answers; raise ProgramError where it refuses."""
    if body is None:
        return run("gh", "api", path, *options)
    return run("gh", "api", path, *options, "--input", "-", stdin=json.dumps(body))


def find(path: str) -> Any:
    """Return GitHub's answer, or None where it has nothing under that path."""
    try:
        return json.loads(api(path))
    except ProgramError as error:
        if "HTTP 404" in error.said:
            return None
        raise


def read_repository() -> Repository:
    """Return the repository of this clone, or the one that GH_REPO names."""
    run("gh", "auth", "status")
    found = find("repos/{owner}/{repo}")  # gh fills these in itself
    if found is None:
        raise SetupError(
            "GitHub does not show you this clone's repository.",
            "Check `git remote -v` and `gh auth status`, or name it: GH_REPO=OWNER/NAME.",
        )
    return Repository(
        full_name=found["full_name"],
        owner=found["owner"]["login"],
        owner_id=found["owner"]["id"],
        name=found["name"],
        id=found["id"],
        default_branch=found["default_branch"],
        created_at=found["created_at"],
        private=found["private"],
        admin=found["permissions"]["admin"],
    )


def signed_in_user() -> dict[str, Any]:
    """Return whoever is logged in to GitHub."""
    return json.loads(api("user"))


def subject_form(repository: Repository) -> str:
    """Return which form the subject of this repository's tokens has: immutable or classic."""
    path = f"repos/{repository.full_name}/actions/oidc/customization/sub"
    told = find(path) or {"use_default": True}
    if not told["use_default"]:
        raise SetupError(
            f"{repository.full_name} sends a subject of its own, which no role here trusts.",
            f"Put it back, `gh api --method PUT {path} -F use_default=true`, then run this again.",
        )
    if "sub_claim_prefix" in told:
        return "immutable" if "@" in told["sub_claim_prefix"] else "classic"
    if "use_immutable_subject" in told:
        return "immutable" if told["use_immutable_subject"] else "classic"
    return "immutable" if repository.created_at >= IMMUTABLE_SINCE else "classic"


def read_variables(repository: Repository, environment: str = "") -> dict[str, str]:
    """Return the variables of the repository, or those of one of its environments."""
    scope = f"environments/{environment}" if environment else "actions"
    path = f"repos/{repository.full_name}/{scope}/variables"
    lines = api(path, "--paginate", "--jq", ".variables[] | {name, value}").splitlines()
    return {variable["name"]: variable["value"] for variable in map(json.loads, lines)}


def set_variable(repository: Repository, name: str, value: str, environment: str = "") -> None:
    """Create or change a variable of the repository, or of one of its environments."""
    run("gh", "variable", "set", name, "--body", value, *where(repository, environment))


def delete_variable(repository: Repository, name: str, environment: str = "") -> None:
    """Delete a variable of the repository, or of one of its environments."""
    run("gh", "variable", "delete", name, *where(repository, environment))


def where(repository: Repository, environment: str) -> list[str]:
    """Return the options that say whose variable it is."""
    return ["--repo", repository.full_name, *(["--env", environment] if environment else [])]
