"""The task definitions of ECS."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.ecs.names import definition_arn, parse_definition, region
from template.rehearsal.ecs.shapes import PropertyError, api_shape


class Definitions:
    """The task definitions of every region, by family."""

    def __init__(self) -> None:
        self._families: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def register(self, properties: Mapping[str, Any], place: str) -> dict[str, Any]:
        """Add a revision from the properties of an AWS::ECS::TaskDefinition; return its shape.

        Raises PropertyError for an unknown property and for anything but one container.
        """
        shape = api_shape(properties, "TaskDefinition")
        if len(shape["containerDefinitions"]) != 1:
            raise PropertyError("Only task definitions of one container are played")
        revisions = self._families[place, shape["family"]]
        name = f"{shape['family']}:{len(revisions) + 1}"
        shape |= {
            "taskDefinitionArn": arn("ecs", f"task-definition/{name}", place),
            "revision": len(revisions) + 1,
            "status": "ACTIVE",
            "compatibilities": ["EC2", *shape["requiresCompatibilities"]],
        }
        revisions.append(shape)
        return shape

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The newest revision of a family, or the one that the name or ARN says.

        Raises AwsError when it is neither a name nor an ARN.
        """
        family, revision = parse_definition(identifier)
        revisions = self._families.get((region(), family), [])
        if revision is None:
            return revisions[-1] if revisions else None
        named = definition_arn(identifier)
        return next((each for each in revisions if each["taskDefinitionArn"] == named), None)

    def get(self, identifier: str, refusal: str) -> dict[str, Any]:
        """Like `find`; raises AwsError ClientException with the refusal where there is none."""
        found = self.find(identifier)
        if not found:
            raise AwsError("ClientException", refusal)
        return found
