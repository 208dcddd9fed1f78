"""Every role may do what it must, nothing that it must not, and each word of it matters."""

import re
from collections.abc import Iterator
from copy import deepcopy

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION, arn
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.iam.roles import load_roles
from template.rehearsal.project import INFRA, STAGES
from template.rehearsal.project import NAME as PROJECT
from template.tests import exhaustive
from template.tests.infra.calls import NAME_IMAGES, NEEDED, PUSH_LAYERS, READ_IMAGES
from template.tests.infra.cloudformation import listed, stack, stacks, switches
from template.tests.infra.refusals import REFUSED

ROLES = load_roles([*stacks().values(), *switches()])
DOCKERS = {call.action for call in [*READ_IMAGES, *PUSH_LAYERS, NAME_IMAGES]}
COMMANDS = {"ecr:GetLoginPassword": "ecr:GetAuthorizationToken"}


def written() -> Iterator[tuple[str, str, int]]:
    """Where every statement of every policy stands: a role that has it, policy, index."""
    policies = {
        id(document): (role.name, policy, document)
        for role in ROLES.values()
        for policy, document in role.policies.items()
    }
    for role, policy, document in policies.values():
        for index in range(len(document["Statement"])):
            yield role, policy, index


def statement(role: str, policy: str, index: int) -> dict:
    """The statement that stands there."""
    return ROLES[role].policies[policy]["Statement"][index]


def changed(role: str, policy: str, index: int, **parts: object) -> dict[str, dict]:
    """The role's policies with some parts of one statement replaced."""
    policies = deepcopy(ROLES[role].policies)
    policies[policy]["Statement"][index].update(parts)
    return policies


def named(role: str, policy: str, index: int, *more: str) -> str:
    """What a test of that statement is called."""
    return "-".join([role, statement(role, policy, index)["Sid"], *more])


ACTIONS = [
    pytest.param(*place, action, id=named(*place, action))
    for place in written()
    for action in listed(statement(*place)["Action"])
]
WIDENINGS = [
    pytest.param(*place, resource, wider, id=named(*place, wider))
    for place in written()
    for resource in listed(statement(*place)["Resource"])
    for wider in dict.fromkeys(
        [
            re.sub(r"[^:/]*[:/]?\*?$", "*", resource, count=1),
            resource.replace(REGION, "*"),
            resource.replace(ACCOUNT, "*"),
        ]
    )
    if wider != resource
]
CONDITIONS = [
    pytest.param(*place, id=named(*place))
    for place in written()
    if "Condition" in statement(*place)
]


@pytest.fixture(scope="module")
def allowed(judge):
    """Which of the calls these policies allow the role."""

    def decide(role: str, policies: dict, calls: list[Authorization]) -> list[Authorization]:
        return [
            call
            for call in calls
            if judge.decide(
                principal=ROLES[role].arn,
                action=call.action,
                resource=call.resource,
                context=dict(call.context),
                policies=policies,
            ).allowed
        ]

    return decide


def test_no_role_is_forgotten():
    """Every role of the templates has its calls, needed and refused."""
    assert set(ROLES) == set(NEEDED) == set(REFUSED)


@pytest.mark.parametrize("role", ROLES)
def test_roles_may_do_what_they_must(role, allowed):
    """Every call that a role has to make is allowed."""
    assert allowed(role, ROLES[role].policies, NEEDED[role]) == NEEDED[role]


@pytest.mark.parametrize("role", ROLES)
def test_roles_may_do_nothing_else(role, allowed):
    """More than forty calls beside a role's work are refused."""
    assert len({str(call) for call in REFUSED[role]}) == len(REFUSED[role]) > 40
    assert allowed(role, ROLES[role].policies, REFUSED[role]) == []


@pytest.mark.parametrize("stage", STAGES)
def test_without_a_switch_the_application_may_do_nothing(stage, allowed):
    """Unless uploads or mail are switched on, a container's role has no permission at all."""
    role = f"{PROJECT}-{stage}-task"
    assert load_roles(stacks().values())[role].policies == {}
    assert allowed(role, {}, NEEDED[role]) == []


SNAPSHOTS = {"SnapshotBeforeRelease": "true", "DatabaseIdentifier": "items-database"}


