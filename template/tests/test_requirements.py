"""A missing part of the machine skips a test, and fails it where it is required."""

from types import SimpleNamespace

import pytest

from template.tests.requirements import docker_answers, note_skip, require


@pytest.mark.parametrize("value", ["", "0", "1"])
def test_what_is_there_changes_nothing(monkeypatch, value):
    """A requirement that is met neither skips nor fails."""
    monkeypatch.setenv("REQUIRE_DOCKER", value)
    require(True, "Docker does not answer", variable="REQUIRE_DOCKER")


def test_what_is_missing_skips(monkeypatch):
    """Without the variable the test is skipped with the reason."""
    monkeypatch.delenv("REQUIRE_DOCKER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Docker does not answer"):
        require(False, "Docker does not answer", variable="REQUIRE_DOCKER")


def test_what_is_missing_and_required_fails(monkeypatch):
    """With the variable at 1 the test fails, naming the variable and the reason."""
    monkeypatch.setenv("REQUIRE_DOCKER", "1")
    with pytest.raises(pytest.fail.Exception, match="REQUIRE_DOCKER=1, but Docker does not"):
        require(False, "Docker does not answer", variable="REQUIRE_DOCKER")


def test_no_docker_program_is_no_docker(monkeypatch, tmp_path):
    """A PATH without the program means that Docker does not answer."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert docker_answers() is False


def test_reason_of_a_skip_is_noted_once(tmp_path):
    """Two tests skipped for one reason leave one line; a test that ran leaves none."""
    file = tmp_path / "skipped"
    skipped = SimpleNamespace(skipped=True, longrepr=("test.py", 1, "Skipped: no Docker"))
    for report in (skipped, skipped, SimpleNamespace(skipped=False)):
        note_skip(report, file)
    assert file.read_text() == "Skipped: no Docker\n"
