"""Which tool installs a project's packages, from which files, and what they are."""

import codecs
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from template.adopt.project import PRODUCTION, read

WORDS = (*PRODUCTION, "heroku")
OF_PRODUCTION = (
    *("requirements/{}.txt", "requirements[-_.]{}.txt", "{}[-_.]requirements.txt"),
    *("requirements/requirements[-_.]{}.txt", "reqs/{}.txt", "requires/{}.txt"),
)
REQUIREMENTS = (
    *(pattern.format(word) for word in WORDS for pattern in OF_PRODUCTION),
    *("requirements.txt", "requirements/requirements.txt", "requirements/base.txt"),
    *("requirements/common.txt", "requirements/main.txt", "requirements/default.txt"),
    *("requirements/core.txt", "reqs/*.txt", "*requirements*.txt", "requirements/*.txt"),
    "requirements.lock",  # Rye's
)
INCLUDE = re.compile(r"^\s*(-r|--requirement|-c|--constraint)[\s=]+(\S+)", re.MULTILINE)
LOCAL = re.compile(
    r"^\s*(-e\s+|--editable[\s=]+)?((file:)?\.{1,2}(/\S*)?(\[[\w,-]*\])?)\s*$", re.MULTILINE
)
NAMED = re.compile(
    r"^\s*([A-Za-z0-9][\w.-]*)\s*(\[[\w\s,.-]*\])?\s*([=<>!~]=?=?\s*[^;#\s]+)?", re.MULTILINE
)
# Modules whose package has another name.
PACKAGES = {
    "environ": "django-environ",
    "decouple": "python-decouple",
    "dotenv": "python-dotenv",
    "rest_framework": "djangorestframework",
    "corsheaders": "django-cors-headers",
    "storages": "django-storages",
    "debug_toolbar": "django-debug-toolbar",
    "anymail": "django-anymail",
    "configurations": "django-configurations",
    "split_settings": "django-split-settings",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "MySQLdb": "mysqlclient",
}
# Where a URL of an index stands, by the file; and those that nobody needs a login for.
INDEX = re.compile(
    r"""(?:--(?:extra-)?index-url|--find-links|^-i)[ =]+(\S+)      # requirements
    |registry\ =\ "([^"]+)"                                     # uv.lock
    |^\[package\.source\]\ntype\ =\ "legacy"\nurl\ =\ "([^"]+)"  # poetry.lock
    |"url":\ "([^"]+)"                                           # Pipfile.lock""",
    re.MULTILINE | re.VERBOSE,
)
PUBLIC = ("pypi.org", "files.pythonhosted.org", "download.pytorch.org", "pypi.nvidia.com")
# Lines of requirements that cannot be installed on Linux, from `pip freeze` on other machines:
# Windows' own packages, macOS's, Debian's that no index has, and files that only conda had.
UNINSTALLABLE = {
    *("pkg-resources", "pywin32", "pypiwin32", "pywinpty", "windows-curses"),
    *("twisted-iocpsupport", "tensorflow-intel", "tensorflow-macos", "tensorflow-metal"),
    *("backports-zoneinfo", "command-not-found", "cupshelpers", "language-selector"),
    *("python-apt", "screen-resolution-extra", "ubuntu-advantage-tools"),
    *("ubuntu-drivers-common", "ufw", "unattended-upgrades", "usb-creator", "xkit"),
}
OF_CONDA = re.compile(r"^([\w.-]+) @ file:///\S+", re.MULTILINE)


