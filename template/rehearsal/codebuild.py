"""Runs a buildspec by the rules of CodeBuild, with none of GitHub's conveniences.

Rules: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html and
https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from template.rehearsal import processes

PHASES = ("install", "pre_build", "build", "post_build")
SHELLS = ("bash", "/bin/sh")


class BuildspecError(ValueError):
    """The buildspec is not one that CodeBuild would run."""


@dataclass
class Build:
    """A build: the exit status of each phase that ran, and what all of them printed."""

    phases: dict[str, int] = field(default_factory=dict)
    output: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether every phase that ran ended with status 0."""
        return not any(self.phases.values())


def load(buildspec: Path) -> dict:
    """Read a buildspec. Raises BuildspecError for an unknown version, phase or shell."""
    spec = yaml.safe_load(buildspec.read_text())
    if spec.get("version") != 0.2:
        raise BuildspecError(f"{buildspec.name}: version must be 0.2, not {spec.get('version')}")
    if unknown := set(spec["phases"]) - set(PHASES):
        raise BuildspecError(f"{buildspec.name}: unknown phase {', '.join(sorted(unknown))}")
    if _shell(spec) not in SHELLS:
        raise BuildspecError(f"{buildspec.name}: unknown shell {_shell(spec)}")
    return spec


def run(
    buildspec: Path,
    source: Path,
    environment: Mapping[str, str],
    say: Callable[[str], None] = lambda line: None,
) -> Build:
    """Run a buildspec in the source folder with nothing but this environment.

    Every line that it prints is said at once.

    The commands of a phase share one shell; its working folder and exported variables go on to
    the next phase. A failed command skips the rest of its phase. After a failed `install` or
    `pre_build` nothing else runs; after a failed `build`, `post_build` does, unless the phase
    says `on-failure: ABORT`. Raises BuildspecError as `load` does.
    """
    spec = load(buildspec)
    build = Build()
    variables = {**spec.get("env", {}).get("variables", {}), **environment}
    with tempfile.TemporaryDirectory(prefix="codebuild-") as scratch:
        shell = _Shell(_shell(spec), Path(scratch), source, variables, say)
        for name in PHASES:
            if name not in spec["phases"]:
                continue
            phase = spec["phases"][name]
            shell.variables["CODEBUILD_BUILD_SUCCEEDING"] = str(int(build.succeeded))
            build.phases[name], printed = shell.run(phase["commands"])
            build.output += printed
            if build.phases[name] and (name != "build" or phase.get("on-failure") == "ABORT"):
                break
    return build


def _shell(spec: dict) -> str:
    return spec.get("env", {}).get("shell", "/bin/sh")


class _Shell:
    """A shell, and what of it lives on from phase to phase."""

    def __init__(
        self,
        program: str,
        scratch: Path,
        folder: Path,
        variables: Mapping[str, str],
        say: Callable[[str], None],
    ):
        self.say = say
        self.program = program
        self.scratch = scratch
        self.folder = folder
        self.variables = {**variables, "CODEBUILD_SRC_DIR": str(folder)}

    def run(self, commands: list[str]) -> tuple[int, str]:
        """Run the commands of one phase; return the exit status and what they printed."""
        command = [self.program, self._script(commands)]
        lines = []
        with processes.start(command, self.folder, self.variables) as process:
            for line in process.stdout:
                self.say(line.rstrip("\n"))
                lines.append(line)
            status = process.wait()
        if status == 0:
            pairs = (self.scratch / "variables").read_text().rstrip("\0").split("\0")
            self.variables = dict(pair.split("=", 1) for pair in pairs)
            self.folder = Path((self.scratch / "folder").read_text().rstrip("\n"))
        return status, "".join(lines)

    def _script(self, commands: list[str]) -> Path:
        lines = []
        for number, command in enumerate(commands):
            part = self.scratch / f"command{number}.sh"
            part.write_text(command)
            lines += [
                f". {shlex.quote(str(part))}",
                "status=$?",
                "[ $status -eq 0 ] || exit $status",
            ]
        scratch = shlex.quote(str(self.scratch))
        lines += [f"env -0 > {scratch}/variables", f"pwd > {scratch}/folder"]
        script = self.scratch / "script.sh"
        script.write_text("\n".join(lines))
        return script
