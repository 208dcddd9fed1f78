"""Django projects as people have them: each function writes the files of one kind."""

import json
import re
import subprocess
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[3]
PINS = (ROOT / "requirements.txt").read_text()

SETTINGS = """
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[{depth}]
SECRET_KEY = "django-insecure-of-a-tutorial"
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "notes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "{package}.urls"
WSGI_APPLICATION = "{package}.wsgi.application"
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {{
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        }},
    }}
]
DATABASES = {{
    "default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
}}
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
MANAGE = """
#!/usr/bin/env python
import os
import sys
from pathlib import Path

{paths}
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
"""
WSGI = """
import os
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "{settings}")
application = get_wsgi_application()
"""
URLS = """
from django.contrib import admin
from django.urls import path
from notes import views

urlpatterns = [path("", views.page), path("admin/", admin.site.urls)]
"""
NOTES = {
    "models.py": """
from django.db import models

class Note(models.Model):
    text = models.CharField(max_length=100)
""",
    "views.py": """
from django.http import HttpResponse
from notes.models import Note
{imports}
def page(request):
    return HttpResponse(f"{{Note.objects.count()}} notes")
""",
    "tests.py": """
from django.test import TestCase

class PageTest(TestCase):
    def test_page(self):
        self.assertEqual(self.client.get("/").content, b"0 notes")
""",
    "migrations/0001_initial.py": """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("text", models.CharField(max_length=100)),
            ],
        )
    ]
""",
    "static/notes/style.css": "body { color: navy }",
}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip())


def project(
    folder: Path,
    package: str = "shop",
    settings: str = "",
    served: str = "",
    extra: str = "",
    paths: str = "",
    code: str = "",
    imports: str = "",
) -> None:
    """Write what `django-admin startproject` and `startapp` do, with a page, a model and a style.

    `settings` is the module that manage.py names and `served` the one in wsgi.py; `extra` is added
    to the settings, `paths` to manage.py; `code` is the folder of the packages.
    """
    settings = settings or f"{package}.settings"
    depth = settings.count(".") - package.count(".") + bool(code)
    values = {"package": package, "depth": depth, "imports": imports}
    here = Path(code)
    top = package.split(".")[0]
    module = settings.replace(".", "/") + ".py"
    files = {
        "manage.py": MANAGE.format(settings=settings, paths=paths),
        f"{here}/{module}": SETTINGS.format_map(values) + dedent(extra),
        f"{here}/{top}/__init__.py": "",
        f"{here}/{top}/urls.py": URLS,
        f"{here}/{top}/wsgi.py": WSGI.format(settings=served or settings),
        f"{here}/notes/__init__.py": "",
        f"{here}/notes/migrations/__init__.py": "",
    }
    write(folder, files)
    notes = NOTES | {"views.py": NOTES["views.py"].format(imports=imports)}
    write(folder / here / "notes", notes)


def pinned(*names: str) -> dict[str, tuple[str, list[str]]]:
    """The version and the hashes of packages, as this repository has them."""
    found = {}
    for name in names:
        text = re.search(rf"^{name}(?:\\[\w+\\])?==(\S+).*(?:\n .*)*", PINS, re.MULTILINE)
        found[name] = (text[1], re.findall(r"sha256:\w+", text[0]))
    return found


def locked(*requirements: str, python: str = "3.11") -> dict[str, tuple[str, list[str]]]:
    """The versions and the hashes of what requirements come to on Linux, by uv."""
    command = ["uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-annotate"]
    command += ["--no-header", "--python-version", python, "--python-platform", "linux", "-"]
    wanted = "\n".join(requirements)
    said = subprocess.run(command, input=wanted, capture_output=True, text=True, check=True).stdout
    found = re.finditer(r"^([\w.-]+)(?:\[.*\])?==(\S+)((?:.*\n .*)*)", said, re.MULTILINE)
    return {item[1]: (item[2], re.findall(r"sha256:\w+", item[3])) for item in found}


def poetry(dependencies: dict[str, str], pins: dict[str, tuple[str, list[str]]]) -> dict[str, str]:
    """The pyproject.toml and the poetry.lock of a project, as Poetry writes them."""
    text = '[tool.poetry]\nname = "shop"\nversion = "1"\npackage-mode = false\n'
    text += "[tool.poetry.dependencies]\n"
    text += "".join(f'{name} = "{version}"\n' for name, version in dependencies.items())
    packages = [
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\n'
        f'python-versions = ">=3.9"\ngroups = ["main"]\nfiles = ['
        + ", ".join(f'{{file = "{name}", hash = "{digest}"}}' for digest in hashes)
        + "]\n"
        + '[package.dependencies]\nasgiref = "*"\nsqlparse = "*"\n' * (name == "django")
        for name, (version, hashes) in pins.items()
    ]
    # https://github.com/python-poetry/poetry, poetry/packages/locker.py
    said = {"dependencies": dependencies}
    said |= dict.fromkeys(("source", "extras", "dev-dependencies"))
    digest = sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    end = f'[metadata]\nlock-version = "2.1"\npython-versions = "{dependencies["python"]}"\n'
    end += f'content-hash = "{digest}"\n'
    return {"pyproject.toml": text, "poetry.lock": "\n".join([*packages, end])}


BASE = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "django-insecure-of-a-tutorial"
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}
}
"""


def base(folder: Path, settings: str = "", files: dict[str, str] | None = None) -> None:
    """Write the smallest project, with lines added to its settings, and files."""
    basis = {
        "manage.py": MANAGE.format(settings="shop.settings", paths=""),
        "shop/__init__.py": "",
        "shop/urls.py": "urlpatterns = []\n",
        "shop/settings.py": BASE + dedent(settings),
        "requirements.txt": "Django==5.2.*\n",
    }
    write(folder, basis | (files or {}))
