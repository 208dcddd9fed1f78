"""Protection that the plan has or has not, and that a person has set."""

import pytest

REVIEW = {
    "type": "required_reviewers",
    "prevent_self_review": True,
    "reviewers": [{"type": "Team", "reviewer": {"id": 5}}],
}


def test_plan_without_reviewers(workplace):
    """Where the plan has no reviewers, production is for its branch, and setup says so."""
    workplace.hub.plan_refuses = ("reviewers",)
    outcome = workplace.run("setup")
    assert outcome.code == 0
    production = workplace.hub.environments["production"]
    assert production["protection_rules"] == []
    assert production["branches"] == [{"name": "main", "type": "branch"}]
    assert "Your GitHub plan has no required reviewers for this repository." in outcome.out
    assert "Make the repository public or choose a bigger plan, then `make setup`." in outcome.out
    assert "docs/setup.md, No reviewers" in outcome.out


def test_plan_without_any_protection(workplace):
    """Where the plan has no protection at all, environments go without, and setup says so."""
    workplace.hub.plan_refuses = ("reviewers", "deployment_branch_policy")
    outcome = workplace.run("setup")
    assert outcome.code == 0
    assert workplace.hub.environments["staging"]["deployment_branch_policy"] is None
    assert "has no a restriction" not in outcome.out
    assert outcome.out.count("has no deployment branches for this repository") == 2
    assert "only AWS refuses other branches" in outcome.out


def test_refused_protection_is_no_change(workplace):
    """What the plan refuses again the next time counts as unchanged."""
    workplace.hub.plan_refuses = ("reviewers",)
    workplace.run("setup")
    outcome = workplace.run("setup")
    assert "unchanged  environment production" in outcome.out
    assert "Nothing changed" in outcome.out


def test_a_persons_protection_stays(workplace):
    """Reviewers, waiting times and branches that a person has set survive."""
    workplace.hub.environments["production"] = {
        "name": "production",
        "protection_rules": [REVIEW, {"type": "wait_timer", "wait_timer": 30}],
        "deployment_branch_policy": None,
        "branches": [],
    }
    outcome = workplace.run("setup")
    assert "production: add protection, for main only" in outcome.out
    production = workplace.hub.environments["production"]
    assert production["protection_rules"] == [REVIEW, {"type": "wait_timer", "wait_timer": 30}]
    assert production["branches"] == [{"name": "main", "type": "branch"}]


@pytest.mark.parametrize(
    ("policy", "branches"),
    [
        ({"protected_branches": True, "custom_branch_policies": False}, []),
        ({"protected_branches": False, "custom_branch_policies": True}, [{"name": "release/*"}]),
    ],
)
def test_a_persons_branches_stay(workplace, policy, branches):
    """Branches that a person has chosen stay while a reviewer is added."""
    workplace.hub.environments["production"] = {
        "name": "production",
        "protection_rules": [],
        "deployment_branch_policy": policy,
        "branches": branches,
    }
    workplace.run("setup")
    production = workplace.hub.environments["production"]
    assert production["deployment_branch_policy"] == policy
    assert production["branches"] == branches
    assert production["protection_rules"][0]["reviewers"][0]["reviewer"] == {"id": 77}


def test_half_made_environment_is_completed(workplace):
    """A restriction without a branch, as an interruption leaves it, gets its branch."""
    workplace.hub.environments["staging"] = {
        "name": "staging",
        "protection_rules": [],
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True},
        "branches": [],
    }
    workplace.run("setup", STAGES="staging")
    assert workplace.hub.environments["staging"]["branches"] == [{"name": "main", "type": "branch"}]


def test_another_refusal_is_told(workplace):
    """A refusal that is not about the plan ends the run at once, with who can change it."""
    workplace.hub.forbidden = "PUT .*environments/staging"
    outcome = workplace.run("setup")
    assert outcome.code == 1
    assert "Resource not accessible by personal access token" in outcome.err
    assert "gh auth refresh --scopes repo" in outcome.err
    assert workplace.desk.changes() == []
    assert len([call for call in workplace.desk.calls if "PUT" in call.words]) == 1


def test_plan_without_environments(workplace):
    """Where the plan has no environments, setup stops before anything costs money."""
    workplace.hub.has_environments = False
    outcome = workplace.run("setup")
    assert outcome.code == 1
    assert "Private repositories have no environments on the Free plan" in outcome.err
    assert "docs/codepipeline.md" in outcome.err
    assert workplace.cloud.formation.stacks == {}
