"""The registry keeps what a stage runs, and lets nothing but the stages' tags move."""

import fnmatch
import json

import pytest

from template.rehearsal.project import STAGES
from template.tests.infra.cloudformation import stack
from template.tests.infra.lifecycle import Image, expired

REPOSITORY = stack("github").resources["Repository"].properties
RULES = json.loads(REPOSITORY["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
MOVABLE = ["latest", *STAGES, *(f"{stage}-previous" for stage in STAGES)]
KEPT = 200


def builds(count: int) -> list[Image]:
    """So many builds, a day apart, each with the tag of its commit; the oldest comes first."""
    return [Image(count - index, {f"{index:040x}"}) for index in range(count)]


@pytest.mark.parametrize("tag", MOVABLE)
def test_a_stages_image_is_kept_for_ever(tag):
    """What a movable tag names outlives 2,000 younger builds."""
    images = builds(2000)
    images[0].tags.add(tag)
    assert images[0] not in expired(RULES, images)


@pytest.mark.parametrize("tag", [*STAGES, "latest"])
def test_each_protection_is_needed(tag):
    """Without the rule that protects a stage's tags, its image would be lost."""
    images = builds(2000)
    images[0].tags.add(tag)
    own = {f"{tag}*", tag}
    rest = [rule for rule in RULES if not own & set(rule["selection"].get("tagPatternList", []))]
    assert len(rest) == len(RULES) - 1
    assert images[0] in expired(rest, images)


def test_the_newest_builds_are_kept():
    """Beside the stages' images exactly the newest builds stay, for promotion and rollback."""
    images = builds(2000)
    assert expired(RULES, images) == set(images[:-KEPT])


def test_the_number_of_builds_is_a_choice():
    """KeepBuilds says how many builds stay."""
    properties = stack("github", KeepBuilds="50").resources["Repository"].properties
    rules = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert len(expired(rules, builds(60))) == 10


def test_untagged_images_leave_after_a_month():
    """An image without a tag stays for 30 days."""
    young, old = Image(29), Image(31)
    assert expired(RULES, [young, old]) == {old}


def test_exactly_the_stages_tags_move():
    """A commit's tag names one image for ever; latest, the stages and what they ran before move."""
    assert REPOSITORY["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    filters = REPOSITORY["ImageTagMutabilityExclusionFilters"]
    patterns = [each["ImageTagMutabilityExclusionFilterValue"] for each in filters]
    commits = ["0" * 40, "deadbeef" * 5, "5ta61ng", "latest-2", "old-staging"]
    moving = [
        tag
        for tag in [*commits, *MOVABLE]
        if any(fnmatch.fnmatchcase(tag, pattern) for pattern in patterns)
    ]
    assert moving == MOVABLE


def test_stages_are_an_owners_names():
    """Up to four stages of other names get the same tags and the same protection."""
    names = ("dev", "test", "qa", "live")
    chosen = {f"Stage{number}": name for number, name in enumerate(names, start=1)}
    properties = stack("github", **chosen).resources["Repository"].properties
    rules = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    filters = properties["ImageTagMutabilityExclusionFilters"]
    assert len(filters) == 5, "what ECR takes at most"
    for name in names:
        images = builds(2000)
        images[0].tags.add(f"{name}-previous")
        assert images[0] not in expired(rules, images)
        assert f"{name}*" in {each["ImageTagMutabilityExclusionFilterValue"] for each in filters}


def test_one_stage_is_enough():
    """Without a second stage there is no rule and no filter for one."""
    properties = stack("github", Stage2="").resources["Repository"].properties
    rules = json.loads(properties["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["rulePriority"] for rule in rules] == [1, 2, 6, 7]
    assert len(properties["ImageTagMutabilityExclusionFilters"]) == 2
