"""A front end that has to be built before its files can be collected."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from template.adopt.project import read, search
from template.adopt.settings import Settings

LOADERS = ("webpack_loader", "django_vite", "vite", "manifest_loader")
# Where a build says which folder it fills.
CONFIGURED = ("package.json", "*.config.*", "webpack*.js", "esbuild*", "gulpfile*", "rollup*")
INSTALL = {
    "package-lock.json": "npm ci",
    "yarn.lock": "corepack enable && yarn install --frozen-lockfile",
    "pnpm-lock.yaml": "corepack enable && pnpm install --frozen-lockfile",
}


@dataclass(frozen=True)
class Frontend:
    """The folder of package.json, how its packages are installed, and the image of Node.js."""

    folder: str
    install: str
    lock: str
    node: str
    modules: bool = False  # whether static files are collected out of node_modules
    script: bool = True  # whether there is something to build

    @property
    def build(self) -> str:
        """The step that builds, and throws away what only builds."""
        steps = ["npm run build"] * self.script + ["rm -rf node_modules"] * (not self.modules)
        return "RUN " + " && ".join(steps) if steps else ""


def find_frontend(root: Path, project: Path, settings: Settings) -> Frontend | None:
    """The front end whose result the settings want and the repository does not have."""
    places = (search(root, pattern) for pattern in ("*/package.json", "*/*/package.json"))
    for path in [root / "package.json", *(path for found in places for path in found)]:
        try:
            package = json.loads(read(path) or "{}")
        except json.JSONDecodeError:
            continue
        modules = wants_modules(settings) and bool(package.get("dependencies"))
        script = "build" in package.get("scripts", {}) and is_wanted(path.parent, settings)
        if script or modules:
            lock = next((name for name in INSTALL if (path.parent / name).is_file()), "")
            folder = path.parent.relative_to(root).as_posix()
            install = INSTALL.get(lock, "npm install")
            return Frontend(folder, install, lock, node_of(path.parent, package), modules, script)
    return None


def is_wanted(folder: Path, settings: Settings) -> bool:
    """Whether a loader of bundles is installed, or a folder of static files is missing."""
    if any(name in LOADERS for name in settings.apps):
        return True
    if "tailwind" in settings.apps and folder.name == "static_src":  # django-tailwind's
        return True
    named = settings.values.get("STATICFILES_DIRS")
    paths = (
        [PurePath(os.path.normpath(item)) for item in named if isinstance(item, str | PurePath)]
        if isinstance(named, list)
        else []
    )
    missing = [path for path in paths if path.is_absolute() and not Path(path).exists()]
    said = "\n".join(read(file) for pattern in CONFIGURED for file in folder.glob(pattern))
    return any(
        path.is_relative_to(folder)
        or (path.is_relative_to(folder.parent) and re.search(rf"\.\./{path.name}\b", said))
        for path in missing
    )


def wants_modules(settings: Settings) -> bool:
    """Whether static files lie in node_modules."""
    return "node_modules" in settings.text or any(
        "npm" in name for name in settings.texts("STATICFILES_FINDERS")
    )


def node_of(folder: Path, package: dict[str, dict[str, str]]) -> str:
    """The Node.js that .nvmrc, .node-version or engines name, or the line of long-term support."""
    said = (
        read(folder / ".nvmrc")
        + read(folder / ".node-version")
        + str(package.get("engines", {}).get("node", ""))
    )
    found = re.search(r"\d+", said)
    return found[0] if found and int(found[0]) >= 18 else "24"
