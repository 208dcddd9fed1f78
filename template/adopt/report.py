"""What the command says: what it found, what it could not know, and what to do next."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from template.adopt.at_import import queries, services
from template.adopt.dockerfile import secret_options, tokens
from template.adopt.findings import Findings
from template.adopt.packages import host
from template.adopt.processes import find_processes
from template.adopt.project import DEVELOPMENT, is_readable
from template.adopt.python_version import django_series, number
from template.adopt.repository import Repository
from template.adopt.variables import Variable
from template.adopt.workflows import CALLED, of_tests, tests_line, wants_postgresql

WEB_SOCKETS = ("channels", "daphne")
ALSO_RUN = ("celery", "django-rq", "rq", "huey", "dramatiq", "django-q2", "django-tasks")


def report(found: Findings, repository: Repository, folder: Path, own_image: str) -> None:
    """Print what was found and what is left."""
    print("\nFound:")
    for what, said in facts(found):
        print(f"  {what}: {said}")
    notes = [
        *about_repository(found, repository, folder),
        *about_own_files(found, repository, own_image),
        *about_project(found),
        *about_settings(found),
        *about_imports(found),
        *found.python.notes,
        *about_database(found),
        *about_tests(found, repository),
    ]
    if notes:
        print("\nLeft for you to check:")
        print("\n".join(f"  - {note}" for note in notes))
    name = re.sub(r"[^a-z0-9]+", "-", found.root.name.lower()).strip("-") or "app"
    print(f"\nNext, in {found.root}:")
    secrets = "".join(f"{one} " for one in secret_options(found.packages, "src=$HOME/.netrc"))
    print(f"  docker build {found.docker_options}{secrets}-t {name} .")
    print(f"  docker run --rm -p 8080:80 {''.join(wanted_to_run(found))}{name}")
    print("  curl -i http://localhost:8080/health/live   (in another terminal: 200)")
    print("Then commit, push to GitHub, and connect the repository to AWS:")
    print(f"  python3 -m {found.home.module} setup   (PROJECT={name} before it names all)")


def wanted_to_run(found: Findings) -> Iterator[str]:
    """The options of `docker run` that the container does not start without."""
    settings = found.settings
    missing = [item for item in settings.variables.values() if item.required]
    if not settings.has("SECRET_KEY"):
        missing.append(Variable("SECRET_KEY"))
    mapping = settings.of_the_stage()
    servers = [item.name for item in missing if mapping.get(item.name, "").startswith("PG")]
    if servers or settings.is_fixed_postgresql:
        yield "--env-file YOURS "  # with a server's address
        return
    for item in sorted(missing, key=lambda item: item.name):
        if item.name not in settings.chosen:
            yield f"-e {item.name}={quote(item.placeholder)} "


def facts(found: Findings) -> Iterator[tuple[str, str]]:
    """What was found, in the words of the Dockerfile."""
    packages = found.packages
    yield "manage.py", f"{found.where or '.'}/"
    if packages.tool != "none":
        more = "".join(f", group {name}" for name in packages.groups)
        more += "".join(f", extra {name}" for name in packages.chosen_extras)
        tool = {"setup": "pip", "pyproject": "uv"}.get(packages.tool, packages.tool)
        file = found.relative(packages.file) if packages.files else "setup.py"
        yield "packages", f"{file}{more}, installed by {tool}"
    yield "Python", f"3.{found.python.minor} ({found.python.reason})"
    yield "settings", found.settings.module or "none"
    yield "application", found.application + (" (ASGI, by uvicorn)" if found.asgi else "")
    if found.added:
        yield "added", ", ".join(found.added)
    for what, group in (("to compile", found.system.build), ("to run", found.system.run)):
        for names, wanted_by in group.items():
            yield f"Debian packages {what}", f"{' '.join(names)} (for {', '.join(wanted_by)})"
    who = "whitenoise, which is added" if found.whitenoise else "the settings' own way"
    yield (
        "static files",
        {"collected": f"collected, served by {who}"}.get(found.static, found.static),
    )
    if found.frontend:
        yield (
            "front end",
            f"{found.frontend.folder}/package.json, built by Node.js {found.frontend.node}",
        )
    for folder, why in sorted(found.writable.items()):
        yield "written to", f"{folder}/ ({why}), led to /data"
    for name, value in found.settings.chosen.items():
        yield "chosen", f"{name}={value} in the image, by which your settings are those for it"
    if mapping := found.settings.of_the_stage():
        yield (
            "variables",
            ", ".join(f"{name} from {given}" for name, given in sorted(mapping.items())),
        )


def about_repository(found: Findings, repository: Repository, folder: Path) -> Iterator[str]:
    """Where the project lies, and what GitHub would not see."""
    if found.root != folder:
        yield (
            f"{folder.name}/ lies in the repository {found.root}, and GitHub reads .github only"
            " in its root:"
            f" the files are there, and the image is for {found.where}/."
        )
    if not repository.git:
        yield "This is no Git repository yet: `git init -b main`, commit, and push it to GitHub."
    elif not repository.remote:
        yield "The repository has no remote `origin` yet: make one on GitHub and push to it."


def about_own_files(found: Findings, repository: Repository, own_image: str) -> Iterator[str]:
    """The project's own files in the places of the template's."""
    root, home = found.root, found.home
    if own_image:
        yield (
            f"{own_image[0].upper()}{own_image[1:]}, so the pipeline's is {home.path}/Dockerfile,"
            " and build.yml"
            " names it. To ship yours instead, take `--file` out of build.yml: it has to listen"
            " on port 80 as"
            " user 10001, write only to /data, and answer 200 at /health/live whatever the Host"
            " header is."
        )
    if home.reason:
        yield (
            f"The template's files are in {home.path}/, because {home.reason}: `python3 -m"
            f" {home.module} setup`."
        )
    if repository.deploy_taken:
        yield (
            "You have a workflow deploy.yml of your own, which stays; the pipeline's is"
            " deploy-to-ecs.yml."
            " Both run on each push: delete the one that you no longer want."
        )
    for path in (
        root / "gunicorn.conf.py",
        found.project / "gunicorn.conf.py",
        root / "gunicorn_config.py",
    ):
        if path.is_file():
            yield (
                f"The image does not read your {found.relative(path)}: it names"
                f" {home.path}/gunicorn.conf.py."
                " Carry over what you need, such as timeout."
            )
            break
    if (root / "infra").is_dir():
        yield f"Your infra/ stays as it is; the template's stacks are in {home.path}/infra/."
    if (root / "Makefile").is_file():
        yield (
            f"Your Makefile stays as it is. The template's recipes are `python3 -m {home.module}"
            " setup`, `doctor` and `teardown`."
        )
    yield from about_processes(found)


def about_processes(found: Findings) -> Iterator[str]:
    """What runs beside the web server, in the words of stages.toml."""
    processes = find_processes(found)
    if processes.problem:
        yield f"{processes.problem} Until then `python3 -m {found.home.module} setup` refuses it."
    if processes.of_procfile:
        names = list(processes.of_procfile)
        yield (
            f"setup runs what your Procfile has beside web and release, {', '.join(names)}, as"
            f" containers of their own in every stage. Without one: `{names[0]} = false` under"
            " [all.processes] in stages.toml."
        )
    if processes.proposed:
        yield (
            f"stages.toml has {', '.join(processes.proposed)} in a comment: without the `#` setup"
            " runs it as containers of its own, which cost as much as the web server's."
        )
    queues = [name for name in ALSO_RUN if found.packages.has(name)]
    if queues and not (processes.proposed or processes.of_procfile):
        yield (
            f"{', '.join(queues)} is among the packages: its workers are processes of their own,"
            " for which stages.toml has a place."
        )


def about_project(found: Findings) -> Iterator[str]:
    """Where the project's files are more than one, or none."""
    if found.others:
        yield (
            f"There is a manage.py in {', '.join([found.where or '.', *found.others])}. The"
            " Dockerfile is for"
            f" {found.where or 'the root'}. In a Git repository INTO may name another folder:"
            f" make adopt INTO={found.root / found.others[0]}"
        )
    if found.packages.tool == "none":
        yield (
            "No file names your packages. Write a requirements.txt, delete the Dockerfile, and"
            " run this again."
        )
    if others := [
        name for name in found.packages.others if found.root / name not in found.packages.files
    ]:
        yield f"Also there, and not installed: {', '.join(others)}."
    series, driver = django_series(found.packages), found.packages.pins.get("psycopg2")
    driver = driver or found.packages.pins.get("psycopg2-binary") or ""
    if series and number(series) < (3, 1) and number(driver) >= (2, 9):
        yield (
            f"psycopg2 {driver} and Django {series} do not go together (database connection isn't"
            " set to UTC): psycopg2-binary==2.8.6 does."
        )
    if found.packages.old_driver:
        yield (
            "psycopg2 before 2.8 cannot be installed on any Python that has an image, and the"
            " Dockerfile takes psycopg2-binary==2.8.6: write that into your requirements."
        )
    if found.packages.uninstallable:
        yield (
            f"{', '.join(found.packages.uninstallable)} cannot be installed on Linux, and"
            " the Dockerfile leaves it out: take it out of your requirements."
        )
    if found.packages.tool in ("pip", "pyproject") and not any(found.packages.pins.values()):
        yield (
            "Nothing pins your packages: each build installs the newest, on another day other ones."
        )
    if found.packages.indexes:
        yield from about_indexes(found)
    if found.packages.git:
        yield (
            "A package comes from a Git repository: where that is private, the build cannot"
            " fetch it."
        )
    if "channels" in found.settings.apps and "InMemoryChannelLayer" in found.settings.text:
        yield "CHANNEL_LAYERS is in memory: two containers do not hear each other."


