"""`make rehearse`: takes a project's commit through the pipeline to production, on this machine."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import FrameType

from deploy.errors import SetupError
from deploy.secret import parse_variables
from template.rehearsal import codebuild, codepipeline, docker_objects, machine, report
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.cloudformation.intrinsics import TemplateError
from template.rehearsal.ecr.registry import RegistryError
from template.rehearsal.github.checkout import CheckoutError
from template.rehearsal.iam.judge import PolicyError
from template.rehearsal.iam.node import NodeError
from template.rehearsal.rehearse import Engine, rehearse, through_github
from template.rehearsal.sandbox import Sandbox, set_up

ROOT = Path(__file__).parents[2]
ENGINES: dict[str, Engine] = {"github": through_github, "codepipeline": codepipeline.run}
# Whatever a person ends a program with: Ctrl-C, Ctrl-\, `kill`, closing the terminal.
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
REFUSALS = (
    AwsError,
    CheckoutError,
    codebuild.BuildspecError,
    codepipeline.PipelineError,
    docker_objects.LeftBehindError,
    machine.MachineError,
    NodeError,
    PolicyError,
    RegistryError,
    SetupError,
    TemplateError,
)

say = partial(print, flush=True)


def main(source: Path | None = None) -> int:
    """Rehearse a project: this one, else what the variable OF names, else this repository.

    The variable ENGINE names the engine, and CONFIG a file of variables for both stages, as
    `python3 -m deploy config` takes it. Returns the exit status.
    """
    name = os.environ.get("ENGINE") or "github"
    if name not in ENGINES:
        return _refuse(f"ENGINE must be one of {', '.join(ENGINES)}, not {name}.")
    source = (source or Path(os.environ.get("OF") or ROOT)).expanduser().resolve()
    try:
        with _interruptible():
            machine.check()
            variables = _variables(os.environ.get("CONFIG", ""))
            say("Starting a registry, AWS and GitHub's issuer of tokens on loopback ...")
            with set_up(source, say, variables=variables) as sandbox:
                return _run(sandbox, ENGINES[name])
    except REFUSALS as error:
        return _refuse(str(error))
    except BrokenPipeError:  # nobody reads any more, as after `make rehearse | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _variables(file: str) -> dict[str, str]:
    """The variables in a file; none where it has no name. Raises MachineError, or SetupError."""
    try:
        return parse_variables(Path(file).expanduser().read_text(), file) if file else {}
    except (OSError, UnicodeDecodeError) as error:
        raise machine.MachineError(f"CONFIG={file} cannot be read: {error}.") from None


def _run(sandbox: Sandbox, engine: Engine) -> int:
    say(f"Rehearsing commit {sandbox.checkout.commit} of {sandbox.source}. Ctrl-C ends it.")
    if sandbox.checkout.changed:
        say("Changes that are not committed are not part of it.")
    outcome = rehearse(sandbox, engine)
    problems = report.problems(outcome)
    stays = not problems and sys.stdin.isatty()
    say(f"\n{report.table(outcome)}\n\n{report.answers(outcome, stays=stays)}")
    if problems:
        return _refuse("The rehearsal failed.", *problems)
    if stays:
        with contextlib.suppress(EOFError, SystemExit):  # Ctrl-D and Ctrl-C end it as well
            input("Press Enter to end it. ")
    return 0


def _refuse(*sentences: str) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr, flush=True)
    return 1


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let the signals end everything in order, with the exit status of a shell.

    One that is ignored, as `nohup` does, stays so. After one has come, they all stay ignored to
    the end of the process, whose last lines a further Ctrl-C would fill with a traceback.
    """
    heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = [signal.signal(each, _interrupt) for each in heard]
    try:
        yield
    finally:
        for each, handler in zip(heard, before, strict=True):
            if signal.getsignal(each) is _interrupt:
                signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ignore further signals, which would cut the cleaning up short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # the terminal may be gone
        say("\nEnding: containers, images and processes are removed.")
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
