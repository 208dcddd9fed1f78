"""What owners do later in their copy: packages, other data, and what they have no use for.

As in owner_changes.py, each function changes a copy whose project is called shop.
"""

import re
from pathlib import Path

from template.tests.template.owner_changes import (
    manage,
    need,
    replace,
    requirements,
    route,
    tidy,
    write,
)

INSTALLED = r'^    "accounts",\n'


def cut(path: Path, *patterns: str) -> None:
    """Take lines out of a file, each by a pattern that has to find something."""
    for pattern in patterns:
        text, count = re.subn(pattern, "", path.read_text(), flags=re.M)
        if not count:
            raise ValueError(f"{pattern!r} is not in {path}.")
        path.write_text(text)


def owner_of_an_item(folder: Path) -> None:
    """Each item is somebody's, and the API of those who are signed in shows them theirs."""
    app = folder / "src/itemslist"
    replace(
        app / "models.py",
        r"^    content = .*\n",
        "\\g<0>    owner = models.ForeignKey(\n"
        "        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True,\n"
        "    )\n",
    )
    replace(app / "models.py", r"^from django.core.val", r"from django.conf import settings\n\g<0>")
    replace(
        app / "views.py",
        r"^    serializer_class = ItemSerializer\n",
        "\\g<0>\n"
        "    def get_queryset(self):\n"
        "        return super().get_queryset().filter(owner=self.request.user)\n\n"
        "    def perform_create(self, serializer):\n"
        "        serializer.save(owner=self.request.user)\n",
    )
    manage(folder, "makemigrations", "itemslist")
    tidy(folder)
    write(
        folder / "tests/itemslist/test_owner.py",
        """\
import pytest

from itemslist.models import ItemList


@pytest.mark.django_db
def test_items_are_their_owners(user, superuser):
    assert user.post("/item/", {"title": "milk"}).status_code == 201
    assert ItemList.objects.filter(owner__username="user").count() == 1
    assert len(user.get("/item/").json()) == 1
    assert superuser.get("/item/").json() == []
""",
    )


def renamed_field(folder: Path) -> None:
    """An item has a name in place of a title."""
    for place in ("src/itemslist", "tests/itemslist"):
        for path in (folder / place).glob("*.py"):
            path.write_text(re.sub(r"\btitle\b", "name", path.read_text()))
    write(
        folder / "src/itemslist/migrations/0003_name.py",
        """\
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("itemslist", "0002_itemlist_picture")]
    operations = [migrations.RenameField("itemlist", "title", "name")]
""",
    )


def accounts_without_api(folder: Path) -> None:
    """Accounts that only the administration shows."""
    cut(
        folder / "src/shop/urls.py",
        r'^router\.register\("(users|groups)".*\n',
        r"^from accounts\.views .*\n",
    )
    (folder / "src/accounts/serializers.py").unlink()
    cut(
        folder / "src/accounts/views.py",
        r"^from accounts\.serializers.*\n",
        r"^@extend_schema(.|\n)*(?=^class PasswordResetThrottle)",
    )
    for name in ("users", "groups"):
        (folder / f"tests/accounts/test_{name}.py").unlink()
    tidy(folder)


def packages(folder: Path) -> None:
    """django-cors-headers, django-filter and django-ninja, as their documentation tells."""
    for package in ("django-cors-headers~=4.9", "django-filter~=25.2", "django-ninja~=1.5"):
        replace(
            folder / "pyproject.toml", r"^dependencies = \[\n", rf'\g<0>  "{package}", # wanted\n'
        )
    cross_origin(folder)
    filters(folder)
    ninja(folder)
    requirements(folder)


