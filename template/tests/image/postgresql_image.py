"""An image of this machine's PostgreSQL, so that a test downloads none.

It understands what compose.yaml tells the official image: POSTGRES_USER, _PASSWORD and _DB.
"""

import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from template.tests.image.containers import docker

USER = 999  # as in the official image
HOME = "var/lib/postgresql"
FILES = {
    "etc/passwd": f"postgres:x:{USER}:{USER}::/{HOME}:/bin/sh\n",
    "entrypoint": """\
#!/bin/sh
set -e
data=$HOME/data
if [ ! -e "$data/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" >"$HOME/password"
  initdb --pgdata="$data" --username="$POSTGRES_USER" --auth=scram-sha-256 --pwfile="$HOME/password"
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
  echo "create database $POSTGRES_DB" | postgres --single -D "$data" postgres
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=
""",
}


def libraries(*programs: Path) -> set[Path]:
    """The shared libraries that programs are linked to."""
    command = ["ldd", *map(str, programs)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {Path(found) for found in re.findall(r"(/\S+) \(0x", said)}


def contents(programs: Path) -> Iterator[Path]:
    """What of this machine PostgreSQL needs, whose programs are in that folder."""
    shell = [Path("/bin/sh")]
    modules = [programs.parent / "lib" / name for name in ("plpgsql.so", "dict_snowball.so")]
    tools = [programs / name for name in ("initdb", "postgres", "pg_isready")]
    yield from {*shell, *modules, *tools, *libraries(*shell, *modules, *tools)}
    yield Path("/usr/share/postgresql") / programs.parent.name
    yield Path("/usr/share/zoneinfo")


def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """An entry that belongs to the user of the server."""
    entry.uid = entry.gid = USER
    return entry


def make_image(name: str, programs: Path, folder: Path) -> None:
    """Import the image under a name; the folder is for what is made on the way."""
    (folder / HOME).mkdir(parents=True)
    (folder / "tmp").mkdir()
    for path, text in FILES.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        (folder / path).chmod(0o755)
    archive = folder / "image.tar"
    with tarfile.open(archive, "w", dereference=True) as tar:
        for path in contents(programs):
            tar.add(path)
        for place in ("etc", "entrypoint", "tmp", "var"):
            tar.add(folder / place, place, filter=owned)
    changes = (
        f"ENV PATH={programs}:/bin HOME=/{HOME}",
        f"USER {USER}",
        f"VOLUME /{HOME}",
        'ENTRYPOINT ["/entrypoint"]',
    )
    docker("import", *(f"--change={change}" for change in changes), str(archive), name)
