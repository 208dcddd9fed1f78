"""The values of secrets are found where they stand, and are not told."""

import os
import socket

import pytest

from template.rehearsal.leaks import in_files, in_texts

VALUE = "s3cret-$(id)-[a-z]*.\\"


def test_texts_are_named():
    """Every text with a value in a line is named; others are not."""
    texts = {"b": ["x", f"set to {VALUE}!"], "a": [VALUE], "c": [VALUE[:-1], ""]}
    assert in_texts([VALUE, "other"], texts) == ["a", "b"]


@pytest.mark.parametrize("content", [f"A={VALUE}\n".encode(), b"\0\xff" + VALUE.encode()])
def test_files_are_named(tmp_path, content):
    """A value is found in text and between other bytes, at any depth."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/file").write_bytes(content)
    (tmp_path / ".hidden").write_bytes(content)
    (tmp_path / "harmless").write_text("s3cret-$(id)-abc.")
    assert in_files([VALUE, "other"], tmp_path) == [".hidden", "deep/file"]


def test_what_is_no_file_is_left_out(tmp_path):
    """A socket, a pipe and a link to elsewhere hold nothing up."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "elsewhere").write_text(VALUE)
    (tmp_path / "folder/link").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "folder/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "folder/socket"))
        assert in_files([VALUE], tmp_path / "folder") == []


def test_nothing_is_looked_for(tmp_path):
    """Without a value nothing is found, not even in an empty line."""
    (tmp_path / "file").write_text("\n")
    assert in_files([], tmp_path) == in_texts([], {"a": [""]}) == []
