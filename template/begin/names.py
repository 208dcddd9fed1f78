"""Which names a project and its app can have."""

import keyword
import re
import sys
from pathlib import Path

from template.errors import TemplateError

# Django's own apps, and what requests are routed to beside the app.
TAKEN = {
    *("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "sites"),
    *(
        "app",
        "django",
        "main",
        "production",
        "rest_framework",
        "setup",
        "site",
        "src",
        "staging",
        "static",
        "test",
    ),
}
ROUTES = re.compile(r"(?:path|register)\(\s*\"([\w-]+)")


def check_names(root: Path, name: str, app: str, now: tuple[str, str]) -> None:
    """Raise TemplateError unless both names are new, valid, and nobody else's."""
    check_name("NAME", name, r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*", taken(root, now))
    check_name("APP", app, r"[a-z][a-z0-9]*(_[a-z0-9]+)*", taken(root, now) | routes(root, now))
    if name.lower() == app:
        raise refused("APP", app, "it is the name of the project, too")


def check_name(variable: str, name: str, pattern: str, others: set[str]) -> None:
    """Raise TemplateError for a name that cannot be."""
    if not re.fullmatch(pattern, name) or not 2 <= len(name) <= 32:
        raise refused(variable, name, "it is not 2 to 32 letters, digits and single underscores")
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise refused(variable, name, "it is a word of Python's")
    if name.lower() in others:
        raise refused(variable, name, "something else has that name")


def refused(variable: str, name: str, reason: str) -> TemplateError:
    """The error for a name that cannot be."""
    return TemplateError(
        f"{variable}={name} cannot be: {reason}.",
        "Choose another, for example: make rename NAME=bazaar APP=wares",
    )


def taken(root: Path, now: tuple[str, str]) -> set[str]:
    """The names that Python, the packages and the folders here have, in small letters."""
    folders = {path.name for place in (root, root / "src") for path in place.iterdir()}
    packages = re.findall(r"^([\w-]+)==", (root / "requirements-dev.txt").read_text(), re.MULTILINE)
    modules = {package.replace("-", "_") for package in packages}
    return {word.lower() for word in {*sys.stdlib_module_names, *TAKEN, *folders, *modules, *now}}


def routes(root: Path, now: tuple[str, str]) -> set[str]:
    """The first words of the addresses, which the app's own name becomes one of."""
    return set(ROUTES.findall((root / "src" / now[0] / "urls.py").read_text()))
