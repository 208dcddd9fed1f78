"""What stages.toml says is what `make setup` brings about, and what it says no more goes back."""

from pathlib import Path

import pytest

from template.tests.deploy.conftest import PLAIN
from template.tests.deploy.outcomes import assert_refused
from template.tests.deploy.test_choices_survive import PRODUCTION, forget, plan, value

STAGING = "shop-staging"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d"


@pytest.fixture
def filed(healthy):
    """A desk whose production has its processor, its containers and its domain from the file."""
    healthy.write_stages(
        '[production]\ncpu = 512\ncontainers = { least = 2 }\ndomain = "shop.example.com"\n'
        f'certificate = "{CERTIFICATE}"\ndatabase = {{ backup_days = 14 }}\n'
    )
    assert healthy.run("setup").code == 0
    return healthy


def test_the_file_is_brought_about_once(filed):
    """Its values reach the stacks that take them, and the next run has nothing to do."""
    assert value(filed, "Cpu") == "512"
    assert value(filed, "DesiredCount") == "2"
    assert value(filed, "DomainName") == "shop.example.com"
    assert value(filed, "BackupDays", f"{PRODUCTION}-database") == "14"
    assert value(filed, "Cpu", STAGING) == "256"
    filed.run("setup")
    assert filed.desk.changes() == []


def test_what_is_taken_out_goes_back(filed):
    """The plan has each value that goes back with its reason, and the next run nothing."""
    filed.write_stages("[production]\ncpu = 512\n")
    outcome = filed.run("setup")
    lines = [line.strip() for line in plan(outcome).splitlines() if " -> " in line]
    assert lines == [
        "BackupDays: 14 -> 7, as stages.toml does not say it any more",
        "DomainName: shop.example.com -> nothing, as stages.toml does not say it any more",
        f"CertificateArn: {CERTIFICATE} -> nothing, as stages.toml does not say it any more",
        "DesiredCount: 2 -> 1, as stages.toml does not say it any more",
    ]
    assert (value(filed, "Cpu"), value(filed, "DesiredCount")) == ("512", "1")
    filed.run("setup")
    assert filed.desk.changes() == []


def test_a_file_that_is_gone_takes_all_back(filed):
    """Without the file every value of it goes back to its default."""
    Path("stages.toml").unlink()
    assert filed.run("setup").code == 0
    assert (value(filed, "Cpu"), value(filed, "DomainName")) == ("256", "")


def test_the_shell_wins_for_one_run(filed):
    """A variable of the shell goes before the file; without it the file holds again."""
    filed.run("setup", PRODUCTION_PARAMETERS="Cpu=1024")
    assert value(filed, "Cpu") == "1024"
    assert "Cpu: 1024 -> 512\n" in plan(filed.run("setup"))
    assert value(filed, "Cpu") == "512"


def test_an_installation_keeps_what_the_file_does_not_name(healthy):
    """What the shell chose earlier stays, until the file says otherwise and no longer does."""
    healthy.run("setup", PRODUCTION_PARAMETERS="Cpu=1024 DesiredCount=3")
    healthy.write_stages("[production]\nshell = true\n")
    healthy.run("setup")
    assert (value(healthy, "Cpu"), value(healthy, "DesiredCount")) == ("1024", "3")
    healthy.write_stages("[production]\ncpu = 512\n")
    healthy.run("setup")
    healthy.write_stages("")
    healthy.run("setup")
    assert (value(healthy, "Cpu"), value(healthy, "DesiredCount")) == ("256", "3")
    assert value(healthy, "EnableExecuteCommand") == "false"


def test_an_installation_without_tags_keeps_everything(filed):
    """Stacks that remember nothing lose nothing to an empty file."""
    forget(filed, "RepositoryId", "Repository", "Chosen", "StagesFile")
    filed.write_stages("")
    outcome = filed.run("setup")
    assert " -> " not in plan(outcome)
    assert (value(filed, "Cpu"), value(filed, "DomainName")) == ("512", "shop.example.com")


def test_all_is_for_every_stage(healthy):
    """Both stages take what the shared table says, but what a stage says itself."""
    healthy.write_stages("[all]\ncpu = 512\nlog_days = 90\n[staging]\nlog_days = 7\n")
    healthy.run("setup")
    for stack, days in ((STAGING, "7"), (PRODUCTION, "90")):
        assert (value(healthy, "Cpu", stack), value(healthy, "LogDays", stack)) == ("512", days)


def test_containers_wait_for_the_first_image(workplace):
    """A count in the file is no obstacle before the first deploy, and holds after it."""
    workplace.write_stages("[production]\nplain = true\ncontainers = { least = 2 }\n")
    assert workplace.run("setup").code == 0
    assert value(workplace, "DesiredCount") == "0"
    workplace.deploy_images()
    assert workplace.run("setup").code == 0
    assert value(workplace, "DesiredCount") == "2"
    assert value(workplace, "DesiredCount", STAGING) == "1"


