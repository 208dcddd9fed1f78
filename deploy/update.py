"""`python3 -m deploy update URL`: takes what is newer in the template that this came from."""

import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.errors import SetupError

COMMAND = "template/__main__.py"  # of the template, which does the rest


def update(project: Path, url: str) -> int:
    """Run the command of the newest template for this project, in a clone that goes afterwards.

    Returns its exit code. Raises SetupError where the URL leads to no template.
    """
    if not url:
        raise SetupError("The template's URL is missing.", "python3 -m deploy update URL")
    with tempfile.TemporaryDirectory(prefix="update-") as folder:
        template = Path(folder, "template")
        command = ["git", "clone", "--quiet", "--", url, str(template)]
        cloned = subprocess.run(command, capture_output=True, text=True, check=False)
        if cloned.returncode:
            raise SetupError(
                f"{url} cannot be cloned: {cloned.stderr.strip()}",
                "Give the URL that the template has on GitHub, or its folder.",
            )
        if not (template / COMMAND).is_file():
            raise SetupError(
                f"{url} is not the template: it has no {COMMAND}.",
                "Give the URL of the template that this project came from.",
            )
        run = [sys.executable, "-m", "template", "update", str(project)]
        return subprocess.run(run, cwd=template, check=False).returncode
