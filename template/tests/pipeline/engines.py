"""The two engines that run a buildspec, behind one call: CodeBuild's rules and GitHub Actions."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from template.rehearsal import codebuild
from template.rehearsal.github import act
from template.rehearsal.github.progress import Progress
from template.tests.pipeline.workflows import ROOT

# As small as an image can be, and with the commit where the real one has it.
DOCKERFILE = """\
FROM scratch
COPY content /content
ARG COMMIT_SHA
LABEL org.opencontainers.image.revision=$COMMIT_SHA
CMD ["/content"]
"""
LINGER = Path(__file__).parent / "bin" / "linger.sh"
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


def change(folder: Path, content: str) -> None:
    """Give the project another content, wherever an engine has a copy of it."""
    for place in (folder, _checkout(folder)):
        if place.exists():
            (place / "content").write_text(content)


def run_in_codebuild(buildspec: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a buildspec of the project by CodeBuild's rules.

    The summary is what the same commands write where a run has a page of its own.
    """
    page = folder.with_name(f"{folder.name}-page.md")
    page.write_text("")
    variables = {**environment, "GITHUB_STEP_SUMMARY": str(page)}
    build = codebuild.run(folder / buildspec, folder, variables)
    return Outcome(build.succeeded, build.output, page.read_text())


def run_in_actions(buildspec: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a buildspec of the project with the action of the workflows, in act.

    act shows no summary of a failed step, as GitHub does: its log stands in.
    """
    printed: list[str] = []
    progress = Progress(printed.append)
    with actions_run(buildspec, folder, environment).start() as events:
        progress.follow(events)
    succeeded = [ended.result for ended in progress.ended] == ["success"]
    output = "\n".join(printed)
    return Outcome(succeeded, output, "".join(progress.summaries) if succeeded else output)


def actions_run(buildspec: str, folder: Path, environment: Mapping[str, str]) -> act.Run:
    """A workflow of one step, which runs the buildspec, ready to start."""
    checkout = _checkout(folder)
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
    return act.Run(checkout, "try.yml", "push", {}, {**environment, "BASH_ENV": str(LINGER)}, {})


def _checkout(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-checkout")


ENGINES: dict[str, Engine] = {"CodeBuild": run_in_codebuild, "GitHub Actions": run_in_actions}
