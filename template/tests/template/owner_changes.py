"""What owners do first in their copy, each as a tutorial or the framework's documentation tells.

Each function changes a copy whose project is called shop, and adds the test that its owner would
write.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from template.tests.template.copies import git, make

NOTE = """
class Note(models.Model):
    text = models.TextField()

    def __str__(self):
        return self.text
"""
NOTE_SERIALIZER = """\
from rest_framework import serializers

from notes.models import Note


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = "__all__"
"""
NOTE_VIEWS = """\
from rest_framework import viewsets

from notes.models import Note
from notes.serializers import NoteSerializer


class NoteViewSet(viewsets.ModelViewSet):
    queryset = Note.objects.all()
    serializer_class = NoteSerializer
"""
NOTE_ADMIN = """\
from django.contrib import admin

from notes.models import Note

admin.site.register(Note)
"""
NOTE_TEST = """\
import pytest
from django.contrib.auth import get_user_model

pytestmark = pytest.mark.django_db


def test_note_is_kept(client):
    client.force_login(get_user_model().objects.create_superuser("ann"))
    created = client.post("/notes/", {"text": "milk"})
    assert created.status_code == 201
    assert client.get("/notes/").json() == [created.json()]
    assert client.get("/admin/notes/note/").status_code == 200
    assert "notes" in client.get("/", headers={"accept": "application/json"}).json()
