"""The demo's key is random, kept, private, and the same for all who ask at once."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from itemsAPP.environment import kept_secret_key
from tests.app.conftest import settings_from

from itemsAPP import environment


@pytest.fixture
def file(tmp_path):
    """Where the key is kept."""
    return tmp_path / "secret-key"


def test_key_is_kept(demo):
    """A demo finds the key again that it made at its first start."""
    first, second = settings_from(**demo)["SECRET_KEY"], settings_from(**demo)["SECRET_KEY"]
    assert first == second == Path(demo["DATA_DIR"], "secret-key").read_text()


def test_key_is_random(tmp_path):
    """No two demos have the same key, and each is as long as Django wants it."""
    keys = {kept_secret_key(tmp_path / name) for name in "abc"}
    assert len(keys) == 3
    assert all(len(key) >= 50 for key in keys)


def test_key_is_private(file):
    """Only the owner may read the file."""
    kept_secret_key(file)
    assert stat.filemode(file.stat().st_mode) == "-rw-------"


def test_everybody_gets_the_same_key(file, monkeypatch):
    """All who ask at the same moment get the same key, however long the first takes to make it."""

    def slow_key():
        time.sleep(0.2)
        return get_random_secret_key()

    monkeypatch.setattr(environment, "get_random_secret_key", slow_key)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(environment.kept_secret_key, [file] * 8))
    assert keys == {file.read_text()}


def test_unfinished_file_is_finished(file):
    """A file that a killed process left empty gets a key."""
    file.touch()
    assert kept_secret_key(file) == file.read_text() != ""


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null", "/dev/null/data"])
def test_unwritable_folder_is_named(folder):
    """A folder that takes no files is named, with what to do."""
    with pytest.raises(ImproperlyConfigured, match=f"^DATA_DIR: {folder} takes no files. Give"):
        settings_from(DATA_DIR=folder)