def about_indexes(found: Findings) -> Iterator[str]:
    """The package indexes that may want a login, and how a build gets it."""
    hosts = ", ".join(dict.fromkeys(map(host, found.packages.indexes)))
    names = ", ".join(["NETRC", *tokens(found.packages)])
    options = " ".join(secret_options(found.packages, "src=$HOME/.netrc"))
    yield (
        f"Packages come from {hosts}. If that wants a login: on your machine `docker build"
        f" {options} ...`, where .netrc has `machine HOST login NAME password TOKEN`; in the"
        f" pipeline the same as the secret {names} of the repository on GitHub."
    )
    if any(re.search(r"://[^/$]+:[^/$]+@", url) for url in found.packages.indexes):
        yield (
            "The password of a package index is written into"
            f" {', '.join(map(found.relative, found.packages.files))}, and so into Git: change it"
            " there, and take it out."
        )


def about_database(found: Findings) -> Iterator[str]:
    """Whether the settings are connected with the stage's database."""
    settings = found.settings
    if not settings.module:
        return
    if settings.other_server:
        yield (
            f"The settings want {settings.other_server}, and a stage has PostgreSQL, which they"
            f" are not led to. Move to PostgreSQL, or bring a {settings.other_server} server of"
            " your own and tell the stage where:"
            f" {', '.join(settings.database_variables) or 'DATABASES reads no variable yet'}."
        )
    elif settings.is_fixed_postgresql:
        yield (
            f"DATABASES in {settings.module} reads no variable:"
            f" {found.home.path}/django_settings.py gives it the stage's database."
        )
    elif settings.is_fixed_sqlite:
        yield (
            f"DATABASES in {settings.module} is SQLite, wherever it runs. On a stage"
            f" {found.home.path}/django_settings.py gives it PostgreSQL: run your tests on that"
            " too, and load the data that you want to keep."
        )
    elif settings.has_no_database:
        yield (
            f"No database is named in what {settings.module} reads and Git has. On a stage"
            f" {found.home.path}/django_settings.py gives it PostgreSQL; elsewhere the image wants"
            " one in your settings."
        )
    elif not settings.is_connected:
        engine = settings.engine.rpartition(".")[2] or "no known"
        yield (
            f"DATABASES in {settings.module} reads no variable for its server (it has {engine}"
            " engine), so on ECS the image refuses to start if that is SQLite. With"
            ' dj-database-url among your packages: DATABASES = {"default":'
            " dj_database_url.config(default=f\"sqlite:///{BASE_DIR / 'db.sqlite3'}\")}"
        )
    databases = settings.values.get("DATABASES")
    for name, database in databases.items() if isinstance(databases, dict) else ():
        if name != "default" and "sqlite" in str(database):
            yield f'DATABASES["{name}"] is SQLite: on a stage it ends with each container.'


