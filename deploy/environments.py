"""GitHub environments: which protection they have, and giving them what they lack."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deploy.errors import ProgramError
from deploy.github import Repository, api, find

PLAN_REFUSES = "billing plan"
REVIEWERS = "required reviewers"
NAMES = {"reviewers": REVIEWERS, "deployment_branch_policy": "deployment branches"}


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
        """What this template wants of its protection and does not find."""
        whole = self.restricted and self.admits_default_branch
        lacks = [] if whole else ["deployment_branch_policy"]
        if self.is_reviewed and not self.reviewers:
            lacks.append("reviewers")
        return lacks


def read_environment(repository: Repository, name: str, *, is_reviewed: bool) -> Environment:
    """Return an environment of the repository, whether it exists yet or not.

    `is_reviewed` says whether it is to have reviewers.
    """
    found = find(address(repository, name))
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
    told = find(f"{address(repository, name)}/deployment-branch-policies")
    return tuple(policy["name"] for policy in told["branch_policies"])


def protect(repository: Repository, environment: Environment, reviewer: int) -> list[str]:
    """Create or complete an environment and return which protections the plan refuses.

    What a person has set already stays: GitHub resets whatever the request leaves out.
    """
    wishes = wanted_protection(environment, reviewer)
    refused = put(address(repository, environment.name), wishes)
    if "deployment_branch_policy" not in refused and (
        not environment.restricted or not environment.admits_default_branch
    ):
        allow_branch(repository, environment.name, repository.default_branch)
    return [NAMES[name] for name in refused if name in environment.lacks]


def put(path: str, wishes: dict[str, Any]) -> list[str]:
    """Create or change an environment as far as the plan allows and return what it refuses."""
    try:
        api(path, "--method", "PUT", body=wishes)
    except ProgramError as error:
        refusable = [name for name in NAMES if name in wishes]
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
    path = f"{address(repository, name)}/deployment-branch-policies"
    api(path, "--method", "POST", body={"name": branch, "type": "branch"})


def address(repository: Repository, name: str) -> str:
    """Return the path of an environment in GitHub's API."""
    return f"repos/{repository.full_name}/environments/{name}"
