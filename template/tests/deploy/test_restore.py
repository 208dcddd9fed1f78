"""A snapshot is restored after a question, and nothing that it replaces is lost."""

import re

import pytest

from template.tests.deploy.test_choices_survive import value

PRODUCTION, DATABASE = "shop-production", "shop-production-database"
OWN = {"Project": "shop", "Stage": "production", "RepositoryId": "456789"}
OLD, NEW = "2026-11-01T03:00:00+00:00", "2026-11-20T03:00:00+00:00"


@pytest.fixture
def snapped(healthy):
    """A desk whose account has snapshots of production's database, and others."""
    healthy.cloud.formation.kept["AWS::RDS::DBSnapshot"].update(
        {
            "monday": {"database": PRODUCTION, "taken": OLD, "tags": OWN},
            "untagged": {"database": PRODUCTION, "taken": OLD},
            "rds:friday": {"database": "shop-production-before", "taken": NEW, "tags": OWN},
            "of-staging": {"database": "shop-staging", "tags": OWN | {"Stage": "staging"}},
            "of-others": {"database": "blog", "tags": OWN | {"RepositoryId": "999"}},
            "of-nobody": {"database": "legacy"},
        }
    )
    return healthy


def restore(workplace, *words, typing="production\n"):
    """Run the command for production."""
    return workplace.run("restore", "production", *words, typing=typing)


def taken(workplace):
    """The snapshots that were taken before a restore."""
    names = workplace.cloud.formation.kept["AWS::RDS::DBSnapshot"]
    return [name for name in names if "before-restore" in name]


def refused(workplace, outcome, *parts):
    """Check that nothing was done, and why."""
    assert outcome.code == 1
    for part in parts:
        assert part in outcome.err
    assert workplace.desk.changes() == []
    assert taken(workplace) == []


def test_without_a_name_there_is_a_list(snapped):
    """The stage's own snapshots are listed, the newest first, with their age, and no others."""
    outcome = restore(snapped)
    assert outcome.code == 0
    names = re.findall(r"^  (\S+)$", outcome.out, re.MULTILINE)
    assert names == ["rds:friday", "monday", "untagged"]
    assert "2026-11-20 03:00 UTC" in outcome.out
    assert re.search(r"\d+ days and \d+ hours ago, available, PostgreSQL 18.1, 20 GB", outcome.out)
    assert "python3 -m deploy restore production NAME" in outcome.out
    assert snapped.desk.changes() == []


def test_no_snapshots(healthy):
    """A stage without any says so."""
    assert "\n  none\n" in restore(healthy).out


def test_restoring(snapped):
    """What is there is kept, the stack makes a new database, and the service uses it."""
    outcome = restore(snapped, "monday")
    assert outcome.code == 0, outcome
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == "monday"
    assert value(snapped, "DatabaseHost").startswith("shop-production-of-monday.")
    [kept] = taken(snapped)
    assert snapped.cloud.formation.kept["AWS::RDS::DBSnapshot"][kept]["database"] == PRODUCTION
    changes = [
        call for call in snapped.desk.changes() if "change-set" in call or "snapshot" in call
    ]
    assert "create-db-snapshot" in changes[0]
    assert value(snapped, "DBSnapshotIdentifier", "shop-staging-database") == ""


def test_what_is_shown_before(snapped):
    """Before the question stand the snapshot's age, what is lost, and what changes."""
    outcome = restore(snapped, "monday", typing="n\n")
    shown = outcome.out
    assert "Taken       2026-11-01 03:00 UTC" in shown
    assert "Lost        what production has written in these" in shown
    assert "DBSnapshotIdentifier: nothing -> monday (a new database from it" in shown
    refused(snapped, outcome, "Nothing was changed: that was not production.")


@pytest.mark.parametrize("typing", ["", "y\n", "staging\n", "Production\n"])
def test_the_stage_has_to_be_typed(snapped, typing):
    """A y is not enough, and neither is another stage's name."""
    refused(snapped, restore(snapped, "monday", typing=typing), "type the stage's name")


def test_what_is_said_after(snapped):
    """The next command releases, and the one after deletes what was replaced."""
    said = restore(snapped, "monday").out
    assert "gh workflow run stage.yml --field stage=production --field image=production" in said
    assert f"aws rds delete-db-instance --final-db-snapshot-identifier {PRODUCTION}-last" in said
    assert f"--db-instance-identifier {PRODUCTION} --region eu-central-1" in said


def test_setup_leaves_it(snapped):
    """The next run of setup changes nothing, whatever its choices were."""
    restore(snapped, "monday")
    snapped.run("setup")
    assert snapped.desk.changes() == []
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == "monday"


def test_restoring_the_same_one_again(snapped):
    """The same snapshot makes another database each time, by its name and by its ARN in turn."""
    hosts = set()
    for _ in range(3):
        assert restore(snapped, "monday").code == 0
        hosts.add(value(snapped, "DatabaseHost"))
        found = value(snapped, "DBSnapshotIdentifier", DATABASE)
        assert found.endswith("monday")
    assert len(hosts) == 2
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == "monday"


def test_by_arn(snapped):
    """A snapshot may be named by its ARN, as RDS lists it."""
    arn = "arn:aws:rds:eu-central-1:123456789012:snapshot:monday"
    assert restore(snapped, arn).code == 0
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == "monday"


def test_one_of_an_earlier_database(snapped):
    """A snapshot of a database that a restore has replaced is the stage's own, by its tags."""
    assert restore(snapped, "rds:friday").code == 0


