"""AWS IAM: the roles that the CloudFormation templates make, and what they may do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from template.rehearsal.aws.account import ACCOUNT, iam_arn
from template.rehearsal.cloudformation.templates import Stack
from template.rehearsal.iam.judge import Decision, Judge, PolicyError

DEFAULT_SECONDS = 3600
AUDIENCE = "sts.amazonaws.com"
PRINCIPAL = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d{12}:(?:role|assumed-role)/([^/]+)(?:/.+)?")
PROVIDER = re.compile(r"arn:[\w-]+:iam::\d{12}:oidc-provider/(.+)")


@dataclass
class Role:
    """A role: whom it trusts, for how long, and its permission policies by name."""

    name: str
    arn: str
    trust: dict
    max_seconds: int = DEFAULT_SECONDS
    policies: dict[str, dict] = field(default_factory=dict)


@dataclass(frozen=True)
class OidcProvider:
    """An issuer of tokens that the account knows, and the audiences that it accepts for it."""

    arn: str
    host: str
    client_ids: tuple[str, ...]

    @property
    def issuer(self) -> str:
        """The issuer's name in tokens."""
        return f"https://{self.host}"


class Iam:
    """The roles and providers of the account, judged by the policy simulator."""

    def __init__(self, stacks: Iterable[Stack], judge: Judge):
        stacks = list(stacks)
        self.roles = load_roles(stacks)
        self.providers = load_providers(stacks, self.roles.values())
        self._judge = judge

    def role(self, principal: str) -> Role | None:
        """The role with this name, or that an ARN of a role or of its session names."""
        found = PRINCIPAL.fullmatch(principal)
        return self.roles.get(found[1] if found else principal)

    def allowed(
        self, principal: str, action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Decision:
        """Whether a role, or a session of it, may do this. Raises PolicyError."""
        role = self.role(principal)
        if role is None:
            raise PolicyError(f"there is no role {principal}")
        return self._judge.decide(
            principal=principal if principal.startswith("arn:") else role.arn,
            action=action,
            resource=resource,
            context={
                "aws:PrincipalArn": role.arn,
                "aws:PrincipalAccount": ACCOUNT,
                **(context or {}),
            },
            policies=role.policies,
        )

    def trusts(self, role: Role, provider: OidcProvider, context: Mapping[str, str]) -> Decision:
        """Whether the role's trust policy lets a token of the provider, with these claims, in."""
        return self._judge.decide(
            principal=provider.arn,
            action="sts:AssumeRoleWithWebIdentity",
            resource=role.arn,
            context=dict(context),
            policies={},
            trust=role.trust,
        )

    def lends(self, role: Role, service: str, source: str | None) -> Decision:
        """Whether a service of AWS may assume the role on behalf of a resource, by its ARN.

        None is for a service that does not tell which resource it is.
        """
        return self._judge.decide(
            principal=service,
            action="sts:AssumeRole",
            resource=role.arn,
            context={"aws:SourceArn": source, "aws:SourceAccount": ACCOUNT} if source else {},
            policies={},
            trust=role.trust,
        )


def load_roles(stacks: Iterable[Stack]) -> dict[str, Role]:
    """The roles of all stacks by name, with the policies that any of the stacks attaches to them.

    Raises PolicyError for a managed policy that no stack has, a role that no stack has, and
    permissions boundaries, which are not played.
    """
    stacks = list(stacks)
    managed = {
        each.id: each.properties["PolicyDocument"]
        for each in _of_type(stacks, "AWS::IAM::ManagedPolicy")
    }
    roles = {}
    for resource in _of_type(stacks, "AWS::IAM::Role"):
        role = _role(resource.id, resource.properties, managed)
        roles[role.name] = role
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
        for resource in _of_type(stacks, kind):
            _attach(resource.properties, roles)
    return roles


def load_providers(stacks: Iterable[Stack], roles: Iterable[Role]) -> dict[str, OidcProvider]:
    """The OIDC providers by ARN: those of the stacks, and those that roles trust beside them."""
    providers = {}
    for role in roles:
        for statement in role.trust["Statement"]:
            found = PROVIDER.fullmatch(str(statement["Principal"].get("Federated")))
            if found:
                providers[found[0]] = OidcProvider(found[0], found[1], (AUDIENCE,))
    for resource in _of_type(stacks, "AWS::IAM::OIDCProvider"):
        host = resource.properties["Url"].removeprefix("https://")
        audiences = tuple(resource.properties.get("ClientIdList", []))
        providers[resource.id] = OidcProvider(resource.id, host, audiences)
    return providers


def _of_type(stacks: Iterable[Stack], type_name: str) -> list:
    return [each for stack in stacks for each in stack.of_type(type_name).values()]


def _role(name: str, properties: dict, managed: dict[str, dict]) -> Role:
    if "PermissionsBoundary" in properties:
        raise PolicyError(f"the role {name} has a permissions boundary, which is not played")
    policies = {
        each["PolicyName"]: each["PolicyDocument"] for each in properties.get("Policies", [])
    }
    for arn in properties.get("ManagedPolicyArns", []):
        if arn not in managed:
            raise PolicyError(f"the role {name} has the policy {arn}, which is in no template")
        policies[arn.rpartition("/")[2]] = managed[arn]
    return Role(
        name,
        iam_arn(f"role/{name}"),
        properties["AssumeRolePolicyDocument"],
        int(properties.get("MaxSessionDuration", DEFAULT_SECONDS)),
        policies,
    )


def _attach(properties: dict, roles: dict[str, Role]) -> None:
    name = properties.get("PolicyName") or properties["ManagedPolicyName"]
    names = [properties["RoleName"]] if "RoleName" in properties else properties.get("Roles", [])
    for role in names:
        if role not in roles:
            raise PolicyError(f"the policy {name} is for the role {role}, which is in no template")
        roles[role].policies[name] = properties["PolicyDocument"]
