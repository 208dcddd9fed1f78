"""What Ref and GetAtt give for a resource that nobody has really created.

The types whose names, ARNs and attributes matter to a rehearsal answer as AWS does; a resource of
another type is known by its stack and logical id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from template.rehearsal.aws.account import ACCOUNT, PARTITION

NAME_PROPERTIES = {
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::Scheduler::ScheduleGroup": "Name",
    "AWS::SecretsManager::Secret": "Name",
}
ARNS = {
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::CodePipeline::Pipeline": "codepipeline:{region}:{account}:{name}",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{name}",
    "AWS::ECS::Cluster": "ecs:{region}:{account}:cluster/{name}",
    "AWS::ECS::Service": "ecs:{region}:{account}:service/{cluster}/{name}",
    "AWS::ECS::TaskDefinition": "ecs:{region}:{account}:task-definition/{name}:1",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::OIDCProvider": "iam::{account}:oidc-provider/{host}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::Scheduler::ScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{name}-a1b2c3",
}
ARN_IS_ID = {
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::OIDCProvider",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
}
OTHERS = {
    ("AWS::ECR::Repository", "RepositoryUri"): ("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
    ("AWS::ECS::Service", "Name"): "{name}",
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"): "app/{name}/0a1b2c3d",
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"): "targetgroup/{name}/0a1b",
}


@dataclass(frozen=True)
class Identity:
    """A resource as its stack knows it."""

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    region: str

    @property
    def name(self) -> str:
        """The name that the template gives it, or one made of the stack's."""
        given = self.properties.get(NAME_PROPERTIES.get(self.type, ""))
        return given or f"{self.stack}-{self.logical_id}"

    @property
    def id(self) -> str:
        """What Ref gives."""
        return (
            self._filled(f"arn:{PARTITION}:{ARNS[self.type]}")
            if self.type in ARN_IS_ID
            else self.name
        )

    def attribute(self, name: str) -> str:
        """What GetAtt gives."""
        if name == "Arn" and self.type in ARNS:
            return self._filled(f"arn:{PARTITION}:{ARNS[self.type]}")
        unknown = f"{self.stack}-{self.logical_id}.{name}"
        return self._filled(OTHERS.get((self.type, name), unknown))

    def _filled(self, pattern: str) -> str:
        host = str(self.properties.get("Url", "")).removeprefix("https://")
        cluster = str(self.properties.get("Cluster", "default")).rpartition("/")[2]
        return pattern.format(
            region=self.region, account=ACCOUNT, name=self.name, host=host, cluster=cluster
        )
