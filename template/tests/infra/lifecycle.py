"""ECR's lifecycle policies, as far as the rules of this repository go.

An image that matches the tags of a rule is never expired by a rule with a larger number for its
priority, whether the first one expires it or not; counts go by the time of the push:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

import fnmatch
from dataclasses import dataclass, field


@dataclass(eq=False)
class Image:
    """An image with its tags, and how many days ago it was pushed."""

    age: float
    tags: set[str] = field(default_factory=set)


def expired(rules: list[dict], images: list[Image]) -> set[Image]:
    """The images that the rules expire. Raises KeyError for a kind of rule that is not known."""
    doomed: set[Image] = set()
    spoken_for: set[Image] = set()
    for rule in sorted(rules, key=lambda rule: rule["rulePriority"]):
        selection = rule["selection"]
        matching = [image for image in images if _matches(selection, image)]
        over = _OVER[selection["countType"]](selection["countNumber"], matching)
        doomed |= set(over) - spoken_for
        spoken_for |= set(matching)
    return doomed


def _matches(selection: dict, image: Image) -> bool:
    if selection["tagStatus"] == "untagged":
        return not image.tags
    return all(fnmatch.filter(image.tags, pattern) for pattern in selection["tagPatternList"])


_OVER = {
    "imageCountMoreThan": lambda most, images: sorted(images, key=lambda image: image.age)[most:],
    "sinceImagePushed": lambda days, images: [image for image in images if image.age > days],
}
