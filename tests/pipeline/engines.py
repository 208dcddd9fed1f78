"""The two engines that run a buildspec, behind one call: CodeBuild's rules and GitHub Actions."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal import act, codebuild
from rehearsal.progress import Progress
from tests.pipeline.workflows import ROOT

# As small as an image can be, and with the commit where the real one has it.
DOCKERFILE = """\
FROM scratch
COPY content /content
ARG COMMIT_SHA
LABEL org.opencontainers.image.revision=$COMMIT_SHA
CMD ["/content"]
"""
WORKFLOW = """\
name: Try
on: push
jobs:
  run:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
      - name: Buildspec
        uses: ./.github/actions/run-buildspec
        with:
          buildspec: BUILDSPEC
"""


@dataclass(frozen=True)
class Outcome:
    """How a buildspec ended, what it printed, and what the run's page shows of it."""

    succeeded: bool
    output: str
    summary: str


Engine = Callable[[str, Path, Mapping[str, str]], Outcome]


def source(folder: Path, content: str = "content") -> Path:
    """A project that is built in a second, without git: CodePipeline's zip source."""
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "content").write_text(content)
    for name in ("build.yml", "release.yml"):
        shutil.copy(ROOT / name, folder)
    return folder


def run_in_codebuild(buildspec: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a buildspec of the project by CodeBuild's rules."""
    build = codebuild.run(folder / buildspec, folder, environment)
    return Outcome(build.succeeded, build.output, build.output)


def run_in_actions(buildspec: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a buildspec of the project with the action of the workflows, in act."""
    printed: list[str] = []
    progress = Progress(printed.append)
    with actions_run(buildspec, folder, environment).start() as events:
        progress.follow(events)
    results = [ended.result for ended in progress.ended]
    return Outcome(results == ["success"], "\n".join(printed), "".join(progress.summaries))


def actions_run(buildspec: str, folder: Path, environment: Mapping[str, str]) -> act.Run:
    """A workflow of one step, which runs the buildspec, ready to start."""
    checkout = folder.with_name(f"{folder.name}-checkout")
    if not checkout.exists():
        shutil.copytree(folder, checkout)
        shutil.copytree(ROOT / ".github" / "actions", checkout / ".github" / "actions")
        (checkout / ".github" / "workflows").mkdir()
        author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        commit = [*author, "commit", "--quiet", "--allow-empty", "-m", "Try"]
        for command in (["init", "--quiet"], ["add", "."], commit):
            subprocess.run(["git", *command], cwd=checkout, check=True)
    workflow = checkout / ".github" / "workflows" / "try.yml"
    workflow.write_text(WORKFLOW.replace("BUILDSPEC", buildspec))
    return act.Run(checkout, "try.yml", "push", {}, environment, {})


ENGINES: dict[str, Engine] = {"CodeBuild": run_in_codebuild, "GitHub Actions": run_in_actions}
