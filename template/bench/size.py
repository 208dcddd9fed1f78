"""What an image weighs on top of its base, compressed, as a registry keeps it."""

import re

from template.bench.figures import Figures
from template.bench.registry import Registry, serve
from template.bench.rows import Row, at_most, row_of_bytes
from template.bench.servers import RIVALS, build
from template.tests.image.containers import ROOT, base_image, docker, inspect

WHAT = "the image on top of its base, compressed"
PLAIN = "Django, the REST framework and gunicorn, installed plainly on the same base"
SAME = "`COPY . .` before `pip install`, the same application"


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: beside the same application built the plain way, and beside its framework alone."""
    base = base_image()
    packages = " ".join(pinned("django", "djangorestframework", "gunicorn"))
    same = build(RIVALS / "seed.Dockerfile", ROOT, BASE_IMAGE=base)
    plain = build(RIVALS / "plain.Dockerfile", RIVALS, BASE_IMAGE=base, PACKAGES=packages)
    with serve() as registry:
        ours, *theirs = (on_top(registry, each, base) for each in (image, same, plain))
    docker("image", "rm", same, plain)
    return [
        row_of_bytes("size", WHAT, SAME, ours, theirs[0], at_most(1)),
        row_of_bytes("size", WHAT, PLAIN, ours, theirs[1]),
    ]


def pinned(*names: str) -> list[str]:
    """The packages in the versions of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text()
    return [re.search(rf"^{name}==\S+", text, re.MULTILINE)[0] for name in names]


def on_top(registry: Registry, image: str, base: str) -> int:
    """The compressed bytes of the layers that the base has not."""
    registry.push(image, "size")
    below = len(inspect(base)["RootFS"]["Layers"])
    return sum(list(registry.layers("size").values())[below:])
