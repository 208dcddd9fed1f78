"""What a rehearsal says at its end: tables of what happened, and what is wrong with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STAGES = ("build", "staging", "production")
COLUMNS = ("stage", "tag", "digest", "seconds")
RUNNING = ("stage", "what runs", "digest", "how")
SHOWN = 19  # of a digest: sha256: and twelve digits
HOME = "/"  # where a project may have a page, a redirect or nothing, and no error of the server's


@dataclass(frozen=True)
class Ran:
    """A stage of the pipeline that ran: its result, `success` or another, and its seconds."""

    stage: str
    result: str
    seconds: float


@dataclass(frozen=True)
class Service:
    """A service of a stage: its newest deployment, and what its healthy tasks run.

    `address` is where one of them answers, if they do; `wanted` is how many there should be.
    """

    name: str
    deployment: str
    state: str
    digests: set[str]
    address: str = ""
    wanted: int = 1


@dataclass(frozen=True)
class ScheduleRun:
    """What became of the command of a schedule: its exit code, and the image that it ran on.

    `why` is the reason of one that never ran, and of another the end of what it wrote.
    """

    stage: str
    name: str
    exit_code: int | None
    digest: str
    why: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a commit.

    `services` are those of each stage, the web server first, and `answers` those of the production
    image, by path. `leaks` says where the value of a secret was found.
    """

    commit: str
    ran: list[Ran]
    tags: dict[str, str]
    services: dict[str, list[Service]]
    answers: dict[str, str]
    schedules: list[ScheduleRun]
    leaks: list[str]


def table(outcome: Outcome) -> str:
    """The stages with their tags, digests and seconds, and below it what runs in each."""
    tables = [[COLUMNS, *_rows(outcome)]]
    if running := list(_running(outcome)):
        tables.append([RUNNING, *running])
    return "\n\n".join(_aligned(rows) for rows in tables)


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def answers(outcome: Outcome, *, stays: bool) -> str:
    """What the promoted image answers as a container, and where, if it stays there for a while."""
    address = outcome.services["production"][0].address
    if not address:
        return "No container runs the production image."
    told = ", ".join(f"{path} {status}" for path, status in outcome.answers.items())
    place = f"runs at {address} and answers" if stays else "ran, and answered"
    return f"The production image {place}: {told}"


def problems(outcome: Outcome) -> list[str]:
    """Everything that is not as it has to be, a sentence each.

    Where a stage failed, what follows from that is not told as well.
    """
    if failures := list(_failures(outcome)):
        return [*failures, *_problems_of_leaks(outcome.leaks)]
    return [
        *_problems_of_order(outcome),
        *_problems_of_tags(outcome),
        *_problems_of_services(outcome),
        *_problems_of_schedules(outcome),
        *_problems_of_answers(outcome),
        *_problems_of_leaks(outcome.leaks),
    ]


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    seconds = {each.stage: f"{each.seconds:.1f}" for each in outcome.ran}
    for stage in STAGES:
        tags = (outcome.commit, "latest") if stage == "build" else (stage,)
        for tag in tags:
            digest = outcome.tags.get(tag, "none")[:SHOWN]
            yield stage, tag, digest, seconds.get(stage, "skipped")


def _running(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    """What runs in the stages that were released."""
    released = {each.stage for each in outcome.ran}
    for stage, services in outcome.services.items():
        if stage not in released:
            continue
        for service in services:
            yield (
                stage,
                service.name,
                _short(service.digests),
                f"{service.deployment} {service.state}",
            )
        for run in outcome.schedules:
            if run.stage == stage:
                yield stage, f"schedule {run.name}", _short({run.digest}), _ended(run)


def _short(digests: Iterable[str]) -> str:
    return " ".join(digest[:SHOWN] for digest in sorted(digests)) or "nothing"


def _ended(run: ScheduleRun) -> str:
    return "never ran" if run.exit_code is None else f"exit code {run.exit_code}"


def _failures(outcome: Outcome) -> Iterator[str]:
    failed = [each for each in outcome.ran if each.result != "success"]
    for each in failed:
        yield f"The stage {each.stage} ended as {each.result}."
    ran = {each.stage for each in outcome.ran}
    skipped = [stage for stage in STAGES if stage not in ran]
    if failed and skipped:
        yield f"So nothing ran of: {', '.join(skipped)}."


def _problems_of_order(outcome: Outcome) -> Iterator[str]:
    ran = [each.stage for each in outcome.ran if each.stage in STAGES]
    for stage in STAGES:
        if stage not in ran:
            yield f"The stage {stage} was skipped."
    if ran != [stage for stage in STAGES if stage in ran]:
        yield f"The stages ran out of order: {', '.join(ran)}."


def _problems_of_tags(outcome: Outcome) -> Iterator[str]:
    wanted = (outcome.commit, "latest", *STAGES[1:])
    for tag in wanted:
        if tag not in outcome.tags:
            yield f"The registry has no tag {tag}."
    named = {tag: outcome.tags[tag] for tag in wanted if tag in outcome.tags}
    if len(set(named.values())) > 1:
        listed = ", ".join(f"{tag} is {digest}" for tag, digest in named.items())
        yield f"The tags are not one image: {listed}."


def _problems_of_services(outcome: Outcome) -> Iterator[str]:
    wanted = outcome.tags.get(outcome.commit, "an image of this commit")
    named = ((stage, each) for stage, services in outcome.services.items() for each in services)
    for stage, service in named:
        if service.state != "COMPLETED":
            yield (
                f"The deployment {service.deployment} of {service.name} in {stage} is"
                f" {service.state}."
            )
        runs = ", ".join(sorted(service.digests)) or "nothing"
        expected = wanted if service.wanted else "nothing"
        if runs != expected:
            yield f"The service {service.name} of {stage} runs {runs} instead of {expected}."


def _problems_of_schedules(outcome: Outcome) -> Iterator[str]:
    wanted = outcome.tags.get(outcome.commit, "an image of this commit")
    for run in outcome.schedules:
        if run.exit_code != 0:
            yield f"The schedule {run.name} of {run.stage}: {_ended(run)}. {run.why}".rstrip()
        if run.exit_code is not None and run.digest != wanted:
            yield f"The schedule {run.name} of {run.stage} ran on {run.digest} instead of {wanted}."


def _problems_of_leaks(leaks: list[str]) -> Iterator[str]:
    for place in leaks:
        yield f"The value of a secret stands in {place}."


def _problems_of_answers(outcome: Outcome) -> Iterator[str]:
    if not outcome.answers:
        yield "The production image does not run."
    for path, status in outcome.answers.items():
        if path == HOME and not status.startswith(("2", "3", "4")):
            yield f"The production image answers {path} with {status}."
        elif path != HOME and status != "200":
            yield f"The production image answers {path} with {status} instead of 200."
