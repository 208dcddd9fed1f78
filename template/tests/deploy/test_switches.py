"""What stages.toml switches on becomes stacks, and reaches the containers; off, it goes again."""

import pytest

from deploy.templates import PARTS
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.test_choices_survive import plan, value
from template.tests.docs.pages import ROOT, Page

SERVICES = ROOT / "docs/services.md"
PRODUCTION = "shop-production"
TEAM = "team@example.com"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"
ALL = """
[production]
domain = ["shop.example.com", "www.example.com"]
uploads = true
mail_from = "team@example.com"
cache = true
alarms = ["team@example.com", "night@example.com"]
snapshot_before_release = true

[production.processes]
worker = "python manage.py db_worker"

[production.schedules]
clear = { command = "python manage.py clearsessions", cron = "0 3 * * ? *" }
"""
SWITCHES = {
    "uploads": ("uploads = true", {"UploadsBucketName": "shop-production-123456789012"}),
    "mail": (f'mail_from = "{TEAM}"', {"MailFrom": TEAM}),
    "cache": (
        "cache = true",
        {
            "CacheUrl": "rediss://shop-production.cache.amazonaws.com:6379/0",
            "CacheClientSecurityGroupId": "sg-0cac4e0000000000",
        },
    ),
    "alarms": (f'alarms = "{TEAM}"', {"AlarmTopicArn": TOPIC}),
}
MORE = ("certificate", "records", "process-worker", "schedules", "schedule-clear")


@pytest.fixture
def zoned(healthy):
    """A desk whose account has the domain's hosted zone."""
    healthy.cloud.zones = [("example.com", "Z0COM", False)]
    return healthy


@pytest.fixture
def everything(zoned, remembered):
    """A desk with all switches on."""
    zoned.write_stages(ALL)
    zoned.last = zoned.run("setup")
    assert zoned.last.code == 0, zoned.last
    return zoned


def suffixes(workplace, stage="production"):
    """The ends of the names of a stage's stacks."""
    prefix = f"shop-{stage}-"
    names = workplace.cloud.formation.stacks
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


ALWAYS = {"network", "database", "roles"}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_alone(healthy, switch):
    """One key is one stack, whose outputs are the service's parameters; staging has neither."""
    line, parameters = SWITCHES[switch]
    healthy.write_stages(f"[production]\n{line}\n")
    outcome = healthy.run("setup")
    assert outcome.code == 0, outcome
    assert f"shop-production-{switch}: create" in plan(outcome)
    assert suffixes(healthy) == ALWAYS | {switch}
    assert suffixes(healthy, "staging") == ALWAYS
    assert {name: value(healthy, name) for name in parameters} == parameters
    assert {name: value(healthy, name, "shop-staging") for name in parameters} == dict.fromkeys(
        parameters, ""
    )
    healthy.run("setup")
    assert healthy.desk.changes() == []


def take_out(healthy, switch):
    """Switch something on, and take its key out of the file; its line, and what it gave."""
    line, parameters = SWITCHES[switch]
    healthy.write_stages(f"[production]\n{line}\n")
    healthy.run("setup")
    healthy.write_stages("")
    return line, parameters


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_off_again(healthy, switch):
    """Without the key the service does without first, then the stack goes; on again, it works."""
    line, parameters = take_out(healthy, switch)
    outcome = healthy.run("setup", typing="y\ny\n")
    assert outcome.code == 0, outcome
    assert f"shop-production-{switch}: delete" in plan(outcome)
    assert suffixes(healthy) == ALWAYS
    assert {value(healthy, name) for name in parameters} == {""}
    last = [call for call in healthy.desk.changes() if "delete-stack" in call]
    assert last == healthy.desk.changes()[-1:]
    healthy.run("setup")
    assert healthy.desk.changes() == []
    healthy.write_stages(f"[production]\n{line}\n")
    assert healthy.run("setup").code == 0
    assert {name: value(healthy, name) for name in parameters} == parameters


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_off_without_consent(healthy, switch):
    """Who does not agree to the deletion keeps the stack and what it gives."""
    _, parameters = take_out(healthy, switch)
    assert healthy.run("setup", typing="y\nn\n").code == 0
    assert suffixes(healthy) == ALWAYS | {switch}
    kept = {name: value(healthy, name) for name in parameters if name != "AlarmTopicArn"}
    assert kept == {name: one for name, one in parameters.items() if name != "AlarmTopicArn"}


