"""Where a project keeps its manage.py, its settings module and its own Python files."""

import ast
import codecs
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ELSEWHERE = {"node_modules", "site-packages", "venv", "env", "docs"}
SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE[\"'\]]+(?:,|\s*=)\s*[\"']([\w.]+)[\"']")
# The settings that wsgi.py and manage.py have no word against.
FORCED = re.compile(r"environ\[[\"']DJANGO_SETTINGS_MODULE[\"']\]\s*=")
DEVELOPMENT = ("local", "dev", "development", "test", "testing", "debug")
PRODUCTION = ("production", "prod", "live", "deploy", "deployment", "docker", "server")
TESTS = re.compile(r"(^|/)(tests?|testing|migrations)(/|\.py$)|(^|/)(test_\w+|conftest)\.py$")


def candidates(root: Path) -> list[Path]:
    """The folders of every manage.py of Django on the uppermost level that has one."""
    for level in ("manage.py", "*/manage.py", "*/*/manage.py"):
        if found := [path.parent for path in search(root, level) if "django" in read(path).lower()]:
            return sorted(found, key=lambda folder: bool(ELSEWHERE_OF_TESTS & parts(folder, root)))
    return []


ELSEWHERE_OF_TESTS = {"tests", "test", "example", "examples", "sandbox", "demo"}


def parts(path: Path, root: Path) -> set[str]:
    """The names of the folders between the root and a path."""
    return set(path.relative_to(root).parts)


def named_settings(project: Path) -> list[str]:
    """The settings modules that wsgi.py, asgi.py and manage.py name, the served ones first."""
    servers = [*search(project, "**/wsgi.py"), *search(project, "**/asgi.py")]
    servers += search(project, "**/wsgi/__init__.py")
    texts = [read(path) for path in (*servers, project / "manage.py") if path.is_file()]
    return list(dict.fromkeys(found[1] for text in texts for found in SETTINGS.finditer(text)))


def choose_settings(project: Path) -> tuple[str, list[str]]:
    """The module for production, and those that lie beside it; empty where none is named."""
    named = [name for name in named_settings(project) if module_file(project, name)]
    if not named:
        return guessed_settings(project)
    beside = siblings(project, named[0])
    for name in named:
        if name.rpartition(".")[2] not in DEVELOPMENT:
            better = production_of(project, name, siblings(project, name))
            return better or name, siblings(project, name)
    return next(
        (name for name in beside if name.rpartition(".")[2] in PRODUCTION), named[0]
    ), beside


def production_of(project: Path, name: str, beside: list[str]) -> str:
    """The module for production beside one that is for none in particular, such as base."""
    file = module_file(project, name)
    package = file is not None and file.name == "__init__.py"
    chosen = re.findall(r"^from \.(\w+) import \*", read(file), re.MULTILINE) if file else []
    of_development = package and (not chosen or set(chosen) & set(DEVELOPMENT))
    if not of_development and name.rpartition(".")[2] not in ("base", "common", "defaults"):
        return ""
    return next((other for other in beside if other.rpartition(".")[2] in PRODUCTION), "")


def guessed_settings(project: Path) -> tuple[str, list[str]]:
    """The only settings.py, where no file names one."""
    found = [
        path
        for path in (
            *search(project, "**/settings.py"),
            *search(project, "**/settings/__init__.py"),
        )
        if "INSTALLED_APPS" in read(path) or "DATABASES" in read(path)
    ]
    names = [module_name(path, project) for path in found]
    return (names[0] if len(names) == 1 else ""), names


def ignored_by_git(root: Path) -> set[Path]:
    """The files and folders below the root that Git leaves out, as far as it is there."""
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory"]
    try:
        said = subprocess.run([*command, "-z"], cwd=root, capture_output=True, text=True)
    except OSError:
        return set()
    return {root / name for name in said.stdout.split("\0") if name}


def module_name(path: Path, project: Path) -> str:
    """The module of a file, as the project imports it."""
    here = path.relative_to(project / "src" if path.is_relative_to(project / "src") else project)
    return ".".join(here.with_suffix("").parts).removesuffix(".__init__")


def siblings(project: Path, module: str) -> list[str]:
    """The modules in the package of a module of the settings, by their full names."""
    path = module_file(project, module)
    package = module if path and path.name == "__init__.py" else module.rpartition(".")[0]
    if not path or path.name == "settings.py" or not package:
        return [module]
    names = [f"{package}.{file.stem}" for file in sorted(path.parent.glob("*.py"))]
    return [name for name in names if not name.endswith(".__init__")]


def import_paths(project: Path) -> list[Path]:
    """Where the project's modules are looked for: its folder, src, and what manage.py adds."""
    places = [project, project / "src", project.parent / "src", *added_paths(project)]
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def added_paths(project: Path) -> list[Path]:
    """The folders of the project whose names manage.py and wsgi.py put on the path."""
    files = [project / "manage.py", *search(project, "**/wsgi.py")]
    lines = [line for path in files for line in read(path).splitlines() if "sys.path." in line]
    names = re.findall(r"[\"']([\w/.-]+)[\"']", "\n".join(lines))
    return [project / name.strip("/") for name in names if (project / name.strip("/")).is_dir()]


def module_file(project: Path, module: str) -> Path | None:
    """The file of a module of the project's own, or nothing where it is another's."""
    path = module.replace(".", "/")
    for place in import_paths(project):
        for file in (place / f"{path}.py", place / path / "__init__.py"):
            if file.is_file():
                return file
    return None


def own_code(root: Path) -> Iterator[Path]:
    """The project's Python files, without its tests and migrations."""
    found = search(root, "**/*.py")
    return (path for path in found if not TESTS.search(path.relative_to(root).as_posix()))


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file; an empty one where it is none of this Python's."""
    try:
        return ast.parse(read(path))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def is_readable(path: Path) -> bool:
    """Whether a file is Python that this Python can read."""
    try:
        ast.parse(read(path))
    except (SyntaxError, ValueError):
        return False
    return True


def search(folder: Path, pattern: str) -> Iterator[Path]:
    """The project's own files that fit, in order, the upper ones first."""
    found = sorted(folder.glob(pattern), key=lambda path: (len(path.parts), path))
    return (path for path in found if path.is_file() and not installed(path.relative_to(folder)))


def installed(path: Path) -> bool:
    """Whether it lies where tools keep other people's files."""
    return any(part in ELSEWHERE or part.startswith(".") for part in path.parts)


def read(path: Path) -> str:
    """The text of a file, whatever its encoding; nothing where there is no file."""
    text = path.read_bytes() if path.is_file() else b""
    encoding = "utf-16" if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    return text.decode(encoding, errors="replace").removeprefix("\ufeff").replace("\r\n", "\n")
