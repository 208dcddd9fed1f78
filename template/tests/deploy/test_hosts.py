"""A stage's names: proved by CloudFormation where Route 53 has them, and by a person elsewhere."""

import pytest

from deploy import stacks
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.test_choices_survive import plan, value
from template.tests.deploy.test_switches import ALWAYS, suffixes

SHOP, WWW = "shop.example.com", "www.example.com"
ONE = f'[production]\ndomain = "{SHOP}"\n'
TWO = f'[production]\ndomain = ["{SHOP}", "{WWW}"]\n'
RECORDS = "shop-production-records"
BALANCER = "shop-production.eu-central-1.elb.amazonaws.com"


@pytest.fixture
def zoned(healthy):
    """A desk whose account has the domain's hosted zone, beside one that is private."""
    healthy.cloud.zones = [
        ("example.com", "Z0COM", False),
        ("shop.example.com", "Z0PRIVATE", True),
        ("com", "Z0SHORT", False),
    ]
    return healthy


def certificate_of(workplace):
    """The only certificate that setup has asked for."""
    [certificate] = workplace.cloud.certificates.values()
    return certificate


def test_a_name_in_route53(zoned):
    """One run makes certificate and record in the longest public zone, and HTTPS serves it."""
    zoned.write_stages(ONE)
    outcome = zoned.run("setup")
    assert outcome.code == 0, outcome
    assert suffixes(zoned) == ALWAYS | {"certificate", "records"}
    assert value(zoned, "CertificateZoneIds", "shop-production-certificate") == "Z0COM"
    assert value(zoned, "RecordNames", RECORDS) == SHOP
    assert value(zoned, "DomainName") == SHOP
    assert value(zoned, "CertificateArn").startswith("arn:aws:acm:eu-central-1:")
    assert f"https://{SHOP}" in outcome.out
    assert "plain HTTP" not in outcome.out.partition("Working")[2]
    zoned.run("setup")
    assert zoned.desk.changes() == []
    assert zoned.run("doctor").code == 0


def test_the_certificate_comes_first(zoned):
    """The service gets a certificate that is there, and the records a load balancer that is."""
    zoned.write_stages(TWO)
    zoned.run("setup")
    changed = [call.split("changeSet/")[1].split("/")[0] for call in zoned.desk.changes()]
    order = [name.removeprefix("shop-production") for name in changed if "production" in name]
    assert order == ["-certificate", "", "-records"]
    assert value(zoned, "OtherDomainNames") == WWW


def test_another_first_name(zoned):
    """Exchanging the names touches neither the certificate nor a record."""
    zoned.write_stages(TWO)
    zoned.run("setup")
    zoned.write_stages(f'[production]\ndomain = ["{WWW}", "{SHOP}"]\n')
    outcome = zoned.run("setup")
    changed = [call.split("changeSet/")[1].split("/")[0] for call in zoned.desk.changes()]
    assert changed == ["shop-production"]
    assert f"DomainName: {SHOP} -> {WWW}" in plan(outcome)


def test_names_keep_their_places(zoned):
    """A name that goes leaves its place to the next one, and moves nobody."""
    zoned.write_stages(TWO)
    zoned.run("setup")
    zoned.write_stages(f'[production]\ndomain = "{WWW}"\n')
    zoned.run("setup")
    assert value(zoned, "RecordNames", RECORDS) == f",{WWW}"
    assert value(zoned, "RecordZoneIds", RECORDS) == ",Z0COM"
    zoned.write_stages(f'[production]\ndomain = ["{WWW}", "new.example.com"]\n')
    assert zoned.run("setup").code == 0
    assert value(zoned, "RecordNames", RECORDS) == f"new.example.com,{WWW}"


def test_a_name_that_leads_elsewhere_is_left(zoned):
    """A record of somebody else stays; doctor says so, and once it is gone setup makes one."""
    zoned.cloud.formation.records["Z0COM"] = [(SHOP, "CNAME", "old.example.net")]
    zoned.write_stages(TWO)
    outcome = zoned.run("setup")
    assert outcome.code == 0, outcome
    assert value(zoned, "RecordNames", RECORDS) == WWW
    said = f"{SHOP} leads to old.example.net in Route 53, not to the load balancer"
    assert said in outcome.out
    doctor = zoned.run("doctor")
    assert (said in doctor.out, doctor.code) == (True, 0)
    zoned.cloud.formation.records.clear()
    zoned.run("setup")
    assert value(zoned, "RecordNames", RECORDS) == f"{WWW},{SHOP}"
    assert said not in zoned.run("doctor").out


def test_no_record_at_all_is_no_stack(zoned):
    """Where every name leads elsewhere, there is a certificate and nothing to make a stack of."""
    zoned.cloud.formation.records["Z0COM"] = [(SHOP, "A", "old.example.net")]
    zoned.write_stages(ONE)
    assert zoned.run("setup").code == 0
    assert suffixes(zoned) == ALWAYS | {"certificate"}
    assert value(zoned, "DomainName") == SHOP


