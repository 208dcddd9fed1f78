"""Where the build finds manage.py, the settings and the names of the packages."""

import pytest

from docker_image.project import (
    candidates,
    find_package_file,
    find_project,
    find_settings,
)

DJANGO = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")\n# django\n'


def write(root, *names, text=DJANGO):
    """Write the same text into files below the root."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("folder", [".", "backend", "apps/shop"])
def test_project_is_found_up_to_two_levels_down(tmp_path, folder):
    """The folder of manage.py is the root, or one or two levels below."""
    write(tmp_path, f"{folder}/manage.py")
    assert find_project(tmp_path) == tmp_path / folder


def test_nearest_project_wins(tmp_path):
    """A manage.py in the root hides those below, such as one of an example."""
    write(tmp_path, "manage.py", "example/manage.py")
    assert find_project(tmp_path) == tmp_path


@pytest.mark.parametrize("place", ["node_modules", ".venv", "venv", "docs"])
def test_installed_projects_are_none(tmp_path, place):
    """What tools keep beside the project is not the project."""
    write(tmp_path, f"{place}/manage.py")
    assert candidates(tmp_path) == []


def test_other_frameworks_are_none(tmp_path):
    """A manage.py that does not speak of Django is not the project's."""
    write(tmp_path, "manage.py", text="from flask import Flask\n")
    with pytest.raises(SystemExit, match='ARG PROJECT_DIR="path/to/folder"'):
        find_project(tmp_path)


def test_two_projects_want_a_choice(tmp_path):
    """Between two projects the build does not guess, and names the line that chooses."""
    write(tmp_path, "shop/manage.py", "warehouse/manage.py")
    with pytest.raises(SystemExit, match=r'in shop, warehouse(?s:.*)ARG PROJECT_DIR="shop"'):
        find_project(tmp_path)
    assert find_project(tmp_path, "warehouse") == tmp_path / "warehouse"


def test_wrong_choice_is_refused(tmp_path):
    """A chosen folder has to hold a manage.py."""
    write(tmp_path, "manage.py")
    with pytest.raises(SystemExit, match=r"no manage\.py in backend"):
        find_project(tmp_path, "backend")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("requirements.txt",), "requirements.txt"),
        (("requirements.txt", "requirements/production.txt"), "requirements/production.txt"),
        (("requirements/base.txt", "requirements/dev.txt"), "requirements/base.txt"),
        (("requirements.txt", "uv.lock", "pyproject.toml"), "uv.lock"),
        (("backend/requirements.txt", "requirements.txt"), "backend/requirements.txt"),
    ],
)
def test_package_file_is_the_one_for_production(tmp_path, names, found):
    """A lock file comes first, then files for production, then others; the nearest of a name."""
    write(tmp_path, *names, text="")
    write(tmp_path, "backend/manage.py")
    assert find_package_file(tmp_path, tmp_path / "backend") == tmp_path / found


@pytest.mark.parametrize("text", ["[tool.ruff]\n", '[project]\nname = "shop"\n'])
def test_pyproject_without_dependencies_names_none(tmp_path, text):
    """A pyproject.toml that only configures tools is passed over, and the build says so."""
    write(tmp_path, "pyproject.toml", text=text)
    with pytest.raises(SystemExit, match=r"No file names the packages(?s:.*)ARG REQUIREMENTS="):
        find_package_file(tmp_path, tmp_path)


def test_pyproject_with_dependencies_names_them(tmp_path):
    """A pyproject.toml with dependencies is installed from."""
    write(tmp_path, "pyproject.toml", text='[project]\ndependencies = ["django"]\n')
    assert find_package_file(tmp_path, tmp_path) == tmp_path / "pyproject.toml"


def test_chosen_package_file_is_taken(tmp_path):
    """ARG REQUIREMENTS decides, and is refused where there is no such file."""
    write(tmp_path, "requirements.txt", "deploy/all.txt", text="")
    assert find_package_file(tmp_path, tmp_path, "deploy/all.txt") == tmp_path / "deploy/all.txt"
    with pytest.raises(SystemExit, match=r"Looked for deploy/none\.txt"):
        find_package_file(tmp_path, tmp_path, "deploy/none.txt")


@pytest.mark.parametrize(
    "line",
    [
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
        'os.environ.setdefault(\n    "DJANGO_SETTINGS_MODULE",\n    "shop.settings"\n)',
        'os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"',
    ],
)
def test_settings_are_read_as_people_write_them(tmp_path, line):
    """The module that manage.py names is found in either quotes, over lines, as an assignment."""
    write(tmp_path, "manage.py", text=line)
    assert find_settings(tmp_path) == "shop.settings"


def test_settings_of_the_server_come_first(tmp_path):
    """wsgi.py is what a server serves, so its settings come before those of manage.py."""
    write(tmp_path, "manage.py")
    write(tmp_path, "config/wsgi.py", text=DJANGO.replace("shop.settings", "config.production"))
    assert find_settings(tmp_path) == "config.production"


def test_settings_may_be_nowhere(tmp_path):
    """Where nobody names the settings there are none."""
    write(tmp_path, "manage.py", text="import django\n")
    assert find_settings(tmp_path) == ""
