"""The report tells what happened, and names everything that is not as it has to be."""

from dataclasses import replace

import pytest

from template.rehearsal.report import (
    Outcome,
    Ran,
    ScheduleRun,
    Service,
    answers,
    problems,
    table,
)

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
            "staging": [
                Service("web", "ecs-svc/1", "COMPLETED", {DIGEST}),
                Service("worker", "ecs-svc/3", "COMPLETED", {DIGEST}),
            ],
            "production": [
                Service("web", "ecs-svc/2", "COMPLETED", {DIGEST}, ADDRESS),
                Service("parked", "ecs-svc/4", "COMPLETED", set(), wanted=0),
            ],
        },
        answers={"/ping": "200", "/health/live": "200"},
        schedules=[ScheduleRun("staging", "clear-sessions", 0, DIGEST)],
        leaks=[],
    )


def with_service(outcome, stage, number=0, **changes):
    """The outcome with another service of a stage: the web server, or the one of that number."""
    services = list(outcome.services[stage])
    services[number] = replace(services[number], **changes)
    return replace(outcome, services={**outcome.services, stage: services})


def with_schedule(outcome, **changes):
    """The outcome with another end of the schedule."""
    return replace(outcome, schedules=[replace(outcome.schedules[0], **changes)])


def test_tables_have_a_row_for_each_tag_and_for_all_that_runs(outcome):
    """Stage, tag, digest and seconds stand in columns, and below it what runs in each stage."""
    assert table(outcome).splitlines() == [
        f"stage       tag{' ' * 39}digest               seconds",
        f"----------  {'-' * 40}  {'-' * 19}  -------",
        f"build       {COMMIT}  sha256:aaaaaaaaaaaa  2.2",
        f"build       latest{' ' * 36}sha256:aaaaaaaaaaaa  2.2",
        f"staging     staging{' ' * 35}sha256:aaaaaaaaaaaa  3.0",
        f"production  production{' ' * 32}sha256:aaaaaaaaaaaa  40.0",
        "",
        "stage       what runs                digest               how",
        "----------  -----------------------  -------------------  -------------------",
        "staging     web                      sha256:aaaaaaaaaaaa  ecs-svc/1 COMPLETED",
        "staging     worker                   sha256:aaaaaaaaaaaa  ecs-svc/3 COMPLETED",
        "staging     schedule clear-sessions  sha256:aaaaaaaaaaaa  exit code 0",
        "production  web                      sha256:aaaaaaaaaaaa  ecs-svc/2 COMPLETED",
        "production  parked                   nothing              ecs-svc/4 COMPLETED",
    ]


def test_table_tells_what_is_missing(outcome):
    """A stage that did not run is skipped and runs nothing; a missing tag names none."""
    row = table(replace(outcome, ran=[], tags={})).splitlines()[-1]
    assert row.split() == ["production", "production", "none", "skipped"]


def test_schedule_that_never_ran_is_in_the_table(outcome):
    """It has no exit code, and ran on nothing."""
    lines = table(with_schedule(outcome, exit_code=None, digest="nothing")).splitlines()
    (row,) = (line for line in lines if "clear-sessions" in line)
    assert row.split() == ["staging", "schedule", "clear-sessions", "nothing", "never", "ran"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"exit_code": 3, "why": "No table."}, "clear-sessions of staging: exit code 3. No table."),
        (
            {"exit_code": None, "digest": "nothing", "why": "No."},
            "clear-sessions of staging: never ran. No.",
        ),
        ({"digest": OTHER}, f"clear-sessions of staging ran on {OTHER} instead of {DIGEST}."),
    ],
)
def test_schedule_that_fails_is_a_problem(outcome, changes, told):
    """So is one that ran on another image."""
    assert problems(with_schedule(outcome, **changes)) == [f"The schedule {told}"]


def test_worker_is_looked_at(outcome):
    """What is wrong with the second service is told as with the first."""
    failed = with_service(outcome, "staging", 1, state="FAILED", digests={OTHER})
    assert problems(failed) == [
        "The deployment ecs-svc/3 of worker in staging is FAILED.",
        f"The service worker of staging runs {OTHER} instead of {DIGEST}.",
    ]


def test_service_that_wants_no_task_runs_none(outcome):
    """A task of a parked service is a problem, and none is not."""
    runs = with_service(outcome, "production", 1, digests={DIGEST})
    assert problems(runs) == [f"The service parked of production runs {DIGEST} instead of nothing."]


@pytest.mark.parametrize("result", ["success", "failure"])
def test_leaks_are_problems(outcome, result):
    """Each place where a secret stands is told, whether the stages succeeded or not."""
    ran = [replace(each, result=result) for each in outcome.ran]
    found = problems(replace(outcome, ran=ran, leaks=["the file a", "the log of b"]))
    assert found[-2:] == [
        "The value of a secret stands in the file a.",
        "The value of a secret stands in the log of b.",
    ]


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
    service = Service("web", "ecs-svc/0", "FAILED", set())
    services = {stage: [service] for stage in outcome.services}
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
    assert problems(unfinished) == ["The deployment ecs-svc/1 of web in staging is IN_PROGRESS."]


@pytest.mark.parametrize(
    ("digests", "told"),
    [({OTHER}, OTHER), (set(), "nothing"), ({DIGEST, OTHER}, f"{DIGEST}, {OTHER}")],
)
def test_service_with_another_image_is_a_problem(outcome, digests, told):
    """A service has to run the commit's image and no other."""
    wrong = with_service(outcome, "production", digests=digests)
    sentence = f"The service web of production runs {told} instead of {DIGEST}."
    assert problems(wrong) == [sentence]


def test_silent_image_is_a_problem(outcome):
    """The image has to run."""
    assert problems(replace(outcome, answers={})) == ["The production image does not run."]


def test_wrong_answer_is_a_problem(outcome):
    """Every path has to answer 200."""
    wrong = replace(outcome, answers={"/ping": "200", "/health/live": "500"})
    told = "The production image answers /health/live with 500 instead of 200."
    assert problems(wrong) == [told]