def cross_origin(folder: Path) -> None:
    """A front end on another origin, by django-cors-headers."""
    settings = folder / "src/shop/settings.py"
    replace(settings, INSTALLED, r'    "corsheaders",\n\g<0>')
    replace(
        settings,
        r'^    "django\.middleware\.common.*\n',
        r'    "corsheaders.middleware.CorsMiddleware",\n\g<0>',
    )
    replace(
        settings,
        r"^PERMISSIONS_POLICY = ",
        r'CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", ["https://shop.example.com"])'
        r"\n\g<0>",
    )
    write(
        folder / "tests/shop/test_cors.py",
        """\
import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(("origin", "allowed"), [("shop.example.com", True), ("a.com", False)])
def test_origin(client, origin, allowed):
    response = client.get("/itemslist/", headers={"origin": f"https://{origin}"})
    assert ("access-control-allow-origin" in response.headers) is allowed
""",
    )


def filters(folder: Path) -> None:
    """Lists that clients filter, by django-filter."""
    settings = folder / "src/shop/settings.py"
    replace(settings, INSTALLED, r'    "django_filters",\n\g<0>')
    replace(
        settings,
        r'^    "DEFAULT_PAGINATION_CLASS"',
        '    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],\n'
        r"\g<0>",
    )
    replace(
        folder / "src/itemslist/views.py",
        r"^    serializer_class = ItemsListSerializer\n",
        r'\g<0>    filterset_fields = ["title"]\n',
    )
    write(
        folder / "tests/itemslist/test_filters.py",
        """\
import pytest


@pytest.mark.django_db
def test_items_are_filtered(client):
    for title in ("milk", "rice"):
        client.post("/itemslist/", {"title": title})
    assert [item["title"] for item in client.get("/itemslist/?title=rice").json()] == ["rice"]
    assert '"title"' in client.get("/schema/", headers={"accept": "application/json"}).text
""",
    )


def ninja(folder: Path) -> None:
    """An endpoint of django-ninja beside REST framework's."""
    write(
        folder / "src/itemslist/api.py",
        """\
from ninja import NinjaAPI

from itemslist.models import ItemList

api = NinjaAPI()


@api.get("/count")
def count(request):
    return {"count": ItemList.objects.count()}
""",
    )
    route(folder, 'path("ninja/", api.urls)', "from itemslist.api import api")
    write(
        folder / "tests/itemslist/test_api.py",
        """\
import pytest


@pytest.mark.django_db
def test_items_are_counted(client):
    assert client.get("/ninja/count").json() == {"count": 0}
""",
    )


def allauth(folder: Path) -> None:
    """People sign up by themselves, by django-allauth."""
    need(folder, "django-allauth~=65.13")
    settings = folder / "src/shop/settings.py"
    replace(settings, INSTALLED, r'    "allauth",\n    "allauth.account",\n\g<0>')
    replace(
        settings,
        r'^    "axes\.middleware',
        r'    "allauth.account.middleware.AccountMiddleware",\n\g<0>',
    )
    replace(
        settings,
        r'"django\.contrib\.auth\.backends\.ModelBackend"\]',
        '"allauth.account.auth_backends.AuthenticationBackend"]',
    )
    route(folder, 'path("accounts/", include("allauth.urls"))')
    write(
        folder / "tests/accounts/test_signup.py",
        """\
import pytest
from django.contrib.auth import get_user_model


@pytest.mark.django_db
def test_people_sign_up(client):
    form = {"username": "ann", "password1": "kq83-Jd0s", "password2": "kq83-Jd0s"}
    assert client.post("/accounts/signup/", form).status_code == 302
    assert get_user_model().objects.get().username == "ann"
    assert client.get("/accounts/login/").status_code in (200, 302)
""",
    )


def static_files(folder: Path) -> None:
    """A folder of static files, as a build of Tailwind leaves it, and a page with it."""
    replace(
        folder / "src/shop/settings.py",
        r"^STATIC_URL = .*\n",
        r'\g<0>STATICFILES_DIRS = [BASE_DIR / "src/shop/assets"]\n',
    )
    write(folder / "src/shop/assets/site.css", "p { color: navy }\n")
    write(
        folder / "src/shop/templates/home.html",
        '{% load static %}<!doctype html><link rel="stylesheet" href="{% static "site.css" %}">\n',
    )
    route(
        folder,
        'path("home/", TemplateView.as_view(template_name="home.html"))',
        "from django.views.generic import TemplateView",
    )
    write(
        folder / "tests/shop/test_assets.py",
        """\
def test_page_has_its_style(client):
    assert "/static/site.css" in client.get("/home/").text
    assert "navy" in client.get("/static/site.css").getvalue().decode()
""",
    )


