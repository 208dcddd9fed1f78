"""stages.toml is read whole, or refused with the key at fault."""

import re
from pathlib import Path

import pytest

from deploy.errors import SetupError
from deploy.parameters import declared
from deploy.stages import KEYS, Process, Schedule, StageChoices, parameters, read_choices
from deploy.templates import PARTS

STAGES = ("staging", "production")
EXAMPLE = """
[all]
cpu = 512

[all.processes]
worker = "python manage.py db_worker"

[all.schedules]
clear-sessions = { command = "python manage.py clearsessions", cron = "0 3 * * ? *" }

[production]
domain = "shop.example.com"
containers = { least = 2, most = 10 }
cpu = 1024
database = { size = "db.t4g.small", standby = true, backup_days = 14 }
network = { public_subnets = ["subnet-0a", "subnet-0b"], nat_gateway = false }
parameters = { DeletionProtection = false }

[production.processes]
worker = { containers = 2, cpu = 1024 }
"""


def read(folder: Path, text: str, procfile: str = "") -> dict[str, StageChoices]:
    """The stages of a file with this text, beside a Procfile."""
    (folder / "stages.toml").write_text(text)
    if procfile:
        (folder / "Procfile").write_text(procfile)
    return read_choices(folder, STAGES)


def test_each_key_becomes_its_parameter(tmp_path):
    """Values arrive in the words of CloudFormation."""
    stages = read(tmp_path, EXAMPLE)
    assert list(stages) == ["staging", "production"]
    assert stages["staging"].parameters == {"Cpu": "512"}
    assert stages["production"].parameters == {
        "DomainName": "shop.example.com",
        "DesiredCount": "2",
        "MaximumCount": "10",
        "Cpu": "1024",
        "DatabaseInstanceClass": "db.t4g.small",
        "DatabaseMultiAz": "true",
        "BackupDays": "14",
        "PublicSubnetIds": "subnet-0a,subnet-0b",
        "NatGateway": "false",
        "DeletionProtection": "false",
    }


def test_shared_table_holds_where_a_stage_says_nothing(tmp_path):
    """A stage without a table has the shared one; what a stage says of a process is added to it."""
    stages = read(tmp_path, EXAMPLE)
    command = "python manage.py db_worker"
    assert stages["staging"].processes == {"worker": Process(command)}
    assert stages["production"].processes == {"worker": Process(command, containers=2, cpu=1024)}
    schedule = Schedule("python manage.py clearsessions", "0 3 * * ? *")
    assert {name: stage.schedules for name, stage in stages.items()} == {
        "staging": {"clear-sessions": schedule},
        "production": {"clear-sessions": schedule},
    }


def test_a_stage_switches_off_what_is_shared(tmp_path):
    """False takes a shared process or schedule out of one stage."""
    off = "[staging]\nprocesses = { worker = false }\nschedules = { clear-sessions = false }"
    stages = read(tmp_path, EXAMPLE + off)
    assert stages["staging"].processes == stages["staging"].schedules == {}
    assert stages["production"].processes.keys() == {"worker"}


def test_switches_are_the_keys_that_are_not_false(tmp_path):
    """A key counts as switched on unless its value is false."""
    stages = read(tmp_path, "[all]\nshell = true\n[staging]\nshell = false")
    assert stages["staging"].switches == frozenset()
    assert stages["production"].switches == {"shell"}


def test_procfile_gives_processes(tmp_path):
    """A Procfile's processes are the stages', but web and release, and stages.toml wins."""
    procfile = "web: gunicorn shop\nrelease: a && b\nCelery_Beat: celery beat\nworker: celery\n"
    stages = read(tmp_path, EXAMPLE + "[staging.processes]\nworker = false", procfile)
    assert stages["staging"].processes == {"celery-beat": Process("celery beat")}
    assert stages["production"].processes["worker"].command == "python manage.py db_worker"


def test_without_the_file_nothing_is_chosen(tmp_path):
    """An installation from before the file has no processes of its Procfile either."""
    (tmp_path / "Procfile").write_text("worker: celery worker\n")
    assert read_choices(tmp_path, STAGES) == dict.fromkeys(STAGES, StageChoices())


def test_the_file_of_a_copy_switches_nothing_on():
    """The file that the template brings along is comments, whose examples can be read."""
    text = Path("stages.toml").read_text()
    assert read_choices(Path(), STAGES) == dict.fromkeys(STAGES, StageChoices())
    assert "[production]" in text


def test_the_examples_of_a_copy_can_be_read(tmp_path):
    """Without their comment signs the lines of the file are tables."""
    _, *lines = Path("stages.toml").read_text().split("\n\n")
    text = re.sub("^# ", "", "\n".join(lines), flags=re.MULTILINE)
    stages = read(tmp_path, text)
    assert stages["staging"].processes.keys() == {"worker"}
    assert stages["production"].parameters["DesiredCount"] == "2"


def test_every_key_does_something():
    """A key is a parameter of a template, or switches a part on."""
    assert {key.parameter for key in KEYS.values() if key.parameter} <= parameters().keys()
    without = {name for name, key in KEYS.items() if not key.parameter}
    # `plain` switches nothing on: it is leave to go without a name.
    assert without <= {one.key for one in PARTS} | {"plain"}


