"""Makes a project ready to be served: import paths, settings, the database file, static files."""

import os
import runpy
import shutil
import site
import sys
from pathlib import Path
from typing import Any

from docker_image.console import say
from docker_image.project import find_project, find_settings
from docker_image.server import STATIC_ROOT
from docker_image.unneeded import list_unneeded

DATA = Path("/data")
PATH_FILE = "django_project.pth"
# Not set again where it is set: a container may be told to use other settings.
PRESET = "import os; os.environ.setdefault({name!r}, {value!r})"


def main(root: str, collected: str, unneeded: str) -> None:
    """Prepare the project below the root; what has other places in the image goes to collected.

    What the packages have for nothing is listed in unneeded.
    """
    folder = Path(root).resolve()
    project = find_project(folder, os.environ.get("PROJECT_DIR", ""))
    if settings := os.environ.get("SETTINGS") or find_settings(project):
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    run_manage(project)
    import django
    from django.apps import apps
    from django.conf import settings as loaded

    django.setup()
    say(f"settings: {os.environ['DJANGO_SETTINGS_MODULE']} (ARG SETTINGS)")
    remember(folder, project, Path(collected))
    if project != folder:
        shutil.copy(Path(__file__).with_name("manage.py"), folder)
    link_database(loaded, folder, DATA)
    collect_static(loaded, Path(collected))
    folders = [Path(app.path) for app in apps.get_app_configs()]
    listing = list_unneeded(loaded, Path(django.__file__).parent, folders, Path(collected))
    Path(unneeded).write_text(listing)


def run_manage(project: Path) -> None:
    """Run manage.py until Django would take over: by then it has set its paths and settings."""
    from django.core import management

    os.chdir(project)
    sys.path.insert(0, str(project))
    if (project / "src").is_dir():
        sys.path.insert(1, str(project / "src"))
    sys.argv = ["manage.py", "collectstatic"]
    command = management.execute_from_command_line
    management.execute_from_command_line = lambda *_: None
    try:
        runpy.run_path(str(project / "manage.py"), run_name="__main__")
    finally:
        management.execute_from_command_line = command


def remember(root: Path, project: Path, collected: Path) -> None:
    """Let every Python of the image know the project's paths and settings from its start."""
    paths = dict.fromkeys(path for path in sys.path if Path(path).is_relative_to(root))
    presets = {
        "PROJECT_DIR": str(project),
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
    }
    lines = [PRESET.format(name=name, value=value) for name, value in presets.items()]
    place = collected / site.getsitepackages()[0].lstrip("/") / PATH_FILE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join([*paths, str(root), *lines]) + "\n")


def link_database(settings: Any, root: Path, data: Path) -> None:
    """Lead an SQLite file beside the code, which is read-only, to the volume."""
    for database in settings.DATABASES.values():
        place = Path(str(database.get("NAME", ""))).resolve()
        if database["ENGINE"].endswith("sqlite3") and place.is_relative_to(root):
            say(f"database: {place} is kept at {data / place.name}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to(data / place.name)


def collect_static(settings: Any, collected: Path) -> None:
    """Collect the static files for the image, unless they are kept elsewhere or there are none."""
    if "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
        say("static files: none, django.contrib.staticfiles is not in INSTALLED_APPS")
        return
    target = Path(settings.STATIC_ROOT or STATIC_ROOT)
    settings.STATIC_ROOT = str(collected / str(target).lstrip("/"))
    if not kept_in_files():
        say("static files: kept elsewhere by STORAGES, not collected")
        return
    from django.core.management import call_command

    call_command("collectstatic", interactive=False)
    say(f"static files: in {target}")


def kept_in_files() -> bool:
    """Whether static files are kept in a folder, rather than in a bucket."""
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.files.storage import FileSystemStorage

    return isinstance(staticfiles_storage, FileSystemStorage)
