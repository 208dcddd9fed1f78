"""Writes the Dockerfile of a project: plain, with what was found and a comment for each thing."""

import json
import re
from collections.abc import Iterator
from shlex import quote
from textwrap import dedent

from template.adopt.findings import Findings, inside
from template.adopt.packages import Packages, host
from template.adopt.project import added_paths
from template.adopt.variables import Variable

BASE = "public.ecr.aws/docker/library/python:3.{minor}-slim-trixie"
NODE = "public.ecr.aws/docker/library/node:{version}-trixie-slim"
# The tools that read a lock, in the newest release that a Python can have.
UV = "0.13.9"
POETRY = ((10, "2.5.1", "1.10.0"), (9, "2.2.1", "1.9.0"))
PIPENV = ((10, "2026.10.3"), (9, "2025.0.4"))
PIP = "pip install --disable-pip-version-check"
CACHE = "RUN --mount=type=cache,target=/root/.cache/pip \\\n    "
UV_CACHE = "RUN --mount=type=cache,target=/root/.cache/uv \\\n    "
LIBRARIES = 'CFLAGS="-I/usr/include -L/usr/lib/$(gcc -print-multiarch)" '
NETRC = "--mount=type=secret,id=netrc,target=/root/.netrc"
COLLECT = "python manage.py collectstatic --noinput"


def dockerfile(found: Findings) -> str:
    """The whole Dockerfile."""
    name = re.sub(r"[^a-z0-9]+", "-", found.root.name.lower()).strip("-") or "app"
    sections = [
        f"# The application's image: docker build -t {name} . && docker run -p 8080:80 {name}\n"
        "# `make adopt` wrote it for this project, once. It is yours: change what you like.",
        *frontend(found),
        base(found),
        build(found),
        final(found),
    ]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def frontend(found: Findings) -> Iterator[str]:
    """The stage that builds a front end, where there is one."""
    if (front := found.frontend) is None:
        return
    folder = "" if front.folder == "." else f"{front.folder}/"
    files = f"{folder}package.json" + (f" {folder}{front.lock}" if front.lock else "")
    yield dedent(f"""\
        # The front end: the settings name files that npm brings or makes.
        FROM {NODE.format(version=front.node)} AS frontend
        WORKDIR /app/{folder}
        COPY {files} ./
        RUN {front.install}
        COPY . /app/
        {front.build}""").rstrip()


def base(found: Findings) -> str:
    """The stage that both others begin from."""
    variables = {"PATH": "/venv/bin:$PATH", "PYTHONUNBUFFERED": "1"}
    if paths := python_path(found):
        variables["PYTHONPATH"] = ":".join(paths)
    variables["DJANGO_SETTINGS_MODULE"] = f"{found.home.module}.django_settings"
    if name := found.settings.configuration:
        variables["DJANGO_CONFIGURATION"] = name
    variables |= found.settings.chosen
    lines = [
        f"# Python 3.{found.python.minor}: {found.python.reason}.",
        f"FROM {BASE.format(minor=found.python.minor)} AS base",
        "ENV " + " \\\n    ".join(map(assignment, variables, variables.values())),
        "WORKDIR /app",
    ]
    lines += apt(found.system.run, "to run")
    return "\n".join(lines)


def assignment(name: str, value: str) -> str:
    """A variable as ENV sets it."""
    return f'{name}="{value}"' if " " in value else f"{name}={value}"


def python_path(found: Findings) -> list[str]:
    """The folders that manage.py is found with, and the root where it lies below."""
    places = [found.root] if found.where else []
    places += [found.project] if found.where else []
    if (found.project / "src").is_dir() and not (found.project / "src/__init__.py").is_file():
        places.append(found.project / "src")
    places += added_paths(found.project)
    if found.forced and not found.where:
        places.insert(0, found.root)
    names = [found.relative(place) for place in dict.fromkeys(places)]
    return [f"/app/{name}".removesuffix("/.") for name in names]


