"""What the stacks of deploy/infra/ consist of in the double's account, and what they put out."""

from hashlib import sha256

REGION = "eu-central-1"
PROVIDER = "oidc-provider/token.actions.githubusercontent.com"
KINDS = (
    *("AWS::ECR::Repository", "AWS::IAM::OIDCProvider", "AWS::SecretsManager::Secret"),
    *("AWS::S3::Bucket", "AWS::RDS::DBSnapshot", "AWS::RDS::DBInstanceAutomatedBackup"),
    "AWS::SES::EmailIdentity",
)


def arn(service: str, region: str, account: str, rest: str) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def resources(stack: dict, account: str) -> list[tuple[str, str, bool]]:
    """Return type and physical id of a stack's resources, and whether they outlive it."""
    without = set()
    if stack["parameters"].get("ExistingOidcProviderArn"):
        without.add("AWS::IAM::OIDCProvider")
    if stack["parameters"].get("ExistingIdentity") == "true":
        without.add("AWS::SES::EmailIdentity")
    return [
        (
            one["Type"],
            physical(stack, logical, one["Type"], account),
            one.get("DeletionPolicy", "").startswith("Retain"),
        )
        for logical, one in stack["template"]["Resources"].items()
        if one["Type"] not in without
    ]


def physical(stack: dict, logical: str, kind: str, account: str) -> str:
    """Return the physical id that a resource gets."""
    if kind == "AWS::ECR::Repository":
        return stack["parameters"]["ProjectName"]
    if kind == "AWS::IAM::OIDCProvider":
        return arn("iam", "", account, PROVIDER)
    if kind == "AWS::SES::EmailIdentity":
        return stack["parameters"]["SenderAddress"].partition("@")[2]
    if kind == "AWS::S3::Bucket" and "BucketName" in stack["template"]["Resources"][logical].get(
        PROPS, {}
    ):
        return "{ProjectName}-{Stage}-".format(**stack["parameters"]) + account
    return f"{stack['name']}-{logical.lower()}-{stack['serial']}"


PROPS = "Properties"


def outputs(stack: dict, account: str) -> dict[str, str]:
    """Return the values of the outputs that the template declares."""
    of = stack["parameters"]
    project, stage = of.get("ProjectName", ""), of.get("Stage", "")
    role = arn("iam", "", account, f"role/{project}")
    endpoint = f"{account}.dkr.ecr.{REGION}.amazonaws.com"
    values = {
        "BuildRoleArn": f"{role}-build",
        "ReleaseRoleArn": f"{role}-{stage}-release",
        "ReleasePolicyArn": arn("iam", "", account, f"policy/{project}-release-{stage}"),
        "OidcProviderArn": arn("iam", "", account, PROVIDER),
        "RepositoryArn": arn("ecr", REGION, account, f"repository/{project}"),
        "EcrEndpoint": endpoint,
        "EcrImageUrl": f"{endpoint}/{project}",
        "VpcId": "vpc-0a1b2c3d4e5f60718",
        "PublicSubnetIds": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
        "PrivateSubnetIds": "subnet-0cccccccccccccccc,subnet-0dddddddddddddddd",
        "TaskSubnetIds": "subnet-0cccccccccccccccc,subnet-0dddddddddddddddd",
        "DatabaseHost": f"{database_name(stack)}.abc.{REGION}.rds.amazonaws.com",
        "DatabaseSecretArn": secret(account, "database"),
        "SecretKeyArn": secret(account, "key"),
        "DatabaseClientSecurityGroupId": "sg-0a1b2c3d4e5f60718",
        "ConfigSecretArn": secret(account, f"{stack['name']}-stageconfig-{stack['serial']}"),
        "ContainerSubnetIds": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
        "ContainerSecurityGroupIds": ",".join(
            filter(None, [*GROUPS, of.get("CacheClientSecurityGroupId")])
        ),
        "UploadsBucketName": f"{project}-{stage}-{account}",
        "MailFrom": of.get("SenderAddress", ""),
        "CacheUrl": f"rediss://{project}-{stage}.cache.amazonaws.com:6379/0",
        "CacheClientSecurityGroupId": "sg-0cac4e0000000000",
        "CacheNodeId": f"{project}-{stage}-001",
        "CertificateArn": certificate(of.get("CertificateNames", ""), account),
        "LoadBalancerZoneId": "Z0BALANCER",
        "LoadBalancerName": f"app/{project}-{stage}/0a1b",
        "TargetGroupName": f"targetgroup/{project}-{stage}/0a1b",
        "AlarmTopicArn": arn("sns", REGION, account, f"{project}-{stage}-alarms"),
        "DashboardUrl": "https://console.aws.amazon.com/cloudwatch/home",
        "HostNames": of.get("RecordNames", ""),
        "DatabaseIdentifier": database_name(stack),
        "AssignPublicIp": "ENABLED",
        "LoadBalancerDnsName": f"{project}-{stage}.{REGION}.elb.amazonaws.com",
        "SchedulerRoleArn": f"{role}-{stage}-scheduler",
        "RunsLogGroupName": f"/aws/events/{project}-{stage}-schedules",
        "ProcessServiceName": stack["parameters"].get("ProcessName", ""),
        "ClusterArn": arn("ecs", REGION, account, f"cluster/{project}-{stage}"),
        "ServiceName": "web",
        "Url": f"https://{of['DomainName']}"
        if of.get("CertificateArn")
        else f"http://{project}-{stage}.{REGION}.elb.amazonaws.com",
    }
    declared = stack["template"]["Outputs"]
    if stack["parameters"].get("NatGateway") != "true":
        values.pop("TaskSubnetIds")
    return {name: value for name, value in values.items() if name in declared}


GROUPS = ("sg-0a1b2c3d4e5f60718", "sg-1a1b2c3d4e5f60718")


def certificate(names: str, account: str) -> str:
    """Return the ARN of a stack's certificate, another one for other names."""
    return arn("acm", REGION, account, f"certificate/{sha256(names.encode()).hexdigest()[:12]}")


def database_name(stack: dict) -> str:
    """Return the name of a stage's database, which is another one after a restore."""
    of = stack["parameters"]
    snapshot = of.get("DBSnapshotIdentifier", "").replace("rds:", "")
    name = snapshot.partition(":snapshot:")[2]
    restored = f"-of-{name}-again" if name else f"-of-{snapshot}" if snapshot else ""
    return f"{of.get('ProjectName', '')}-{of.get('Stage', '')}{restored}"


def secret(account: str, name: str) -> str:
    """Return the ARN of a secret."""
    return arn("secretsmanager", REGION, account, f"secret:{name}-AbCdEf")
