"""A task of the tests, which takes until it is told to end."""

import time
from pathlib import Path

from django_tasks import task


@task
def wait(folder: str) -> str:
    """Create `started` in the folder, and return when `end` is there."""
    Path(folder, "started").touch()
    while not Path(folder, "end").exists():
        time.sleep(0.05)
    return "ended"