@dataclass
class Packages:
    """How packages are installed (`tool`), from what, and which they are, by their names."""

    tool: str = "none"
    folder: Path = Path()  # of the project's file, where its tool is run
    files: list[Path] = field(default_factory=list)  # that are copied before installing
    pins: dict[str, str] = field(default_factory=dict)  # version, or nothing
    bounds: dict[str, tuple[str, str]] = field(default_factory=dict)  # of what has no version
    extras: set[str] = field(default_factory=set)  # as psycopg[binary]
    wheels: dict[str, list[str]] = field(default_factory=dict)  # files in a lock
    groups: list[str] = field(default_factory=list)
    chosen_extras: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)  # requirements that no file of pip's has
    pyproject: dict[str, Any] = field(default_factory=dict)
    local: bool = False  # installs a folder of the project's own
    workspace: bool = False  # the project is a member of uv's workspace
    git: bool = False
    indexes: list[str] = field(default_factory=list)  # URLs that may want a login
    hashed: bool = False
    uninstallable: list[str] = field(default_factory=list)  # as they are written
    old_driver: bool = False  # whether psycopg2 is too old to be compiled
    conda: bool = False  # whether lines name files that only conda had
    utf16: list[Path] = field(default_factory=list)  # requirements as PowerShell writes them
    others: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Whether one of these is among them."""
        return any(name in self.pins for name in names)

    @property
    def file(self) -> Path:
        """The file that names the packages."""
        return self.files[-1] if self.tool in ("uv", "poetry", "pipenv") else self.files[0]

    @property
    def requires_python(self) -> str:
        """What pyproject.toml says about Python, Poetry's words included."""
        poetry = self.pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {})
        said = self.pyproject.get("project", {}).get("requires-python") or poetry.get("python", "")
        return said if isinstance(said, str) else ""


def find_packages(root: Path, project: Path, imported: set[str]) -> Packages:
    """What installs the packages; `imported` are the modules that production cannot be without."""
    packages = choose_packages(root, project, imported)
    found = [url for path in packages.files for match in INDEX.findall(read(path)) for url in match]
    urls = [url for url in found if url.startswith("http")]
    packages.indexes = [url for url in dict.fromkeys(urls) if host(url) not in PUBLIC]
    return packages


