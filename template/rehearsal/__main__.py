"""`make rehearse`: takes the commit through the pipeline to production, on this machine."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

from template.rehearsal import codebuild, codepipeline, machine, report
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.ecr.registry import RegistryError
from template.rehearsal.github.checkout import CheckoutError
from template.rehearsal.iam.judge import PolicyError
from template.rehearsal.iam.node import NodeError
from template.rehearsal.rehearse import Engine, rehearse, through_github
from template.rehearsal.sandbox import Sandbox, set_up

SOURCE = Path(__file__).parents[2]
ENGINES: dict[str, Engine] = {"github": through_github, "codepipeline": codepipeline.run}
SIGNALS = (signal.SIGINT, signal.SIGTERM)
REFUSALS = (
    AwsError,
    CheckoutError,
    codebuild.BuildspecError,
    codepipeline.PipelineError,
    machine.MachineError,
    NodeError,
    PolicyError,
    RegistryError,
    TemplateError,
)

say = partial(print, flush=True)


def main(source: Path = SOURCE) -> int:
    """Rehearse with the engine that the variable ENGINE names; return the exit status."""
    name = os.environ.get("ENGINE") or "github"
    if name not in ENGINES:
        return _refuse(f"ENGINE must be one of {', '.join(ENGINES)}, not {name}.")
    try:
        machine.check()
        say("Starting a registry, AWS and GitHub's issuer of tokens on loopback ...")
        with _interruptible(), set_up(source, say) as sandbox:
            return _run(sandbox, ENGINES[name])
    except REFUSALS as error:
        return _refuse(str(error))


def _run(sandbox: Sandbox, engine: Engine) -> int:
    say(f"Rehearsing commit {sandbox.checkout.commit}. Ctrl-C ends it.")
    if sandbox.checkout.changed:
        say("Changes that are not committed are not part of it.")
    outcome = rehearse(sandbox, engine)
    say(f"\n{report.table(outcome)}\n\n{report.answers(outcome)}")
    problems = report.problems(outcome)
    if problems:
        return _refuse("The rehearsal failed.", *problems)
    if sys.stdin.isatty():
        with contextlib.suppress(EOFError, SystemExit):  # Ctrl-D and Ctrl-C end it as well
            input("Press Enter to end it. ")
    return 0


def _refuse(*sentences: str) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr, flush=True)
    return 1


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM end everything in order, with the exit status of a shell."""
    before = [signal.signal(each, _interrupt) for each in SIGNALS]
    try:
        yield
    finally:
        for each, handler in zip(SIGNALS, before, strict=True):
            signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ignore further signals, which would cut the cleaning up short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    say("\nEnding: containers, images and processes are removed.")
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