def test_one_without_tags(snapped):
    """A snapshot of the database of now needs no tags; of an earlier one it has to get them."""
    assert restore(snapped, "untagged").code == 0
    said = "aws rds add-tags-to-resource --resource-name arn:aws:rds:eu-central-1:123456789012:snap"
    outcome = restore(snapped, "untagged")
    assert outcome.code == 1
    assert said in outcome.err
    assert "Key=Project,Value=shop Key=Stage,Value=production Key=RepositoryId,Value=456789" in (
        outcome.err
    )


@pytest.mark.parametrize(
    ("name", "whose"),
    [("of-staging", "shop-staging"), ("of-others", "shop-production"), ("of-nobody", "no stage")],
)
def test_foreign_snapshots(snapped, name, whose):
    """Another stage's, another repository's and nobody's snapshot are refused by their names."""
    said = f"{name} is a snapshot of the database"
    refused(snapped, restore(snapped, name), said, whose, "python3 -m deploy restore production")


def test_unknown_snapshots(snapped):
    """A name that RDS does not know is no snapshot."""
    refused(snapped, restore(snapped, "tuesday"), "There is no snapshot tuesday")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"status": "creating"}, "The snapshot monday is creating."),
        ({"status": "failed"}, "The snapshot monday is failed."),
        ({"version": "17.6"}, "monday is of postgres 17.6, and production runs PostgreSQL 18"),
        ({"engine": "mysql", "version": "8.4"}, "monday is of mysql 8.4"),
    ],
)
def test_snapshots_that_cannot_be_restored(snapped, known, said):
    """One that is not available, or of another major version, is refused with the reason."""
    snapped.cloud.formation.kept["AWS::RDS::DBSnapshot"]["monday"].update(known)
    refused(snapped, restore(snapped, "monday"), said)


def test_an_older_version_on_purpose(snapped):
    """With that version in stages.toml, the snapshot and its version come together."""
    snapped.cloud.formation.kept["AWS::RDS::DBSnapshot"]["monday"]["version"] = "17.6"
    snapped.write_stages('[production]\nparameters = { PostgresVersion = "17" }\n')
    assert restore(snapped, "monday").code == 0
    assert value(snapped, "PostgresVersion", DATABASE) == "17"


def test_a_snapshot_in_the_file(snapped):
    """Where stages.toml names a snapshot, the next setup would restore that one: out with it."""
    snapped.write_stages('[production]\nparameters = { DBSnapshotIdentifier = "rds:friday" }\n')
    said = "stages.toml says that the database of production comes from rds:friday"
    refused(snapped, restore(snapped, "monday"), said)


def test_a_snapshot_that_cannot_be_taken(snapped):
    """Where what is there cannot be kept, nothing is replaced."""
    operation = snapped.cloud.rds_create_db_snapshot

    def fail(*options):
        answer = operation(*options)
        snapped.cloud.formation.kept["AWS::RDS::DBSnapshot"][options[0][0]]["then"] = "failed"
        return answer

    snapped.cloud.rds_create_db_snapshot = fail
    outcome = restore(snapped, "monday")
    assert outcome.code == 1
    assert "is failed; nothing else was changed" in outcome.err
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == ""


def test_a_snapshot_that_takes_too_long(snapped, monkeypatch):
    """After an hour of waiting the command says how to wait on, and has replaced nothing."""
    monkeypatch.setattr("deploy.restore.WAIT_SECONDS", -1)
    outcome = restore(snapped, "monday")
    assert outcome.code == 1
    assert "aws rds wait db-snapshot-available --db-snapshot-identifier" in outcome.err
    assert value(snapped, "DBSnapshotIdentifier", DATABASE) == ""


def test_the_next_run_watches_the_new_database(snapped):
    """Alarms and snapshots before a release are for the restored database then."""
    lines = 'alarms = "team@example.com"\nsnapshot_before_release = true\n'
    snapped.write_stages(f"[production]\n{lines}")
    snapped.run("setup")
    assert restore(snapped, "monday").code == 0
    restored = "shop-production-of-monday"
    assert value(snapped, "DatabaseIdentifier", "shop-production-alarms") == restored
    assert value(snapped, "DatabaseIdentifier", "shop-production-roles") == restored
    assert snapped.hub.variables["production"]["SNAPSHOT_DATABASE"] == restored


def test_a_stage_that_there_is_not(snapped):
    """A stage without a name, a stack or a database of its own is told so."""
    outcome = snapped.run("restore", "qa", "monday")
    refused(snapped, outcome, "There is no stage qa")
    del snapped.cloud.formation.stacks[DATABASE]
    refused(snapped, restore(snapped, "monday"), "production has no database of its own")


def test_nothing_is_deleted(snapped):
    """A stack that stages.toml does not want any more stays until setup asks for it."""
    snapped.write_stages("[production]\ncache = true\n")
    snapped.run("setup")
    snapped.write_stages("")
    outcome = restore(snapped, "monday")
    assert outcome.code == 0
    assert "shop-production-cache" in snapped.cloud.formation.stacks
    assert "delete (Valkey" not in outcome.out


def test_processes_follow(healthy):
    """Processes are led to the new database with the web server."""
    healthy.write_stages('[production.processes]\nworker = "python manage.py db_worker"\n')
    healthy.run("setup")
    snapshot = {"database": PRODUCTION, "taken": OLD}
    healthy.cloud.formation.kept["AWS::RDS::DBSnapshot"]["monday"] = snapshot
    assert restore(healthy, "monday").code == 0
    host = value(healthy, "DatabaseHost", "shop-production-process-worker")
    assert host == value(healthy, "DatabaseHost")
    assert host.startswith("shop-production-of-monday.")
