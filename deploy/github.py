"""The GitHub repository: its numbers, its token's subject, its variables, its environments."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deploy.errors import ProgramError, SetupError
from deploy.programs import run

# Repositories created since then send the immutable subject.
# https://docs.github.com/en/actions/reference/security/oidc
IMMUTABLE_SINCE = "2026-07-15"
PLAN_REFUSES = "billing plan"
REVIEWERS = "required reviewers"
PROTECTIONS = {"reviewers": REVIEWERS, "deployment_branch_policy": "deployment branches"}


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


@dataclass(frozen=True)
class Environment:
    """An environment as GitHub describes it, and the branches that it names."""

    name: str
    is_reviewed: bool
    default_branch: str
    exists: bool
    wait_timer: int
    self_review: bool
    reviewers: tuple[tuple[str, int], ...]
    branch_policy: dict[str, bool] | None
    branches: tuple[str, ...]

    @property
    def restricted(self) -> bool:
        """Whether only some branches may use it."""
        if self.branch_policy is None:
            return False
        return self.branch_policy["protected_branches"] or bool(self.branches)

    @property
    def admits_default_branch(self) -> bool:
        """Whether the default branch is among its branches, as far as they are named."""
        if self.branch_policy is None or self.branch_policy["protected_branches"]:
            return True
        return any(fnmatchcase(self.default_branch, pattern) for pattern in self.branches)

    @property
    def lacks(self) -> list[str]:
        """What setup wants of its protection and does not find."""
        whole = self.restricted and self.admits_default_branch
        lacks = [] if whole else ["deployment_branch_policy"]
        if self.is_reviewed and not self.reviewers:
            lacks.append("reviewers")
        return lacks


def read_environment(repository: Repository, name: str, *, is_reviewed: bool) -> Environment:
    """Return an environment of the repository, whether it exists yet or not.

    `is_reviewed` says whether it is to have reviewers.
    """
    found = find(environment_path(repository, name))
    told = found or {}
    rules = {rule["type"]: rule for rule in told.get("protection_rules", [])}
    review = rules.get("required_reviewers", {"reviewers": [], "prevent_self_review": False})
    policy = told.get("deployment_branch_policy")
    return Environment(
        name=name,
        is_reviewed=is_reviewed,
        default_branch=repository.default_branch,
        exists=found is not None,
        wait_timer=rules.get("wait_timer", {"wait_timer": 0})["wait_timer"],
        self_review=not review.get("prevent_self_review"),
        reviewers=tuple((one["type"], one["reviewer"]["id"]) for one in review["reviewers"]),
        branch_policy=policy,
        branches=read_branches(repository, name)
        if policy and policy["custom_branch_policies"]
        else (),
    )


def read_branches(repository: Repository, name: str) -> tuple[str, ...]:
    """Return the branch patterns that may use an environment."""
    told = find(f"{environment_path(repository, name)}/deployment-branch-policies")
    return tuple(policy["name"] for policy in told["branch_policies"])


def protect(repository: Repository, environment: Environment, reviewer: int) -> list[str]:
    """Create or complete an environment and return which protections the plan refuses.

    What a person has set already stays: GitHub resets whatever the request leaves out.
    """
    wishes = wanted_protection(environment, reviewer)
    refused = put(environment_path(repository, environment.name), wishes)
    if "deployment_branch_policy" not in refused and (
        not environment.restricted or not environment.admits_default_branch
    ):
        allow_branch(repository, environment.name, repository.default_branch)
    return [PROTECTIONS[name] for name in refused if name in environment.lacks]


def put(path: str, wishes: dict[str, Any]) -> list[str]:
    """Create or change an environment as far as the plan allows and return what it refuses."""
    try:
        api(path, "--method", "PUT", body=wishes)
    except ProgramError as error:
        refusable = [name for name in PROTECTIONS if name in wishes]
        if PLAN_REFUSES not in error.said or not refusable:
            raise
        rest = {name: wish for name, wish in wishes.items() if name != refusable[0]}
        return [refusable[0], *put(path, rest)]
    return []


def wanted_protection(environment: Environment, reviewer: int) -> dict[str, Any]:
    """Return the request's body: what is set, completed by what is lacking."""
    policy = environment.branch_policy
    if not environment.restricted:
        policy = {"protected_branches": False, "custom_branch_policies": True}
    wishes: dict[str, Any] = {"deployment_branch_policy": policy}
    reviewers = environment.reviewers
    if "reviewers" in environment.lacks:
        reviewers = (("User", reviewer),)
    if reviewers:
        wishes["reviewers"] = [{"type": kind, "id": number} for kind, number in reviewers]
        wishes["prevent_self_review"] = not environment.self_review
    if environment.wait_timer:
        wishes["wait_timer"] = environment.wait_timer
    return wishes


def allow_branch(repository: Repository, name: str, branch: str) -> None:
    """Let a branch use an environment that is closed to the others."""
    path = f"{environment_path(repository, name)}/deployment-branch-policies"
    api(path, "--method", "POST", body={"name": branch, "type": "branch"})


def environment_path(repository: Repository, name: str) -> str:
    """Return the path of an environment in GitHub's API."""
    return f"repos/{repository.full_name}/environments/{name}"
