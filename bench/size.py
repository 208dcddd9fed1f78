"""What an image weighs on top of its base, compressed, as a registry keeps it."""

from bench.figures import Figures
from bench.images import Images
from bench.registry import Registry, serve
from bench.rows import Row, at_most, number
from tests.image.containers import inspect


def measure(figures: Figures, images: Images) -> list[Row]:
    """The row."""
    with serve() as registry:
        ours = on_top(registry, images.ours, images.base)
        plain = on_top(registry, images.plain, images.base)
    return [
        Row(
            part="size",
            what="image on top of its base, compressed",
            against="Django, the REST framework and gunicorn, installed plainly on the same base",
            ours=f"{number(ours / 1e6)} MB",
            theirs=f"{number(plain / 1e6)} MB",
            values=[ours / plain],
            goal=at_most(0.8),
        )
    ]


def on_top(registry: Registry, image: str, base: str) -> int:
    """The compressed bytes of the layers that the base has not."""
    registry.push(image, "size")
    below = len(inspect(base)["RootFS"]["Layers"])
    return sum(list(registry.layers("size").values())[below:])
