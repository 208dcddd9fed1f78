"""What the stacks of deploy/infra/ consist of in the double's account, and what they put out."""

REGION = "eu-central-1"
PROVIDER = "oidc-provider/token.actions.githubusercontent.com"
KINDS = (
    *("AWS::ECR::Repository", "AWS::IAM::OIDCProvider", "AWS::SecretsManager::Secret"),
    *("AWS::S3::Bucket", "AWS::RDS::DBSnapshot", "AWS::RDS::DBInstanceAutomatedBackup"),
)


def arn(service: str, region: str, account: str, rest: str) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def resources(stack: dict, account: str) -> list[tuple[str, str, bool]]:
    """Return type and physical id of a stack's resources, and whether they outlive it."""
    own_provider = not stack["parameters"].get("ExistingOidcProviderArn")
    return [
        (
            one["Type"],
            physical(stack, logical, one["Type"], account),
            one.get("DeletionPolicy", "").startswith("Retain"),
        )
        for logical, one in stack["template"]["Resources"].items()
        if own_provider or one["Type"] != "AWS::IAM::OIDCProvider"
    ]


def physical(stack: dict, logical: str, kind: str, account: str) -> str:
    """Return the physical id that a resource gets."""
    if kind == "AWS::ECR::Repository":
        return stack["parameters"]["ProjectName"]
    if kind == "AWS::IAM::OIDCProvider":
        return arn("iam", "", account, PROVIDER)
    return f"{stack['name']}-{logical.lower()}-{stack['serial']}"


def outputs(stack: dict, account: str) -> dict[str, str]:
    """Return the values of the outputs that the template declares."""
    project, stage = stack["parameters"]["ProjectName"], stack["parameters"].get("Stage", "")
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
        "ContainerSecurityGroupIds": "sg-0a1b2c3d4e5f60718,sg-1a1b2c3d4e5f60718",
        "AssignPublicIp": "ENABLED",
        "LoadBalancerDnsName": f"{project}-{stage}.{REGION}.elb.amazonaws.com",
        "SchedulerRoleArn": f"{role}-{stage}-scheduler",
        "RunsLogGroupName": f"/aws/events/{project}-{stage}-schedules",
        "ProcessServiceName": stack["parameters"].get("ProcessName", ""),
        "ClusterArn": arn("ecs", REGION, account, f"cluster/{project}-{stage}"),
        "ServiceName": "web",
        "Url": f"http://{project}-{stage}.{REGION}.elb.amazonaws.com",
    }
    declared = stack["template"]["Outputs"]
    if stack["parameters"].get("NatGateway") != "true":
        values.pop("TaskSubnetIds")
    return {name: value for name, value in values.items() if name in declared}


def database_name(stack: dict) -> str:
    """Return the name of a stage's database, which is another one after a restore."""
    project, stage = stack["parameters"]["ProjectName"], stack["parameters"].get("Stage", "")
    snapshot = stack["parameters"].get("DBSnapshotIdentifier", "")
    return f"{project}-{stage}{f'-of-{snapshot}' if snapshot else ''}"


def secret(account: str, name: str) -> str:
    """Return the ARN of a secret."""
    return arn("secretsmanager", REGION, account, f"secret:{name}-AbCdEf")
