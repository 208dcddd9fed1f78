"""What a rehearsal says at its end: a table of what happened, and what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass

STAGES = ("build", "staging", "production")
COLUMNS = ("stage", "tag", "digest", "seconds", "deployment of the service")
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
    """A stage's service: its newest deployment, and what its healthy tasks run."""

    deployment: str
    state: str
    digests: set[str]
    address: str


@dataclass(frozen=True)
class Outcome:
    """What became of a commit; `answers` are those of the production image, by path."""

    commit: str
    ran: list[Ran]
    tags: dict[str, str]
    services: dict[str, Service]
    answers: dict[str, str]


def table(outcome: Outcome) -> str:
    """The stages with their tags, digests, seconds and deployments."""
    rows = [COLUMNS, *_rows(outcome)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def answers(outcome: Outcome, *, stays: bool) -> str:
    """What the promoted image answers as a container, and where, if it stays there for a while."""
    address = outcome.services["production"].address
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
        return failures
    return [
        *_problems_of_order(outcome),
        *_problems_of_tags(outcome),
        *_problems_of_services(outcome),
        *_problems_of_answers(outcome),
    ]


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    seconds = {each.stage: f"{each.seconds:.1f}" for each in outcome.ran}
    for stage in STAGES:
        service = outcome.services.get(stage)
        ran = stage in seconds and service is not None
        deployment = f"{service.deployment} {service.state}" if ran else ""
        tags = (outcome.commit, "latest") if stage == "build" else (stage,)
        for tag in tags:
            digest = outcome.tags.get(tag, "none")[:SHOWN]
            yield stage, tag, digest, seconds.get(stage, "skipped"), deployment


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
    for stage, service in outcome.services.items():
        if service.state != "COMPLETED":
            yield f"The deployment {service.deployment} of {stage} is {service.state}."
        if service.digests != {wanted}:
            runs = ", ".join(sorted(service.digests)) or "nothing"
            yield f"The service of {stage} runs {runs} instead of {wanted}."


def _problems_of_answers(outcome: Outcome) -> Iterator[str]:
    if not outcome.answers:
        yield "The production image does not run."
    for path, status in outcome.answers.items():
        if path == HOME and not status.startswith(("2", "3", "4")):
            yield f"The production image answers {path} with {status}."
        elif path != HOME and status != "200":
            yield f"The production image answers {path} with {status} instead of 200."