def apt(wanted: dict[tuple[str, ...], list[str]], purpose: str) -> list[str]:
    """The step that installs Debian packages, where any are wanted."""
    if not wanted:
        return []
    names = dict.fromkeys(name for packages in wanted for name in packages)
    by = dict.fromkeys(name for names in wanted.values() for name in names)
    return [
        f"# Debian packages that {', '.join(by)} want{'s' * (len(by) == 1)} {purpose}.",
        "RUN apt-get update \\",
        f" && apt-get install -y --no-install-recommends {' '.join(names)} \\",
        " && rm -rf /var/lib/apt/lists/*",
    ]


def build(found: Findings) -> str:
    """The stage with all that only builds: compilers, tools, the packages, the static files."""
    lines = ["# What only builds stays in this stage.", "FROM base AS build"]
    lines += apt(found.system.build, "to be installed")
    lines += [*TOOLS[found.packages.tool](found.packages, found)]
    if found.added:
        lines += [
            "# Not among your packages: "
            + ", ".join(re.split("[=~]", name)[0] for name in found.added)
            + ".",
            f"{added_by(found)} {' '.join(quote(name) for name in found.added)}",
        ]
    lines += copied(found)
    if logs := sorted(name for name, why in found.writable.items() if why == "LOGGING"):
        lines += [f"# LOGGING opens files here.\nRUN mkdir -p {' '.join(map(quote, logs))}"]
    if found.settings.dotenv:
        names = " ".join(quote(found.relative(path)) for path in found.settings.dotenv)
        lines += ["# The settings open it, and what it says comes from the stage's variables."]
        lines += [f"RUN touch {names}"]
    lines += [
        "# Readable for the container's user, with bytecode, because that user cannot write any.",
        "RUN chmod -R a+rX . \\\n && (python -m compileall -q . || true)",
        *static(found),
    ]
    return "\n".join(lines)


def added_by(found: Findings) -> str:
    """What installs a package more into the virtual environment: uv's has no pip."""
    if found.packages.tool == "uv":
        return f"{UV_CACHE}/tools/bin/uv pip install --python /venv"
    return f"{CACHE}{PIP}"


def copied(found: Findings) -> list[str]:
    """The step that takes in the code, and the front end's result."""
    if found.frontend:
        return ["COPY --from=frontend /app ./"]
    return [] if found.packages.local else ["COPY . ./"]


def static(found: Findings) -> list[str]:
    """The step that collects the static files, or why there is none."""
    if found.static == "none":
        return ["# django.contrib.staticfiles is not in INSTALLED_APPS: nothing to collect."]
    if found.static == "elsewhere":
        return [
            "# The settings keep static files elsewhere: `manage.py collectstatic` is yours to run."
        ]
    missing = {
        item.name: item.placeholder for item in found.settings.variables.values() if item.required
    }
    missing |= found.settings.debug_variable()
    missing = {name: item for name, item in missing.items() if name not in found.settings.chosen}
    if not found.settings.has("SECRET_KEY"):
        missing["SECRET_KEY"] = Variable("SECRET_KEY").placeholder
    command = COLLECT
    if found.compressed or found.settings.values.get("COMPRESS_OFFLINE") is True:
        command = f"sh -c '{COLLECT} && python manage.py compress'"
    command = command.replace("manage.py", "-m django") if found.forced else command
    steps = [f"{name}={quote(value)}" for name, value in sorted(missing.items())]
    step = "RUN " + " \\\n    ".join([*steps, command])
    if found.where:
        step = f"RUN cd {quote(found.where)} \\\n && " + " \\\n    ".join([*steps, command])
    comment = (
        ["# The settings cannot be loaded without these. Nothing of them stays in the image."]
        if steps
        else []
    )
    return [*comment, step]


