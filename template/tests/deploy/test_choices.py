"""What a person can choose, and cannot."""

import pytest

from deploy.settings import read_settings
from template.tests.deploy.outcomes import assert_refused


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("PROJECT", "My_Project", "something like shop"),
        ("PROJECT", "a" * 33, "something like shop"),
        ("REGION", "Frankfurt", "something like eu-central-1"),
        ("STAGES", "Testing", "lower-case letters and digits"),
        ("STAGES", "staging a", "2 to 16"),
        ("STAGES", "staging github", "none of"),
        ("STAGES", "dev cafe", "a letter beyond f"),
        ("STAGES", "dev test staging production live", "at most 4"),
        ("SUBJECT_FORMAT", "new", "immutable or classic"),
        ("YES", "yes", "1 or 0"),
        ("DELETE_DATA", "true", "1 or 0"),
        ("STAGING_PARAMETERS", "Cpu", "words like Name=value"),
    ],
)
def test_choices_that_cannot_be(workplace, name, value, advice):
    """A choice that cannot be is refused with what it can be, before anything is asked."""
    outcome = workplace.run("setup", **{name: value})
    assert_refused(workplace, outcome, f"{name}={value} cannot be.", advice)
    assert workplace.desk.calls == []


def test_parameter_that_no_template_declares(workplace):
    """A misspelt parameter is refused with those that there are."""
    outcome = workplace.run("setup", STAGING_PARAMETERS="Cpus=512 DomainName=a.example.com")
    assert_refused(workplace, outcome, "STAGING_PARAMETERS names Cpus:", "CertificateArn", "Cpu,")


def test_defaults():
    """Without any choice project and stages are for setup to find out."""
    settings = read_settings({"YES": "0"})
    assert (settings.project, settings.region, settings.yes) == ("", "", False)
    assert settings.stages == ()
