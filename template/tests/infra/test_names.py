"""A stage's names have a certificate and records, and the further ones lead to the first."""

import re

import pytest

from template.rehearsal.aws.account import ACCOUNT, REGION
from template.tests.infra.cloudformation import TEMPLATES, stack

NAMES = ["shop.example.com", "www.example.com", "shop.example.org", "a.example.net", "b.example.io"]
ZONES = ["Z0COM", "Z0COM", "Z0ORG", "Z0NET", "Z0IO"]
CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/0a1b2c3d-0000"
FIRST = {"DomainName": NAMES[0], "CertificateArn": CERTIFICATE}


def certificate(count: int) -> dict:
    """The certificate for so many names."""
    chosen = {"CertificateNames": NAMES[:count], "CertificateZoneIds": ZONES[:count]}
    given = {name: ",".join(values) for name, values in chosen.items()}
    return stack("certificate", **given).resources["Certificate"].properties


def records(names: str, zones: str) -> dict[str, dict]:
    """The records for these names, by logical id."""
    found = stack("records", RecordNames=names, RecordZoneIds=zones).resources
    return {name: one.properties for name, one in found.items()}


def environment(**chosen: str) -> dict[str, str]:
    """The container's variables."""
    task = stack("stage", **chosen).resources["TaskDefinition"].properties
    return {one["Name"]: one["Value"] for one in task["ContainerDefinitions"][0]["Environment"]}


@pytest.mark.parametrize("count", range(1, 6))
def test_each_name_is_proved_in_its_zone(count):
    """The certificate has every name, and CloudFormation proves each in the zone that it is in."""
    found = certificate(count)
    assert found["SubjectAlternativeNames"] == NAMES[:count]
    assert found["DomainName"] == NAMES[0]
    assert found["ValidationMethod"] == "DNS"
    proofs = [(one["DomainName"], one["HostedZoneId"]) for one in found["DomainValidationOptions"]]
    assert proofs == list(zip(NAMES, ZONES, strict=True))[:count]


def test_a_certificate_in_use_is_not_deleted():
    """What another certificate replaces stays, since the load balancer has it until later."""
    assert TEMPLATES["certificate"]["Resources"]["Certificate"]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("names", "zones", "made"),
    [
        (NAMES[0], ZONES[0], {"FirstRecord": NAMES[0]}),
        (",".join(NAMES), ",".join(ZONES), None),
        (f",{NAMES[1]}", f",{ZONES[1]}", {"SecondRecord": NAMES[1]}),
        (f"{NAMES[0]},,{NAMES[2]}", "Z1,,Z2", {"FirstRecord": NAMES[0], "ThirdRecord": NAMES[2]}),
        ("", "", {}),
    ],
)
def test_a_name_keeps_its_record(names, zones, made):
    """A name has the record of its place, whether those before it are still there or not."""
    found = records(names, zones)
    if made is None:
        assert [one["Name"] for one in found.values()] == NAMES
        assert [one["HostedZoneId"] for one in found.values()] == ZONES
    else:
        assert {name: one["Name"] for name, one in found.items()} == made
    for one in found.values():
        assert one["Type"] == "A"
        assert one["AliasTarget"]["DNSName"] == stack("stage").outputs["LoadBalancerDnsName"]
        assert one["AliasTarget"]["HostedZoneId"] == stack("stage").outputs["LoadBalancerZoneId"]


@pytest.mark.parametrize("template", ["certificate", "records"])
@pytest.mark.parametrize(
    "names", [",".join([*NAMES, "c.example.com"]), "shop", "https://a.b", "*.a.b"]
)
def test_a_name_that_cannot_be_is_refused(template, names):
    """What is no host name, and a sixth one, is refused rather than forgotten."""
    parameter = {"certificate": "CertificateNames", "records": "RecordNames"}[template]
    pattern = TEMPLATES[template]["Parameters"][parameter]["AllowedPattern"]
    assert not re.fullmatch(pattern, names)


def test_further_names_lead_to_the_first():
    """HTTPS sends who comes by another name to the first one, with path and query as they are."""
    resources = stack("stage", **FIRST, OtherDomainNames=",".join(NAMES[1:3])).resources
    rule = resources["OtherNamesRule"].properties
    assert rule["ListenerArn"] == resources["HttpsListener"].id
    [condition] = rule["Conditions"]
    assert condition == {"Field": "host-header", "HostHeaderConfig": {"Values": NAMES[1:3]}}
    [action] = rule["Actions"]
    assert action["RedirectConfig"] == {"Host": NAMES[0], "StatusCode": "HTTP_301"}


@pytest.mark.parametrize("chosen", [{}, FIRST, {"DomainName": NAMES[0], "OtherDomainNames": "b.c"}])
def test_there_is_nothing_to_redirect_without_further_names_or_https(chosen):
    """One name, or plain HTTP, has no rule."""
    assert "OtherNamesRule" not in stack("stage", **chosen).resources


def test_the_application_knows_every_name():
    """It answers to all names and takes forms from all of them, by HTTPS."""
    one, all_ = environment(**FIRST), environment(**FIRST, OtherDomainNames=",".join(NAMES[1:3]))
    assert one["ALLOWED_HOSTS"] == NAMES[0]
    assert one["CSRF_TRUSTED_ORIGINS"] == f"https://{NAMES[0]}"
    assert all_["ALLOWED_HOSTS"].split(",") == NAMES[:3]
    assert all_["CSRF_TRUSTED_ORIGINS"].split(",") == [f"https://{name}" for name in NAMES[:3]]
    assert "CSRF_TRUSTED_ORIGINS" not in environment(DomainName=NAMES[0])
    assert environment(DomainName=NAMES[0])["HTTPS"] == "false"


@pytest.mark.parametrize(
    ("chosen", "variable"),
    [
        ({"UploadsBucketName": "shop-staging-123456789012"}, "AWS_STORAGE_BUCKET_NAME"),
        ({"MailFrom": "team@example.com"}, "DEFAULT_FROM_EMAIL"),
        ({"CacheUrl": "rediss://cache.example.com:6379/0"}, "CACHE_URL"),
    ],
)
def test_a_switch_is_a_variable(chosen, variable):
    """What a switch gives reaches the application as its variable, and no other changes."""
    before, after = environment(), environment(**chosen)
    assert variable not in before
    assert after == {**before, variable: next(iter(chosen.values()))}