def snapshot_calls(stage: str, database: str = "items-database") -> list[Authorization]:
    """What a release calls to take a snapshot of a database and to wait for it."""
    snapshot = arn("rds", f"snapshot:{PROJECT}-{stage}-1a2b3c")
    return [
        Authorization("rds:CreateDBSnapshot", arn("rds", f"db:{database}")),
        Authorization("rds:CreateDBSnapshot", snapshot),
        Authorization("rds:DescribeDBSnapshots", snapshot),
    ]


def release_policies(**chosen: str) -> dict[str, dict]:
    """The policies of staging's release, with these choices."""
    return load_roles([stack("roles", **chosen)])[f"{PROJECT}-staging-release"].policies


def test_a_release_may_take_a_snapshot(allowed):
    """Switched on, a release takes snapshots of its stage's database; off, or without one, none."""
    role, calls = f"{PROJECT}-staging-release", snapshot_calls("staging")
    assert allowed(role, release_policies(**SNAPSHOTS), calls) == calls
    assert allowed(role, release_policies(), calls) == []
    assert (
        allowed(role, release_policies(SnapshotBeforeRelease="true", DatabaseIdentifier=""), calls)
        == []
    )


def test_a_release_may_do_nothing_else_with_databases(allowed):
    """Neither other databases nor what deletes, restores or shares a snapshot is its own."""
    role, policies = f"{PROJECT}-staging-release", release_policies(**SNAPSHOTS)
    (_, snapshot, _) = snapshot_calls("staging")
    others = [
        *snapshot_calls("production", "production-database"),
        *(
            Authorization(f"rds:{action}", snapshot.resource)
            for action in ("DeleteDBSnapshot", "ModifyDBSnapshotAttribute", "AddTagsToResource")
        ),
        Authorization("rds:DeleteDBInstance", arn("rds", "db:items-database")),
        Authorization("rds:ModifyDBInstance", arn("rds", "db:items-database")),
        Authorization("rds:RestoreDBInstanceFromDBSnapshot", snapshot.resource),
    ]
    assert allowed(role, policies, others) == []
    assert allowed(role, policies, REFUSED[role]) == []


@exhaustive.MARK
@pytest.mark.parametrize(("role", "policy", "index", "action"), ACTIONS)
def test_every_action_is_needed(role, policy, index, action, allowed):
    """Without any single action of a policy, a call that has to be made is refused."""
    rest = [each for each in listed(statement(role, policy, index)["Action"]) if each != action]
    policies = changed(role, policy, index, Action=rest or ["sts:GetCallerIdentity"])
    calls = [call for call in NEEDED[role] if call.action == action]
    assert allowed(role, policies, calls) != calls


@exhaustive.MARK
@pytest.mark.parametrize(("role", "policy", "index", "resource", "wider"), WIDENINGS)
def test_every_resource_is_narrow(role, policy, index, resource, wider, allowed):
    """With any single resource of a policy widened, a call that must be refused is allowed."""
    own = listed(statement(role, policy, index)["Resource"])
    resources = [wider if each == resource else each for each in own]
    policies = changed(role, policy, index, Resource=resources)
    assert allowed(role, policies, REFUSED[role]) != []


@pytest.mark.parametrize(("role", "policy", "index"), CONDITIONS)
def test_every_condition_is_needed(role, policy, index, allowed):
    """Without any single condition of a policy, a call that must be refused is allowed."""
    policies = changed(role, policy, index, Condition={})
    assert allowed(role, policies, REFUSED[role]) != []


@pytest.mark.parametrize(
    ("buildspec", "role"),
    [("build.yml", "build"), ("release.yml", "staging-release")],
)
def test_the_calls_are_the_buildspecs(buildspec, role):
    """The calls that a role needs are those that its buildspec makes, beside Docker's own."""
    text = re.sub(r"^ *#.*$", "", (INFRA.parents[1] / buildspec).read_text(), flags=re.MULTILINE)
    commands = re.findall(
        r"(?:\b(?:aws|call) (logs)|(?<=[ (])(ecr|ecs)) ([a-z]+(?:-[a-z]+)+)", text
    )
    made = {f"{one or other}:{name.title().replace('-', '')}" for one, other, name in commands}
    needed = {call.action for call in NEEDED[f"{PROJECT}-{role}"]} - DOCKERS - {"iam:PassRole"}
    assert {COMMANDS.get(action, action) for action in made} - DOCKERS == needed
