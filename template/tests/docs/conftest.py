"""A copy of the repository, as somebody has who just cloned it."""

import shutil
from pathlib import Path

import pytest

from template.tests.docs.pages import ROOT, tracked


def copy_to(folder: Path) -> Path:
    """Copy what git keeps, without what was installed, built or stored beside it."""
    for file in tracked():
        target = folder / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy for one test."""
    return copy_to(tmp_path)
