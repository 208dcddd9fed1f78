"""What packages have for nothing is left out of the image, and nothing else."""

import json
from types import SimpleNamespace

import pytest
from django.conf import global_settings

from docker_image import unneeded

ALL = {"LANGUAGES": global_settings.LANGUAGES, "LANGUAGE_CODE": "en-us", "STATIC_ROOT": None}


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder of packages: Django, with an app that is installed and one that is not."""
    folder = tmp_path / "venv"
    monkeypatch.setattr(unneeded, "PACKAGES", folder)
    for app in ("conf", "contrib/admin", "contrib/sites"):
        for language in ("en", "de", "pt", "pt_BR", "zh_Hans"):
            write(folder / f"django/{app}/locale/{language}/LC_MESSAGES/django.mo", language)
    return folder


def write(file, text):
    """A file with the text, in a folder of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def listed(packages, apps=("contrib/admin",), collected=None, **settings):
    """The listing for apps of Django; without settings it offers all languages."""
    text = unneeded.list_unneeded(
        SimpleNamespace(**ALL | settings),
        packages / "django",
        [packages / "django" / app for app in apps],
        collected or packages / "nowhere",
    )
    return json.loads(text)


def left(packages, app):
    """The languages of an app that are still there."""
    return {file.parts[-3] for file in (packages / "django" / app).rglob("*.mo")}


def trim(packages, listing):
    """Do to the packages what the listing says."""
    unneeded.main(str(write(packages.parent / "listing.json", json.dumps(listing))))


def test_a_project_that_says_nothing_keeps_all_languages(packages):
    """Where LANGUAGES is Django's own, only apps that are not installed lose translations."""
    trim(packages, listed(packages))
    everything = {"en", "de", "pt", "pt_BR", "zh_Hans"}
    assert left(packages, "contrib/admin") == left(packages, "conf") == everything
    assert left(packages, "contrib/sites") == set()


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"LANGUAGES": [("de", "German")]}, {"en", "de"}),
        ({"LANGUAGES": [("pt-br", "Portuguese")]}, {"en", "pt", "pt_BR"}),
        ({"LANGUAGES": [("zh-hant", "Chinese")]}, {"en", "zh_Hans"}),
        ({"LANGUAGES": [("DE", "German")], "LANGUAGE_CODE": "PT"}, {"en", "de", "pt", "pt_BR"}),
        ({"LANGUAGES": []}, {"en"}),
    ],
)
def test_the_languages_of_the_project_are_kept(packages, settings, kept):
    """A language stays with its variants, as do that of LANGUAGE_CODE and English."""
    trim(packages, listed(packages, **settings))
    assert left(packages, "contrib/admin") == left(packages, "conf") == kept


def test_the_project_keeps_its_own(packages, tmp_path):
    """Nothing of the project itself is touched, in whatever language it is."""
    own = tmp_path / "app/shop"
    write(own / "locale/de/LC_MESSAGES/django.mo", "de")
    text = write(own / "static/shop.css", "body {}")
    collected = tmp_path / "collected"
    write(collected / "app/static/shop.css", "body {}")
    settings = SimpleNamespace(
        LANGUAGES=[("en", "English")], LANGUAGE_CODE="en", STATIC_ROOT=collected / "app/static"
    )
    listing = json.loads(unneeded.list_unneeded(settings, packages / "django", [own], collected))
    assert not [name for name in listing if name.startswith(str(own))]
    assert text.read_text() == "body {}"


def test_static_files_lead_to_the_collected_ones(packages, tmp_path):
    """A static file that was collected as it is leads to that one; any other stays a file."""
    static = packages / "django/contrib/admin/static"
    same, changed = write(static / "same.js", "same"), write(static / "changed.css", "old")
    collected = tmp_path / "collected"
    write(collected / "app/static/same.0123456789ab.js", "same")
    write(collected / "app/static/changed.css", "new")
    listing = listed(packages, collected=collected, STATIC_ROOT=str(collected / "app/static"))
    trim(packages, listing)
    assert str(same.readlink()) == "/app/static/same.0123456789ab.js"
    assert changed.read_text() == "old"


@pytest.mark.parametrize("root", [None, "/srv/static", "static"])
def test_static_files_stay_where_none_are_collected(packages, tmp_path, root):
    """Without collected files in the image the packages keep theirs."""
    write(packages / "django/contrib/admin/static/same.js", "same")
    assert not [name for name in listed(packages, STATIC_ROOT=root) if name.endswith(".js")]


def test_the_listing_is_the_same_on_every_machine(packages):
    """The order of a listing does not depend on that of the folders: equal lists, equal layers."""
    apps = ("contrib/admin", "contrib/sites")
    settings = {"LANGUAGES": [("en", "English")]}
    first, second = (listed(packages, order, **settings) for order in (apps, apps[::-1]))
    assert list(first) == list(second) == sorted(first)