def test_what_is_remembered_fits_into_a_tag():
    """AWS takes 256 characters for the names of the parameters that the file gave a stack."""
    own = {"DatabaseHost", "DatabaseSecretArn", "DatabaseClientSecurityGroupId", "SecretKeyArn"}
    names = own | {key.parameter for key in KEYS.values()} & parameters().keys()
    for part in PARTS:
        assert len(" ".join(names & declared(part.template).keys())) <= 256


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[staging", "stages.toml cannot be read"),
        ("staging = 1", "staging takes a table such as [staging], not 1"),
        ("[Staging]", "a table [Staging], which is no stage: there are staging, production"),
        ("[staging]\nmemory = 1", "[staging] takes the keys alarms, architecture, "),
        ("[all]\nmemory = 1", "[all] takes the keys alarms, architecture, "),
        ("[staging]\ncpu = 300", "[staging] cpu takes 256 or 512"),
        ('[staging]\ncpu = "256"', "[staging] cpu takes a whole number, not '256'"),
        ("[staging]\ncontainers = { least = -1 }", "containers.least takes a number from 0 to 100"),
        ("[staging]\ncontainers = { most = 0 }", "containers.most takes a number from 1 to 100"),
        ("[staging]\ncontainers = { least = true }", "containers.least takes a whole number"),
        ("[staging]\ncontainers = 2", "[staging] takes the keys alarms, architecture"),
        ('[staging]\ndomain = "https://shop"', "[staging] domain takes Empty, or a host name"),
        ('[staging]\ndomain = ""', "[staging] domain takes a value, not ''"),
        ('[staging]\nshell = "yes"', "[staging] shell takes true or false, not 'yes'"),
        ("[staging]\nlog_days = 31", "[staging] log_days takes 1 or 3 or 5"),
        ("[staging]\nnetwork = { public_subnets = [1] }", "takes text in quotes, or a list"),
        ("[staging]\nparameters = { Size = 1 }", "[staging.parameters] takes parameters of dep"),
        ("[staging]\nparameters = { Cpu = 1 }", "[staging.parameters] Cpu takes 256 or 512"),
        ("[staging]\nparameters = { Cpu = {} }", "[staging.parameters] Cpu takes one value"),
        ("[staging]\ncpu = 256\nparameters = { Cpu = 512 }", "what no key says already, not 'Cpu'"),
        ("[staging]\nprocesses = 1", "[staging] processes takes a table, not 1"),
        ('[staging.processes]\nweb_1 = "a"', "[staging.processes] takes names of lower-case"),
        (f'[staging.processes]\n{"a" * 31} = "a"', "30 characters at most"),
        ('[staging.processes]\nweb = "a"', "[staging.processes] takes further processes, not"),
        ("[staging.processes]\na = 1", "a takes a command, a table or false, not 1"),
        ("[all.processes]\na = true", "[all.processes] a takes a command, a table or false"),
        ('[staging.processes]\na = " "', "[staging.processes] a.command takes a command"),
        ('[staging.processes]\na = "b\\nc"', "[staging.processes] a.command takes a command"),
        ("[staging.processes.a]\ncontainers = 1", "[staging.processes] a takes a command too"),
        ('[staging.processes.a]\ncommand = "a"\nport = 1', "a takes the keys command, containers"),
        ('[staging.processes.a]\ncommand = "a"\ncpu = 300', "a.cpu takes 256, 512"),
        ('[staging.processes.a]\ncommand = "a"\ncontainers = true', "a.containers takes a whole"),
        ('[staging.processes]\na = "b && c"', "takes one program with its arguments, not 'b && c'"),
        ('[staging.processes]\na = "b; c"', "put several into a script"),
        ('[staging.processes]\na = "b | c"', "put several into a script"),
        ('[staging.processes]\na = "B=c d"', "begin it with `env B=c`"),
        ('[staging.processes]\na = "b \'c"', "no closing quotation"),
        ('[staging.schedules]\na = "b"', "[staging.schedules] a takes a cron too"),
        (
            '[staging.schedules]\na = { command = "b", cron = "0 3 * * *" }',
            "[staging.schedules] a.cron takes six fields",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, text, said):
    """The error names the file, the key, what it takes and what it was given."""
    with pytest.raises(SetupError) as error:
        read(tmp_path, text)
    assert said in str(error.value)
    assert "stages.toml" in str(error.value)
    assert "run this again" in error.value.advice


@pytest.mark.parametrize(
    "command",
    ["sh -c 'a && b'", "python manage.py shell -c 'print(1); exit()'", "a >b 2>&1", "env A=b c"],
)
def test_one_program_may_say_anything_in_quotes(tmp_path, command):
    """What is quoted for the program itself is its own affair."""
    text = f'[staging.processes]\na = """{command}"""'
    assert read(tmp_path, text)["staging"].processes == {"a": Process(command)}


def test_a_procfile_that_cannot_be_is_named(tmp_path):
    """The error of a Procfile names the Procfile."""
    with pytest.raises(SetupError, match="Procfile worker takes one program"):
        read(tmp_path, "", procfile="worker: a && b\n")
