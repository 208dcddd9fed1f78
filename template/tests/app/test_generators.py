"""What Django's generators and its tutorial write passes the linters as it is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from template.tests.app.commands import REPOSITORY, copy_of_the_application, manage, python

FILES = {
    "models": """from django.db import models


class Question(models.Model):
    question_text = models.CharField(max_length=200)
    pub_date = models.DateTimeField("date published")


class Choice(models.Model):
    question = models.ForeignKey(Question, on_delete=models.CASCADE)
    choice_text = models.CharField(max_length=200)
    votes = models.IntegerField(default=0)

    class Meta:
        ordering = ["choice_text"]
""",
    "admin": """from django.contrib import admin

from .models import Question


class QuestionAdmin(admin.ModelAdmin):
    fields = ["pub_date", "question_text"]
    list_display = ["question_text", "pub_date"]


admin.site.register(Question, QuestionAdmin)
""",
    "tests": """from django.test import TestCase
from django.utils import timezone

from .models import Question


class QuestionTests(TestCase):
    def test_text(self):
        question = Question(question_text="Why?", pub_date=timezone.now())
        self.assertEqual(question.question_text, "Why?")
        with self.assertRaises(Question.DoesNotExist):
            Question.objects.get(pk=0)
""",
}


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A copy of the application with one more, as startapp leaves it."""
    folder = copy_of_the_application(tmp_path)
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    python("../manage.py", "startapp", "polls", folder=folder / "src")
    settings = folder / "src/itemsAPP/settings.py"
    settings.write_text(settings.read_text().replace('"accounts",', '"accounts",\n    "polls",'))
    return folder


@pytest.fixture
def textbook(fresh: Path) -> Path:
    """The same with the application of Django's tutorial, and its migration."""
    for name, text in FILES.items():
        (fresh / f"src/polls/{name}.py").write_text(text)
    manage("makemigrations", "polls", folder=fresh)
    assert (fresh / "src/polls/migrations/0001_initial.py").exists()
    return fresh


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
@pytest.mark.parametrize("state", ["fresh", "textbook"])
def test_ruff(request, state, command):
    """ruff finds nothing, in the migration neither."""
    outcome = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."],
        cwd=request.getfixturevalue(state),
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
