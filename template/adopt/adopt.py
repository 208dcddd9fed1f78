"""Takes the pipeline into a Django project: writes what is missing, overwrites nothing."""

import difflib
import os
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from deploy.stages import FILE
from template.adopt.django_settings import django_settings, installer
from template.adopt.dockerfile import dockerfile, secret_options
from template.adopt.findings import Findings, look
from template.adopt.home import Home, find_home
from template.adopt.processes import find_processes, stages_toml
from template.adopt.project import candidates, own_code, read
from template.adopt.report import report
from template.adopt.repository import Repository, find_repository, git
from template.adopt.workflows import deploy_workflow, tests_workflow
from template.errors import TemplateError

# What every project gets as it is, and what of it is the template's alone, or written anew.
PIPELINE = (
    *(".github/actions/*/action.yml", ".github/workflows/*.yml", "build.yml", "release.yml"),
    *("deploy/*.py", "deploy/infra/*.yml"),
)
LEFT_OUT = (".github/workflows/ci.yml", ".github/workflows/template.yml")
# What is written into deploy/ of every project.
WRITTEN = Path("template/adopt/files")
# Where ours goes if a project has a deploy.yml of its own.
OTHER_WORKFLOW = ".github/workflows/deploy-to-ecs.yml"
# The commit of the template that the files are of, for the next update.
VERSION = "version.txt"
# The recipes of the Makefile, which a project does not get, and what they run.
RECIPE = re.compile(r"\bmake (setup|doctor|teardown|update|\{command\})((?: [A-Z_]+=[^\s`\"']+)*)")


@dataclass(frozen=True)
class Copy:
    """A file of the project: its path, and what it is to say."""

    path: str
    text: str


def adopt(root: Path, into: str) -> None:
    """Write what a project lacks and say what was found and is left; raises TemplateError."""
    folder = check(root, into)
    found, repository, own_image = look_around(root, folder)
    texts = files(root, found, repository, own_image=bool(own_image))
    copied, same, different = [], [], []
    for copy in (Copy(path, text) for path, text in texts.items()):
        place = found.root / copy.path
        if not os.path.lexists(place):
            write(place, copy.text)
            copied.append(copy.path)
        elif text_of(place) == copy.text:
            same.append(copy.path)
        else:
            different.append(f"{copy.path} ({difference(text_of(place), copy.text)})")
    show("Copied", copied, found.home)
    show("Already there", same, found.home)
    show("Already there and different, left alone", different, found.home)
    report(found, repository, folder, own_image)


def look_around(root: Path, folder: Path) -> tuple[Findings, Repository, str]:
    """The project in a folder, its repository, and why its image is not in the usual place."""
    repository = find_repository(folder)
    if root.is_relative_to(repository.root):
        repository = Repository(folder)
    found = look(repository.root, folder, find_home(repository.root))
    return found, repository, takes_another_place(found)


def check(root: Path, into: str) -> Path:
    """The project's folder; raises TemplateError where nothing can be copied into it."""
    again = "Run it again with your project's folder: make adopt INTO=../my-project"
    if not into:
        raise TemplateError("INTO is missing: into which project?", again)
    project = Path(into).expanduser().resolve()
    if not project.is_dir():
        raise TemplateError(f"{into} is not a folder ({project}).", again)
    if project == root or project.is_relative_to(root) or root.is_relative_to(project):
        raise TemplateError(f"{into} is this template itself, or around or in it.", again)
    if not candidates(project):
        raise TemplateError(
            f"{into} is no Django project: there is no manage.py of Django in {project},"
            " nor in its folders, nor one level below these.",
            again,
        )
    if not os.access(project, os.W_OK | os.X_OK):
        raise TemplateError(f"{into} cannot be written to.", "Check whose folder it is.")
    return project


def files(
    root: Path, found: Findings, repository: Repository, *, own_image: bool
) -> dict[str, str]:
    """What the project should have, by path: the pipeline, deploy/, the image, the workflows."""
    home = found.home
    found.docker_options = f"--file {home.path}/Dockerfile " if own_image else ""
    found.build_options = found.docker_options + "".join(
        f"{option} " for option in secret_options(found.packages)
    )
    tests, tests_text = tests_workflow(found, repository, read(root / ".github/workflows/ci.yml"))
    texts = {}
    for path in expand(root, PIPELINE):
        texts[home.moved(path)] = home.moved(commands((root / path).read_text()))
    workflow = deploy_workflow(found, texts.pop(".github/workflows/deploy.yml"), repository, tests)
    command = "docker build "
    texts["build.yml"] = texts["build.yml"].replace(command, f"{command}{found.build_options}")
    texts[OTHER_WORKFLOW if repository.deploy_taken else ".github/workflows/deploy.yml"] = workflow
    if tests_text:
        texts[f".github/workflows/{tests}"] = tests_text
    for name in ("README.md", "health.py", "ruff.toml"):
        texts[f"{home.path}/{name}"] = home.moved((root / WRITTEN / name).read_text())
    texts[f"{home.path}/django_settings.py"] = django_settings(found)
    if found.settings.configuration:
        texts[f"{home.path}/__init__.py"] += installer(home)
    texts[FILE] = home.moved(commands(stages_toml(read(root / FILE), find_processes(found))))
    if commit := git(root, "rev-parse", "HEAD"):
        texts[f"{home.path}/{VERSION}"] = f"{commit}\n"
    text = dockerfile(found)
    ignored = home.moved((root / WRITTEN / "dockerignore").read_text()) + hidden_files(found)
    if own_image:
        first, _, rest = text.partition("\n")
        text = first.replace("docker build ", f"docker build {found.docker_options}") + "\n" + rest
        texts[f"{home.path}/Dockerfile"] = text
        texts[f"{home.path}/Dockerfile.dockerignore"] = ignored
    else:
        texts["Dockerfile"] = text
        if not (found.root / ".dockerignore").exists() or is_ours(found.root / ".dockerignore"):
            texts[".dockerignore"] = ignored
    return {path: for_mypy(path, text, home) for path, text in texts.items()}