def installing(packages: Packages, cache: str, command: str) -> Iterator[str]:
    """The step that installs the packages, with the login of an index where there may be one."""
    if not packages.indexes:
        yield f"{cache}{command}"
        return
    hosts = ", ".join(dict.fromkeys(map(host, packages.indexes)))
    yield f"# {hosts} may want a login. It is a secret of the build, and in no layer:"
    yield f"# docker build {' '.join(secret_options(packages, 'src=$HOME/.netrc'))} ."
    mounts = [NETRC, *(f"--mount=type=secret,id={name},env={name}" for name in tokens(packages))]
    step = cache.replace("RUN ", "RUN " + "".join(f"{mount} \\\n    " for mount in mounts), 1)
    # Without a login pip would ask for one, on a terminal that is not there.
    yield step + command.replace(PIP, f"{PIP} --no-input")


def tokens(packages: Packages) -> list[str]:
    """The variables in the URLs of indexes, which pip and Pipenv put in."""
    found = [name for url in packages.indexes for name in re.findall(r"\$\{?(\w+)\}?", url)]
    return list(dict.fromkeys(found))


def secret_options(packages: Packages, netrc: str = "env=NETRC") -> list[str]:
    """The options of `docker build` for the login of an index, where there is one."""
    if not packages.indexes:
        return []
    names = [f"--secret id={name},env={name}" for name in tokens(packages)]
    return [f"--secret id=netrc,{netrc}", *names]


def with_pip(packages: Packages, found: Findings) -> Iterator[str]:
    """Requirements files."""
    yield venv()
    yield from copy_files(packages, found)
    yield from mended(packages, found)
    flags = ""
    if "pillow" in found.python.without_wheel:
        yield "# An old Pillow finds Debian's libraries only where it is told."
        flags = LIBRARIES
    command = f"{flags}{PIP} -r {quote(found.relative(packages.file))}"
    yield from installing(packages, CACHE, command)


def mended(packages: Packages, found: Findings) -> Iterator[str]:
    """The steps that make pip on Linux read the requirements of another machine."""
    reasons = [f"{found.relative(path)} is in UTF-16, as PowerShell writes it"
               for path in packages.utf16]  # fmt: skip
    if packages.uninstallable:
        reasons.append(f"{', '.join(packages.uninstallable)} cannot be installed on Linux")
    if packages.old_driver:
        reasons.append("psycopg2 before 2.8 is for an older Python, so 2.8.6 is taken")
    if packages.conda:
        reasons.append("conda's files are on nobody's machine, so the newest releases are taken")
    if reasons:
        yield f"# {'; '.join(reasons)}."
        yield "RUN " + " \\\n && ".join(mending(packages, found))


def mending(packages: Packages, found: Findings) -> list[str]:
    """The commands that do so, nothing where pip can read them as they are."""
    commands = []
    for path in packages.utf16:
        name = quote(found.relative(path))
        commands.append(f"iconv -f UTF-16 -t UTF-8 {name} -o /tmp/utf-8 && mv /tmp/utf-8 {name}")
    scripts = []
    if packages.uninstallable:
        names = "|".join(name.replace(".", r"\.") for name in packages.uninstallable)
        scripts.append(rf"/^({names})([ =<>!~]|\r?$)/d")
    if packages.old_driver:
        scripts.append(r"s/^psycopg2([-_]binary)?\s*[=<>~].*/psycopg2-binary==2.8.6/I")
    if packages.conda:
        scripts.append("s| @ file:///.*||")
    if scripts:
        files = " ".join(quote(found.relative(path)) for path in sorted(set(packages.files)))
        commands.append(f"sed -Ei {' '.join(f'-e {quote(script)}' for script in scripts)} {files}")
    return commands


def copy_files(packages: Packages, found: Findings) -> Iterator[str]:
    """The steps that take in what names the packages, and nothing else where that is enough."""
    if packages.local:
        yield "# A folder of the project is installed too, so all of it comes first."
        yield "COPY . ./"
        return
    folders: dict[str, list[str]] = {}
    for path in sorted(set(packages.files)):
        folders.setdefault(found.relative(path.parent), []).append(found.relative(path))
    for folder, files in folders.items():
        places = [*files, "./" if folder == "." else folder + "/"]
        spaced = any(" " in place for place in places)
        yield f"COPY {json.dumps(places) if spaced else ' '.join(places)}"