def test_two_zones_of_one_name(zoned):
    """Of two zones of one name the internet sees one: which, only a person knows."""
    zoned.cloud.zones.append(("example.com", "Z0TWIN", False))
    zoned.write_stages(ONE)
    said = "2 public hosted zones example.com: Z0COM, Z0TWIN"
    assert_refused(zoned, zoned.run("setup"), said, "get-hosted-zone --id Z0COM")


def test_a_zone_that_nobody_looks_into(zoned, monkeypatch):
    """A certificate that AWS waits for ends in words after a while, and the next run waits on."""
    monkeypatch.setattr(stacks, "CERTIFICATE_SECONDS", -1)
    zoned.cloud.formation.undelegated = {"Z0COM"}
    zoned.write_stages(ONE)
    for _ in range(2):
        outcome = zoned.run("setup")
        assert outcome.code == 1
        assert f"AWS waits for the DNS records of the certificate for {SHOP}" in outcome.err
        assert "get-hosted-zone --id Z0COM --query DelegationSet.NameServers" in outcome.err
    zoned.cloud.formation.undelegated = set()
    zoned.cloud.formation.stacks["shop-production-certificate"]["status"] = ["CREATE_COMPLETE"]
    assert zoned.run("setup").code == 0
    assert value(zoned, "DomainName") == SHOP


@pytest.mark.parametrize(
    ("stack", "kind", "said", "advice"),
    [
        (
            "certificate",
            "AWS::CertificateManager::Certificate",
            "Certificate request failed: CAA_ERROR",
            '0 issue "amazon.com"',
        ),
        (
            "records",
            "AWS::Route53::RecordSet",
            "Tried to create resource record set [name='a.', type='A'] but it already exists",
            "Delete that record, or leave it",
        ),
    ],
)
def test_what_dns_can_refuse(zoned, stack, kind, said, advice):
    """What stands in the way of a certificate or a record is said with what to do about it."""
    name = f"shop-production-{stack}"
    zoned.cloud.formation.breaks[name] = [("Any", kind, said)]
    zoned.write_stages(ONE)
    outcome = zoned.run("setup")
    assert outcome.code == 1
    assert said in outcome.err
    assert advice in outcome.err


def test_a_name_elsewhere(healthy):
    """Setup asks for a certificate, prints its records, and goes on with what there was."""
    healthy.write_stages(TWO)
    outcome = healthy.run("setup")
    assert outcome.code == 0, outcome
    asked = f"certificate for {SHOP}, {WWW}: ask for it; until it is issued production does without"
    assert asked in plan(outcome)
    assert f"_x.{SHOP}. CNAME _y.acm-validations.aws.; _x.{WWW}. CNAME" in outcome.out
    assert f"set {SHOP} CNAME {BALANCER}" in outcome.out
    assert suffixes(healthy) == ALWAYS
    assert value(healthy, "DomainName") == value(healthy, "CertificateArn") == ""
    assert certificate_of(healthy)["SubjectAlternativeNames"] == [SHOP, WWW]


def test_a_certificate_is_asked_for_once(healthy):
    """While nobody proves the names no run asks again, and doctor repeats what to do."""
    healthy.write_stages(ONE)
    healthy.run("setup")
    outcome = healthy.run("setup")
    assert healthy.desk.changes() == []
    assert f"certificate for {SHOP}: waits for records in the DNS" in plan(outcome)
    doctor = healthy.run("doctor")
    assert doctor.code == 1
    assert f"missing  the certificate for {SHOP} waits for records" in doctor.out
    assert f"_x.{SHOP}. CNAME _y.acm-validations.aws." in doctor.out
    assert f"missing  {SHOP} has no DNS record" in doctor.out


def test_a_certificate_is_used_when_it_is_issued(healthy):
    """Doctor tells that it is issued, the next run uses it, and then nothing is missing."""
    healthy.write_stages(TWO)
    healthy.run("setup")
    certificate_of(healthy)["Status"] = "ISSUED"
    healthy.cloud.addresses = {SHOP: {"192.0.2.1"}, WWW: {"192.0.2.9"}, BALANCER: {"192.0.2.1"}}
    doctor = healthy.run("doctor")
    assert f"missing  the certificate for {SHOP}, {WWW} is issued, not in use" in doctor.out
    assert healthy.run("setup").code == 0
    assert value(healthy, "CertificateArn") == certificate_of(healthy)["CertificateArn"]
    assert (value(healthy, "DomainName"), value(healthy, "OtherDomainNames")) == (SHOP, WWW)
    doctor = healthy.run("doctor")
    assert doctor.code == 0
    assert f"ok       {SHOP} leads to the load balancer" in doctor.out
    assert f"note     {WWW} leads elsewhere, or through a proxy: 192.0.2.9" in doctor.out
    healthy.run("setup")
    assert healthy.desk.changes() == []