def test_a_stage_is_parked_by_the_file(healthy):
    """A count of 0 parks a stage, and without it the stage runs again."""
    healthy.write_stages("[staging]\ncontainers = { least = 0 }\n")
    healthy.run("setup")
    assert value(healthy, "DesiredCount", STAGING) == "0"
    healthy.write_stages("")
    healthy.run("setup")
    assert value(healthy, "DesiredCount", STAGING) == "1"


def test_a_nat_gateway_that_is_taken_out_goes_last(healthy):
    """The containers leave its subnets before the gateway goes."""
    healthy.write_stages("[production]\nnetwork = { nat_gateway = true }\n")
    healthy.run("setup")
    assert value(healthy, "TaskSubnetIds").startswith("subnet-")
    healthy.write_stages("")
    healthy.run("setup")
    changed = [call.split("changeSet/")[1].split("/")[0] for call in healthy.desk.changes()]
    assert changed == [PRODUCTION, f"{PRODUCTION}-network"]
    assert value(healthy, "TaskSubnetIds") == ""


def test_a_snapshot_that_is_taken_out_stays(healthy):
    """The name of a restored snapshot may leave the file: without it the database would go."""
    healthy.write_stages('[production]\nparameters = { DBSnapshotIdentifier = "mishap" }\n')
    healthy.run("setup")
    healthy.write_stages("")
    outcome = healthy.run("setup")
    assert " -> " not in plan(outcome)
    assert value(healthy, "DBSnapshotIdentifier", f"{PRODUCTION}-database") == "mishap"


def test_what_lasts_is_not_taken_out(workplace):
    """A network that something lives in cannot go back to its default."""
    workplace.write_stages(f'{PLAIN}[staging]\nnetwork = {{ cidr = "10.9.0.0/16" }}\n')
    workplace.run("setup")
    workplace.write_stages("")
    outcome = workplace.run("setup")
    said = "VpcCidr of staging is 10.9.0.0/16 and cannot become 10.0.0.0/16"
    assert_refused(workplace, outcome, said, "make teardown STAGES=staging")


def test_what_has_no_default_is_kept(workplace):
    """A database of one's own stays when the file does not name it any more, and the plan says
    so."""
    workplace.write_stages(
        "[production]\nplain = true\n"
        "[staging.parameters]\n"
        'DatabaseHost = "db.example.com"\n'
        'DatabaseSecretArn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf"\n'
        'SecretKeyArn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:b-AbCdEf"\n'
        'DatabaseClientSecurityGroupId = "sg-1234567890abcdef0"\n'
    )
    assert workplace.run("setup").code == 0
    assert "shop-staging-database" not in workplace.cloud.formation.stacks
    workplace.write_stages("[production]\nplain = true\n")
    outcome = workplace.run("setup")
    assert "  keeps DatabaseHost=db.example.com, as it has no default\n" in plan(outcome)
    assert value(workplace, "DatabaseHost", STAGING) == "db.example.com"


def test_a_file_that_cannot_be_is_refused(healthy):
    """A mistake in the file is said with its key, and nothing is begun."""
    healthy.write_stages("[production]\ncpus = 512\n")
    outcome = healthy.run("setup")
    assert_refused(healthy, outcome, "stages.toml: [production] takes the keys", "not 'cpus'")


def test_doctor_looks_at_the_file(healthy):
    """Doctor says which stages the file chooses for, or what is wrong with it, and goes on."""
    healthy.write_stages("[production]\ncpu = 512\n")
    assert "ok       stages.toml chooses for production\n" in healthy.run("doctor").out
    healthy.write_stages("[production]\ncpus = 512\n")
    outcome = healthy.run("doctor")
    assert outcome.code == 1
    assert "wrong    stages.toml: [production] takes the keys" in outcome.out
    assert "ok       stack shop-production is in" in outcome.out


def test_a_table_of_a_stage_that_there_is_not(healthy):
    """A misspelt stage is refused; one that is named in STAGES as well is a new one."""
    healthy.write_stages("[qa]\ncpu = 512\n")
    outcome = healthy.run("setup")
    assert_refused(healthy, outcome, "a table [qa]", "staging, production", "STAGES=qa")
    assert healthy.run("setup", STAGES="qa").code == 0
    assert value(healthy, "Cpu", "shop-qa") == "512"
    healthy.run("setup")
    assert healthy.desk.changes() == []


def test_teardown_needs_no_file(healthy):
    """A mistake in the file keeps nobody from deleting everything."""
    healthy.write_stages("[production\n")
    assert healthy.run("teardown").code == 0
    assert healthy.cloud.formation.stacks == {}
