"""The database is private, safe and never out of step with its password; so is its network."""

import pytest

from template.rehearsal.project import STAGES
from template.tests.infra.cloudformation import TEMPLATES, stack

DATABASE = stack("database").resources


def routes(nat_gateway: str) -> dict[str, dict]:
    """The routes of a stage's network to the internet, by their tables."""
    found = stack("network", NatGateway=nat_gateway).of_type("AWS::EC2::Route").values()
    return {route.properties["RouteTableId"]: route.properties for route in found}


def test_the_database_is_private():
    """It has no public address, and admits only those who wear its clients' group."""
    properties = DATABASE["Database"].properties
    assert properties["PubliclyAccessible"] is False
    assert properties["VPCSecurityGroups"] == [DATABASE["DatabaseSecurityGroup"].id]
    assert "SecurityGroupIngress" not in DATABASE["DatabaseSecurityGroup"].properties
    rule = DATABASE["DatabaseSecurityGroupInFromClients"].properties
    assert rule["SourceSecurityGroupId"] == DATABASE["DatabaseClientSecurityGroup"].id
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)


def test_the_database_opens_no_connection():
    """Its security group lets nothing out but to itself."""
    [rule] = DATABASE["DatabaseSecurityGroup"].properties["SecurityGroupEgress"]
    assert rule["CidrIp"] == "127.0.0.1/32"


def test_data_outlives_the_stack():
    """Deleting the stack leaves a snapshot, the backups and the password to them."""
    template = TEMPLATES["database"]["Resources"]
    assert template["Database"]["DeletionPolicy"] == "Snapshot"
    assert template["DatabaseSecret"]["DeletionPolicy"] == "RetainExceptOnCreate"
    properties = DATABASE["Database"].properties
    assert properties["DeleteAutomatedBackups"] is False
    assert properties["DeletionProtection"] == "true"
    assert int(properties["BackupRetentionPeriod"]) >= 7


def test_a_restored_snapshot_is_the_stacks_own_database():
    """A snapshot brings its database and user along, and what it replaces is kept."""
    restored = stack("database", DBSnapshotIdentifier="before-the-mishap").resources["Database"]
    properties = restored.properties
    assert properties["DBSnapshotIdentifier"] == "before-the-mishap"
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html
    assert not {"DBName", "MasterUsername", "AllocatedStorage"} & set(properties)
    assert "MasterUserPassword" in properties
    assert TEMPLATES["database"]["Resources"]["Database"]["UpdateReplacePolicy"] == "Retain"
    assert "DBSnapshotIdentifier" not in DATABASE["Database"].properties


def test_data_is_encrypted():
    """Storage is encrypted, and connections without TLS are refused."""
    assert DATABASE["Database"].properties["StorageEncrypted"] is True
    parameters = DATABASE["DatabaseParameterGroup"].properties["Parameters"]
    assert parameters["rds.force_ssl"] == "1"


def test_care_can_be_timed():
    """Backups and maintenance happen when somebody says so, and the log is exported on demand."""
    names = ("PreferredBackupWindow", "PreferredMaintenanceWindow", "EnableCloudwatchLogsExports")
    assert not set(names) & set(DATABASE["Database"].properties)
    chosen = {"BackupWindow": "02:00-02:30", "MaintenanceWindow": "sun:03:00-sun:03:30"}
    properties = stack("database", **chosen, ExportLogs="true").resources["Database"].properties
    found = [properties[name] for name in names]
    assert found == [*chosen.values(), ["postgresql", "upgrade"]]


def test_a_major_version_is_a_choice():
    """Another major version takes its own parameter group, and may replace the older one."""
    chosen = stack("database", PostgresVersion="19").resources
    assert chosen["Database"].properties["EngineVersion"] == "19"
    assert chosen["Database"].properties["AllowMajorVersionUpgrade"] is True
    assert chosen["DatabaseParameterGroup"].properties["Family"] == "postgres19"


def test_the_versions_match():
    """The parameter group is for the database's own major version."""
    family = DATABASE["DatabaseParameterGroup"].properties["Family"]
    assert family == f"postgres{DATABASE['Database'].properties['EngineVersion']}"


def test_nothing_rotates_the_password():
    """The password is the template's own secret, which RDS does not rotate."""
    types = {body["Type"] for body in TEMPLATES["database"]["Resources"].values()}
    assert "AWS::SecretsManager::RotationSchedule" not in types
    properties = DATABASE["Database"].properties
    assert "ManageMasterUserPassword" not in properties
    for key in ("username", "password"):
        reference = f"{{{{resolve:secretsmanager:{DATABASE['DatabaseSecret'].id}"
        name = "MasterUsername" if key == "username" else "MasterUserPassword"
        assert properties[name] == f"{reference}:SecretString:{key}}}}}"


def test_connections_suffice_for_a_release():
    """Twice the most containers, with two workers of two threads each, fit into 80 connections."""
    most = TEMPLATES["stage"]["Parameters"]["MaximumCount"]["Default"]
    assert 2 * int(most) * 2 * 2 < 80


def test_private_subnets_stay_private():
    """Without a NAT gateway the only way to the internet is that of the public subnets."""
    [(table, route)] = routes("false").items()
    assert table.endswith("PublicRouteTable")
    assert route["GatewayId"].endswith("InternetGateway")


def test_a_nat_gateway_is_a_choice():
    """With a NAT gateway private subnets can reach the internet, which cannot reach them."""
    private = next(value for table, value in routes("true").items() if "Private" in table)
    assert private["NatGatewayId"].endswith("NatGatewayA")
    assert "GatewayId" not in private


@pytest.mark.parametrize("kind", ["Public", "Private"])
def test_subnets_lie_in_two_zones(kind):
    """Each kind of subnet is there in two availability zones, in ranges of its own."""
    network = stack("network").of_type("AWS::EC2::Subnet")
    subnets = [each.properties for name, each in network.items() if name.startswith(kind)]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert len({each.properties["CidrBlock"] for each in network.values()}) == 4


@pytest.mark.parametrize("stage", STAGES)
def test_only_those_with_a_nat_gateway_move_the_containers(stage):
    """The network names subnets for the containers only when these can reach the internet."""
    assert "TaskSubnetIds" not in stack("network", stage).outputs
