"""The branches that the workflows deploy, beside the one that the repository and its roles name."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from deploy.findings import WRONG, Finding

WORKFLOW = Path(__file__).parents[1] / ".github" / "workflows" / "deploy.yml"
# The branches of its trigger `push`, on one line as it is written there.
BRANCHES = re.compile(r"^  push:\n    branches: \[(.*)\]$", re.MULTILINE)


def undeployed(branch: str, workflow: Path = WORKFLOW) -> Finding | None:
    """Return what is wrong where a push to the default branch would deploy nothing."""
    if not workflow.is_file():
        return None
    found = BRANCHES.search(workflow.read_text())
    if not found:
        return None  # no list of branches: a push to any of them starts it
    named = [word.strip(" \"'") for word in found[1].split(",")]
    if any(fnmatchcase(branch, pattern) for pattern in named):
        return None
    edit = f"sed -i.bak 's/branches: \\[.*\\]/branches: [{branch}]/' .github/workflows/*.yml"
    return Finding(
        WRONG,
        f"a push to {branch} deploys nothing: .github/workflows/{workflow.name} names"
        f" {', '.join(named)}",
        f"{edit} && git commit --all --message 'Deploy {branch}'",
    )
