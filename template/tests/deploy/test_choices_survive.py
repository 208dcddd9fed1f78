"""What a person set is what the next `make setup` keeps, and the plan shows what changes."""

import pytest

from template.tests.deploy.outcomes import assert_refused

PRODUCTION, DATABASE, NETWORK = (
    "shop-production",
    "shop-production-database",
    "shop-production-network",
)
OWN_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-AbCdEf"
PRIVATE = "subnet-0cccccccccccccccc,subnet-0dddddddddddddddd"


def value(workplace, name, stack=PRODUCTION):
    """Return a parameter of a stack as it is now."""
    return workplace.cloud.formation.stacks[stack]["parameters"][name]


def plan(outcome):
    """Return what a run showed before its question."""
    return outcome.out.partition("Go ahead?")[0]


def forget(workplace, *names):
    """Bring stacks back to how they were before stacks remembered choices and owners."""
    for stack in workplace.cloud.formation.stacks.values():
        for name in names or ("RepositoryId", "Repository", "Chosen"):
            stack["tags"].pop(name, None)


@pytest.mark.parametrize("before_tags", [False, True])
def test_a_restored_database_stays(set_up, before_tags):
    """A database that somebody put in place of the stack's own is not exchanged by the next run."""
    words = f"DatabaseHost=restored.example.com DatabaseSecretArn={OWN_SECRET}"
    set_up.run("setup", PRODUCTION_PARAMETERS=words)
    if before_tags:
        forget(set_up)
    outcome = set_up.run("setup", PRODUCTION_PARAMETERS="Cpu=512")
    assert outcome.code == 0
    assert value(set_up, "DatabaseHost") == "restored.example.com"
    assert value(set_up, "DatabaseSecretArn") == OWN_SECRET
    assert value(set_up, "DatabaseSecretArn", "shop-production-roles") == OWN_SECRET
    assert "keeps DatabaseHost=restored.example.com, your choice, not shop-production.abc." in plan(
        outcome
    )


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("PublicSubnetIds", "subnet-0eeeeeeeeeeeeeeee,subnet-0ffffffffffffffff"),
        ("DatabaseClientSecurityGroupId", "sg-0eeeeeeeeeeeeeeee"),
        ("SecretKeyArn", OWN_SECRET),
        ("TaskSubnetIds", "subnet-0eeeeeeeeeeeeeeee"),
        ("EcrImageUrl", "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"),
    ],
)
def test_every_output_can_be_overridden_for_good(set_up, name, chosen):
    """Whatever a stack gives can be chosen otherwise, until an empty value takes that back."""
    own = value(set_up, name)
    set_up.run("setup", PRODUCTION_PARAMETERS=f"{name}={chosen}")
    set_up.run("setup")
    assert set_up.desk.changes() == []
    assert value(set_up, name) == chosen
    set_up.run("setup", PRODUCTION_PARAMETERS=f"{name}=")
    assert value(set_up, name) == own
    set_up.run("setup")
    assert set_up.desk.changes() == []


def test_the_plan_shows_each_parameter_that_changes(set_up):
    """The plan has each parameter that changes, the old value and the new one, and no other."""
    words = "Cpu=512 DomainName=items.example.com"
    outcome = set_up.run("setup", typing="n\n", PRODUCTION_PARAMETERS=words)
    lines = [line.strip() for line in plan(outcome).splitlines() if " -> " in line]
    assert lines == ["Cpu: 256 -> 512", "DomainName: nothing -> items.example.com"]
    assert " -> " not in plan(set_up.run("setup", typing="n\n"))


def test_a_change_that_hurts_says_so(set_up):
    """The plan says which change takes the database away."""
    words = "DatabaseInstanceClass=db.t4g.small"
    outcome = set_up.run("setup", typing="n\n", PRODUCTION_PARAMETERS=words)
    assert "db.t4g.micro -> db.t4g.small (the database is away for minutes" in plan(outcome)


def test_a_snapshot_is_restored_through_the_stack(set_up):
    """The restored database belongs to the stack, the stage follows it, and it stays."""
    own = value(set_up, "DatabaseHost")
    words = "DBSnapshotIdentifier=before-the-mishap"
    outcome = set_up.run("setup", PRODUCTION_PARAMETERS=words)
    assert "DBSnapshotIdentifier: nothing -> before-the-mishap (a new database" in plan(outcome)
    restored = value(set_up, "DatabaseHost")
    assert restored != own
    assert set_up.run("setup", PRODUCTION_PARAMETERS="Cpu=512").code == 0
    assert value(set_up, "DatabaseHost") == restored
    assert value(set_up, "DBSnapshotIdentifier", DATABASE) == "before-the-mishap"


def test_a_restored_database_is_not_emptied(set_up):
    """Without the snapshot's name AWS would make an empty database, so that is refused."""
    set_up.run("setup", PRODUCTION_PARAMETERS="DBSnapshotIdentifier=mishap")
    outcome = set_up.run("setup", PRODUCTION_PARAMETERS="DBSnapshotIdentifier=")
    assert_refused(set_up, outcome, "was restored from mishap", "replace it by an empty one")


def test_a_restore_that_was_interrupted_goes_on(set_up):
    """After Ctrl-C between database and service, the next run leads the service to the new one."""
    stacks = set_up.cloud.formation.stacks
    old = dict(stacks[PRODUCTION])
    set_up.run("setup", PRODUCTION_PARAMETERS="DBSnapshotIdentifier=mishap")
    restored = value(set_up, "DatabaseHost")
    stacks[PRODUCTION] = old
    assert value(set_up, "DatabaseHost") != restored
    set_up.run("setup")
    assert value(set_up, "DatabaseHost") == restored


