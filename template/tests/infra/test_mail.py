"""Mail is signed for its domain, which SES knows once for all stages."""

import pytest

from template.tests.infra.cloudformation import TEMPLATES, stack

ZONE = {"MailHostedZoneId": "Z0EXAMPLE"}


def records(**chosen: str) -> list[dict]:
    """The records that the stack makes."""
    return [one.properties for one in stack("mail", **chosen).of_type(RECORD).values()]


RECORD = "AWS::Route53::RecordSet"


def test_the_domain_is_that_of_the_address():
    """SES learns the domain of the address, and signs with long keys."""
    identity = stack("mail", SenderAddress="Team+a@mail.example.com").resources["Identity"]
    assert identity.properties["EmailIdentity"] == "mail.example.com"
    assert identity.properties["DkimSigningAttributes"] == {"NextSigningKeyLength": "RSA_2048_BIT"}


def test_with_a_zone_there_are_records():
    """Each of the three keys has its record in the domain's zone."""
    found = records(**ZONE)
    assert len({record["Name"] for record in found}) == 3
    for record in found:
        number = record["Name"][-1]
        assert record["Name"].endswith(f"DkimDNSTokenName{number}")
        assert record["ResourceRecords"] == [record["Name"].replace("Name", "Value")]
        assert (record["Type"], record["HostedZoneId"]) == ("CNAME", "Z0EXAMPLE")


@pytest.mark.parametrize("chosen", [{}, {"ExistingIdentity": "true", **ZONE}])
def test_without_a_zone_or_with_an_identity_there_are_none(chosen):
    """Nobody's records are touched without a zone, or where SES knows the domain already."""
    assert records(**chosen) == []


def test_an_identity_that_exists_is_used():
    """A second stage of the same domain makes no second identity, and may send all the same."""
    second = stack("mail", ExistingIdentity="true").resources
    assert "Identity" not in second
    assert second["TaskPolicy"].properties == stack("mail").resources["TaskPolicy"].properties


def test_the_domain_outlives_the_stack():
    """The identity and its records stay, because another stage may send in the domain's name."""
    for name, body in TEMPLATES["mail"]["Resources"].items():
        kept = body.get("DeletionPolicy") == "RetainExceptOnCreate"
        assert kept is (name != "TaskPolicy")


def test_the_address_becomes_the_containers():
    """The address comes out as what stage.yml takes."""
    assert stack("mail").outputs["MailFrom"] == "team@example.com"