def test_the_page_has_them_all(zoned):
    """The stages.toml of the documentation switches every part on, with each key that does."""
    (text,) = [block.text for block in Page(SERVICES).blocks if block.language == "toml"]
    zoned.write_stages(text)
    outcome = zoned.run("setup")
    assert outcome.code == 0, outcome
    parts = {part.suffix.removeprefix("-") for part in PARTS if part.suffix}
    assert parts <= suffixes(zoned)
    assert zoned.hub.variables["production"]["SNAPSHOT_DATABASE"]


def test_all_together(everything):
    """Everything at once is one run, the next one changes nothing, and doctor finds the rest."""
    assert suffixes(everything) == ALWAYS | {*SWITCHES, *MORE}
    for _, parameters in SWITCHES.values():
        assert {name: value(everything, name) for name in parameters} == parameters
    worker = "shop-production-process-worker"
    for name in ("CacheUrl", "MailFrom", "UploadsBucketName", "DomainName", "CertificateArn"):
        assert value(everything, name, worker) == value(everything, name) != ""
    assert "sg-0cac4e0000000000" in value(everything, "ContainerSecurityGroupIds", worker)
    assert value(everything, "AlarmTopicArn", "shop-production-schedules") == TOPIC
    everything.run("setup")
    assert everything.desk.changes() == []


def test_everything_off_again(everything):
    """Without the file the stage is what it was, in an order that nothing stands in the way of."""
    everything.write_stages("")
    outcome = everything.run("setup", typing="y\n" * 20)
    assert outcome.code == 0, outcome
    assert suffixes(everything) == ALWAYS
    assert "SNAPSHOT_DATABASE" not in everything.hub.variables["production"]
    assert value(everything, "DomainName") == value(everything, "CertificateArn") == ""
    everything.run("setup")
    assert everything.desk.changes() == []


def test_everything_goes(everything):
    """Teardown takes the switches' stacks along, and says what of them stays."""
    outcome = everything.run("teardown")
    assert outcome.code == 0, outcome
    assert everything.cloud.formation.stacks == {}
    assert "kept: bucket, which has to be empty first" in outcome.out
    assert "delete-email-identity --email-identity example.com" in outcome.out


def test_what_no_teardown_deletes(everything):
    """With the data, too, others' domain in SES and a bucket with files are left to the person."""
    outcome = everything.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert outcome.code == 0, outcome
    kept = everything.cloud.formation.kept
    assert set(kept["AWS::SES::EmailIdentity"]) == {"example.com"}
    assert "shop-production-123456789012" in kept["AWS::S3::Bucket"]
    assert "kept: domain in SES and its records" in outcome.out


def test_without_any_it_costs_what_it_did(healthy):
    """No part that costs is there unless somebody switches it on."""
    keyed = [part.suffix for part in PARTS if part.key]
    assert len(keyed) == 7
    assert suffixes(healthy) == suffixes(healthy, "staging") == ALWAYS


def test_both_stages_send_from_one_domain(healthy):
    """The second stage finds the domain that the first has just made known to SES."""
    healthy.write_stages(f'[all]\nmail_from = "{TEAM}"\n')
    assert healthy.run("setup").code == 0
    assert value(healthy, "ExistingIdentity", "shop-staging-mail") == "false"
    assert value(healthy, "ExistingIdentity", "shop-production-mail") == "true"
    healthy.run("setup")
    assert healthy.desk.changes() == []


def test_another_address_of_the_domain(healthy):
    """The address may change without the domain, and the domain, too."""
    healthy.write_stages(f'[production]\nmail_from = "{TEAM}"\n')
    healthy.run("setup")
    healthy.write_stages('[production]\nmail_from = "shop@example.com"\n')
    healthy.run("setup")
    assert value(healthy, "MailFrom") == "shop@example.com"
    assert value(healthy, "ExistingIdentity", "shop-production-mail") == "false"
    healthy.cloud.identities["example.org"] = True
    healthy.write_stages('[production]\nmail_from = "shop@example.org"\n')
    assert healthy.run("setup").code == 0
    assert value(healthy, "ExistingIdentity", "shop-production-mail") == "true"


def test_mail_in_route53(zoned):
    """Where the domain's zone is in the account, its records go there."""
    zoned.write_stages(f'[production]\nmail_from = "{TEAM}"\n')
    zoned.run("setup")
    assert value(zoned, "MailHostedZoneId", "shop-production-mail") == "Z0COM"
    outcome = zoned.run("doctor")
    assert outcome.code == 0
    assert "mend: wait, up to an hour: they are in Route 53" in outcome.out
    assert "_domainkey" not in outcome.out