def test_a_nat_gateway_goes_after_the_containers(set_up):
    """Switched off, the containers leave its subnets first, and only then does the gateway go."""
    set_up.run("setup", PRODUCTION_PARAMETERS="NatGateway=true")
    assert value(set_up, "TaskSubnetIds") == PRIVATE
    set_up.run("setup")
    assert set_up.desk.changes() == []
    set_up.run("setup", PRODUCTION_PARAMETERS="NatGateway=false")
    assert value(set_up, "TaskSubnetIds") == ""
    changed = [call.split("changeSet/")[1].split("/")[0] for call in set_up.desk.changes()]
    assert changed == [PRODUCTION, NETWORK]


def test_what_a_nat_gateway_left_behind_is_mended(set_up):
    """Containers that an earlier setup left in subnets without a way out come back."""
    set_up.cloud.formation.stacks[PRODUCTION]["parameters"]["TaskSubnetIds"] = PRIVATE
    forget(set_up)
    set_up.run("setup")
    assert value(set_up, "TaskSubnetIds") == ""


def test_subnets_of_an_own_network_stay(set_up):
    """Subnets that somebody chose for the containers stay, whatever the gateway does."""
    set_up.run("setup", PRODUCTION_PARAMETERS="TaskSubnetIds=subnet-0eeeeeeeeeeeeeeee")
    set_up.run("setup", PRODUCTION_PARAMETERS="NatGateway=true")
    set_up.run("setup", PRODUCTION_PARAMETERS="NatGateway=false")
    assert value(set_up, "TaskSubnetIds") == "subnet-0eeeeeeeeeeeeeeee"


@pytest.mark.parametrize("before_tags", [False, True])
def test_a_parked_stage_stays_parked(healthy, before_tags):
    """A stage whose count somebody set to 0 is not started by a change of another one."""
    healthy.run("setup", STAGING_PARAMETERS="DesiredCount=0")
    if before_tags:
        forget(healthy)
    outcome = healthy.run("setup", PRODUCTION_PARAMETERS="DesiredCount=2")
    assert outcome.code == 0
    assert value(healthy, "DesiredCount", "shop-staging") == "0"
    assert value(healthy, "DesiredCount") == "2"
    assert "No container runs yet" not in outcome.out
    healthy.run("setup", STAGING_PARAMETERS="DesiredCount=1")
    assert value(healthy, "DesiredCount", "shop-staging") == "1"


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("VpcCidr=10.9.0.0/16", ["VpcCidr of production is 10.0.0.0/16", "make teardown STAGES="]),
        ("VpcId=vpc-0eeeeeeeeeeeeeeee", ["VpcId of production is vpc-0a1b2c3d4e5f60718"]),
        ("PrivateSubnetIds=subnet-0e,subnet-0f", ["PrivateSubnetIds of production is"]),
        ("DesiredCount=6", ["6 containers at least and 4 at most"]),
        ("MaximumCount=1 DesiredCount=2", ["2 containers at least and 1 at most"]),
        ("Cpu=300", ["Cpu=300", "256 or 512"]),
        ("BackupDays=0", ["BackupDays=0", "from 1 to 35"]),
        ("DesiredCount=many", ["DesiredCount=many", "from 0 to 100"]),
        ("DomainName=https://example.com", ["DomainName=https://", "host name in lower case"]),
        ("TaskSubnetIds=subnet-0e,net-1", ["TaskSubnetIds=subnet-0e,net-1"]),
        ("CertificateArn=arn", ["CertificateArn=arn", "Certificate Manager"]),
    ],
)
def test_what_cannot_be_is_refused_before_anything_begins(healthy, words, parts):
    """What AWS would refuse in the middle, or undo, is refused before the question."""
    outcome = healthy.run("setup", PRODUCTION_PARAMETERS=words)
    assert_refused(healthy, outcome, *parts)
    assert not [call for call in healthy.desk.calls if "create-change-set" in call.words]


def test_more_at_least_needs_more_at_most(healthy):
    """Both counts together can be raised; a most that somebody chose earlier counts too."""
    words = "DesiredCount=6 MaximumCount=8"
    assert healthy.run("setup", PRODUCTION_PARAMETERS=words).code == 0
    assert healthy.run("setup", PRODUCTION_PARAMETERS="DesiredCount=8").code == 0
    assert healthy.run("setup", PRODUCTION_PARAMETERS="MaximumCount=6").code == 1


def test_the_same_value_is_no_change(healthy):
    """What cannot change may be said again."""
    assert healthy.run("setup", PRODUCTION_PARAMETERS="VpcCidr=10.0.0.0/16").code == 0


def test_parameters_of_the_shared_stack(set_up):
    """GITHUB_PARAMETERS reach the stack with the images and, where they concern them, all roles."""
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    words = f"KeepBuilds=500 PermissionsBoundaryArn={boundary}"
    assert set_up.run("setup", GITHUB_PARAMETERS=words).code == 0
    for stack in ("shop-github", "shop-staging-roles", "shop-production-roles"):
        assert value(set_up, "PermissionsBoundaryArn", stack) == boundary
    set_up.run("setup")
    assert set_up.desk.changes() == []
    assert value(set_up, "KeepBuilds", "shop-github") == "500"
    outcome = set_up.run("setup", GITHUB_PARAMETERS="Cpu=512")
    assert_refused(set_up, outcome, "GITHUB_PARAMETERS names Cpu", "KeepBuilds")


def test_parameters_of_a_stage_that_there_is_not(set_up):
    """A misspelt stage in the variable's name is refused, instead of not being heard."""
    outcome = set_up.run("setup", PROD_PARAMETERS="Cpu=512")
    assert_refused(
        set_up, outcome, "PROD_PARAMETERS is for a stage that there is not", "production"
    )
