"""A project is made ready to be served: its paths, its settings, its database, its static files."""

import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import management

from docker_image import prepare
from template.tests.image.containers import ROOT
from template.tests.template.projects import project, write

MANAGE = ROOT / "template/adopt/image/docker_image/manage.py"
SQLITE = "django.db.backends.sqlite3"


@pytest.fixture
def root(tmp_path):
    """Somebody's project, one level down, with packages in a folder `src`."""
    folder = tmp_path / "app"
    project(folder / "backend", paths="sys.path.append(str(Path(__file__).parent / 'apps'))")
    (folder / "backend/src").mkdir()
    return folder


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """The process that a build starts: nothing is chosen, and it is left as it was."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    for name in ("PROJECT_DIR", "SETTINGS", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.setenv(name, "")


@pytest.fixture
def steps(monkeypatch):
    """The last two steps, which look at the settings, noted instead of taken."""
    noted = []
    monkeypatch.setattr(prepare, "link_database", lambda *given: noted.append(given[1:]))
    monkeypatch.setattr(prepare, "collect_static", lambda *given: noted.append(given[1:]))
    return noted


def places(root):
    """The folders and the file that a build names."""
    return [str(root), str(root.parent / "collected"), str(root.parent / "unneeded.json")]


def lines(collected):
    """What every Python of the image reads when it starts."""
    [file] = collected.rglob(prepare.PATH_FILE)
    return file.read_text().splitlines()


def test_every_python_of_the_image_knows_the_project(root, steps, capsys):
    """The project's folder, what its manage.py adds and its settings are known from the start."""
    collected = root.parent / "collected"
    prepare.main(*places(root))
    backend = root / "backend"
    *paths, folder, settings = lines(collected)
    assert paths == [str(backend), str(backend / "src"), str(backend / "apps"), str(root)]
    for name in ("PROJECT_DIR", "DJANGO_SETTINGS_MODULE"):
        del os.environ[name]
    exec(folder)  # noqa: S102 - as Python does with such a line
    exec(settings)  # noqa: S102 - as Python does with such a line
    assert os.environ["PROJECT_DIR"] == str(backend)
    assert os.environ["DJANGO_SETTINGS_MODULE"] == "shop.settings"
    assert "settings: shop.settings (ARG SETTINGS)" in capsys.readouterr().out
    assert steps == [(root, prepare.DATA), (collected,)]


def test_chosen_settings_come_first(root, steps, monkeypatch):
    """ARG SETTINGS decides, and whoever starts a container may still choose others."""
    monkeypatch.setenv("SETTINGS", "shop.other")
    prepare.main(*places(root))
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "shop.third")
    exec(lines(root.parent / "collected")[-1])  # noqa: S102 - as Python does with such a line
    assert "'shop.other'" in lines(root.parent / "collected")[-1]
    assert os.environ["DJANGO_SETTINGS_MODULE"] == "shop.third"


def test_settings_may_be_set_by_code(tmp_path, steps, monkeypatch):
    """A manage.py that works its settings out is run until Django would take over."""
    code = "import os\nimport django\nfrom django.core import management\n"
    code += "os.environ['DJANGO_SETTINGS_' + 'MODULE'] = 'worked.out'\n"
    code += "management.execute_from_command_line(['manage.py', 'no-such-command'])\n"
    write(tmp_path, {"app/manage.py": code})
    prepare.main(*places(tmp_path / "app"))
    assert "'worked.out'" in lines(tmp_path / "collected")[-1]
    assert (tmp_path / "app/manage.py").read_text() == code
    assert management.execute_from_command_line.__module__ == "django.core.management"


def test_commands_in_the_root_reach_a_project_below(root, steps):
    """A project below the root gets a manage.py in the root, which leads to its own."""
    prepare.main(*places(root))
    assert (root / "manage.py").read_text() == MANAGE.read_text()


def test_project_below_runs_in_its_own_folder(root, monkeypatch, capsys):
    """The manage.py in the root changes to the project's folder, and imports from there."""
    backend = root / "backend"
    (backend / "manage.py").write_text(
        "import os, sys\nprint(os.getcwd(), sys.path[0], __name__)\n"
    )
    monkeypatch.setenv("PROJECT_DIR", str(backend))
    runpy.run_path(str(MANAGE), run_name="__main__")
    assert capsys.readouterr().out == f"{backend} {backend} __main__\n"


@pytest.mark.parametrize("name", ["db.sqlite3", "{root}/backend/data/db.sqlite3"])
def test_database_beside_the_code_moves_to_the_volume(root, monkeypatch, name):
    """A file that the code's folder would hold, which is read-only, is a link to the volume."""
    monkeypatch.chdir(root / "backend")
    place = root / "backend" / name.format(root=root)
    write(root / "backend", {"db.sqlite3": "committed"})
    databases = {"default": {"ENGINE": SQLITE, "NAME": name.format(root=root)}}
    prepare.link_database(SimpleNamespace(DATABASES=databases), root, Path("/data"))
    assert place.readlink() == Path("/data/db.sqlite3")


@pytest.mark.parametrize(
    "database",
    [
        {"ENGINE": SQLITE, "NAME": "../../elsewhere/db.sqlite3"},
        {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"},
        {"ENGINE": "django.db.backends.postgresql"},
    ],
)
def test_other_databases_stay_where_they_are(root, monkeypatch, database):
    """A database on a server, or a file elsewhere, is left alone."""
    monkeypatch.chdir(root / "backend")
    before = set(root.parent.rglob("*"))
    prepare.link_database(SimpleNamespace(DATABASES={"default": database}), root, Path("/data"))
    assert set(root.parent.rglob("*")) == before


@pytest.fixture
def static(settings, tmp_path):
    """Settings with one static file."""
    settings.STATIC_ROOT = None
    settings.STATICFILES_DIRS = [tmp_path / "styles"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.INSTALLED_APPS = ["django.contrib.staticfiles"]
    write(tmp_path, {"styles/style.css": "body {}"})
    return settings


@pytest.mark.parametrize("chosen", [None, "/srv/static"])
def test_static_files_are_collected_for_their_place_in_the_image(static, tmp_path, chosen):
    """They go where the settings say, or to a place of the image's own."""
    static.STATIC_ROOT = chosen
    prepare.collect_static(static, tmp_path / "collected")
    [file] = (tmp_path / "collected").rglob("*.css")
    place = chosen or "/app/staticfiles"
    assert file == tmp_path / "collected" / place[1:] / "style.css"


def test_static_files_in_a_bucket_are_left_there(static, tmp_path, capsys):
    """A build uploads nothing: what is kept in a bucket is not collected."""
    static.STORAGES = {"staticfiles": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    prepare.collect_static(static, tmp_path / "collected")
    assert "kept elsewhere by STORAGES" in capsys.readouterr().out
    assert not (tmp_path / "collected").exists()


def test_project_without_static_files_has_none(static, tmp_path, capsys):
    """Without Django's app for static files there is nothing to collect."""
    static.INSTALLED_APPS = []
    prepare.collect_static(static, tmp_path / "collected")
    assert "static files: none" in capsys.readouterr().out