def tool(*packages: str) -> str:
    """The step that installs a tool, apart from the project's packages."""
    names = " ".join(map(quote, packages))
    return f"RUN python -m venv /tools && /tools/bin/{PIP} --no-cache-dir {names}"


def with_uv(packages: Packages, found: Findings) -> Iterator[str]:
    """uv.lock."""
    wanted = str(packages.pyproject.get("tool", {}).get("uv", {}).get("required-version", ""))
    version = wanted if wanted.startswith(("=", "<", ">", "~")) else f"=={wanted or UV}"
    if wanted:
        yield "# pyproject.toml says which uv."
    yield tool(f"uv{version}")
    yield "ENV UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy \\"
    yield "    UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1"
    options = ["--locked", "--no-dev"]
    options += [f"--group {name}" for name in packages.groups]
    options += [f"--extra {name}" for name in packages.chosen_extras]
    options += ["--all-packages"] if packages.workspace else []
    options += [] if packages.local else ["--no-install-project"]
    yield from copy_files(packages, found)
    folder = found.relative(packages.folder)
    options = [*([] if folder == "." else [f"--project {folder}"]), *options]
    yield from installing(packages, UV_CACHE, f"/tools/bin/uv sync {' '.join(options)}")


def with_poetry(packages: Packages, found: Findings) -> Iterator[str]:
    """poetry.lock."""
    version, plugin = next(item[1:] for item in POETRY if found.python.minor >= item[0])
    folder = found.relative(packages.folder)
    options = [f"--only {','.join(['main', *packages.groups])}"]
    options += [f"--extras {name}" for name in packages.chosen_extras]
    options += ["--without-hashes"] if packages.git or packages.local else []
    options = [*([] if folder == "." else [f"--directory {folder}"]), *options]
    yield tool(f"poetry=={version}", f"poetry-plugin-export=={plugin}")
    yield from copy_files(packages, found)
    yield f"RUN /tools/bin/poetry export {' '.join(options)} --output /tmp/requirements.txt"
    yield venv()
    yield from installing(packages, CACHE, f"{PIP} -r /tmp/requirements.txt")


def with_pipenv(packages: Packages, found: Findings) -> Iterator[str]:
    """Pipfile.lock."""
    version = next(item[1] for item in PIPENV if found.python.minor >= item[0])
    folder = found.relative(packages.folder)
    hashes = "" if packages.git or packages.local else " --hash"
    where = "" if folder == "." else f"cd {folder} && "
    yield tool(f"pipenv=={version}")
    yield from copy_files(packages, found)
    yield f"RUN {where}/tools/bin/pipenv requirements{hashes} > /tmp/requirements.txt"
    yield venv()
    yield from installing(packages, CACHE, f"{PIP} -r /tmp/requirements.txt")


def with_pyproject(packages: Packages, found: Findings) -> Iterator[str]:
    """The dependencies in pyproject.toml, which no lock pins."""
    name = packages.files[0].name
    yield f"# No lock pins these: they are the newest that {name} admits, at each build."
    if packages.inline:
        yield venv()
        yield f"{CACHE}{PIP} {' '.join(quote(line) for line in packages.inline)}"
        return
    yield tool(f"uv=={UV}")
    yield "ENV UV_SYSTEM_CERTS=1"
    yield venv()
    yield from copy_files(packages, found)
    path = found.relative(packages.files[0])
    options = [f"--extra {name}" for name in packages.chosen_extras]
    options += [f"--group {path}:{name}" for name in packages.groups]
    command = "/tools/bin/uv pip install --python /venv"
    yield " ".join([f"{UV_CACHE}{command} -r {path}", *options])


def with_setup(packages: Packages, found: Findings) -> Iterator[str]:
    """setup.py, or a pyproject.toml whose dependencies only building it tells."""
    yield venv()
    yield from copy_files(packages, found)
    yield f"{CACHE}{PIP} -e {found.relative(packages.folder)}"