def about_settings(found: Findings) -> Iterator[str]:
    """Where the settings are not found, or look like those for a developer's machine."""
    settings = found.settings
    if not settings.module:
        seen = f" There are {', '.join(found.beside)}." if found.beside else ""
        yield (
            f"No file names your settings.{seen} Name them in {found.home.path}/django_settings.py."
        )
        return
    package, _, last = settings.module.rpartition(".")
    if last in DEVELOPMENT:
        others = [name for name in found.beside if name != settings.module]
        there = (
            f"There are also {', '.join(others)}" if others else f"There is no other in {package}"
        )
        yield (
            f"The settings are {settings.module}, by their name for development. {there}: choose"
            f" in {found.home.path}/django_settings.py."
        )
    for name in dict.fromkeys(settings.missing):
        yield (
            f"The settings want {name}, which is not there, or which Git leaves out: without it"
            " neither the build nor the container can load them. Read what it says from"
            f" variables, which a stage gets by `python3 -m {found.home.module} config`, or commit"
            " it where it is no secret."
        )
    for path in settings.dotenv:
        yield (
            f"The settings open {found.relative(path)}, which is a secret and in no image: there it"
            " is empty. Give the stage what it says as variables."
        )
    for path in settings.files:
        if not is_readable(path):
            yield (
                f"{found.relative(path)} is no Python that this Python can read: what it says is"
                " not known."
            )
    if not settings.has("SECRET_KEY"):
        yield "The settings have no SECRET_KEY. A stage gives one; here: docker run -e SECRET_KEY=a"
    if found.forced:
        yield (
            "wsgi.py sets DJANGO_SETTINGS_MODULE whatever the environment says, so it is left"
            " out: Django's own application is served. Make it os.environ.setdefault."
        )
    if settings.is_debug:
        yield (
            f"DEBUG is True unless told otherwise: {found.home.path}/django_settings.py makes it"
            " False on a stage."
        )
    of_build = {
        "SECRET_KEY",
        *settings.of_the_stage(),
        "DATABASE_URL",
        "ALLOWED_HOSTS",
        *settings.chosen,
        *settings.debug_variable(),
        *(() if settings.other_server else settings.database_variables),
    }
    switches = settings.of_switches()
    wanted = [
        f"{item.name} ({switches[item.name][1]} in stages.toml gives it)"
        if item.name in switches
        else item.name
        for item in sorted(settings.variables.values(), key=lambda item: item.name)
        if item.required and item.name not in of_build
    ]
    if wanted:
        yield (
            f"The settings cannot be loaded without {', '.join(wanted)}. Give the stage what it"
            f" lacks: python3 -m {found.home.module} config STAGE NAME"
        )
    if re.search(r"environ\.get\(.*ALLOWED_HOSTS.*\)\.split\((\" \"|' ')?\)", settings.text):
        yield (
            "ALLOWED_HOSTS is split at blanks, and a stage's value at commas: with more than one"
            " name, change one."
        )


