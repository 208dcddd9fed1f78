"""What a project is made of, as far as its files tell: all that the Dockerfile is written from."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from template.adopt import debian
from template.adopt.frontend import Frontend, find_frontend
from template.adopt.home import Home
from template.adopt.literals import UNKNOWN, evaluate
from template.adopt.packages import Packages, find_packages
from template.adopt.project import (
    FORCED,
    candidates,
    choose_settings,
    import_paths,
    module_name,
    own_code,
    parse,
    read,
    search,
)
from template.adopt.python_version import (
    Python,
    choose_python,
    django_series,
    end_of_range,
    imports,
    number,
)
from template.adopt.settings import Settings, read_settings
from template.adopt.variables import name_of

# What an image needs beside a project's packages: the newest release that a Python can have.
SERVERS = {
    "gunicorn": ((10, "27.0.1"), (9, "23.0.0")),
    "whitenoise": ((10, "6.12.0"), (9, "6.9.0")),
    "uvicorn-worker": ((9, "0.4.0"),),
    "uvicorn": ((10, "0.54.0"), (9, "0.39.0")),
    "websockets": ((10, "16.0"), (9, "15.0.1")),
    # The last that has pkg_resources, which older packages import without asking for it.
    "setuptools": ((9, "80.9.0"),),
    "psycopg[binary]": ((10, "3.3.9"), (9, "3.2.13")),
    "psycopg2-binary": ((9, "2.9.11"),),
}
DRIVERS = ("psycopg2", "psycopg2-binary", "psycopg", "psycopg-binary", "psycopg2cffi")
PKG_RESOURCES = {"razorpay", "drf-yasg", "djangorestframework-simplejwt", "mezzanine", "django-jet"}

# And those that did so before a release.
OLD = {"gunicorn": (21,), "apscheduler": (3, 10)}

# Folders that the base image has, which are not the project's to lead elsewhere.
OF_DEBIAN = {
    *("/", "/etc", "/home", "/media", "/mnt", "/opt", "/root", "/run", "/srv", "/usr"),
    *("/usr/local", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log", "/var/run"),
}


@dataclass
class Findings:
    """A project, its parts, and what could not be told."""

    root: Path
    project: Path
    home: Home
    others: list[str] = field(default_factory=list)  # folders of other manage.py
    settings: Settings = field(default_factory=Settings)
    beside: list[str] = field(default_factory=list)  # other modules of settings
    packages: Packages = field(default_factory=Packages)
    python: Python = field(default_factory=lambda: Python(13, ""))
    system: debian.Debian = field(default_factory=lambda: debian.Debian({}, {}))
    frontend: Frontend | None = None
    application: str = ""  # as gunicorn names it
    asgi: bool = False
    static: str = "collected"  # or elsewhere, or none
    whitenoise: bool = False
    added: list[str] = field(default_factory=list)  # packages, with their versions
    writable: dict[str, str] = field(default_factory=dict)  # folders, and why
    written_files: list[str] = field(default_factory=list)  # of a log, beside the code
    docker_options: str = ""  # of docker build, where the Dockerfile is not in its usual place
    build_options: str = ""  # the same in the pipeline, with secrets
    compressed: bool = False  # whether django-compressor has to run in the build
    forced: bool = False  # manage.py or wsgi.py set the settings whatever the environment says

    @property
    def where(self) -> str:
        """The folder of manage.py below the root; empty where it is the root."""
        where = self.project.relative_to(self.root).as_posix()
        return "" if where == "." else where

    def relative(self, path: Path) -> str:
        """A path below the root, as the Dockerfile says it."""
        inside = path.is_relative_to(self.root)
        return (path.relative_to(self.root) if inside else path).as_posix()


def look(root: Path, folder: Path, home: Home) -> Findings:
    """Look once at the project in a folder of the repository with this root."""
    projects = candidates(folder)
    project = projects[0]
    found = Findings(root, project, home)
    found.others = [folder.relative_to(root).as_posix() for folder in projects[1:]]
    module, found.beside = choose_settings(project)
    found.settings = read_settings(root, project, module)
    found.packages = find_packages(root, project, imported_in_production(found))
    take_newer_driver(found.packages)
    found.python = choose_python(root, project, found.packages)
    geodjango = any("contrib.gis" in text for text in (*found.settings.apps, found.settings.engine))
    geodjango = geodjango or "django.contrib.gis" in found.settings.text
    found.system = debian.wanted(found.packages, found.python.without_wheel, geodjango=geodjango)
    found.frontend = find_frontend(root, project, found.settings)
    serve(found)
    add_packages(found)
    found.writable = written_folders(found)
    return found


def take_newer_driver(packages: Packages) -> None:
    """Put 2.8.6 in the place of psycopg2 before 2.8, which is for no Python of any image.

    https://www.psycopg.org/docs/news.html#what-s-new-in-psycopg-2-8
    """
    for name in ("psycopg2", "psycopg2-binary"):
        pin, end = packages.pins.get(name, ""), end_of_range(packages, name)
        old = number(pin) < (2, 8) if pin else bool(end) and number(end) <= (2, 8, 0)
        if old and packages.tool == "pip" and not packages.hashed:
            packages.pins = {one: said for one, said in packages.pins.items() if one != name}
            packages.pins["psycopg2-binary"] = "2.8.6"
            packages.old_driver = True


def imported_in_production(found: Findings) -> set[str]:
    """The modules that the settings import, and those of the apps and the middleware."""
    settings = found.settings
    modules = {module for path in settings.files for module in imports(parse(path))}
    names = [*settings.apps, *settings.middleware]
    modules |= {name.partition(".")[0] for name in names}
    own = {path.name for place in import_paths(found.project) for path in place.iterdir()}
    own |= {Path(name).stem for name in own}
    return {module for module in modules if module not in own and module != "django"}


def serve(found: Findings) -> None:
    """Decide which application is served, and who serves its static files."""
    project, settings = found.project, found.settings
    files = {name: own_server(project, name) for name in ("wsgi", "asgi")}
    channels = found.packages.has("channels", "daphne") or "channels" in settings.apps
    named = {name: settings.values.get(f"{name.upper()}_APPLICATION") for name in files}
    found.asgi = bool(files["asgi"] and (named["asgi"] or channels or not files["wsgi"]))
    kind = "asgi" if found.asgi else "wsgi"
    dotted = named[kind] if isinstance(named[kind], str) else ""
    found.forced = bool(FORCED.search(read(files[kind]) if files[kind] else ""))
    if found.forced or not (dotted or files[kind]):
        found.application = "django.core.wsgi:get_wsgi_application()"
        found.asgi = False
    elif dotted:
        found.application = ":".join(dotted.rsplit(".", 1))
    else:
        found.application = f"{module_name(files[kind], project)}:application"
    middleware = " ".join(settings.middleware).lower()
    if "django.contrib.staticfiles" not in settings.text:
        found.static = "none"
    elif settings.static_is_elsewhere():
        found.static = "elsewhere"
    url = settings.values.get("STATIC_URL")
    other_host = isinstance(url, str) and "//" in url
    served = "whitenoise.middleware" in settings.text.lower() or "whitenoise" in middleware
    wrapped = "whitenoise" in read(files["wsgi"]).lower() if files["wsgi"] else False
    pages = search(found.root, "**/*.html") if "compressor" in settings.apps else ()
    found.compressed = any("{% compress " in read(path) for path in pages)
    found.whitenoise = found.static == "collected" and not served and not wrapped and not other_host


def own_server(project: Path, name: str) -> Path | None:
    """The project's wsgi.py or asgi.py, the uppermost one."""
    files = [*search(project, f"**/{name}.py"), *search(project, f"**/{name}/__init__.py")]
    sign = re.compile(r"^\s*application\b.*=", re.MULTILINE)
    return next((path for path in files if sign.search(read(path))), None)