def no_worker(folder: Path) -> None:
    """No tasks, and nothing that does them."""
    cut(
        folder / "src/shop/settings.py",
        r'^    "django_tasks(_db)?",\n',
        r"^TASKS = .*\n",
    )
    app = folder / "src/itemslist"
    (app / "tasks.py").unlink()
    cut(
        app / "admin.py",
        r"^from django_tasks.*\n",
        r"^from itemslist import tasks\n",
        r"^    actions = .*\n",
        r"^\n    @admin\.action(.|\n)*\Z",
    )
    (folder / "tests/itemslist/test_tasks.py").unlink()
    cut(folder / "pyproject.toml", r'^  "django-tasks(-db)?~.*\n')
    replace(
        folder / "Makefile",
        r"^\t@trap .*\n.*db_worker.*\n",
        r"\tpython manage.py runserver 127.0.0.1:$(PORT)\n",
    )
    cut(folder / "compose.yaml", r"^  worker:(.|\n)*?(?=^volumes:)")


def no_uploads(folder: Path) -> None:
    """No pictures, and no storage for them."""
    app = folder / "src/itemslist"
    cut(
        app / "models.py",
        r"^    picture = models(.|\n)*?^    \)\n",
        r"^KINDS.*\n\n*",
    )
    cut(app / "serializers.py", ', "picture"')
    cut(app / "admin.py", ', "picture"')
    replace(app / "tasks.py", r'\.exclude\(picture__gt=""\)', ".all()")
    cut(folder / "tests/itemslist/test_tasks.py", r"^def test_item_with_a_picture(.|\n)*?(?=^@for)")
    manage(folder, "makemigrations", "itemslist")
    (folder / "tests/itemslist/test_picture.py").unlink()
    cut(folder / "src/shop/settings.py", r'^    "django_cleanup".*\n')
    cut(folder / "pyproject.toml", r'^  "(pillow|django-cleanup)~.*\n')
    tidy(folder)


def no_sentry(folder: Path) -> None:
    """Nobody is told of errors."""
    cut(
        folder / "src/shop/settings.py",
        r"^# Errors\. (.|\n)*?(?=^env\.seal)",
        r"^if SENTRY_DSN:\n(    .*\n|\n)*",
        r", hide_tokens_in_event",
    )
    cut(folder / "src/shop/logs.py", r"^def hide_tokens_in_event(.|\n)*", r"^import json\n")
    cut(folder / "pyproject.toml", r'^  "sentry-sdk.*\n')
    cut(folder / "tests/shop/test_settings.py", r'^ +\("SENTRY_DSN".*\n')
    tidy(folder)


def no_browsable_api(folder: Path) -> None:
    """The API speaks JSON only."""
    replace(
        folder / "src/shop/settings.py",
        r'^    "DEFAULT_SCHEMA_CLASS"',
        '    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],\n'
        r"\g<0>",
    )


def shorter_lines(folder: Path) -> None:
    """Lines as long as Black's."""
    replace(folder / "pyproject.toml", r"^line-length = 100", "line-length = 88")
    tidy(folder)


def development_on_postgresql(folder: Path) -> None:
    """A developer's own .env, with another database and whatever else."""
    write(
        folder / ".env",
        "DATABASE_URL=postgres://app:app@127.0.0.1:5432/app\nDEBUG=true\nHTTPS=false\n"
        "SECRET_KEY=for-this-machine-only-0123456789-abcdefghijklmnopqrstuvwxyz\n"
        "ALLOWED_HOSTS=localhost\nANONYMOUS_RATE=1/day\nSENTRY_DSN=https://key@localhost/1\n",
    )
    write(
        folder / "tests/shop/test_env.py",
        """\
def test_tests_do_not_read_it(settings):
    assert settings.SENTRY_DSN == ""
    assert settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]["anon"] is None
""",
    )
