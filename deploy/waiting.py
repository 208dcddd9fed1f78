"""What a stage waits for people to do: records in a DNS, a link in a mail, a word with AWS.

Among it what Amazon SES knows of the domain that a stage sends mail from, and who has confirmed
to hear of its alarms.
"""

from typing import Any

from deploy.aws import Aws
from deploy.console import GOOD, MISSING, NOTE, Finding
from deploy.domains import Zones, check_names, say_records, zone_of
from deploy.situation import Situation
from deploy.stacks import Stack
from deploy.templates import ALARMS, MAIL, RECORDS

SIGNED_AT = "dkim.amazonses.com"
PENDING = "PendingConfirmation"


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


def domain_of(address: str) -> str:
    """Return the domain of an address."""
    return address.rpartition("@")[2]


def find_identity(aws: Aws, domain: str) -> dict[str, Any] | None:
    """Return what SES says of a domain, or None where it does not know it."""
    command = ("sesv2", "get-email-identity", "--email-identity", domain)
    return aws.find("NotFoundException", *command)


def identity_parameters(
    aws: Aws, address: str, stack: Stack | None, zones: Zones
) -> dict[str, str]:
    """Return whether the stack of the mail is to make the domain's identity, and in which zone.

    Nothing for a stack that is there: it has the identity, or has found it when it was made.
    """
    domain = domain_of(address)
    if stack and domain_of(stack.parameters.get("SenderAddress", "")) == domain:
        return {}
    exists = find_identity(aws, domain) is not None
    return {
        "ExistingIdentity": str(exists).lower(),
        "MailHostedZoneId": "" if exists else zone_of(zones, domain),
    }


def missing_records(identity: dict[str, Any], domain: str) -> list[tuple[str, str]]:
    """Return the CNAME records (name, value) that SES still looks for."""
    told = identity["DkimAttributes"]
    if told.get("Status") == "SUCCESS":
        return []
    # Regions since 2021 sign under a domain of their own, which newer answers tell.
    place = told.get("SigningHostedZone") or SIGNED_AT
    tokens = told.get("Tokens", [])
    return [(f"{token}._domainkey.{domain}", f"{token}.{place}") for token in tokens]


def check_mail(aws: Aws, address: str, *, has_records: bool) -> list[Finding]:
    """Say whether mail from an address leaves, and whom it reaches.

    With `has_records` setup has made the records of its domain in Route 53.
    """
    domain = domain_of(address)
    identity = find_identity(aws, domain)
    if identity is None:
        return [
            Finding(MISSING, f"SES does not know {domain}, the domain of {address}", "make setup")
        ]
    if not identity["VerifiedForSendingStatus"]:
        what = f"SES does not send from {domain} yet: it looks for records in the domain's DNS"
        if has_records:
            return [Finding(NOTE, what, "wait, up to an hour: they are in Route 53")]
        records = say_records(missing_records(identity, domain))
        return [Finding(MISSING, what, f"set {records}; then wait, up to an hour")]
    return [Finding(GOOD, f"SES sends from {address}"), *check_sandbox(aws)]


def check_sandbox(aws: Aws) -> list[Finding]:
    """Say whether the account may send to anybody."""
    if aws.ask("sesv2", "get-account")["ProductionAccessEnabled"]:
        return []
    return [
        Finding(
            NOTE,
            "SES is in its sandbox: mail reaches verified addresses only, 200 a day",
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL"
            f" --website-url https://YOUR-WEBSITE {aws.options}",
        )
    ]


def topic_arn(partition: str, region: str, account: str, name: str) -> str:
    """Return the ARN of the topic that deploy/infra/alarms.yml makes for a stage."""
    return f"arn:{partition}:sns:{region}:{account}:{name}-alarms"


def check_subscriptions(aws: Aws, topic: str, addresses: list[str]) -> list[Finding]:
    """Say which addresses hear of alarms, and which have not confirmed that they want to."""
    command = ("sns", "list-subscriptions-by-topic", "--topic-arn", topic)
    found = {one["Endpoint"]: one["SubscriptionArn"] for one in aws.ask(*command)["Subscriptions"]}
    return [judge_subscription(aws, topic, one, found.get(one, "")) for one in addresses]


def judge_subscription(aws: Aws, topic: str, address: str, subscription: str) -> Finding:
    """Say whether an address hears of alarms; AWS forgets a request after three days."""
    if subscription.startswith("arn:"):
        return Finding(GOOD, f"{address} hears of alarms")
    again = f"aws sns subscribe --topic-arn {topic} --protocol email"
    mend = f"{again} --notification-endpoint {address} {aws.options}"
    if subscription == PENDING:
        what = f"{address} hears of no alarm before the link in AWS's mail to it is followed"
        return Finding(MISSING, what, f"follow it, or let AWS send another: {mend}")
    return Finding(MISSING, f"{address} has not confirmed in time that it wants alarms", mend)
