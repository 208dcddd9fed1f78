"""What a stage waits for people to do: records in a DNS, a link in a mail, a word with AWS."""

from deploy.findings import Finding
from deploy.mail import check_mail
from deploy.names import check_names
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.subscriptions import check_subscriptions
from deploy.templates import ALARMS, RECORDS


def check_people(situation: Situation, stage: str, service: Stack) -> list[Finding]:
    """Say how the names, the mail and the alarms of a stage are doing."""
    aws, choices = situation.aws_of(stage), situation.choices[stage]
    records, alarms = (
        situation.find_own(aws, part.stack_name(situation.project, stage))
        for part in (RECORDS, ALARMS)
    )
    names = situation.names(stage, records)
    findings = check_names(names, service) if names else []
    if choices.sender:
        findings += check_mail(aws, choices.sender)
    if choices.alarm_emails and alarms and alarms.outputs:
        topic = alarms.outputs["AlarmTopicArn"]
        findings += check_subscriptions(aws, topic, choices.alarm_emails)
    return findings
