"""The linters have nothing to say about the templates."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from template.rehearsal.project import INFRA
from template.tests import exhaustive
from template.tests.infra.cloudformation import resources
from template.tests.requirements import require

PATHS = [str(path) for path in sorted(INFRA.glob("*.yml"))]
YAMLLINT = INFRA.parents[1] / "template" / "yamllint.yml"
CHECKOV = os.environ.get("CHECKOV", str(INFRA.parents[1] / ".venv-checkov" / "bin" / "checkov"))


def run(linter: str, *arguments: str) -> subprocess.CompletedProcess:
    """What a linter of this environment says."""
    command = [Path(sys.executable).parent / linter, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cfn_lint_is_content():
    """cfn-lint finds no error, no warning and nothing to mention."""
    said = run("cfn-lint", "--include-checks", "I", "--", *PATHS)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@exhaustive.MARK
def test_cfn_lint_would_tell(tmp_path):
    """cfn-lint refuses a template with a property that does not exist."""
    text = (INFRA / "github.yml").read_text()
    wrong = tmp_path / "github.yml"
    wrong.write_text(text.replace("ScanOnPush: true", "ScanOnPull: true"))
    assert "'ScanOnPull' was unexpected" in run("cfn-lint", str(wrong)).stdout


def test_yamllint_is_content():
    """yamllint finds nothing in the templates."""
    said = run("yamllint", "--strict", "--config-file", str(YAMLLINT), str(INFRA))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def checkov(folder: Path) -> dict:
    """What checkov finds in a folder of templates."""
    require(shutil.which(CHECKOV) is not None, "no checkov here", variable="REQUIRE_CHECKOV")
    command = [CHECKOV, "--directory", str(folder), "--framework", "cloudformation"]
    command += ["--skip-download", "--output", "json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(ended.stdout)


@exhaustive.MARK
def test_checkov_is_content():
    """checkov finds nothing, passes over 100 checks and skips only what a template excuses."""
    found = checkov(INFRA)
    assert found["results"]["failed_checks"] == []
    assert found["results"]["parsing_errors"] == []
    assert found["summary"]["passed"] > 100
    excused = {
        (name.partition(".")[2], exception["id"])
        for name, body in resources()
        for exception in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
    skipped = found["results"]["skipped_checks"]
    assert {(each["resource"].rpartition(".")[2], each["check_id"]) for each in skipped} == excused


@exhaustive.MARK
def test_checkov_would_tell(tmp_path):
    """checkov finds a database that is no longer encrypted."""
    text = (INFRA / "database.yml").read_text()
    wrong = text.replace("StorageEncrypted: true", "StorageEncrypted: false")
    (tmp_path / "database.yml").write_text(wrong)
    failed = checkov(tmp_path)["results"]["failed_checks"]
    assert [each["check_id"] for each in failed] == ["CKV_AWS_16"]
