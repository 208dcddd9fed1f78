"""What a stage that people rely on should have, and has not."""

from deploy.findings import NOTE, Finding
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.templates import DATABASE, SERVICE, StageStacks

# Keys of stages.toml and parameters that say how people reach a stage.
REACHED_BY = frozenset({"domain", "certificate", "plain", "DomainName", "CertificateArn"})


def lacks_name(stacks: StageStacks) -> bool:
    """Return whether a stage that is new has neither a name nor leave to go without."""
    return stacks.stacks[SERVICE] is None and not REACHED_BY & {*stacks.switches, *stacks.chosen}


def lacking(situation: Situation, service: Stack) -> list[Finding]:
    """Return what the reviewed stage's stacks lack, each with what adds it."""
    stage = situation.reviewed_stage
    database = situation.stage_stacks[stage].stacks[DATABASE]
    return judge(stage, service, database)


def judge(stage: str, service: Stack, database: Stack | None) -> list[Finding]:
    """Return what a stage's service and its own database lack.

    A stage without an own stack for its database uses one that somebody else looks after.
    """
    has = service.parameters
    lacks = []
    if not has.get("CertificateArn"):
        what = "serves plain HTTP: passwords and sessions can be read on the way"
        lacks.append((what, 'domain = "shop.example.com"'))
    if int(has["DesiredCount"]) < 2:
        what = (
            f"wants {has['DesiredCount']} containers: one zone of AWS's, one mishap, and it is away"
        )
        lacks.append((what, "containers = { least = 2 }"))
    if database and database.parameters.get("DatabaseMultiAz") == "false":
        what = "has no standby database: a failure lasts as long as a restore"
        lacks.append((what, "database = { standby = true }"))
    if not has.get("AlarmTopicArn"):
        lacks.append(("has alarms that tell nobody", 'alarms = "team@example.com"'))
    return [
        Finding(NOTE, f"{stage} {what}", f"[{stage}] {mend} in stages.toml, then `make setup`")
        for what, mend in lacks
    ]