def for_mypy(path: str, text: str, home: Home) -> str:
    """The file, with a line that keeps mypy from judging a module of the template's."""
    ours = path.startswith(f"{home.path}/") and path.endswith(".py")
    return f"# mypy: ignore-errors\n{text}" if ours else text


def commands(text: str) -> str:
    """A file without the Makefile's recipes, which a project has not."""

    def command(found: re.Match[str]) -> str:
        variables = found[2].strip()
        return f"{variables} python3 -m deploy {found[1]}".strip()

    return RECIPE.sub(command, text)


def takes_another_place(found: Findings) -> str:
    """Why the Dockerfile cannot lie in the root, if so."""
    own = found.root / "Dockerfile"
    if own.exists() and "entrypoint.py" not in read(own):
        return "you have a Dockerfile of your own"
    ignore = found.root / ".dockerignore"
    needed = [f"{found.home.path}/entrypoint.py", f"{found.home.path}/gunicorn.conf.py"]
    needed += [found.relative(path) for path in (*found.packages.files, *found.settings.files)]
    patterns = [] if is_ours(ignore) else read(ignore).splitlines()
    left = [path for path in needed if is_ignored(path, patterns)]
    return f"your .dockerignore leaves out {left[0]}" if left else ""


def is_ours(ignore: Path) -> bool:
    """Whether a .dockerignore is one that this command wrote."""
    return "entrypoint.py" in read(ignore)


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Whether the patterns of a .dockerignore leave a file out: the last one that fits decides."""
    parents = [
        path,
        *(parent.as_posix() for parent in Path(path).parents if parent.as_posix() != "."),
    ]
    ignored = False
    for line in patterns:
        pattern = line.strip().removeprefix("!").strip("/").removesuffix("/**")
        if not pattern or pattern.startswith("#"):
            continue
        forms = {pattern, pattern.removeprefix("**/")}
        deep = pattern.startswith("**/")
        if any(
            (fnmatch(name, form) and (deep or name.count("/") == form.count("/")))
            or (deep and fnmatch(name.rpartition("/")[2], form))
            for name in parents
            for form in forms
        ):
            ignored = not line.strip().startswith("!")
    return ignored


def hidden_files(found: Findings) -> str:
    """Lines that let hidden files through which the code names, and which are no secrets."""
    text = "\n".join(read(path) for path in own_code(found.root))
    named = sorted(
        {
            name
            for name in re.findall(r"[\"'](\.[a-z][\w.-]*)[\"']", text)
            if (found.root / name).is_file()
        }
    )
    lines = [f"!{name}" for name in named if not name.startswith((".env", ".git"))]
    return "\n# The code names these.\n" + "\n".join(lines) + "\n" if lines else ""


def expand(root: Path, patterns: tuple[str, ...]) -> list[str]:
    """The files below the root that fit the patterns, but those that are left out."""
    found = (path for pattern in patterns for path in sorted(root.glob(pattern)))
    names = (path.relative_to(root).as_posix() for path in found)
    return [name for name in names if name not in LEFT_OUT]


def write(place: Path, text: str) -> None:
    """Write a file that is not there yet; raises TemplateError where that is refused."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x") as file:
            file.write(text)
    except OSError as error:
        raise TemplateError(
            f"{place} could not be written: {error.strerror}.",
            "Mend that and run it again: it goes on where it stopped.",
        ) from None


def text_of(place: Path) -> str:
    """What is there: a file's text, or nothing where it is no file."""
    return place.read_text(errors="replace") if place.is_file() else ""


def difference(theirs: str, ours: str) -> str:
    """How far a file is from the template's, in lines."""
    changes = difflib.ndiff(theirs.splitlines(), ours.splitlines())
    marks = [line[0] for line in changes]
    return f"{marks.count('+')} lines of the template are not in it, {marks.count('-')} are its own"


def show(title: str, names: list[str], home: Home) -> None:
    """Print a list under its title, deploy/ as one; nothing where empty."""
    if names:
        print(f"\n{title}:")
    for whole, inside in groupby(
        names, key=lambda name: name.startswith(f"{home.path}/") and "(" not in name
    ):
        found = list(inside)
        print(
            "\n".join(
                [f"  {home.path}/ ({len(found)} files)"]
                if whole
                else [f"  {name}" for name in found]
            )
        )
