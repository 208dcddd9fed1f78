"""How ECS turns the tag of an image into a digest, once for each deployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from collections.abc import Callable


class Images:
    """Asks the registry; `resolve` raises LookupError where there is no such image."""

    def __init__(self, resolve: Callable[[str], str]):
        self._resolve = resolve

    def digest(self, image: str) -> str | None:
        """What an image's tag names now."""
        try:
            return self._resolve(image)
        except LookupError:
            return None


def pinned(image: str, digest: str | None) -> str:
    """The image by its digest instead of its tag; as it stands without one."""
    if not digest:
        return image
    repository, _, name = image.rpartition("/")
    return f"{repository}/{name.partition(':')[0]}@{digest}"
