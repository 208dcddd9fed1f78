"""What production should have: doctor and the end of setup say what it has not."""

import pytest

WHOLE = (
    "DomainName=items.example.com DesiredCount=2 DatabaseMultiAz=true"
    " CertificateArn=arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d"
    " AlarmTopicArn=arn:aws:sns:eu-central-1:123456789012:team"
)
LACKS = [
    ('domain = "shop.example.com"', "production serves plain HTTP"),
    ("containers = { least = 2 }", "production wants 1 containers"),
    ("database = { standby = true }", "production has no standby database"),
    ('alarms = "team@example.com"', "production has alarms that tell nobody"),
]


@pytest.mark.parametrize("command", ["setup", "doctor"])
def test_what_production_lacks(healthy, command):
    """Each thing that is missing is named with the line that adds it, and is no error."""
    outcome = healthy.run(command)
    assert outcome.code == 0
    for line, what in LACKS:
        assert what in outcome.out
        assert f"mend: [production] {line} in stages.toml, then `make setup`" in outcome.out
    assert "staging serves" not in outcome.out


@pytest.mark.parametrize("command", ["setup", "doctor"])
def test_production_that_lacks_nothing(healthy, command):
    """With all of it nothing is said, and nobody learns to overlook it."""
    assert healthy.run("setup", PRODUCTION_PARAMETERS=WHOLE).code == 0
    outcome = healthy.run(command)
    assert outcome.code == 0
    assert not [what for _, what in LACKS if what in outcome.out]
    assert "note " not in outcome.out


def test_an_own_database_is_not_judged(healthy):
    """A database that the stage does not own has its standby elsewhere."""
    formation = healthy.cloud.formation
    del formation.stacks["shop-production-database"]
    assert "no standby" not in healthy.run("doctor").out
