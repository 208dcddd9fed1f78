"""What could not be guessed about a project, with the line that says it, and what to do next."""

import re
from pathlib import Path

from docker_image.project import (
    PACKAGE_FILES,
    candidates,
    find_settings,
    package_files,
    read,
    search,
)
from template.adopt.tests_line import tests_line

BASE_IMAGE = "public.ecr.aws/docker/library/python"
DEVELOPMENT = ("local", "dev", "development", "test")
PRODUCTION = ("production", "prod", "live")
IMAGE_PYTHON = 13  # of Python 3
# How a project names its Python, and which one that means.
PYTHONS = {
    r"^(?:python-)?3\.(\d+)": lambda minor: minor,
    r"^(?:requires-)?python = \".*<\s*3\.(\d+)": lambda minor: min(minor - 1, IMAGE_PYTHON),
    r"^(?:requires-)?python = \".*(?:==|~=?|<=)\s*3\.(\d+)": lambda minor: minor,
    r"^(?:requires-)?python = \".*>=\s*3\.(\d+)": lambda minor: max(minor, IMAGE_PYTHON),
}
# What this command has copied, and git's own.
OWN = ("", "deploy")


def advise(root: Path, *, own_dockerfile: bool) -> None:
    """Print what is left for a person to say, and the commands that try it out."""
    project = candidates(root)[0]
    notes = about_pipeline(root)
    if own_dockerfile:
        notes.append(
            "Your Dockerfile stays. Its image has to listen on port 80 as user 10001 and answer"
            " 200 at /health/live, whatever the Host header: the template has a page about it,"
            " template/docs/existing-project.md."
        )
    else:
        notes += [*about_project(root), *about_settings(project), *about_python(root, project)]
        notes += about_image(root)
    print("\nLeft for you to check:")
    print("\n".join(f"  - {note}" for note in notes))
    name = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")
    print(f"\nNext, in {root}:")
    print(f"  docker build -t {name} .")
    print(f"  docker run --rm -p 8080:80 {name}")
    print("  curl -i http://localhost:8080/health/live   (in another terminal: 200)")
    print("Then commit, push to GitHub, and connect the repository to AWS:")
    print(f"  python3 -m deploy setup                      (PROJECT={name} before it names all)")


def about_pipeline(root: Path) -> list[str]:
    """What the workflows may want."""
    line = tests_line(root)
    notes = [f"Tests run as `{line}`. If they need more, such as a database: deploy.yml, ci.yml."]
    if (root / "deploy").is_dir() and not (root / "deploy/stacks.py").is_file():
        notes.append(
            "You have a folder `deploy` of your own, so that of the template was not copied:"
            " copy it under another name, or deploy the templates of deploy/infra/ by hand."
        )
    return notes


def about_project(root: Path) -> list[str]:
    """Where the project's files are more than one, or none."""
    found = candidates(root)
    notes = []
    if len(found) > 1:
        names = [folder.relative_to(root).as_posix() for folder in found]
        notes.append(
            f"There is a manage.py in {', '.join(names)}. Choose in the Dockerfile:"
            f' ARG PROJECT_DIR="{names[0]}"'
        )
    if not any(package_files(root, found[0], PACKAGE_FILES)):
        notes.append(
            "No file names your packages. Write a requirements.txt, or name your file in the"
            ' Dockerfile: ARG REQUIREMENTS="path/to/file.txt"'
        )
    return notes


def about_settings(project: Path) -> list[str]:
    """Where the settings are not found, or look like those for a developer's machine."""
    module = find_settings(project)
    if not module:
        return [
            "Neither wsgi.py nor manage.py names the settings. Do it in the Dockerfile:"
            ' ARG SETTINGS="config.settings.production"'
        ]
    package, _, last = module.rpartition(".")
    if last not in DEVELOPMENT:
        return []
    path = package.replace(".", "/")
    there = [name for name in PRODUCTION if any(search(project, f"**/{path}/{name}.py"))]
    word = there[0] if there else "production"
    return [
        f"wsgi.py serves {module}. If that is for development, choose in the Dockerfile:"
        f' ARG SETTINGS="{package}.{word}"'
    ]


def about_python(root: Path, project: Path) -> list[str]:
    """Where the project names another Python than the image has."""
    for name in (".python-version", "runtime.txt", "pyproject.toml"):
        for folder in dict.fromkeys((project, root)):
            minor = wanted_python(text_of(folder / name))
            if minor != IMAGE_PYTHON:
                return [
                    f"{name} wants Python 3.{minor}, and the image has 3.{IMAGE_PYTHON}. For yours:"
                    f" ARG BASE_IMAGE={BASE_IMAGE}:3.{minor}-slim-trixie"
                ]
    return []


def wanted_python(text: str) -> int:
    """The Python 3 that a file of the project's names; the image's where it names none."""
    for pattern, meant in PYTHONS.items():
        if found := re.search(pattern, text, re.MULTILINE):
            return meant(int(found[1]))
    return IMAGE_PYTHON


def about_image(root: Path) -> list[str]:
    """What the image would read otherwise, or would not have."""
    notes = []
    if "docker_image" not in text_of(root / "gunicorn.conf.py"):
        notes.append(
            "gunicorn reads your gunicorn.conf.py. It has to say:"
            ' wsgi_app = "docker_image.server:load()" and bind = "0.0.0.0:80"'
        )
    ignored = text_of(root / ".dockerignore").splitlines()
    folders = [name for name in ignored if name not in OWN and (root / name).is_dir()]
    if folders:
        notes.append(
            f".dockerignore leaves these out of the image: {', '.join(folders)}."
            " Take a line out if the application needs the folder."
        )
    return notes


def text_of(path: Path) -> str:
    """The text of a file, or nothing where there is none."""
    return read(path) if path.is_file() else ""