@pytest.mark.parametrize(
    ("verified", "production", "said", "code"),
    [
        (False, False, "looks for records in the domain's DNS", 1),
        (True, False, "SES is in its sandbox", 0),
        (True, True, f"ok       SES sends from {TEAM}", 0),
    ],
)
def test_doctor_looks_at_the_mail(healthy, verified, production, said, code):
    """Doctor says which records are missing, and the way out of the sandbox."""
    healthy.write_stages(f'[production]\nmail_from = "{TEAM}"\n')
    healthy.run("setup")
    healthy.cloud.identities["example.com"] = verified
    healthy.cloud.has_production_access = production
    outcome = healthy.run("doctor")
    assert outcome.code == code
    assert said in outcome.out
    assert (
        "aaa._domainkey.example.com CNAME aaa.dkim.amazonses.com" in outcome.out
    ) is not verified
    assert ("put-account-details --production-access-enabled" in outcome.out) is (
        verified and not production
    )


def test_doctor_looks_at_who_is_told(healthy):
    """Doctor says who has not confirmed yet, with the command that sends the mail again."""
    healthy.write_stages('[production]\nalarms = ["a@example.com", "b@example.com"]\n')
    healthy.run("setup")
    healthy.cloud.confirmed = {"a@example.com"}
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert "ok       a@example.com hears of alarms" in outcome.out
    assert "missing  b@example.com hears of no alarm before the link" in outcome.out
    assert f"aws sns subscribe --topic-arn {TOPIC} --protocol email" in outcome.out
    healthy.cloud.confirmed.add("b@example.com")
    assert healthy.run("doctor").code == 0


def test_who_is_told_stays_told(healthy):
    """Without the first address the second one keeps its subscription, and a new one gets one."""
    for emails, places in (
        (["a@example.com", "b@example.com"], "a@example.com,b@example.com"),
        (["b@example.com"], ",b@example.com"),
        (["c@example.com", "b@example.com", "d@example.com"], None),
    ):
        healthy.write_stages(f"[production]\nalarms = {emails}\n")
        assert healthy.run("setup").code == 0
        found = value(healthy, "AlarmEmails", "shop-production-alarms")
        assert found == (places or "c@example.com,b@example.com,d@example.com")
        healthy.run("setup")
        assert healthy.desk.changes() == []


def test_doctor_misses_a_stack(healthy):
    """A switch whose stack is not there yet is missing; one that is not wanted any more is told."""
    healthy.write_stages("[production]\ncache = true\n")
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert "missing  stack shop-production-cache" in outcome.out
    healthy.run("setup")
    healthy.write_stages("")
    outcome = healthy.run("doctor")
    assert outcome.code == 0
    assert (
        "note     shop-production-cache is there, and stages.toml does not want it" in outcome.out
    )


def test_an_own_topic_stays(healthy):
    """Who has chosen a topic keeps it, and the plan says so."""
    own = "arn:aws:sns:eu-central-1:123456789012:team"
    healthy.run("setup", PRODUCTION_PARAMETERS=f"AlarmTopicArn={own}")
    healthy.write_stages(
        f'[production]\nalarms = "{TEAM}"\nparameters = {{ AlarmTopicArn = "{own}" }}'
    )
    healthy.run("setup")
    assert value(healthy, "AlarmTopicArn") == own


def test_uploads_come_back(healthy):
    """A bucket that an earlier stack left is taken back, with all that is in it."""
    healthy.write_stages("[production]\nuploads = true\n")
    healthy.run("setup")
    formation = healthy.cloud.formation
    formation.kept["AWS::S3::Bucket"]["shop-production-123456789012"]["cat.png"] = b"meow"
    healthy.write_stages("")
    outcome = healthy.run("setup", typing="y\ny\n")
    assert "kept: bucket" in outcome.out
    healthy.write_stages("[production]\nuploads = true\n")
    assert healthy.run("setup").code == 0
    assert formation.stacks["shop-production-uploads"]["status"] == ["IMPORT_COMPLETE"]
    assert "cat.png" in formation.kept["AWS::S3::Bucket"]["shop-production-123456789012"]


