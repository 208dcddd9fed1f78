"""An image of this machine's PostgreSQL, where the official one cannot be downloaded.

It understands what people tell the official image: POSTGRES_USER, _PASSWORD, _DB, and
_HOST_AUTH_METHOD.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from template.rehearsal import docker_objects, processes

STAND_IN = f"{docker_objects.LABEL}.stand-in=postgresql"
ATTEMPTS = 10  # to make an image that other rehearsals remove meanwhile
USER = 999  # as in the official image
HOME = "var/lib/postgresql"
SOCKETS = "var/run/postgresql"  # where Debian's programs look for a server
FILES = {
    "etc/passwd": f"postgres:x:{USER}:{USER}::/{HOME}:/bin/sh\n",
    "entrypoint": """\
#!/bin/sh
set -e
data=$HOME/data user=${POSTGRES_USER:-postgres} auth=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
if [ ! -e "$data/PG_VERSION" ]; then
  echo "${POSTGRES_PASSWORD:-unused}" >"$HOME/password"
  initdb --pgdata="$data" --username="$user" --encoding=UTF8 \\
    --auth="$auth" --pwfile="$HOME/password"
  echo "host all all all $auth" >>"$data/pg_hba.conf"
  database=${POSTGRES_DB:-$user}
  if [ "$database" != postgres ]; then
    echo "create database \\"$database\\"" | postgres --single -D "$data" postgres
  fi
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
""",
}


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`: the one on PATH, else the newest of Debian's."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name)
    )
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, reversed(places))])
    initdb = shutil.which("initdb", path=path)
    return Path(initdb).resolve().parent if initdb else None


def wanted(project: Path) -> list[str]:
    """The images of PostgreSQL that a project's compose.yaml names."""
    file = project / "compose.yaml"
    services = yaml.safe_load(file.read_text())["services"].values() if file.exists() else ()
    images = [service.get("image", "") for service in services]
    return [image for image in images if re.search(r"(^|/)postgres(:|$)", image)]


def stand_in(images: Iterable[str], environment: Mapping[str, str]) -> list[str]:
    """Make those of the images that neither Docker nor their registry has.

    Returns their names; `remove` removes them, but for those that the run of the environment still
    keeps. Nothing is made where this machine has no PostgreSQL, or is no Linux, whose programs
    containers run.
    """
    found = programs() if sys.platform == "linux" else None
    return [name for name in images if found and _make_missing(name, found, environment)]


def remove(environment: Mapping[str, str]) -> None:
    """Remove the images that stand in, unless another rehearsal uses them, which then does it.

    They have no label of a run, which their containers, of whatever run, would inherit.
    """
    # One that was made twice at a time has lost its name to the other.
    shown = '{{if eq .Tag "<none>"}}{{.ID}}{{else}}{{.Repository}}:{{.Tag}}{{end}}'
    listed = ["image", "ls", "--filter", f"label={STAND_IN}", f"--format={shown}"]
    for name in _docker(listed, environment).stdout.split():
        _docker(["image", "rm", name], environment)


def _make_missing(name: str, server: Path, environment: Mapping[str, str]) -> bool:
    """Whether an image was missing, and was made."""
    made = False
    for _ in range(ATTEMPTS):
        if _is_kept(name, environment):
            break
        with tempfile.TemporaryDirectory(prefix="postgresql-image-") as folder:
            make_image(name, server, Path(folder), f"LABEL {STAND_IN}")
        made = True
    return made


def _is_kept(image: str, environment: Mapping[str, str]) -> bool:
    """Whether Docker or a registry has an image; one that stands in is kept from now on.

    A container that never starts keeps it, because another rehearsal, which ends, removes what
    nobody uses. It goes with all that the run has made.
    """
    key, _, value = STAND_IN.partition("=")
    shown = f'--format={{{{index .Config.Labels "{key}"}}}}'
    found = _docker(["image", "inspect", shown, image], environment)
    if found.returncode:
        return _docker(["buildx", "imagetools", "inspect", image], environment).returncode == 0
    if found.stdout.strip() != value:
        return True
    return _docker(["create", image], environment).returncode == 0


def _docker(
    arguments: list[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = ["docker", *arguments]
    return processes.run(command, env=dict(environment), capture_output=True, text=True)


def libraries(*programs: Path) -> set[Path]:
    """The shared libraries that programs are linked to."""
    command = ["ldd", *map(str, programs)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {Path(found) for found in re.findall(r"(/\S+) \(0x", said)}


def contents(folder: Path) -> Iterator[Path]:
    """What of this machine PostgreSQL needs, whose programs are in that folder."""
    shell = [Path("/bin/sh")]
    modules = [folder.parent / "lib" / name for name in ("plpgsql.so", "dict_snowball.so")]
    tools = [folder / name for name in ("initdb", "postgres", "pg_isready")]
    yield from {*shell, *modules, *tools, *libraries(*shell, *modules, *tools)}
    yield Path("/usr/share/postgresql") / folder.parent.name
    yield Path("/usr/share/zoneinfo")


def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that belongs to the user of the server."""
    entry.uid = entry.gid = USER
    return entry


def make_image(name: str, server: Path, folder: Path, *changes: str) -> None:
    """Import the image of a server's programs under a name.

    The folder is for what is made on the way, and `changes` are further ones of `docker import`.
    """
    (folder / HOME).mkdir(parents=True)
    (folder / SOCKETS).mkdir(parents=True)
    (folder / "tmp").mkdir()
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o755)
    archive = folder / "image.tar"
    with tarfile.open(archive, "w", dereference=True) as tar:
        for path in contents(server):
            tar.add(path)
        for place in ("etc", "entrypoint", "tmp", "var"):
            tar.add(folder / place, place, filter=owned)
    changes = (
        *changes,
        f"ENV PATH={server}:/bin HOME=/{HOME}",
        f"USER {USER}",
        f"VOLUME /{HOME}",
        'ENTRYPOINT ["/entrypoint"]',
    )
    command = ["docker", "import", *(f"--change={change}" for change in changes), archive, name]
    processes.run(command, check=True, capture_output=True)
