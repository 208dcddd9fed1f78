"""A double of the GitHub CLI with a repository behind it, which can refuse."""

import json
import re
from typing import Any

from template.tests.deploy.programs import RefusedError, parse

API = {"--method": "one", "--paginate": "flag", "--jq": "one", "--input": "one"}
VARIABLE = {"--body": "one", "--repo": "one", "--env": "one"}
FULL_NAME = "acme/shop"
# What GitHub says of a protection that the plan does not include.
PLAN = (
    "Failed to create the environment protection rule. Please ensure the billing plan supports the"
    " {} protection rule."
)
RULES = {"reviewers": "required reviewers", "deployment_branch_policy": "branch policy"}
LIST_VARIABLES = ".variables[] | {name, value}"


class Hub:
    """One repository as its administrator sees it through the GitHub CLI; tests change it."""

    def __init__(self, full_name: str = FULL_NAME) -> None:
        self.full_name = full_name
        self.prefix = f"repos/{full_name}"
        self.version = "gh version 2.83.0 (2026-02-04)"
        self.log_in_error = ""
        self.forbidden = ""
        self.plan_refuses: tuple[str, ...] = ()
        self.has_environments = True
        self.repository: dict[str, Any] | None = {
            "id": 456789,
            "name": "shop",
            "full_name": FULL_NAME,
            "owner": {"login": "acme", "id": 123456},
            "default_branch": "main",
            "created_at": "2026-09-01T10:00:00Z",
            "private": True,
            "permissions": {"admin": True, "push": True},
        }
        self.subject: dict[str, Any] | None = {
            "use_default": True,
            "use_immutable_subject": True,
            "sub_claim_prefix": "repo:acme@123456/shop@456789",
        }
        self.environments: dict[str, dict] = {}
        self.variables: dict[str, dict[str, str]] = {"": {}}

    def __call__(self, words: list[str], stdin: str, environment: dict) -> tuple[str, bool]:
        """Answer one call of the program."""
        if words == ["--version"]:
            return f"{self.version}\nhttps://github.com/cli/cli/releases\n", False
        if self.log_in_error:
            raise RefusedError(self.log_in_error)
        if words == ["auth", "status"]:
            return "", False
        if words[0] == "variable":
            return self.variable(words[1], *parse(words[2:], VARIABLE)), True
        positional, options = parse(words[1:], API)
        method = options.get("--method", ["GET"])[0]
        body = json.loads(stdin) if "--input" in options else None
        return self.api(method, positional[0], body, options), method != "GET"

    def api(self, method: str, path: str, body: Any, options: dict) -> str:
        """Answer a request to the API."""
        path = path.replace("{owner}/{repo}", self.full_name)
        if path.endswith("/variables"):
            return self.list_variables(path, options)
        if self.forbidden and re.search(self.forbidden, f"{method} {path}"):
            raise RefusedError("gh: Resource not accessible by personal access token (HTTP 403)")
        if policy := re.fullmatch(
            rf"{self.prefix}/environments/(\w+)/deployment-branch-policies", path
        ):
            return self.branches(policy[1], method, body)
        if environment := re.fullmatch(rf"{self.prefix}/environments/(\w+)", path):
            return self.environment(environment[1], method, body)
        answers = {
            "user": {"login": "dev", "id": 77},
            self.prefix: self.repository,
            f"{self.prefix}/actions/oidc/customization/sub": self.subject,
        }
        if answers.get(path) is None:
            raise not_found()
        return json.dumps(answers[path])

    def environment(self, name: str, method: str, body: dict | None) -> str:
        """Describe an environment, or create or change it as far as the plan allows."""
        if method == "PUT" and self.has_environments:
            self.put_environment(name, body or {})
        if name not in self.environments:
            raise not_found()
        return json.dumps(self.environments[name])

    def put_environment(self, name: str, body: dict) -> None:
        """Set an environment's protection; what the body leaves out is reset."""
        found = self.environments.setdefault(name, blank(name))
        for wish in self.plan_refuses:
            if body.get(wish):
                raise RefusedError(f"gh: {PLAN.format(RULES[wish])} (HTTP 422)", out="{}")
        rules = []
        if body.get("reviewers"):
            people = [{"type": r["type"], "reviewer": {"id": r["id"]}} for r in body["reviewers"]]
            alone = body["prevent_self_review"]
            rules.append(
                {"type": "required_reviewers", "reviewers": people, "prevent_self_review": alone}
            )
        if body.get("wait_timer"):
            rules.append({"type": "wait_timer", "wait_timer": body["wait_timer"]})
        found["protection_rules"] = rules
        found["deployment_branch_policy"] = body.get("deployment_branch_policy")

    def branches(self, name: str, method: str, body: dict | None) -> str:
        """List the branches that may use an environment, or add one."""
        found = self.environments[name]
        if not (found["deployment_branch_policy"] or {}).get("custom_branch_policies"):
            raise not_found()
        if method == "POST":
            found["branches"].append(body)
        return json.dumps({"branch_policies": found["branches"]})

    def list_variables(self, path: str, options: dict) -> str:
        """List variables a line each; GitHub gives ten unless it is asked to go on."""
        if options.get("--jq") != [LIST_VARIABLES]:
            raise RefusedError("the double knows one expression for --jq")
        scope = re.fullmatch(rf"{self.prefix}/(actions|environments/(\w+))/variables", path)
        most = None if "--paginate" in options else 10
        found = list(self.variables.get(scope[2] or "", {}).items())[:most]
        return "".join(json.dumps({"name": name, "value": value}) + "\n" for name, value in found)

    def variable(self, verb: str, positional: list[str], options: dict) -> str:
        """Set or delete a variable."""
        if options["--repo"] != [self.full_name] or not re.fullmatch(r"[A-Z_]+", positional[0]):
            raise RefusedError("failed to set variable: HTTP 404: Not Found")
        scope = options.get("--env", [""])[0]
        if scope and scope not in self.environments:
            raise RefusedError("failed to set variable: HTTP 404: Not Found")
        if verb == "set":
            self.variables.setdefault(scope, {})[positional[0]] = options["--body"][0]
        else:
            self.variables.get(scope, {}).pop(positional[0])
        return ""


def blank(name: str) -> dict:
    """Return a new environment, which anybody may use."""
    return {"name": name, "protection_rules": [], "deployment_branch_policy": None, "branches": []}


def not_found() -> RefusedError:
    """Return what gh prints where there is nothing under a path."""
    return RefusedError("gh: Not Found (HTTP 404)", out='{"message": "Not Found", "status": "404"}')
