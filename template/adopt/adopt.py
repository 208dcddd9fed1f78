"""Takes the pipeline into a Django project: copies what is missing, overwrites nothing."""

import difflib
import os
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from docker_image.project import candidates
from template.adopt.advice import advise
from template.adopt.tests_line import tests_line
from template.errors import TemplateError

PIPELINE = (
    ".github/actions/run-buildspec/action.yml",
    ".github/workflows/deploy.yml",
    ".github/workflows/doctor.yml",
    ".github/workflows/stage.yml",
    "build.yml",
    "release.yml",
)
INFRASTRUCTURE = ("deploy/infra/*.yml",)
DEPLOY = ("deploy/*.py",)
# The image that finds its way in a project: where its files are here, by their names in a project.
IMAGE_FOLDER = Path("template/adopt/image")
IMAGE = {
    "Dockerfile": "Dockerfile",
    ".dockerignore": "dockerignore",
    "gunicorn.conf.py": "gunicorn.conf.py",
}
IMAGE_FOLDERS = ("docker_image/*.py", "docker_image/*.txt")
WHOLE = ("docker_image", "deploy")
# Files that say for a project what the template's own say for the template.
OF_A_PROJECT = Path("template/adopt/project")


@dataclass(frozen=True)
class Copy:
    """A file of the project: its path, and what it is to say."""

    path: str
    text: str


def adopt(root: Path, into: str) -> None:
    """Copy what is missing into a project and say what is left to do; raises TemplateError."""
    project = check(root, into)
    copied, same, different = [], [], []
    for copy in copies(root, project):
        place = project / copy.path
        if not os.path.lexists(place):
            write(place, copy.text)
            copied.append(copy.path)
        elif text_of(place) == copy.text:
            same.append(copy.path)
        else:
            different.append(f"{copy.path} ({difference(text_of(place), copy.text)})")
    show("Copied", copied)
    show("Already there", same)
    show("Already there and different, left alone", different)
    advise(project, own_dockerfile=has_own_dockerfile(project))


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


def copies(root: Path, project: Path) -> list[Copy]:
    """What the project should have: the pipeline, and the image unless it has a Dockerfile."""
    own = root / OF_A_PROJECT
    paths = [*PIPELINE, *expand(root, INFRASTRUCTURE)]
    if not is_strange(project / "deploy", "stacks.py"):
        paths += expand(root, DEPLOY)
    line = tests_line(project)
    texts = {path: (root / path).read_text() for path in paths}
    if not has_own_dockerfile(project):
        image = root / IMAGE_FOLDER
        names = IMAGE | {path: path for path in expand(image, IMAGE_FOLDERS)}
        texts |= {path: (image / name).read_text() for path, name in names.items()}
    texts |= {
        path.relative_to(own).as_posix(): path.read_text()
        for path in sorted(own.rglob("*"))
        if path.is_file()
    }
    return [Copy(path, text.replace("make test-app", line)) for path, text in texts.items()]


def has_own_dockerfile(project: Path) -> bool:
    """Whether the project's image is not the template's."""
    dockerfile = project / "Dockerfile"
    return dockerfile.exists() and "docker_image" not in text_of(dockerfile)


def is_strange(folder: Path, sign: str) -> bool:
    """Whether a folder is there that is not the template's, which always has this file."""
    return folder.is_dir() and not (folder / sign).is_file()


def expand(root: Path, patterns: tuple[str, ...]) -> list[str]:
    """The files that fit the patterns, below the root."""
    return [
        path.relative_to(root).as_posix()
        for pattern in patterns
        for path in sorted(root.glob(pattern))
    ]


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


def show(title: str, names: list[str]) -> None:
    """Print a list under its title, a folder that is copied whole as one; nothing where empty."""
    if names:
        print(f"\n{title}:")
    for folder, inside in groupby(names, key=lambda name: name.partition("/")[0]):
        found = list(inside)
        whole = f"{folder}/ ({len(found)} files)"
        print("\n".join(f"  {name}" for name in ([whole] if folder in WHOLE else found)))
