"""The images that are compared, built before anything is measured."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.servers import RIVALS, build
from tests.image.containers import ROOT, docker

PLAIN = ("django", "djangorestframework", "gunicorn")


@dataclass(frozen=True)
class Images:
    """Names of images, and what they are compared on."""

    ours: str
    plain: str
    base: str
    processors: int


def base_image() -> str:
    """The image that the Dockerfile builds on."""
    return re.search(r"^ARG BASE_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]


def pinned(*names: str) -> str:
    """The packages in the versions of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text()
    return " ".join(re.search(rf"^{name}==\S+", text, re.MULTILINE)[0] for name in names)


@contextlib.contextmanager
def images() -> Iterator[Images]:
    """Build the images, which go at the end."""
    base = base_image()
    ours = build(ROOT / "Dockerfile", ROOT)
    plain = build(RIVALS / "plain.Dockerfile", RIVALS, BASE_IMAGE=base, PACKAGES=pinned(*PLAIN))
    try:
        yield Images(ours, plain, base, os.cpu_count() or 1)
    finally:
        docker("image", "rm", "--force", ours, plain)
