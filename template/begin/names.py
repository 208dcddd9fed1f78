"""What the project is called: in Python, on AWS, and which names it can have."""

import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from template.errors import TemplateError

# The sample's names.
PROJECT = "itemsAPP"
APP = "itemslist"
SLUG = "django-crud-app"
# Names of Django's applications and of stages, and modules of packages that are called otherwise.
TAKEN = {
    *("admin", "auth", "contenttypes", "messages", "sessions", "sites", "staticfiles"),
    *("app", "main", "production", "setup", "site", "src", "staging", "static", "test"),
    *("anymail", "attr", "axes", "csp", "dateutil", "django", "dotenv", "pil", "rest_framework"),
    *("rpds", "storages", "yaml", "zope"),
}
ROUTE = re.compile(r"(?:path|register)\(\s*r?\"\^?([\w-]+)")
PIN = re.compile(r"^([\w.-]+)==", re.MULTILINE)


@dataclass(frozen=True)
class Names:
    """The name that was given, and what becomes of it."""

    given: str
    project: str
    app: str
    slug: str

    def words(self) -> dict[str, str]:
        """The sample's names, and those that take their place."""
        return {PROJECT: self.project, APP: self.app, SLUG: self.slug}


class NameRefusedError(TemplateError):
    """A name that a project or an application cannot have."""


def choose(root: Path, name: str, app: str) -> Names:
    """Return the names of a project; raise NameRefusedError for those that it cannot have.

    Without a name for the application it keeps the sample's.
    """
    if not name:
        raise NameRefusedError("NAME is missing.", "Give one: make begin NAME=shop")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,31}", slug):
        raise refused(
            "NAME", name, "it has to begin with a letter, and have 2 to 32 letters and digits"
        )
    project = slug.replace("-", "_")
    check_module(root, "NAME", name, project)
    if app:
        if not re.fullmatch(r"(?=.{2,32}$)[a-z][a-z0-9]*(_[a-z0-9]+)*", app):
            raise refused("APP", app, "it has to be 2 to 32 small letters, digits and underscores")
        check_module(root, "APP", app, app)
        if app in routes(root):
            raise refused("APP", app, "the API has a URL of that name")
    if project in (app, APP):
        raise refused("NAME", name, "it is the name of the application, too")
    return Names(name, project, app or APP, slug)


def check_module(root: Path, variable: str, given: str, module: str) -> None:
    """Raise NameRefusedError for a module that Python could not import, or would mistake."""
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        raise refused(variable, given, f"{module} is a keyword of Python")
    if module in taken(root):
        raise refused(variable, given, f"something else is called {module}")


def refused(variable: str, name: str, reason: str) -> NameRefusedError:
    """The error for a name that cannot be."""
    return NameRefusedError(
        f"{variable}={name} cannot be: {reason}.",
        "Choose another, for example: make begin NAME=bazaar APP=wares",
    )


def taken(root: Path) -> set[str]:
    """The names that Python, the packages and the folders here have, in small letters."""
    folders = {path.name for place in (root, root / "src") for path in place.iterdir()}
    pinned = (root / file for file in ("requirements.txt", "requirements-dev.txt"))
    packages = {name for file in pinned for name in PIN.findall(file.read_text())}
    modules = {re.sub(r"[.-]", "_", package) for package in packages}
    return {name.lower() for name in {*sys.stdlib_module_names, *TAKEN, *folders, *modules}}


def routes(root: Path) -> set[str]:
    """The first parts of the URLs, one of which becomes the application's name."""
    files = (root / "src").glob("*/urls.py")
    return {route for file in files for route in ROUTE.findall(file.read_text())} - {APP}
