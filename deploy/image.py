"""What the Dockerfile tells of the image."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]


def image_variables(root: Path = ROOT) -> dict[str, str]:
    """Return the variables that the Dockerfile sets, as far as there is one."""
    dockerfile = root / "Dockerfile"
    if not dockerfile.is_file():
        return {}
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.findall(r"^\s*ENV\s+(.*)", text.replace("\\\n", " "), re.MULTILINE | re.IGNORECASE)
    pairs = (word.partition("=") for line in lines for word in shlex.split(line))
    return {name: value for name, sign, value in pairs if sign}
