"""The commands that a promotion is measured with."""

import subprocess

import pytest

from template.bench import promotion


def test_tag_is_moved_by_what_release_yml_defines():
    """The functions are whole, and name everything that they need."""
    script = f"set -euo pipefail\n{promotion.retag_functions()}\ndeclare -F retag"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "retag\n"


def test_release_without_the_function_is_refused(monkeypatch, tmp_path):
    """Where release.yml moves tags in another way, nothing else is measured in its place."""
    (tmp_path / "release.yml").write_text("retag() {\n}\n")
    monkeypatch.setattr(promotion, "ROOT", tmp_path)
    with pytest.raises(LookupError, match="no function retag"):
        promotion.retag_functions()