def host(url: str) -> str:
    """The host of a URL."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]


def choose_packages(root: Path, project: Path, imported: set[str]) -> Packages:
    """The lock, or else the file of requirements, that the packages come from."""
    folders = [folder for folder in (project, *project.parents) if folder.is_relative_to(root)]
    pyproject = next((load(folder / "pyproject.toml") for folder in folders
                      if (folder / "pyproject.toml").is_file()), {})  # fmt: skip
    for name, reading in (
        ("uv.lock", of_uv),
        ("poetry.lock", of_poetry),
        ("Pipfile.lock", of_pipenv),
    ):
        for folder in folders:
            if (folder / name).is_file() and folder_names_packages(folder, name):
                return reading(folder, imported)
    found = [
        path
        for pattern in REQUIREMENTS
        for folder in folders
        for path in sorted(folder.glob(pattern))
    ]
    found = list(dict.fromkeys(path for path in found if path.is_file()))
    of_django = [path for path in found if "django" in of_requirements(path).pins]
    own = of_pyproject(folders, imported)
    own = own if own.has("django") else of_pipfile(folders) or own
    if of_django:
        packages = of_requirements(of_django[0])
        packages.pyproject = pyproject
        packages.others = [path.relative_to(root).as_posix() for path in of_django[1:]]
        return packages
    if own.has("django") or (own.tool != "none" and not found):
        return own
    return of_requirements(found[0]) if found else own


def folder_names_packages(folder: Path, lock: str) -> bool:
    """Whether what the lock was made of lies beside it."""
    return (folder / ("Pipfile" if lock == "Pipfile.lock" else "pyproject.toml")).is_file()


def of_requirements(path: Path) -> Packages:
    """A requirements file, with those that it includes."""
    packages = Packages("pip", path.parent, [path])
    gather(path, packages)
    return packages


def gather(path: Path, packages: Packages) -> None:
    """Read a requirements file and those that it includes into the packages."""
    text = re.sub(r"\\\n", " ", read(path))
    if path.read_bytes()[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        packages.utf16.append(path)
    packages.conda = packages.conda or bool(OF_CONDA.search(text))
    packages.hashed = packages.hashed or "--hash=" in text
    packages.git = packages.git or bool(re.search(r"git\+", text))
    for option, name in INCLUDE.findall(text):
        further = (path.parent / name).resolve()
        if further.is_file() and further not in packages.files:
            packages.files.append(further)
            if option in ("-r", "--requirement"):
                gather(further, packages)
    if LOCAL.search(text):
        packages.local = True
    for line in text.splitlines():
        add(line.partition("#egg=")[2] or line, packages)


def add(line: str, packages: Packages) -> None:
    """Note the package that a line of requirements names."""
    found = NAMED.match(line)
    if not found or line.lstrip().startswith(("-", "#", ".")):
        return
    name = normal(found[1])
    elsewhere = name in UNINSTALLABLE or name.startswith("pyobjc") or "ubuntu" in (found[3] or "")
    if elsewhere and ";" not in line:
        packages.uninstallable.append(found[1])
        return
    version = re.search(r"==\s*([\w.!+]+)", found[3] or "")
    packages.pins.setdefault(name, "")
    if version and not version[1].endswith("."):
        packages.pins[name] = version[1].removesuffix(".*")
    elif bound := re.search(r"(~=|<=?|==)\s*([\d.]+)", line.partition(";")[0].partition("#")[0]):
        packages.bounds.setdefault(name, (bound[1], bound[2].rstrip(".")))
    packages.extras |= {
        f"{name}[{extra.strip()}]" for extra in (found[2] or "[]")[1:-1].split(",") if extra.strip()
    }


def of_uv(folder: Path, imported: set[str]) -> Packages:
    """uv.lock, with the groups and extras that production imports from."""
    lock, pyproject = load(folder / "uv.lock"), load(folder / "pyproject.toml")
    packages = Packages(
        "uv", folder, [folder / "pyproject.toml", folder / "uv.lock"], pyproject=pyproject
    )
    known: dict[str, list[dict[str, Any]]] = {}
    for item in lock.get("package", []):
        known.setdefault(item["name"], []).append(item)
    own = [item for items in known.values() for item in items if is_own(item)]
    roots = [
        item for item in own if item.get("source", {}) in ({"virtual": "."}, {"editable": "."})
    ]
    packages.local = len(own) > len(roots) or dynamic(pyproject)
    wanted = [item for found in roots for item in found.get("dependencies", [])]
    groups = {
        name: items for found in roots for name, items in found.get("dev-dependencies", {}).items()
    }
    extras = {
        name: items
        for found in roots
        for name, items in found.get("optional-dependencies", {}).items()
    }
    if "django" not in closure(wanted, known) and len(own) > len(roots):
        # A workspace: what its members want.
        packages.workspace = True
        wanted += [item for found in own for item in found.get("dependencies", [])]
    base = closure(wanted, known)
    packages.groups = choose(groups, base, imported, known)
    packages.chosen_extras = choose(extras, base, imported, known)
    for name in packages.groups:
        wanted += groups[name]
    for name in packages.chosen_extras:
        wanted += extras[name]
    for name in closure(wanted, known):
        item = known[name][-1]
        packages.pins[name] = item.get("version", "")
        packages.wheels[name] = [
            url_name(file) for file in (*item.get("wheels", []), *filter(None, [item.get("sdist")]))
        ]
        packages.git = packages.git or "git" in item.get("source", {})
    packages.extras = {
        f"{item['name']}[{extra}]" for item in wanted for extra in item.get("extra", [])
    }
    return packages


def is_own(item: dict[str, Any]) -> bool:
    """Whether a package of a lock is a folder of the project's own."""
    return bool({"editable", "virtual", "directory", "path"} & set(item.get("source", {})))


def dynamic(pyproject: dict[str, Any]) -> bool:
    """Whether only building the project tells its dependencies."""
    return "dependencies" in pyproject.get("project", {}).get("dynamic", [])


