"""What an image weighs on top of its base, compressed, as a registry keeps it."""

import re
import tempfile
from pathlib import Path

from django.core.management import call_command

from template.adopt.adopt import adopt
from template.bench.figures import Figures
from template.bench.images import Images
from template.bench.registry import Registry, serve
from template.bench.rows import Row, at_most, row_of_bytes
from template.bench.servers import RIVALS, build
from template.tests.image.containers import ROOT, docker, inspect

AGAINST = "Django, the REST framework and gunicorn, installed plainly on the same base"


def measure(figures: Figures, images: Images) -> list[Row]:
    """The rows: this application, and a `startproject` with the same packages as the rival."""
    packages = pinned("django", "djangorestframework", "gunicorn")
    rival = RIVALS / "plain.Dockerfile"
    others = [
        build(rival, RIVALS, BASE_IMAGE=images.base, PACKAGES=" ".join(packages)),
        build_startproject(packages, images.base),
    ]
    with serve() as registry:
        ours, plain, same = (
            on_top(registry, image, images.base) for image in (images.ours, *others)
        )
    docker("image", "rm", *others)
    return [
        row_of_bytes(
            "size", "the image on top of its base, compressed", AGAINST, ours, plain, at_most(0.8)
        ),
        row_of_bytes(
            "size",
            "the same, of a `startproject` with the rival's packages",
            AGAINST,
            same,
            plain,
            at_most(0.8),
        ),
    ]


def pinned(*names: str) -> list[str]:
    """The packages in the versions of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text()
    return [re.search(rf"^{name}==\S+", text, re.MULTILINE)[0] for name in names]


def build_startproject(packages: list[str], base: str) -> str:
    """The image of a new project with the packages, on that base, which adopts the pipeline."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        call_command("startproject", "project", name)
        (folder / "requirements.txt").write_text("\n".join(packages))
        (folder / ".python-version").write_text(re.search(r"python:(3\.\d+)", base)[1])
        adopt(ROOT, name)
        return build(folder / "Dockerfile", folder)


def on_top(registry: Registry, image: str, base: str) -> int:
    """The compressed bytes of the layers that the base has not."""
    registry.push(image, "size")
    below = len(inspect(base)["RootFS"]["Layers"])
    return sum(list(registry.layers("size").values())[below:])
