"""No request that a machine makes out of the schema breaks the service, or meets what is not there.

`make fuzz` sends many thousands of them, other ones each time.
"""

import logging
import os
from collections import Counter

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from rest_framework import status
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from itemsAPP.wsgi import application
from template.tests.app.factories import GroupFactory, ItemFactory, UserFactory
from template.tests.app.people import client_of

CASES = int(os.environ.get("FUZZ_CASES", "0"))  # for each operation and role
API = schemathesis.openapi.from_wsgi("/schema", application, headers={"Host": "testserver"})
API.config.generation.with_security_parameters = False  # the roles have sessions
OPERATIONS = [found.ok() for found in API.get_all_operations()]
NOT_CHECKED = [
    ignored_auth,  # takes the session for an invented one; test_access.py has who may do what
    negative_data_rejection,  # the framework takes a number for a string
    positive_data_acceptance,  # no schema can say that a name is taken, or a title of blanks none
]
TOKEN = "a" * 32

logger = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def tally():
    """How often each role got each status, for the log at the end."""
    counts = Counter()
    yield counts
    for (role, code), count in sorted(counts.items()):
        logger.warning("%s: %s answers %s", role, count, code)


@pytest.fixture(params=["anonymous", "user", "superuser"])
def role(request):
    """Who asks."""
    return request.param


@pytest.fixture
def cookies(role, db, settings):
    """The cookies of the role."""
    settings.ALLOWED_HOSTS = ["localhost"]  # where a WSGI client says it is
    client = client_of(role)
    client.cookies["csrftoken"] = TOKEN
    return {name: cookie.value for name, cookie in client.cookies.items()}


@pytest.fixture
def ids(db):
    """By the kind of the address, the ids of what is there, and one that is not."""
    factories = {"users": UserFactory, "groups": GroupFactory, "item": ItemFactory}
    found = {
        kind: [0, *(made.pk for made in make.create_batch(4))] for kind, make in factories.items()
    }
    return found | {"itemslist": found["item"]}


@pytest.fixture
def one_connection():
    """The connection of the test stays open between requests, as in Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def answer(case, cookies, ids):
    """The response to a case, whose traces in the database are gone."""
    if case.path_parameters and case.meta.generation.mode is GenerationMode.POSITIVE:
        known = ids[case.path.split("/")[1]]
        case.path_parameters["id"] = known[case.path_parameters["id"] % len(known)]
    with transaction.atomic():
        response = case.call(cookies=cookies, headers={"X-CSRFToken": TOKEN})
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@pytest.mark.usefixtures("one_connection")
def test_schema_is_kept(operation, role, cookies, ids, tally):
    """Whatever anybody sends to an operation, the answer is one of those in the schema, no 5xx."""

    def check(case):
        response = answer(case, cookies, ids)
        tally[role, response.status_code] += 1
        case.validate_response(response, excluded_checks=NOT_CHECKED)
        assert response.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR

    cases = hypothesis.strategies.one_of(
        [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    )
    hypothesis.settings(
        max_examples=CASES or 4,
        derandomize=not CASES,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )(hypothesis.given(case=cases)(check))()
