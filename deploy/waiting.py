"""What a stage waits for people to do: records in a DNS, a link in a mail, a word with AWS."""

from deploy.findings import Finding
from deploy.mail import check_mail
from deploy.names import check_names
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.subscriptions import check_subscriptions
from deploy.templates import ALARMS, MAIL, RECORDS


def check_people(situation: Situation, stage: str, service: Stack) -> list[Finding]:
    """Say how the names, the mail and the alarms of a stage are doing."""
    aws, choices = situation.aws_of(stage), situation.choices[stage]
    records, mail, alarms = (
        situation.find_own(aws, part.stack_name(situation.project, stage))
        for part in (RECORDS, MAIL, ALARMS)
    )
    names = situation.names(stage, records)
    findings = check_names(names, service) if names else []
    if choices.sender:
        has_records = mail is not None and bool(mail.parameters.get("MailHostedZoneId"))
        findings += check_mail(aws, choices.sender, has_records=has_records)
    if choices.alarm_emails and alarms and alarms.outputs:
        topic = alarms.outputs["AlarmTopicArn"]
        findings += check_subscriptions(aws, topic, choices.alarm_emails)
    return findings