"""


def replace(path: Path, old: str, new: str) -> None:
    """Change a file at the one place that a pattern finds; raises ValueError without one."""
    text, count = re.subn(old, lambda found: found.expand(new), path.read_text(), flags=re.M)
    if count != 1:
        raise ValueError(f"{old!r} is in {path} {count} times.")
    path.write_text(text)


def write(path: Path, text: str) -> None:
    """Write a file, and the folders that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def manage(folder: Path, *arguments: str) -> None:
    """Run manage.py in src, where `startapp` makes its folder; raises ValueError where it fails."""
    ended = subprocess.run(
        [sys.executable, "../manage.py", *arguments],
        cwd=folder / "src",
        check=False,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(folder.parent / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ended.returncode:
        raise ValueError(ended.stdout)


def start_application(folder: Path, name: str) -> None:
    """Do what the tutorial says for a new application."""
    manage(folder, "startapp", name)
    replace(folder / "src/shop/settings.py", r'^    "accounts",\n', rf'\g<0>    "{name}",\n')


def tidy(folder: Path) -> None:
    """Format the code, as an owner does, without the imports that nothing uses any more."""
    ended = make(folder, "format")
    if ended.returncode:
        raise ValueError(ended.stdout)


def route(folder: Path, line: str, *imports: str) -> None:
    """Add a URL, and what it imports."""
    urls = folder / "src/shop/urls.py"
    replace(urls, r"^urlpatterns = \[\n", rf"\g<0>    {line},\n")
    urls.write_text("\n".join([*imports, urls.read_text()]))
    tidy(folder)


def field(folder: Path) -> None:
    """A field on the model, and in the serializer."""
    app = folder / "src/itemslist"
    replace(
        app / "models.py",
        r"^    content = .*\n",
        r"\g<0>    done = models.BooleanField(default=False)\n",
    )
    replace(app / "serializers.py", r'"picture"\]', r'"picture", "done"]')
    manage(folder, "makemigrations", "itemslist")
    write(
        folder / "tests/itemslist/test_done.py",
        """\
import pytest


@pytest.mark.django_db
def test_what_is_stored_is_shown(client):
    item = client.post("/itemslist/", {"title": "milk", "done": "true"}).json()
    assert item["done"] is True
    assert client.get("/itemslist/").json() == [item]
    changed = client.patch(f"/itemslist/{item['id']}/", {"done": False}, "application/json")
    assert changed.json()["done"] is False
""",
    )


def field_of_the_account(folder: Path) -> None:
    """A field on the user model."""
    app = folder / "src/accounts"
    replace(
        app / "models.py",
        r"\Z",
        "\n    nickname = models.CharField(max_length=50, blank=True)\n",
    )
    replace(
        app / "models.py",
        r"^(from django.contrib.auth.models .*\n)",
        r"\1from django.db import models\n",
    )
    manage(folder, "makemigrations", "accounts")
    write(
        folder / "tests/accounts/test_nickname.py",
        """\
import pytest
from django.contrib.auth import get_user_model


@pytest.mark.django_db
def test_account_has_a_nickname():
    get_user_model().objects.create_user("ann", nickname="Annie")
    assert get_user_model().objects.get(nickname="Annie").username == "ann"
""",
    )


def renamed_application(folder: Path) -> None:
    """The sample's application under another name."""
    for place in ("src", "tests"):
        git(folder, "mv", f"{place}/itemslist", f"{place}/wares")
    for name in git(folder, "grep", "-l", "itemslist", "--", "src", "tests").split():
        path = folder / name
        path.write_text(path.read_text().replace("itemslist", "wares"))
    shutil.rmtree(folder / "src/itemslist", ignore_errors=True)
    tidy(folder)


def started_application(folder: Path) -> None:
    """A new application as `startapp` leaves it."""
    start_application(folder, "notes")


def second_application(folder: Path) -> None:
    """A new application with an API and an administration, as the tutorials write them."""
    start_application(folder, "notes")
    app = folder / "src/notes"
    (app / "models.py").write_text("from django.db import models\n\n" + NOTE)
    (app / "serializers.py").write_text(NOTE_SERIALIZER)
    (app / "views.py").write_text(NOTE_VIEWS)
    (app / "admin.py").write_text(NOTE_ADMIN)
    (app / "tests.py").unlink()
    urls = folder / "src/shop/urls.py"
    replace(
        urls, r'^router\.register\("users".*\n', r'\g<0>router.register("notes", NoteViewSet)\n'
    )
    replace(urls, r"^from shop import .*\n", r"from notes.views import NoteViewSet\n\g<0>")
    manage(folder, "makemigrations", "notes")
    write(folder / "tests/notes/__init__.py", "")
    write(folder / "tests/notes/test_notes.py", NOTE_TEST)


def other_application(folder: Path) -> None:
    """The sample's application deleted, and another one in its place."""
    for name in ("src/itemslist", "tests/itemslist"):
        shutil.rmtree(folder / name)
    replace(folder / "src/shop/settings.py", r'^    "itemslist",\n', "")
    replace(folder / "src/shop/urls.py", r'^.*"itemslist\.urls".*\n', "")
    second_application(folder)


def page(folder: Path) -> None:
    """A page with a template."""
    write(
        folder / "src/itemslist/templates/itemslist/home.html",
        "<!doctype html><title>Shop</title>{% for item in items %}<p>{{ item }}</p>{% endfor %}\n",
    )
    write(
        folder / "src/itemslist/pages.py",
        """\
from django.shortcuts import render

from itemslist.models import ItemList


def home(request):
    return render(request, "itemslist/home.html", {"items": ItemList.objects.all()[:10]})
""",
    )
    route(folder, 'path("home/", pages.home, name="home")', "from itemslist import pages")
    write(
        folder / "tests/itemslist/test_home.py",
        """\
import pytest

from itemslist.models import ItemList


@pytest.mark.django_db
def test_items_are_on_the_page(client):
    ItemList.objects.create(title="<milk>")
    assert "<p>&lt;milk&gt;</p>" in client.get("/home/").text
""",
    )


def upload(folder: Path) -> None:
    """A file of three megabytes, sent as a form."""
    app = folder / "src/itemslist"
    replace(
        app / "models.py",
        r"^    content = .*\n",
        r'\g<0>    photo = models.FileField(upload_to="photos", blank=True)\n',
    )
    replace(app / "serializers.py", r'"picture"\]', r'"picture", "photo"]')
    manage(folder, "makemigrations", "itemslist")
    write(
        folder / "tests/itemslist/test_photo.py",
        """\
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from itemslist.models import ItemList


@pytest.mark.django_db
def test_photo_is_kept(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    photo = SimpleUploadedFile("photo.jpg", b"a" * 3_000_000)
    assert client.post("/itemslist/", {"title": "cat", "photo": photo}).status_code == 201
    assert ItemList.objects.get().photo.size == 3_000_000
""",
    )


def command(folder: Path) -> None:
    """A management command."""
    for name in ("management", "management/commands"):
        write(folder / f"src/itemslist/{name}/__init__.py", "")
    write(
        folder / "src/itemslist/management/commands/count_items.py",
        """\
from django.core.management.base import BaseCommand

from itemslist.models import ItemList


class Command(BaseCommand):
    help = "Counts the items"

    def handle(self, *args, **options):
        self.stdout.write(str(ItemList.objects.count()))
""",
    )
    write(
        folder / "tests/itemslist/test_count_items.py",
        """\
import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_items_are_counted(capsys):
    call_command("count_items")
    assert capsys.readouterr().out == "0\\n"
""",
    )


def other_urls(folder: Path) -> None:
    """The API below /api/v1/."""
    urls = folder / "src/shop/urls.py"
    replace(
        urls,
        r'path\("", include\("itemslist\.urls"\)\)',
        'path("api/v1/", include("itemslist.urls"))',
    )
    replace(urls, r'path\("", include\(router\.urls\)\)', 'path("api/v1/", include(router.urls))')


def german(folder: Path) -> None:
    """German beside English, by what the browser asks for."""
    settings = folder / "src/shop/settings.py"
    replace(
        settings, r"^TIME_ZONE = ", r'LANGUAGES = [("en", "English"), ("de", "Deutsch")]\n\g<0>'
    )
    replace(
        settings,
        r'^    "django\.contrib\.sessions\.middleware\.SessionMiddleware",\n',
        r'\g<0>    "django.middleware.locale.LocaleMiddleware",\n',
    )
    write(
        folder / "tests/shop/test_german.py",
        """\
import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("de", "Anmelden"), ("en", "Log in")])
def test_language_is_the_clients(client, language, word):
    assert word in client.get("/admin/login/", headers={"accept-language": language}).text
""",
    )


def asgi(folder: Path) -> None:
    """ASGI, and a view that is async."""
    write(
        folder / "src/shop/asgi.py",
        """\
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_asgi_application()
""",
    )
    write(
        folder / "src/itemslist/live.py",
        """\
from django.http import JsonResponse

from itemslist.models import ItemList


async def count(request):
    return JsonResponse({"count": await ItemList.objects.acount()})
""",
    )
    route(folder, 'path("count/", live.count, name="count")', "from itemslist import live")
    write(
        folder / "tests/shop/test_asgi.py",
        """\
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from shop.asgi import application


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/count/", "/", "/itemslist/", "/health/live", "/admin/login/"])
def test_pages_are_served(url):
    assert application
    assert async_to_sync(AsyncClient().get)(url).status_code == 200
""",
    )


def short_readme(folder: Path) -> None:
    """A README of three lines."""
    (folder / "README.md").write_text("# Shop\n\nSells things.\n")


def dependency(folder: Path) -> None:
    """One package more, pinned by `make requirements`."""
    need(folder, "humanize~=4.15")
    write(
        folder / "tests/itemslist/test_humanize.py",
        """\
import humanize


def test_numbers_are_for_people():
    assert humanize.intcomma(1000000) == "1,000,000"
""",
    )


def celery(folder: Path) -> None:
    """Celery, as its documentation for Django tells."""
    need(folder, "celery[redis]~=5.6")
    write(
        folder / "src/shop/celery.py",
        """\
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
""",
    )
    write(
        folder / "src/shop/__init__.py",
        'from .celery import app as celery_app\n\n__all__ = ("celery_app",)\n',
    )
    tasks = folder / "src/itemslist/tasks.py"
    tasks.write_text(
        f"""\
from celery import shared_task
{tasks.read_text()}

@shared_task
def add_item(title):
    return ItemList.objects.create(title=title).pk
"""
    )
    replace(
        folder / "src/shop/settings.py",
        r"^STATIC_URL = .*\n",
        r'CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "memory://")\n\g<0>',
    )
    write(
        folder / "tests/itemslist/test_celery.py",
        """\
import pytest

from itemslist.models import ItemList
from itemslist.tasks import add_item
from shop import celery_app


@pytest.mark.django_db
def test_item_is_added():
    assert celery_app.conf.broker_url == "memory://"
    assert add_item.apply(["milk"]).get() == ItemList.objects.get(title="milk").pk
""",
    )


def need(folder: Path, package: str) -> None:
    """Name a package in pyproject.toml and pin it, in a virtual environment of the copy's."""
    replace(folder / "pyproject.toml", r"^dependencies = \[\n", rf'\g<0>  "{package}", # wanted\n')
    requirements(folder)


def requirements(folder: Path) -> None:
    """Pin what pyproject.toml names, in a virtual environment of the copy's."""
    ended = make(folder, "requirements", VENV=str(folder / ".venv"))
    if ended.returncode:
        raise ValueError(ended.stdout)