def about_imports(found: Findings) -> Iterator[str]:
    """What the code asks for when it is imported, before it can have it."""
    for path, line in queries(found.root):
        yield (
            f"{found.relative(path)} asks the database when it is imported (line {line}): on a new"
            " stage, whose database has no tables yet, the first migration fails. Ask in a"
            " function, as a form does in __init__, or give ModelChoiceField a queryset."
        )
    for name in services(found.settings.text):
        yield (
            f"The settings ask {name} when they are loaded, for which a build has no login. Read"
            f" the value from a variable, which a stage gets by `python3 -m {found.home.module}"
            " config`."
        )


def about_tests(found: Findings, repository: Repository) -> Iterator[str]:
    """How the tests are run before a deploy."""
    if repository.callable:
        yield f"deploy.yml runs your tests by {repository.tests}, which can be called."
    elif repository.copyable:
        yield (
            f"Your tests are in {repository.tests}: {CALLED} has a copy that deploy.yml calls."
            " With `workflow_call:` among its triggers deploy.yml can call it itself."
        )
    else:
        server = ", with PostgreSQL beside it" if wants_postgresql(of_tests(found)) else ""
        yield (
            f"Tests run as `{tests_line(found)}`{server}. If they need more: the workflow is"
            " ci.yml."
        )
        if repository.tests:
            yield (
                f"Your workflow {repository.tests} publishes or needs rights of its own, so it"
                " was not taken for the tests before a deploy."
            )
