"""The report tells what happened, and names everything that is not as it has to be."""

from dataclasses import replace

import pytest

from template.rehearsal.report import Outcome, Ran, Service, answers, problems, table

COMMIT = "c" * 40
DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture
def outcome():
    """A rehearsal in which everything went well."""
    return Outcome(
        commit=COMMIT,
        ran=[
            Ran("test", "success", 1),
            Ran("build", "success", 2.25),
            Ran("staging", "success", 3),
            Ran("production", "success", 40),
        ],
        tags=dict.fromkeys([COMMIT, "latest", "staging", "production"], DIGEST),
        services={
            "staging": Service("ecs-svc/1", "COMPLETED", {DIGEST}, ""),
            "production": Service("ecs-svc/2", "COMPLETED", {DIGEST}, ADDRESS),
        },
        answers={"/ping": "200", "/health/live": "200"},
    )


def with_service(outcome, stage, **changes):
    """The outcome with another service of a stage."""
    service = replace(outcome.services[stage], **changes)
    return replace(outcome, services={**outcome.services, stage: service})


def test_table_has_a_row_for_each_tag(outcome):
    """Stage, tag, digest, seconds and deployment stand in columns."""
    assert table(outcome).splitlines() == [
        f"stage       tag{' ' * 39}digest               seconds  deployment of the service",
        f"----------  {'-' * 40}  {'-' * 19}  -------  -------------------------",
        f"build       {COMMIT}  sha256:aaaaaaaaaaaa  2.2",
        f"build       latest{' ' * 36}sha256:aaaaaaaaaaaa  2.2",
        f"staging     staging{' ' * 35}sha256:aaaaaaaaaaaa  3.0      ecs-svc/1 COMPLETED",
        f"production  production{' ' * 32}sha256:aaaaaaaaaaaa  40.0     ecs-svc/2 COMPLETED",
    ]


def test_table_tells_what_is_missing(outcome):
    """A stage that did not run is skipped and deployed nothing; a missing tag names none."""
    row = table(replace(outcome, ran=[], tags={})).splitlines()[-1]
    assert row.split() == ["production", "production", "none", "skipped"]


def test_answers_come_with_their_url(outcome):
    """What the image answers is told, and its URL while somebody can visit it."""
    told = f"The production image runs at {ADDRESS} and answers: /ping 200, /health/live 200"
    assert answers(outcome, stays=True) == told


def test_url_that_is_gone_is_not_told(outcome):
    """Where the image is removed at once, nobody is sent to it."""
    told = "The production image ran, and answered: /ping 200, /health/live 200"
    assert answers(outcome, stays=False) == told


def test_image_that_does_not_run_has_no_address(outcome):
    """Without a container there is nothing to visit."""
    silent = with_service(outcome, "production", address="")
    assert answers(silent, stays=False) == "No container runs the production image."


def test_everything_as_it_has_to_be_is_no_problem(outcome):
    """A rehearsal that went well has no problem."""
    assert problems(outcome) == []


def test_failed_stage_is_a_problem(outcome):
    """A stage that failed is named with its result, be it the tests."""
    failed = replace(outcome, ran=[Ran("test", "failure", 1), *outcome.ran[1:]])
    assert problems(failed) == ["The stage test ended as failure."]


@pytest.mark.parametrize(
    ("ran", "skipped"),
    [
        (["test"], "build, staging, production"),
        (["test", "build"], "staging, production"),
        (["test", "build", "staging"], "production"),
    ],
)
def test_cause_is_told_without_its_consequences(outcome, ran, skipped):
    """What a failed stage left undone is one sentence, not one for each tag and service."""
    of_stages = [Ran(stage, "success", 1) for stage in ran[:-1]] + [Ran(ran[-1], "failure", 1)]
    services = {stage: Service("ecs-svc/0", "FAILED", set(), "") for stage in outcome.services}
    stopped = replace(outcome, ran=of_stages, tags={}, services=services, answers={})
    assert problems(stopped) == [
        f"The stage {ran[-1]} ended as failure.",
        f"So nothing ran of: {skipped}.",
    ]


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("200", []),
        ("302", []),
        ("404", []),
        ("500", ["The production image answers / with 500."]),
        ("ReadTimeout", ["The production image answers / with ReadTimeout."]),
    ],
)
def test_home_page_may_be_missing_and_may_not_fail(outcome, status, problem):
    """A project need not have a page at its root."""
    assert problems(replace(outcome, answers={"/health/live": "200", "/": status})) == problem


def test_skipped_stage_is_a_problem(outcome):
    """A stage that did not run is named."""
    skipped = replace(outcome, ran=[each for each in outcome.ran if each.stage != "staging"])
    assert problems(skipped) == ["The stage staging was skipped."]


def test_wrong_order_is_a_problem(outcome):
    """Production before staging is told."""
    turned = replace(outcome, ran=[outcome.ran[1], outcome.ran[3], outcome.ran[2]])
    assert problems(turned) == ["The stages ran out of order: build, production, staging."]


def test_stage_that_ran_twice_is_a_problem(outcome):
    """Every stage runs once."""
    twice = replace(outcome, ran=[*outcome.ran, outcome.ran[3]])
    told = "The stages ran out of order: build, staging, production, production."
    assert problems(twice) == [told]


@pytest.mark.parametrize("tag", ["latest", "staging", "production"])
def test_tags_of_two_images_are_a_problem(outcome, tag):
    """The four tags have to be one digest; what each of them names is told."""
    (told,) = problems(replace(outcome, tags={**outcome.tags, tag: OTHER}))
    assert told.startswith("The tags are not one image: ")
    assert f"{tag} is {OTHER}" in told


def test_missing_tag_is_a_problem(outcome):
    """A tag that is not there is named."""
    tags = {tag: digest for tag, digest in outcome.tags.items() if tag != "latest"}
    assert problems(replace(outcome, tags=tags)) == ["The registry has no tag latest."]


def test_unfinished_deployment_is_a_problem(outcome):
    """A deployment has to be completed."""
    unfinished = with_service(outcome, "staging", state="IN_PROGRESS")
    assert problems(unfinished) == ["The deployment ecs-svc/1 of staging is IN_PROGRESS."]


@pytest.mark.parametrize(
    ("digests", "told"),
    [({OTHER}, OTHER), (set(), "nothing"), ({DIGEST, OTHER}, f"{DIGEST}, {OTHER}")],
)
def test_service_with_another_image_is_a_problem(outcome, digests, told):
    """A service has to run the commit's image and no other."""
    wrong = with_service(outcome, "production", digests=digests)
    sentence = f"The service of production runs {told} instead of {DIGEST}."
    assert problems(wrong) == [sentence]


def test_silent_image_is_a_problem(outcome):
    """The image has to run."""
    assert problems(replace(outcome, answers={})) == ["The production image does not run."]


def test_wrong_answer_is_a_problem(outcome):
    """Every path has to answer 200."""
    wrong = replace(outcome, answers={"/ping": "200", "/health/live": "500"})
    told = "The production image answers /health/live with 500 instead of 200."
    assert problems(wrong) == [told]
