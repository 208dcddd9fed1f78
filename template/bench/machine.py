"""The machine, which every figure depends on."""

import os
import platform
import re
from pathlib import Path

from template.tests.image.containers import docker


def machine() -> dict[str, str]:
    """What it is."""
    return {
        "processors": f"{os.cpu_count()} x {processor()}",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Docker": docker("version", "--format", "{{.Server.Version}}").stdout.strip(),
    }


def load() -> str:
    """How many processes wanted a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def processor() -> str:
    """The name of its processors, as far as the system tells."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    found = re.search(r"^model name\s*: (.+)", text, re.MULTILINE)
    return found[1] if found else platform.machine()
