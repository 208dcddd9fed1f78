"""Tags move as the repository's mutability lets them."""

import pytest

from template.rehearsal.cloudformation.templates import Resource, Stack
from template.rehearsal.ecr.repositories import Repository, load_repositories


@pytest.mark.parametrize(
    ("mutability", "tag", "moves"),
    [
        ("MUTABLE", "a", True),
        ("IMMUTABLE", "a", False),
        ("IMMUTABLE", "staging", False),
        ("IMMUTABLE_WITH_EXCLUSION", "a", False),
        ("IMMUTABLE_WITH_EXCLUSION", "staging", True),
        ("IMMUTABLE_WITH_EXCLUSION", "staging-previous", True),
        ("IMMUTABLE_WITH_EXCLUSION", "Staging", False),
        ("MUTABLE_WITH_EXCLUSION", "a", True),
        ("MUTABLE_WITH_EXCLUSION", "staging", False),
    ],
)
def test_tag_moves(mutability, tag, moves):
    """An exclusion turns the rule round, where the rule has exclusions at all."""
    assert Repository("app", mutability, ("staging*",)).may_move(tag) is moves


def test_repository_of_the_template(github):
    """In deploy/infra/github.yml commits stay and stages move."""
    [repository] = load_repositories([github]).values()
    assert repository.name == "django-crud-app"
    assert repository.mutability == "IMMUTABLE_WITH_EXCLUSION"
    assert not repository.may_move("c" * 40)
    assert all(map(repository.may_move, ["latest", "staging", "production", "production-previous"]))


def test_tags_of_a_plain_repository_move():
    """A template that says nothing has mutable tags, as in AWS."""
    stack = Stack("s", {"R": Resource("AWS::ECR::Repository", {}, "app")})
    assert load_repositories([stack]) == {"app": Repository("app", "MUTABLE", ())}
