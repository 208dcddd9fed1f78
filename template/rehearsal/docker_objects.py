"""What a rehearsal makes in the person's Docker Engine: labelled, found again and removed.

https://docs.docker.com/engine/manage-resources/labels/
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

from template.rehearsal import processes

LABEL = "template.rehearsal"
COMPOSE_LABEL = "com.docker.compose.project"


class Options(NamedTuple):
    """What lists all objects of a kind, and what removes them even if they are in use."""

    all: list[str]
    force: list[str]


# In the order in which one lets go of the other.
KINDS = {
    "container": Options(all=["--all"], force=["--force", "--volumes"]),
    "network": Options(all=[], force=[]),
    "volume": Options(all=[], force=["--force"]),
    "image": Options(all=[], force=["--force"]),
}
# How Docker names an image, be it without a tag.
NAME = '{{.Repository}}{{if eq .Tag "<none>"}}@{{.Digest}}{{else}}:{{.Tag}}{{end}}'
# `docker` for the steps of a run. Compose needs none, it labels by the name of its project.
LABELLING = """\
#!/bin/sh
docker={docker}
label={label}
case "$1 $2" in
  "container run" | "container create" | "image build" | "buildx build" | \\
    "volume create" | "network create")
    kind=$1 command=$2
    shift 2
    exec "$docker" "$kind" "$command" --label "$label" "$@" ;;
  "run "* | "create "* | "build "*)
    command=$1
    shift
    exec "$docker" "$command" --label "$label" "$@" ;;
esac
exec "$docker" "$@"
"""


class LeftBehindError(RuntimeError):
    """Docker did not remove something; the message says what."""


def write_command(file: Path, docker: str, run: str) -> None:
    """Write a `docker` that labels what it makes with the name of a run."""
    label = shlex.quote(f"{LABEL}={run}")
    file.write_text(LABELLING.format(docker=shlex.quote(docker), label=label))
    file.chmod(0o755)


def remove_run(run: str, environment: Mapping[str, str]) -> None:
    """Remove all that the steps of a run have made. Raises LeftBehindError."""
    for label in (LABEL, COMPOSE_LABEL):
        remove(f"label={label}={run}", environment)


def remove(
    which: str, environment: Mapping[str, str], kinds: tuple[str, ...] = tuple(KINDS)
) -> None:
    """Remove the objects that a filter of Docker's finds. Raises LeftBehindError."""
    for kind in kinds:
        if not (found := _list(kind, which, environment)):
            continue
        done = _run([kind, "rm", *KINDS[kind].force, *found], environment)
        # What somebody else has removed meanwhile is not left behind.
        if done.returncode and (left := _list(kind, which, environment)):
            raise LeftBehindError(
                f"Docker did not remove the {kind} {' '.join(left)}: {done.stderr.strip()}"
            )


def _list(kind: str, which: str, environment: Mapping[str, str]) -> list[str]:
    listed = [kind, "ls", "--filter", which, *KINDS[kind].all]
    # With its number an image would lose the names too that others have given to the same one.
    listed += ["--format", NAME] if which.startswith("reference=") else ["--quiet"]
    done = _run(listed, environment)
    if done.returncode:
        raise LeftBehindError(
            f"Docker does not tell which {kind}s are left ({which}): {done.stderr.strip()}"
        )
    return sorted(set(done.stdout.split()))


def _run(arguments: list[str], environment: Mapping[str, str]) -> CompletedProcess[str]:
    return processes.run(
        ["docker", *arguments], env=dict(environment), capture_output=True, text=True, check=False
    )
