"""The images that are compared, built before anything is measured."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from template.bench.servers import build
from template.tests.image.containers import ROOT, base_image, docker


@dataclass(frozen=True)
class Images:
    """Names of images, and what they are compared on."""

    ours: str
    base: str
    processors: int


@contextlib.contextmanager
def images() -> Iterator[Images]:
    """Build the images, which go at the end."""
    base = base_image()
    ours = build(ROOT / "Dockerfile", ROOT)
    try:
        yield Images(ours, base, os.cpu_count() or 1)
    finally:
        docker("image", "rm", "--force", ours)