def closure(wanted: list[dict[str, Any]], known: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The packages that are wanted, and those that these want."""
    found: list[str] = []
    todo = list(wanted)
    while todo:
        item = todo.pop()
        for package in known.get(item["name"], []):
            more = [
                one
                for extra in item.get("extra", [])
                for one in package.get("optional-dependencies", {}).get(extra, [])
            ]
            if item["name"] not in found:
                todo += package.get("dependencies", [])
            todo += [one for one in more if one["name"] not in found]
        if item["name"] in known and item["name"] not in found:
            found.append(item["name"])
    return found


def choose(
    groups: dict[str, list[Any]], base: Iterable[str], imported: set[str], known: Any
) -> list[str]:
    """The groups that are for production by their names, or bring what production imports."""
    missing = {module for module in imported if not provides(base, module)}
    chosen = []
    for name, items in groups.items():
        brought = closure(items, known) if known else [item["name"] for item in items]
        if name in WORDS or any(provides(brought, module) for module in missing):
            chosen.append(name)
            missing = {module for module in missing if not provides(brought, module)}
    return chosen


def provides(names: Iterable[str], module: str) -> bool:
    """Whether one of the packages has the module, as far as names tell."""
    own = normal(module)
    wanted = {
        PACKAGES.get(module, own),
        own,
        f"django-{own}",
        f"python-{own}",
        own.removeprefix("django-"),
    }
    return bool(wanted & set(names))


def of_poetry(folder: Path, imported: set[str]) -> Packages:
    """poetry.lock, with the groups and extras that production imports from."""
    lock, pyproject = load(folder / "poetry.lock"), load(folder / "pyproject.toml")
    files = [folder / "pyproject.toml", folder / "poetry.lock"]
    packages = Packages("poetry", folder, files, pyproject=pyproject)
    poetry, project = pyproject.get("tool", {}).get("poetry", {}), pyproject.get("project", {})
    known: dict[str, list[dict[str, Any]]] = {}
    for item in lock.get("package", []):
        needs = parsed(list(item.get("dependencies", {})))
        known.setdefault(normal(item["name"]), []).append({**item, "dependencies": needs})
    for items in known.values():
        for item in items:
            item.pop("optional-dependencies", None)
    said = poetry.get("dependencies", {})
    base = parsed([name for name, item in said.items() if not is_optional(item)])
    base += parsed(project.get("dependencies", []))
    group = poetry.get("group", {})
    groups = {name: parsed(list(group[name].get("dependencies", {}))) for name in group}
    extra = poetry.get("extras") or project.get("optional-dependencies", {})
    extras = {name: parsed(items) for name, items in extra.items()}
    packages.groups = choose(groups, closure(base, known), imported, known)
    packages.chosen_extras = choose(extras, closure(base, known), imported, known)
    wanted = base + [item for name in packages.groups for item in groups[name]]
    wanted += [item for name in packages.chosen_extras for item in extras[name]]
    for name in closure(wanted, known):
        note_locked(packages, name, known[name][-1])
    packages.extras = {
        f"{normal(name)}[{word}]"
        for name, item in said.items()
        if isinstance(item, dict)
        for word in item.get("extras", [])
    }
    for line in project.get("dependencies", []):
        add(line, probe := Packages())
        packages.extras |= probe.extras
    return packages


def is_optional(said: Any) -> bool:
    """Whether Poetry installs a dependency only with an extra."""
    return isinstance(said, dict) and bool(said.get("optional"))


def note_locked(packages: Packages, name: str, item: dict[str, Any]) -> None:
    """Note a package of poetry.lock."""
    packages.pins[name] = item.get("version", "")
    packages.wheels[name] = [file["file"] for file in item.get("files", [])]
    source = item.get("source", {}).get("type", "")
    packages.git = packages.git or source == "git"
    packages.local = packages.local or source == "directory"


def of_pipenv(folder: Path, imported: set[str]) -> Packages:
    """Pipfile.lock."""
    lock = json.loads(read(folder / "Pipfile.lock") or "{}")
    packages = Packages("pipenv", folder, [folder / "Pipfile", folder / "Pipfile.lock"])
    for name, item in lock.get("default", {}).items():
        packages.pins[normal(name)] = str(item.get("version", "")).lstrip("=")
        packages.extras |= {f"{normal(name)}[{extra}]" for extra in item.get("extras", [])}
        packages.git = packages.git or "git" in item
        packages.local = packages.local or "path" in item or "file" in item
    return packages


def of_pyproject(folders: list[Path], imported: set[str]) -> Packages:
    """pyproject.toml or setup.py, without a lock."""
    for folder in folders:
        pyproject = load(folder / "pyproject.toml")
        project = pyproject.get("project", {})
        poetry = pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {})
        packages = Packages("pyproject", folder, [folder / "pyproject.toml"], pyproject=pyproject)
        if "dependencies" in project and not dynamic(pyproject):
            lines = [*project["dependencies"]]
            extras = {
                name: parsed(items)
                for name, items in project.get("optional-dependencies", {}).items()
            }
            groups = {
                name: parsed([item for item in items if isinstance(item, str)])
                for name, items in pyproject.get("dependency-groups", {}).items()
            }
            base = [item["name"] for item in parsed(lines)]
            packages.chosen_extras = choose(extras, base, imported, None)
            packages.groups = choose(groups, base, imported, None)
            for name in packages.chosen_extras:
                lines += project["optional-dependencies"][name]
            for name in packages.groups:
                lines += [
                    item for item in pyproject["dependency-groups"][name] if isinstance(item, str)
                ]
        elif poetry:
            lines = packages.inline = [
                translated(name, said) for name, said in poetry.items() if name != "python"
            ]
        elif (
            (folder / "setup.py").is_file()
            or (folder / "setup.cfg").is_file()
            or "project" in pyproject
        ):
            packages.tool, packages.local = "setup", True
            source = read(folder / "setup.py") + read(folder / "setup.cfg")
            lines = re.findall(
                r"[\"']([A-Za-z][\w.\[\]-]*\s*[<>=~!][^\"']*|[Dd]jango)[\"']", source
            )
            lines += re.findall(r"^\s+([A-Za-z][\w.\[\]-]*\s*[<>=~!].*)$", source, re.MULTILINE)
        else:
            continue
        for line in lines:
            add(line, packages)
        packages.git = any("git+" in line for line in lines)
        return packages
    return Packages()


def of_pipfile(folders: list[Path]) -> Packages | None:
    """A Pipfile without its lock, if there is one."""
    for folder in folders:
        said = load(folder / "Pipfile").get("packages", {})
        lines = [translated(name, item) for name, item in said.items() if not is_elsewhere(item)]
        if lines:
            packages = Packages("pyproject", folder, [folder / "Pipfile"], inline=lines)
            for line in lines:
                add(line, packages)
            return packages
    return None


def is_elsewhere(said: Any) -> bool:
    """Whether a Pipfile names a folder, a file or a repository, and no version."""
    return isinstance(said, dict) and bool({"path", "file", "git"} & set(said))


def parsed(lines: list[str]) -> list[dict[str, str]]:
    """The names in lines of requirements, as a lock has them."""
    found = [NAMED.match(line) for line in lines]
    return [{"name": normal(item[1])} for item in found if item]


def translated(name: str, said: Any) -> str:
    """What Poetry says of a version, in the words of pip."""
    version = said if isinstance(said, str) else said.get("version", "*")
    extras = "" if isinstance(said, str) else ",".join(said.get("extras", []))
    whole = f"{name}[{extras}]" if extras else name
    if caret := re.fullmatch(r"\^(\d+)((?:\.\d+)*)", version):
        first, rest = int(caret[1]), caret[2].split(".")[1:]
        above = f"{first + 1}" if first else f"0.{int(rest[0]) + 1 if rest else 1}"
        return f"{whole}>={caret[1]}{caret[2]},<{above}"
    if tilde := re.fullmatch(r"~(\d+)(?:\.(\d+))?(\S*)", version):
        above = f"{tilde[1]}.{int(tilde[2]) + 1}" if tilde[2] else f"{int(tilde[1]) + 1}"
        return f"{whole}>={version[1:]},<{above}"
    if version == "*":
        return whole
    return whole + (version if version[0] in "<>=!~" else f"=={version}")


def url_name(file: dict[str, Any]) -> str:
    """The name of a file that uv.lock has by its URL, or by its name."""
    return str(file.get("filename") or file.get("url") or file.get("path") or "").rpartition("/")[2]


def normal(name: str) -> str:
    """A package's name, as the index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def load(path: Path) -> dict[str, Any]:
    """What a TOML file says; nothing where it is none."""
    try:
        return tomllib.loads(read(path))
    except tomllib.TOMLDecodeError:
        return {}