def with_nothing(packages: Packages, found: Findings) -> Iterator[str]:
    """No file names the packages."""
    yield "# No file names your packages: write a requirements.txt, copy it and install it here."
    yield venv()


def venv() -> str:
    """The step that makes the virtual environment."""
    return "RUN python -m venv /venv"


TOOLS = {
    "pip": with_pip,
    "uv": with_uv,
    "poetry": with_poetry,
    "pipenv": with_pipenv,
    "pyproject": with_pyproject,
    "setup": with_setup,
    "none": with_nothing,
}


def final(found: Findings) -> str:
    """The stage that becomes the image."""
    outside = static_outside(found)
    lines = [
        "FROM base",
        "# ECS and Kubernetes tell by the number that it is not root. The folder is what may be"
        " written to.",
        "RUN groupadd --gid 10001 app \\",
        " && useradd --uid 10001 --gid app --no-create-home --shell /usr/sbin/nologin app \\",
        " && install --directory --owner=app --group=app --mode=0700 /data",
        "COPY --from=build /venv /venv",
        *(["COPY --from=build /static /static"] if outside else []),
        "COPY --from=build /app ./",
        *writable(found),
        *([f"WORKDIR /app/{found.where}"] if found.where else []),
        "USER 10001:10001",
        "VOLUME /data",
        server_variables(found),
        "EXPOSE 80",
        HEALTH,
        "# Every command of the image starts through it, migrations and workers too: it makes"
        " DATABASE_URL.",
        f'ENTRYPOINT ["python", "/app/{found.home.path}/entrypoint.py"]',
        "# The server's settings are named, so that no other gunicorn.conf.py can take their"
        " place.",
        f'CMD ["gunicorn", "--config", "/app/{found.home.path}/gunicorn.conf.py",'
        f' "--access-logfile", "-", "{found.application}"]',
        "# Last, because it changes with every commit.",
        'ARG COMMIT_SHA=""',
        "ENV COMMIT_SHA=${COMMIT_SHA}",
        'LABEL org.opencontainers.image.revision="${COMMIT_SHA}"',
    ]
    return "\n".join(lines)


def static_outside(found: Findings) -> bool:
    """Whether static files are collected beside the code: the settings name no folder in it."""
    return found.static == "collected" and not inside(found, found.settings.path_of("STATIC_ROOT"))


def writable(found: Findings) -> list[str]:
    """The step that leads folders to /data, which can be written to and ends with a container."""
    if not found.writable and not found.written_files:
        return []
    steps = [
        f"ln -sf /data/{name.rpartition('/')[2]} {name}"
        for name in dict.fromkeys(found.written_files)
    ]
    for folder in sorted(found.writable):
        place = f"/data/{folder.strip('/').replace('/', '-')}"
        made = f"mkdir -p {folder} && mv {folder} {place}"
        if folder.startswith("/"):  # elsewhere in the file system, where there is nothing yet
            made = f"mkdir -p {place} {folder.rpartition('/')[0]}"
        steps.append(f"{made} && ln -s {place} {folder}")
    return [
        "# The project writes here. On ECS /data ends with its container: uploads belong in a"
        " bucket.",
        "RUN " + " \\\n && ".join([*steps, "chown -R app:app /data"]),
    ]


def server_variables(found: Findings) -> str:
    """The variables of the web server."""
    worker = "uvicorn_worker.UvicornWorker" if found.asgi else "gthread"
    words = (
        "The ASGI application is served by uvicorn"
        if found.asgi
        else "Threads suit every driver and package"
    )
    return f"# {words}: gunicorn's settings read WORKER_CLASS.\nENV PORT=80 WORKER_CLASS={worker}"


HEALTH = """\
# http.client follows no redirect. On ECS the load balancer asks instead, and this line is ignored.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \\
  CMD ["python", "-c", "\\
import http.client, os, sys; \\
connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); \\
connection.request('GET', '/health/live'); \\
sys.exit(connection.getresponse().status // 100 != 2)"]"""
