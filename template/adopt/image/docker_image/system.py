"""Debian packages: those that compile Python packages, and those that these want when they run."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path

from docker_image.console import refuse, say

BEFORE = Path("/var/tmp/packages-before")  # noqa: S108 - in the image's build, where nobody else is
# Libraries that are opened by name, which no header of an extension tells.
OPENED_BY_NAME = {
    "psycopg": ["libpq5"],
    "python-magic": ["libmagic1"],
    "weasyprint": ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"],
}
# Packages that bring such a library themselves.
BROUGHT_BY = {"psycopg": {"psycopg-binary", "psycopg-c"}}


def install_compilers() -> None:
    """Install ARG BUILD_PACKAGES, and remember which Debian packages were there before."""
    packages = os.environ.get("BUILD_PACKAGES", "").split()
    BEFORE.write_text("\n".join(debian_packages()))
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        packages = [*packages, "python3-dev"]
    apt_get("update")
    apt_get("install", "--yes", "--no-install-recommends", *packages)


def apt_get(*arguments: str) -> None:
    """Run apt-get; raises SystemExit where it fails or is not there."""
    try:
        subprocess.run(["apt-get", "-qq", *arguments], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise refuse(
            f"Debian's packages could not be installed: {error}",
            "Check ARG BUILD_PACKAGES at the top of the Dockerfile. BASE_IMAGE has to be Debian's.",
        ) from None


def needed_packages(venv: Path, installed: set[str]) -> set[str]:
    """The Debian packages that are wanted at run time and are not in the base image."""
    named = {
        package
        for name, packages in OPENED_BY_NAME.items()
        if name in installed and not installed & BROUGHT_BY.get(name, set())
        for package in packages
    }
    # A package that was compiled for an earlier build comes from pip's cache without a compiler.
    if not BEFORE.exists() and None in libraries(venv):
        say("\nA package wants libraries of the system: installing ARG BUILD_PACKAGES.\n")
        install_compilers()
    if not BEFORE.exists():
        return named
    return named | owners(libraries(venv) - {None}) - set(BEFORE.read_text().split())


def libraries(venv: Path) -> set[Path | None]:
    """The shared libraries that the packages are linked with; None where one is not there."""
    found = set()
    for extension in venv.glob("lib/**/*.so*"):
        said = subprocess.run(["ldd", str(extension)], check=False, capture_output=True, text=True)
        found.update(re.findall(r"=> (/(?:usr/)?lib/\S+|not found)", said.stdout))
    return {None if name == "not found" else Path(name).resolve() for name in found}


def owners(files: set[Path]) -> set[str]:
    """The Debian packages that the files belong to."""
    command = ["dpkg-query", "--search", *map(str, files)]
    said = subprocess.run(command, check=False, capture_output=True, text=True)
    return set(re.findall(r"^([^:\s]+)(?::\w+)?: ", said.stdout, re.MULTILINE))


def debian_packages() -> set[str]:
    """The Debian packages that are installed."""
    command = ["dpkg-query", "--show", "--showformat", "${Package}\n"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