def add_packages(found: Findings) -> None:
    """Note what the image needs and the project has not."""
    packages, minor = found.packages, found.python.minor
    wanted = ["gunicorn"]
    if found.whitenoise:
        wanted.append("whitenoise")
    if found.asgi:
        wanted += ["uvicorn-worker", "uvicorn", "websockets"]
    source = "\n".join(read(path) for path in own_code(found.root))
    imported = re.search(
        r"^(import|from) (pkg_resources|setuptools|distutils)\b", source, re.MULTILINE
    )
    old = any(number(packages.pins.get(name) or "99") < since for name, since in OLD.items())
    if minor >= 12 and (imported or old or packages.has(*PKG_RESOURCES)):
        wanted.append("setuptools")
    settings = found.settings
    connected = settings.is_connected or settings.is_fixed_postgresql or settings.is_fixed_sqlite
    connected = connected or settings.has_no_database
    if not packages.has(*DRIVERS) and connected and not settings.other_server:
        # The newer driver is Django's since 4.2.
        older = number(django_series(packages) or "9") < (4, 2)
        wanted.append("psycopg2-binary" if older else "psycopg[binary]")
    if needs_old_psycopg2(packages) and connected:
        # Installed over what is there: Django before 3.1 and 2.9 disagree about time zones.
        found.added.append("psycopg2-binary==2.8.6")
        wanted = [name for name in wanted if name != "psycopg2-binary"]
    if found.packages.tool == "none":
        found.added.append("django~=5.2.0")
    found.added += [
        f"{name}=={version_for(name, minor)}" for name in wanted if not packages.has(name)
    ]


def needs_old_psycopg2(packages: Packages) -> bool:
    """Whether Django is of before 3.1, and nothing keeps psycopg2 below 2.9.

    https://code.djangoproject.com/ticket/31856
    """
    names = [name for name in ("psycopg2", "psycopg2-binary") if packages.has(name)]
    pinned = any(packages.pins[name] or end_of_range(packages, name) for name in names)
    series = django_series(packages)
    return bool(series) and number(series) < (3, 1) and not pinned


