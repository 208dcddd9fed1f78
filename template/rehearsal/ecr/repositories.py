"""The repositories of ECR, as the templates make them."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass

from template.rehearsal.cloudformation.templates import Stack


@dataclass(frozen=True)
class Repository:
    """A repository: its name, and which of its tags may move."""

    name: str
    mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()

    def may_move(self, tag: str) -> bool:
        """Whether a tag that exists may come to name another image.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
        """
        rule, _, exclusion = self.mutability.partition("_WITH_")
        excluded = bool(exclusion) and any(
            fnmatch.fnmatchcase(tag, each) for each in self.exclusions
        )
        return (rule == "MUTABLE") != excluded


def load_repositories(stacks: Iterable[Stack]) -> dict[str, Repository]:
    """The repositories that the stacks make, by name."""
    found = {}
    for stack in stacks:
        for resource in stack.of_type("AWS::ECR::Repository").values():
            filters = resource.properties.get("ImageTagMutabilityExclusionFilters", [])
            found[resource.id] = Repository(
                resource.id,
                resource.properties.get("ImageTagMutability", "MUTABLE"),
                tuple(each["ImageTagMutabilityExclusionFilterValue"] for each in filters),
            )
    return found