def test_names_wait_together(healthy):
    """A further name does not take the first one's HTTPS away while it is not proved."""
    healthy.write_stages(ONE)
    healthy.run("setup")
    certificate_of(healthy)["Status"] = "ISSUED"
    healthy.run("setup")
    arn = value(healthy, "CertificateArn")
    healthy.write_stages(TWO)
    assert healthy.run("setup").code == 0
    assert value(healthy, "CertificateArn") == arn
    assert (value(healthy, "DomainName"), value(healthy, "OtherDomainNames")) == (SHOP, "")
    for certificate in healthy.cloud.certificates.values():
        certificate["Status"] = "ISSUED"
    healthy.run("setup")
    assert value(healthy, "CertificateArn") != arn
    assert value(healthy, "OtherDomainNames") == WWW


def test_a_name_elsewhere_off_again(healthy):
    """Without the key, name and certificate leave the stage."""
    healthy.write_stages(ONE)
    healthy.run("setup")
    certificate_of(healthy)["Status"] = "ISSUED"
    healthy.run("setup")
    healthy.write_stages("[production]\nplain = true\n")
    assert healthy.run("setup").code == 0
    assert value(healthy, "DomainName") == value(healthy, "CertificateArn") == ""


def test_a_zone_that_goes(zoned):
    """The certificate of a zone that is gone stays in use, until there is one for other names."""
    zoned.write_stages(ONE)
    zoned.run("setup")
    arn = value(zoned, "CertificateArn")
    zoned.cloud.zones = []
    for text, asked in ((ONE, 0), (TWO, 1)):
        zoned.write_stages(text)
        assert zoned.run("setup", typing="y\n" * 4).code == 0
        assert (value(zoned, "DomainName"), value(zoned, "CertificateArn")) == (SHOP, arn)
        assert suffixes(zoned) == ALWAYS | {"certificate"}
        assert len(zoned.cloud.certificates) == asked
    certificate_of(zoned)["Status"] = "ISSUED"
    assert zoned.run("setup", typing="y\n" * 4).code == 0
    assert value(zoned, "CertificateArn") == certificate_of(zoned)["CertificateArn"]
    assert suffixes(zoned) == ALWAYS


def test_a_zone_that_comes(healthy):
    """Names that move to Route 53 get the stage's own certificate, and their records."""
    healthy.write_stages(ONE)
    healthy.run("setup")
    certificate_of(healthy)["Status"] = "ISSUED"
    healthy.run("setup")
    healthy.cloud.zones = [("example.com", "Z0COM", False)]
    assert healthy.run("setup").code == 0
    assert suffixes(healthy) == ALWAYS | {"certificate", "records"}
    assert value(healthy, "CertificateArn") != certificate_of(healthy)["CertificateArn"]


@pytest.mark.parametrize("in_zone", [True, False])
def test_an_own_certificate(zoned, in_zone):
    """A certificate that the person brings is used at once, with records where there is a zone."""
    zoned.cloud.zones = zoned.cloud.zones if in_zone else []
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d"
    zoned.write_stages(f'{ONE}certificate = "{arn}"\n')
    assert zoned.run("setup").code == 0
    assert (value(zoned, "DomainName"), value(zoned, "CertificateArn")) == (SHOP, arn)
    assert suffixes(zoned) == ALWAYS | ({"records"} if in_zone else set())
    assert zoned.cloud.certificates == {}


@pytest.mark.parametrize("line", ["plain = true", f'domain = "{SHOP}"'])
def test_a_new_production_says_how_it_is_reached(workplace, line):
    """A new production needs a name, or leave to go without; staging and old ones do not."""
    workplace.write_stages("")
    outcome = workplace.run("setup")
    said = "production has no name yet: it would serve plain HTTP"
    assert_refused(
        workplace, outcome, said, '[production] domain = "shop.example.com"', "plain = true"
    )
    assert workplace.run("setup", STAGES="staging").code == 0
    workplace.write_stages(f"[production]\n{line}\n")
    assert workplace.run("setup").code == 0
    workplace.write_stages("")
    assert workplace.run("setup").code == 0


def test_plain_is_said_on(healthy):
    """Leave to go without a name does not stop doctor from saying what it means."""
    healthy.write_stages("[production]\nplain = true\n")
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert "production serves plain HTTP: passwords and sessions can be read" in outcome.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[all]\ndomain = "{SHOP}"\n', f"{SHOP} is the name of staging and of production"),
        (f'[staging]\ndomain = ["{SHOP}", "{SHOP}"]\n', f"staging has the names {SHOP}, {SHOP}"),
        (
            f"[staging]\ndomain = {[f'{letter}.example.com' for letter in 'abcdef']}\n",
            "staging has the names a.example.com",
        ),
    ],
)
def test_names_that_cannot_be(zoned, text, said):
    """A name leads to one stage, once, and there are five at most."""
    zoned.write_stages(text)
    assert_refused(zoned, zoned.run("setup"), said)
