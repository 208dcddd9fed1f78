"""Promoting an image as release.yml does, beside pulling, tagging and pushing it."""

import os
import re
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from template.bench.figures import Figures
from template.bench.registry import Registry, serve
from template.bench.rows import Row, at_least, at_most, figure
from template.tests.image.containers import ROOT, docker

LAYERS = 4
RETAGS = 9
MEGABYTE = 10**6
PATIENCE = 60  # seconds that the registry may take to answer


def retag_functions() -> str:
    """What release.yml moves a tag with; raises LookupError where that is not there any more."""
    text = (ROOT / "release.yml").read_text()
    functions = re.findall(r"^\s*((?:imagetools|retag)\(\) \{.*\})$", text, re.MULTILINE)
    if not any(each.startswith("retag()") for each in functions):
        raise LookupError("release.yml has no function retag.")
    return "\n".join([f"registry_timeout={PATIENCE}", *functions])


def measure(figures: Figures, image: str) -> list[Row]:
    """The rows: how a promotion grows with the image, and what it saves."""
    small, large = figures.megabytes
    with serve() as registry:
        for megabytes in figures.megabytes:
            put_random_image(registry, str(megabytes), megabytes)
        retags = [(retag(registry, small), retag(registry, large)) for _ in range(RETAGS)]
        pulled = pull_tag_push(registry, str(large))
    small_ones, large_ones = map(list, zip(*retags, strict=True))
    return [
        Row(
            part="promotion",
            what=f"promotion of an image of {large:,} MB",
            against=f"that of {small} MB",
            ours=figure(large_ones, "s"),
            theirs=figure(small_ones, "s"),
            values=[big / little for big, little in retags],
            goal=at_most(1.2),
        ),
        Row(
            part="promotion",
            what=f"speed of the promotion of {large:,} MB",
            against="pull, tag and push",
            ours=figure(large_ones, "s"),
            theirs=figure([pulled], "s"),
            values=[pulled / one for one in large_ones],
            goal=at_least(10),
        ),
    ]


def put_random_image(registry: Registry, tag: str, megabytes: int) -> None:
    """Put an image of layers that no compression makes smaller."""
    with tempfile.TemporaryDirectory(prefix="layers-") as folder:
        size = megabytes * MEGABYTE // LAYERS
        registry.put_image(
            tag, [random_layer(Path(folder), number, size) for number in range(LAYERS)]
        )


def random_layer(folder: Path, number: int, size: int) -> Path:
    """A tar file with a file of random bytes."""
    content, layer = folder / f"content{number}", folder / f"layer{number}.tar"
    with content.open("wb") as stream:
        for _ in range(size // MEGABYTE or 1):
            stream.write(os.urandom(min(size, MEGABYTE)))
    with tarfile.open(layer, "w") as archive:
        archive.add(content, content.name)
    content.unlink()
    return layer


def retag(registry: Registry, megabytes: int) -> float:
    """Seconds of a promotion; raises AssertionError unless the new tag has the same digest."""
    old, new = str(megabytes), f"{megabytes}-production"
    script = f'set -euo pipefail\n{retag_functions()}\nretag "$1" "$2"'
    begin = time.perf_counter()
    subprocess.run(
        ["bash", "-c", script, "bash", registry.name(new), registry.name(old)],
        check=True,
        env=registry.environment,
    )
    took = time.perf_counter() - begin
    if registry.digest(new) != registry.digest(old):
        raise AssertionError(f"{new} is not {old}.")
    return took


def pull_tag_push(registry: Registry, old: str) -> float:
    """Seconds of the way by a Docker Engine that has nothing of the image yet."""
    new = f"{old}-pulled"
    begin = time.perf_counter()
    docker("pull", "--quiet", registry.name(old), env=registry.environment)
    docker("tag", registry.name(old), registry.name(new))
    docker("push", "--quiet", registry.name(new), env=registry.environment)
    took = time.perf_counter() - begin
    docker("image", "rm", registry.name(old), registry.name(new))
    return took