def version_for(name: str, minor: int) -> str:
    """The release of a server's package for a Python."""
    return next(
        (version for least, version in SERVERS[name] if minor >= least), SERVERS[name][-1][1]
    )


def written_folders(found: Findings) -> dict[str, str]:
    """Folders of the project that it writes to: settings and code name them."""
    settings, folders = found.settings, {}
    for name in ("MEDIA_ROOT", "FILE_UPLOAD_TEMP_DIR", "SENDFILE_ROOT", "PRIVATE_STORAGE_ROOT"):
        path = settings.path_of(name)
        if folder := inside(found, path) or outside(found, path):
            folders[folder] = name
    for path in file_handlers(settings.values.get("LOGGING")):
        place = PurePath(found.project, path)
        if folder := inside(found, path.parent) or outside(found, path.parent):
            folders[folder] = "LOGGING"
        elif place.is_relative_to(found.root):
            found.written_files.append(place.relative_to(found.root).as_posix())
        elif str(place.parent) in OF_DEBIAN:
            found.written_files.append(str(place))
    caches = settings.values.get("CACHES")
    for cache in caches.values() if isinstance(caches, dict) else []:
        if isinstance(cache, dict) and "filebased" in str(cache.get("BACKEND", "")):
            location = cache.get("LOCATION")
            path = PurePath(location) if isinstance(location, str | PurePath) else None
            if folder := inside(found, path) or outside(found, path):
                folders[folder] = "CACHES"
    folders |= {path: "the code" for path in opened_for_writing(found) if path not in folders}
    databases = settings.values.get("DATABASES")
    for database in databases.values() if isinstance(databases, dict) else []:
        name = database.get("NAME") if isinstance(database, dict) else None
        if isinstance(name, str | PurePath) and "sqlite" in str(database.get("ENGINE", "")):
            folders.pop(inside(found, PurePath(name).parent) or "", None)
    nested = [
        one for one in folders for other in folders if other != one and one.startswith(f"{other}/")
    ]
    return {path: why for path, why in folders.items() if path not in nested}


def file_handlers(logging: object) -> list[PurePath]:
    """The files that a LOGGING writes to."""
    handlers = logging.get("handlers") if isinstance(logging, dict) else None
    found = (
        [item.get("filename") for item in handlers.values() if isinstance(item, dict)]
        if isinstance(handlers, dict)
        else []
    )
    return [PurePath(name) for name in found if isinstance(name, str | PurePath)]


def inside(found: Findings, path: PurePath | None) -> str:
    """A folder below the root, and not the root or a package of code; else nothing."""
    if path is None:
        return ""
    absolute = path if path.is_absolute() else found.project / path
    try:
        relative = PurePath(absolute).relative_to(found.root).as_posix()
    except ValueError:
        return ""
    package = (found.root / relative / "__init__.py").is_file()
    return "" if relative in (".", found.where) or package or ".." in relative else relative


def outside(found: Findings, path: PurePath | None) -> str:
    """A folder that is not the project's, and that an image has to have; else nothing."""
    place = str(path)
    free = place.startswith(("/data", "/tmp", "/dev"))  # noqa: S108 - of the image, not made here
    if path is None or not path.is_absolute() or path.is_relative_to(found.root):
        return ""
    return "" if free or place in OF_DEBIAN else place


def opened_for_writing(found: Findings) -> set[str]:
    """Folders that code makes, or opens a file in for writing, where the path can be told."""
    folders = set()
    for path in own_code(found.root):
        if not re.search(r"makedirs|mkdir|open\(|write_text|write_bytes", read(path)):
            continue
        names: dict[str, object] = {"__file__": PurePath(path), **found.settings.values}
        tree = parse(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names.setdefault(node.targets[0].id, evaluate(node.value, names))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (folder := folder_written(node, names)):
                folders.add(inside(found, folder))
    return folders - {""}


def folder_written(node: ast.Call, names: dict[str, object]) -> PurePath | None:
    """The folder that a call makes or writes into; nothing where it does neither."""
    function = name_of(node.func).rpartition(".")[2]
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if function in ("makedirs", "mkdir"):
        subject = node.args[0] if node.args and name_of(node.func).startswith("os.") else owner
        value = evaluate(subject, names) if subject else UNKNOWN
        return PurePath(value) if isinstance(value, str | PurePath) else None
    modes = [
        item.value
        for item in (*node.args, *(word.value for word in node.keywords))
        if isinstance(item, ast.Constant)
    ]
    writes = function in ("write_text", "write_bytes") or (
        function == "open"
        and any(mode in ("w", "wb", "a", "ab", "x", "w+", "wb+") for mode in modes)
    )
    if not writes:
        return None
    subject = (
        node.args[0]
        if function == "open" and isinstance(node.func, ast.Name) and node.args
        else owner
    )
    value = evaluate(subject, names) if subject else UNKNOWN
    return PurePath(value).parent if isinstance(value, str | PurePath) else None