@pytest.mark.parametrize("tags", [None, {"RepositoryId": "999"}])
def test_somebody_elses_bucket_is_not_taken(healthy, tags):
    """A bucket that does not say that it is this repository's is refused before anything begins."""
    formation = healthy.cloud.formation
    formation.kept["AWS::S3::Bucket"]["shop-production-123456789012"] = {}
    if tags:
        formation.tags["shop-production-123456789012"] = tags
    healthy.write_stages("[staging]\ncpu = 512\n[production]\nuploads = true\n")
    outcome = healthy.run("setup")
    assert_refused(healthy, outcome, "a bucket shop-production-123456789012 already")
    formation.tags["shop-production-123456789012"] = {"RepositoryId": "456789"}
    assert healthy.run("setup").code == 0


def test_another_accounts_bucket(healthy):
    """A name that somebody has in another account of AWS is told to be taken."""
    healthy.cloud.denied_buckets = {"shop-production-123456789012"}
    healthy.write_stages("[production]\nuploads = true\n")
    said = "Another account of AWS has a bucket shop-production-123456789012"
    assert_refused(healthy, healthy.run("setup"), said, "PROJECT=NAME")


def test_a_release_takes_a_snapshot(healthy):
    """The environment's variable names the database while the switch is on, and is gone after."""
    healthy.write_stages("[production]\nsnapshot_before_release = true\n")
    outcome = healthy.run("setup")
    assert "production  SNAPSHOT_DATABASE = shop-production" in plan(outcome)
    assert healthy.hub.variables["production"]["SNAPSHOT_DATABASE"] == "shop-production"
    assert "SNAPSHOT_DATABASE" not in healthy.hub.variables["staging"]
    assert "SNAPSHOT_DATABASE of staging" not in outcome.out
    healthy.run("setup")
    assert healthy.desk.changes() == []
    healthy.write_stages("")
    healthy.run("setup")
    assert "SNAPSHOT_DATABASE" not in healthy.hub.variables["production"]


def test_teardown_takes_the_variable(healthy):
    """No variable of a stage is left on GitHub."""
    healthy.write_stages("[production]\nsnapshot_before_release = true\n")
    healthy.run("setup")
    healthy.run("teardown")
    assert healthy.hub.variables["production"] == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("uploads = 1", "uploads takes true or false"),
        ('cache = "small"', "cache takes true or false"),
        ('mail_from = "example.com"', "mail_from takes An address such as"),
        ('mail_from = "Team <team@example.com>"', "mail_from takes An address such as"),
        ('alarms = "team"', "alarms takes Up to five addresses"),
        ("alarms = []", "alarms takes a value"),
        ('alarms = ["a@b.example", ""]', "alarms takes text in quotes, or a list of them"),
        ("domain = []", "domain takes a value"),
        ('domain = ""', "domain takes a value"),
        ("alarms = [1]", "alarms takes text in quotes, or a list of them"),
        (f"alarms = {['a@b.example'] * 6}", "alarms takes Up to five addresses"),
        ('domain = ["shop.example.com", "https://b.example"]', "domain takes Empty, or host names"),
        ('domain = ["*.example.com"]', "domain takes Empty, or a host name"),
        ('database = { backup_window = "night" }', "database.backup_window takes Empty, or two"),
        ('database = { maintenance_window = "sun" }', "maintenance_window takes Empty, or two"),
        ("database = { log_export = 1 }", "database.log_export takes true or false"),
        ('snapshot_before_release = "yes"', "snapshot_before_release takes true or false"),
    ],
)
def test_what_cannot_be_switched_on(healthy, line, said):
    """A value that no template takes is refused with its key, and nothing is begun."""
    healthy.write_stages(f"[production]\n{line}\n")
    assert_refused(healthy, healthy.run("setup"), "stages.toml: [production]", said)


def test_the_database_is_cared_for(healthy):
    """Windows and the export of the log reach the database's stack, and go back."""
    keys = 'backup_window = "02:00-02:30", maintenance_window = "sun:03:00-sun:03:30"'
    healthy.write_stages(f"[production]\ndatabase = {{ {keys}, log_export = true }}\n")
    healthy.run("setup")
    database = f"{PRODUCTION}-database"
    found = [value(healthy, name, database) for name in ("BackupWindow", "MaintenanceWindow")]
    assert found == ["02:00-02:30", "sun:03:00-sun:03:30"]
    assert value(healthy, "ExportLogs", database) == "true"
    healthy.write_stages("")
    healthy.run("setup")
    assert value(healthy, "BackupWindow", database) == ""
