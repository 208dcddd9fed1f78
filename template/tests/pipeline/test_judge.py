"""IAM policies are judged as AWS judges them."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from template.rehearsal.aws.account import arn, iam_arn
from template.rehearsal.iam.judge import Judge, PolicyError

ME = "arn:aws:sts::123456789012:assumed-role/me/session"
CLUSTER = arn("ecs", "cluster/a")
SERVICE = arn("ecs", "service/a/web")
FAMILY = arn("ecs", "task-definition/a")
PROVIDER = iam_arn("oidc-provider/token.actions.githubusercontent.com")


def statement(effect="Allow", **parts):
    """A policy with one statement."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Only", "Effect": effect, **parts}],
    }


@pytest.fixture
def decide(judge):
    """Judge a request against policies by name."""

    def ask(action, resource, context=None, **policies):
        return judge.decide(
            principal=ME,
            action=action,
            resource=resource,
            context=context or {},
            policies=policies,
        )

    return ask


def test_statement_allows(decide):
    """A statement that matches allows, and is named."""
    mine = statement(Action="ecs:UpdateService", Resource=SERVICE)
    decision = decide("ecs:UpdateService", SERVICE, mine=mine)
    assert (decision.allowed, decision.explicit, decision.why) == (True, False, "mine/Only")


def test_unnamed_action_is_refused(decide):
    """What no statement names is denied."""
    mine = statement(Action="ecs:UpdateService", Resource=SERVICE)
    decision = decide("ecs:DeleteService", SERVICE, mine=mine)
    assert (decision.allowed, decision.explicit) == (False, False)
    assert decision.why == "no statement names the action"


def test_other_resource_is_refused(decide):
    """A statement about another resource does not count, and is named as the nearest."""
    mine = statement(Action="ecs:UpdateService", Resource=SERVICE)
    decision = decide("ecs:UpdateService", arn("ecs", "service/b/web"), mine=mine)
    assert (decision.allowed, decision.why) == (False, "mine/Only wants another resource")


@pytest.mark.parametrize(("family", "allowed"), [("a", True), ("b", False)])
def test_condition_decides(decide, family, allowed):
    """A condition key with another value denies, and is named."""
    mine = statement(
        Action="ecs:UpdateService",
        Resource=SERVICE,
        Condition={"ArnLike": {"ecs:task-definition": f"{FAMILY}:*"}},
    )
    asked = {"ecs:task-definition": arn("ecs", f"task-definition/{family}:7")}
    decision = decide("ecs:UpdateService", SERVICE, asked, mine=mine)
    assert decision.allowed is allowed
    assert ("wants another ecs:task-definition" in decision.why) is not allowed


def test_denial_wins(decide):
    """A statement that denies wins over one that allows."""
    allow = statement(Action="ecs:*", Resource="*")
    deny = statement("Deny", Action="ecs:UpdateService", Resource="*")
    decision = decide("ecs:UpdateService", SERVICE, allow=allow, deny=deny)
    assert (decision.allowed, decision.explicit) == (False, True)


def test_no_policy_allows_nothing(decide):
    """A role without policies may do nothing."""
    assert not decide("ecs:UpdateService", SERVICE).allowed


def test_wildcard_resource(decide):
    """An action without a resource is judged on all of them, with its conditions."""
    mine = statement(
        Action="ecs:ListTasks", Resource="*", Condition={"ArnEquals": {"ecs:cluster": CLUSTER}}
    )
    assert decide("ecs:ListTasks", "*", {"ecs:cluster": CLUSTER}, mine=mine).allowed
    assert not decide("ecs:ListTasks", "*", {"ecs:cluster": f"{CLUSTER}b"}, mine=mine).allowed


@pytest.mark.parametrize(
    ("resource", "allowed"), [(FAMILY, True), (arn("ecs", "task-definition/b"), False)]
)
def test_family_without_revision(decide, resource, allowed):
    """RunTask on a family is judged on the family's ARN, which no pattern of revisions covers."""
    family = statement(Action="ecs:RunTask", Resource=FAMILY)
    revisions = statement(Action="ecs:RunTask", Resource=f"{FAMILY}:*")
    assert decide("ecs:RunTask", resource, family=family).allowed is allowed
    assert not decide("ecs:RunTask", resource, revisions=revisions).allowed


@pytest.mark.parametrize(
    ("action", "resource", "context", "words"),
    [
        ("ecs:UpdateSrvice", SERVICE, {}, "invalid.action"),
        ("ecs:UpdateService", CLUSTER, {}, "no.resource.types"),
        ("ecr:GetAuthorizationToken", CLUSTER, {}, "must.use.wildcard"),
        ("ecs:UpdateService", SERVICE, {"ecs:colour": "x"}, "knows no condition key ecs:colour"),
    ],
)
def test_questions_that_make_no_sense(decide, action, resource, context, words):
    """An action, a resource and condition keys that do not belong together are errors."""
    with pytest.raises(PolicyError, match=words):
        decide(action, resource, context)


def test_policy_that_iam_refuses(decide):
    """A policy that IAM would not accept is an error, not a denial."""
    with pytest.raises(PolicyError, match="identityPolicyErrors"):
        decide("ecs:UpdateService", SERVICE, mine=statement(Action="ecs:UpdateService"))


@pytest.mark.parametrize(
    ("provider", "subject", "allowed"),
    [
        (PROVIDER, "repo:a", True),
        (PROVIDER, "repo:b", False),
        (PROVIDER, "REPO:A", False),
        (iam_arn("oidc-provider/example.com"), "repo:a", False),
    ],
)
def test_trust_policy(judge, provider, subject, allowed):
    """A trust policy opens to its provider and its subject, letter case included."""
    host = "token.actions.githubusercontent.com"
    decision = judge.decide(
        principal=provider,
        action="sts:AssumeRoleWithWebIdentity",
        resource=iam_arn("role/a"),
        context={f"{host}:sub": subject, f"{host}:repository_id": "1"},
        policies={},
        trust=statement(
            Action="sts:AssumeRoleWithWebIdentity",
            Principal={"Federated": PROVIDER},
            Condition={"StringEquals": {f"{host}:sub": "repo:a", f"{host}:repository_id": "1"}},
        ),
    )
    assert decision.allowed is allowed


def test_threads_get_their_own_answers(decide):
    """Questions of several threads at once are not mixed up."""
    services = [arn("ecs", f"service/a/{number}") for number in range(20)]
    mine = statement(Action="ecs:UpdateService", Resource=services[::2])
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda each: decide("ecs:UpdateService", each, mine=mine), services)
    assert [answer.allowed for answer in answers] == [True, False] * 10


def processes():
    """The processes that judge policies for this one."""
    command = ["pgrep", "-f", "-P", str(os.getpid()), "policies/evaluate.js"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return set(map(int, found.split()))


def test_process_ends_with_the_context(judge):
    """The process is there while the context lasts, and gone after it."""
    before = processes()
    with Judge():
        [mine] = processes() - before
    assert processes() == before
    with pytest.raises(ProcessLookupError):
        os.kill(mine, 0)


def test_dead_process_is_told():
    """A process that was killed is an error, not an endless wait."""
    before = processes()
    with Judge() as judge:
        [mine] = processes() - before
        os.kill(mine, signal.SIGKILL)
        with pytest.raises(PolicyError, match="has ended"):
            judge.decide(
                principal=ME, action="ecs:ListTasks", resource="*", context={}, policies={}
            )
