"""Who hears of alarms: the subscriptions of a stage's topic, and who has confirmed them."""

from deploy.aws import Aws
from deploy.findings import GOOD, MISSING, Finding

PENDING = "PendingConfirmation"


def topic_arn(partition: str, region: str, account: str, name: str) -> str:
    """Return the ARN of the topic that deploy/infra/alarms.yml makes for a stage."""
    return f"arn:{partition}:sns:{region}:{account}:{name}-alarms"


def check_subscriptions(aws: Aws, topic: str, addresses: list[str]) -> list[Finding]:
    """Say which addresses hear of alarms, and which have not confirmed that they want to."""
    command = ("sns", "list-subscriptions-by-topic", "--topic-arn", topic)
    found = {one["Endpoint"]: one["SubscriptionArn"] for one in aws.ask(*command)["Subscriptions"]}
    return [judge(aws, topic, address, found.get(address, "")) for address in addresses]


def judge(aws: Aws, topic: str, address: str, subscription: str) -> Finding:
    """Say whether an address hears of alarms; AWS forgets a request after three days."""
    if subscription.startswith("arn:"):
        return Finding(GOOD, f"{address} hears of alarms")
    again = f"aws sns subscribe --topic-arn {topic} --protocol email"
    mend = f"{again} --notification-endpoint {address} {aws.options}"
    if subscription == PENDING:
        what = f"{address} hears of no alarm before the link in AWS's mail to it is followed"
        return Finding(MISSING, what, f"follow it, or let AWS send another: {mend}")
    return Finding(MISSING, f"{address} has not confirmed in time that it wants alarms", mend)
