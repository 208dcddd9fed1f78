"""Takes out of the packages what their project never asks for, and what the image has elsewhere."""

import json
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from docker_image.console import say

PACKAGES = Path(sys.prefix)


def main(listing: str) -> None:
    """Delete the files of the listing, or make them lead to the place that it has for them."""
    for name, place in json.loads(Path(listing).read_text()).items():
        Path(name).unlink()
        if place:
            Path(name).symlink_to(place)


def list_unneeded(settings: Any, django: Path, apps: Iterable[Path], collected: Path) -> str:
    """The listing for Django's folder and those of the installed apps.

    The project's own files stay as they are.
    """
    folders = sorted(folder for folder in apps if folder.is_relative_to(PACKAGES))
    unread = dict.fromkeys(translations(django, folders, languages(settings)), "")
    again = dict(copies(folders, Path(settings.STATIC_ROOT or ""), collected))
    say(f"translations left out, of other languages than LANGUAGES or unused apps: {len(unread)}")
    say(f"static files of packages that lead to those that were collected: {len(again)}")
    return json.dumps(unread | again, indent=0, sort_keys=True)


def languages(settings: Any) -> set[str]:
    """The languages that may be asked for, without their variants, which fall back on others."""
    codes = [*dict(settings.LANGUAGES), settings.LANGUAGE_CODE, "en"]
    return {code.lower().partition("-")[0] for code in codes}


def translations(django: Path, apps: list[Path], wanted: set[str]) -> Iterator[str]:
    """The translations that Django never reads: into other languages, or of apps not installed.

    https://docs.djangoproject.com/en/5.2/topics/i18n/translation/#how-django-discovers-translations
    """
    read = {django / "conf", *apps}
    for folder in sorted({*read, *django.glob("contrib/*")}):
        for file in sorted(folder.glob("locale/*/LC_MESSAGES/*.mo")):
            language = file.parts[-3].lower().partition("_")[0]
            if folder not in read or language not in wanted:
                yield str(file)


def copies(folders: list[Path], root: Path, collected: Path) -> Iterator[tuple[str, str]]:
    """Static files that are collected byte for byte, each with the place of that in the image.

    They are led there, not deleted: a project may look for them where its packages have them.
    """
    if not root.is_relative_to(collected):
        return
    places = {digest(file): f"/{file.relative_to(collected)}" for file in files(root)}
    for file in (file for folder in folders for file in files(folder / "static")):
        if place := places.get(digest(file)):
            yield str(file), place


def files(folder: Path) -> list[Path]:
    """The files in a folder and below, in order; none if there is no such folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(file: Path) -> bytes:
    """What tells the content of a file from any other."""
    return sha256(file.read_bytes()).digest()
