"""Which Python a project gets: what it says itself, and what its pins can have."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from template.adopt.packages import Packages
from template.adopt.project import own_code, parse, read, search

OLDEST, NEWEST = 9, 14  # of Python 3, of which there are images on Debian trixie
USUAL = 13
# The Pythons that a Django supports, and the one that packages of its time have wheels for.
# https://docs.djangoproject.com/en/stable/faq/install/#what-python-version-can-i-use-with-django
DJANGO = {
    "1.11": (9, 9, 9),
    "2.0": (9, 9, 9),
    "2.1": (9, 9, 9),
    "2.2": (9, 9, 9),
    "3.0": (9, 9, 9),
    "3.1": (9, 9, 9),
    "3.2": (9, 10, 9),
    "4.0": (9, 10, 9),
    "4.1": (9, 11, 11),
    "4.2": (9, 12, 11),
    "5.0": (10, 12, 11),
    "5.1": (10, 13, 13),
    "5.2": (10, 14, 13),
    "6.0": (12, 14, 13),
    "6.1": (12, 14, 13),
}
# The first release with a wheel for Python 3.9, 3.10, 3.11, 3.12, 3.13, 3.14, by the index.
WHEELS = {
    "psycopg2-binary": ("2.8.6", "2.9.1", "2.9.5", "2.9.9", "2.9.10", "2.9.11"),
    "psycopg2": ("2.8.6", "2.9.1", "2.9.5", "2.9.9", "2.9.10", "2.9.11"),
    "psycopg-binary": ("3.0", "3.0", "3.1.4", "3.1.12", "3.2.2", "3.2.10"),
    "pillow": ("8.0.0", "8.3.2", "9.2.0", "10.0.0", "10.4.0", "11.3.0"),
    "lxml": ("4.5.2", "4.6.3", "4.9.1", "4.9.3", "5.3.0", "6.0.1"),
    "numpy": ("1.19.3", "1.21.2", "1.23.2", "1.26.0", "2.1.0", "2.3.2"),
    "pandas": ("1.1.3", "1.3.3", "1.5.0", "2.1.1", "2.2.3", "2.3.3"),
    "cffi": ("1.14.3", "1.15.0", "1.15.1", "1.16.0", "1.17.0", "2.0.0"),
    "greenlet": ("0.4.17", "1.1.0", "1.1.3", "3.0.0", "3.1.0", "3.2.3"),
    "gevent": ("20.6.1", "21.12.0", "22.10.1", "23.7.0", "24.10.1", "25.8.1"),
    "pyyaml": ("5.4", "6.0", "6.0", "6.0.1", "6.0.2", "6.0.3"),
    "aiohttp": ("3.7.0", "3.8.0", "3.8.2", "3.9.0", "3.10.5", "3.13.0"),
    "markupsafe": ("1.1.1", "2.0.1", "2.1.2", "2.1.3", "3.0.0", "3.0.3"),
    "pydantic-core": ("0.1.0", "0.1.0", "0.7.0", "2.1.2", "2.20.0", "2.35.0"),
    "uvloop": ("0.15.0", "0.16.0", "0.17.0", "0.18.0", "0.21.0", "0.22.1"),
}
# Modules that the standard library has no longer, with the packages that bring them back.
REMOVED = {
    12: {"distutils": "setuptools", "imp": "zombie-imp", "asyncore": "pyasyncore",
         "asynchat": "pyasynchat", "smtpd": ""},
    13: {"cgi": "legacy-cgi", "cgitb": "legacy-cgi", "crypt": "legacycrypt",
         "imghdr": "standard-imghdr", "sndhdr": "standard-sndhdr",
         "telnetlib": "standard-telnetlib", "pipes": "standard-pipes",
         "nntplib": "standard-nntplib", "audioop": "audioop-lts",
         "mailcap": "standard-mailcap", "uu": "standard-uu", "xdrlib": "standard-xdrlib",
         "lib2to3": ""},
}  # fmt: skip


@dataclass
class Python:
    """A Python 3, why it was chosen, and what it cannot have."""

    minor: int
    reason: str
    notes: list[str] = field(default_factory=list)
    without_wheel: list[str] = field(default_factory=list)


def choose_python(root: Path, project: Path, packages: Packages) -> Python:
    """The Python that the project says, or else the one that suits its pins best."""
    modules = removed_modules(root, packages)
    place, exact = said_exactly(root, project, packages)
    low, high = allowed(packages.requires_python)
    if exact:
        minor = min(max(exact, OLDEST), max(NEWEST, exact))
        python = Python(minor, f"{place} says 3.{exact}")
        if minor != exact:
            python.notes.append(
                f"{place} wants Python 3.{exact}, which has no image on Debian trixie any more:"
                f" the Dockerfile has 3.{minor}."
            )
    else:
        python = best(packages, modules, low, high)
    python.without_wheel = [
        name for name in packages.pins if lacks_wheel(packages, name, python.minor)
    ]
    python.notes += complaints(packages, modules, python)
    return python


def best(packages: Packages, modules: dict[str, int], low: int, high: int) -> Python:
    """The Python that most pins have wheels for, within what pyproject.toml and Django allow."""
    version = django_series(packages)
    lowest, highest, usual = DJANGO.get(version, (OLDEST, NEWEST, USUAL))
    # Pins that are too old for the usual one are of a time that 3.11 suits better than 3.12, which
    # has no distutils, no imp and no setuptools, whatever packages import.
    order = sorted(range(OLDEST, NEWEST + 1), key=lambda minor: (abs(minor - usual), -minor))
    order.sort(key=lambda minor: minor == 12 and usual != 12)
    order.sort(key=lambda minor: minor not in (usual, 11))
    order = [minor for minor in order if low <= minor <= high] or [min(max(low, OLDEST), high)]

    def cost(minor: int) -> tuple[int, int, int]:
        lacking = sum(lacks_wheel(packages, name, minor) for name in packages.pins)
        gone = sum(minor >= since for since in modules.values())
        return gone, lacking, not lowest <= minor <= highest

    minor = min(order, key=cost)
    words = [
        f"Django {version}" if version else "",
        "the pins" if any(packages.pins.values()) else "",
    ]
    if (low, high) != (OLDEST, NEWEST):
        words.append(f'requires-python "{packages.requires_python}"')
    words += [f"`import {module}`" for module, since in modules.items() if minor < since]
    reason = ", ".join(word for word in words if word)
    return Python(minor, f"suits {reason}" if reason else "nothing asks for another")


def said_exactly(root: Path, project: Path, packages: Packages) -> tuple[str, int]:
    """The file that names one Python, and which Python 3 that is; 0 where none does."""
    signs = {
        ".python-version": r"^\s*(?:python-|cpython-)?3\.(\d+)",
        "runtime.txt": r"^\s*python-3\.(\d+)",
        ".tool-versions": r"^python\s+3\.(\d+)",
        "mise.toml": r"^python\s*=\s*[\"']3\.(\d+)",
        "Pipfile": r"^python_(?:full_)?version\s*=\s*[\"']3\.(\d+)",
    }
    for name, sign in signs.items():
        for folder in dict.fromkeys((project, root)):
            if found := re.search(sign, read(folder / name), re.MULTILINE):
                return name, int(found[1])
    for path in search(root, "**/Dockerfile*"):
        found = re.search(r"^FROM\s+\S*\bpython:3\.(\d+)", read(path), re.MULTILINE)
        if found and "entrypoint.py" not in read(path):  # this command's own
            return path.relative_to(root).as_posix(), int(found[1])
    exact = re.fullmatch(r"\s*(?:==|~=?)?\s*3\.(\d+)(?:\.(?:\d+|\*))?\s*", packages.requires_python)
    return (
        ("pyproject.toml", int(exact[1]))
        if exact and "~=" not in packages.requires_python
        else ("", 0)
    )


def allowed(said: str) -> tuple[int, int]:
    """The oldest and the newest Python 3 that pyproject.toml admits."""
    low, high = OLDEST, NEWEST
    for sign, minor in re.findall(r"(\^|>=|>|<=|<|~=|==)\s*3\.(\d+)", said):
        number = int(minor)
        if sign in ("^", ">=", ">", "~=", "=="):
            low = max(low, number)
        if sign in ("<", "<="):
            patch = re.search(rf"<\s*3\.{minor}\.\d", said)
            high = min(high, number if sign == "<=" or patch else number - 1)
    return low, max(high, low)


def django_series(packages: Packages) -> str:
    """The series of Django that will be installed, such as 4.2; empty where it is the newest."""
    if version := packages.pins.get("django", ""):
        return ".".join(version.split(".")[:2])
    sign, bound = packages.bounds.get("django", ("", ""))
    if (sign in ("~=", "==") and bound.count(".") > 1) or (sign == "==" and bound.count(".") == 1):
        return ".".join(bound.split(".")[:2])
    known = list(DJANGO)
    if sign in ("~=", "=="):
        return next(
            (name for name in reversed(known) if name.split(".")[0] == bound.split(".")[0]), ""
        )
    below = [name for name in known if number(name) < number(bound)] if sign else []
    if sign == "<=":
        below = [name for name in known if number(name) <= number(bound)]
    return below[-1] if below and below[-1] != known[-1] else ""


def lacks_wheel(packages: Packages, name: str, minor: int) -> bool:
    """Whether a pinned package has wheels, and none for this Python."""
    if files := packages.wheels.get(name):
        wheels = [file for file in files if file.endswith(".whl")]
        if not wheels or any(re.search(r"-(py3|py2\.py3|py\d+)-none-", file) for file in wheels):
            return False
        return not any(fits(file, minor) for file in wheels)
    if name not in WHEELS:
        return False
    first = number(first_release(name, minor))
    if version := packages.pins.get(name, ""):
        return number(version) < first
    end = number(end_of_range(packages, name))
    return bool(end) and end <= first


def end_of_range(packages: Packages, name: str) -> str:
    """The first version that `<2.9`, `~=2.8.1` or `==2.8.*` excludes; empty where none is."""
    sign, bound = packages.bounds.get(name, ("", ""))
    parts = bound.split(".")
    if sign == "~=":
        parts = parts[:-1]
    if sign in ("~=", "==") and parts:
        return ".".join([*parts[:-1], str(int(parts[-1]) + 1)])
    return bound if sign == "<" else ""


def fits(file: str, minor: int) -> bool:
    """Whether a wheel is for this Python, on Linux."""
    if "linux" not in file or "musllinux" in file:
        return False
    found = re.search(r"-cp3(\d+)-(\w+)-", file)
    return bool(found) and (
        int(found[1]) == minor or (found[2] == "abi3" and int(found[1]) <= minor)
    )


def first_release(name: str, minor: int) -> str:
    """The first release with a wheel for this Python."""
    return WHEELS[name][min(max(minor, OLDEST), NEWEST) - OLDEST]


def complaints(packages: Packages, modules: dict[str, int], python: Python) -> Iterator[str]:
    """The pins and imports that this Python cannot have, and what mends each."""
    for name in python.without_wheel:
        version = packages.pins[name]
        said = f"=={version}" if version else "".join(packages.bounds.get(name, ()))
        mend = "it is compiled in the build"
        if name in WHEELS:
            newest = [
                minor
                for minor in range(OLDEST, NEWEST + 1)
                if not lacks_wheel(packages, name, minor)
            ]
            other = f", or take Python 3.{newest[-1]} in `FROM`" if newest else ""
            mend = f"{name}=={first_release(name, python.minor)} is the first that has one{other}"
        if name != "psycopg2" or number(version) < number(first_release(name, python.minor)):
            yield f"{name}{said} has no wheel for Python 3.{python.minor}: {mend}."
    for module, since in modules.items():
        if python.minor >= since:
            yield (
                f"The code imports `{module}`, which Python has no longer since 3.{since}, and the"
                f" Dockerfile has 3.{python.minor} ({python.reason})."
            )


def removed_modules(root: Path, packages: Packages) -> dict[str, int]:
    """The modules that the code imports, each with the Python that has it no longer."""
    imported = set()
    for path in own_code(root):
        if re.search(r"^(import|from) ", read(path), re.MULTILINE):
            imported |= set(imports(parse(path)))
    return {
        module: since
        for since, names in REMOVED.items()
        for module, package in names.items()
        if module in imported and not packages.has(package)
    }


def imports(tree: ast.Module) -> Iterator[str]:
    """The top names that a module imports whenever it is imported."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:4])
