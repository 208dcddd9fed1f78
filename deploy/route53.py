"""Route 53: the public hosted zones of an account, and what they say of a host name."""

from typing import Any

from deploy.aws import Aws
from deploy.errors import SetupError

# Types of records that say where a host name leads to.
LEADING = ("A", "AAAA", "CNAME")

Zones = dict[str, list[str]]


def public_zones(aws: Aws) -> Zones:
    """Return the ids of the account's public hosted zones by their names."""
    zones: Zones = {}
    for zone in aws.ask("route53", "list-hosted-zones")["HostedZones"]:
        if not zone["Config"].get("PrivateZone"):
            zones.setdefault(zone["Name"].rstrip("."), []).append(zone["Id"].rpartition("/")[2])
    return zones


def zone_of(zones: Zones, host: str) -> str:
    """Return the id of the zone with the longest name that a host name ends in, or nothing.

    Raises SetupError where two zones share that name, of which the internet sees one only.
    """
    labels = host.split(".")
    for start in range(len(labels) - 1):
        name = ".".join(labels[start:])
        ids = zones.get(name, [])
        if len(ids) > 1:
            raise SetupError(
                f"There are {len(ids)} public hosted zones {name}: {', '.join(ids)}.",
                "See which one your registrar's name servers are those of, `aws route53"
                f" get-hosted-zone --id {ids[0]}`, delete the other, then run this again.",
            )
        if ids:
            return ids[0]
    return ""


def leading_records(aws: Aws, zone: str, host: str) -> list[dict[str, Any]]:
    """Return the records of a zone that say where a host name leads to."""
    found = aws.ask(
        *("route53", "list-resource-record-sets", "--hosted-zone-id", zone),
        *("--start-record-name", host, "--max-items", "20"),
    )["ResourceRecordSets"]
    return [one for one in found if one["Name"].rstrip(".") == host and one["Type"] in LEADING]


def target(record: dict[str, Any]) -> str:
    """Return where a record leads to."""
    if alias := record.get("AliasTarget"):
        return alias["DNSName"].rstrip(".")
    return ", ".join(one["Value"].rstrip(".") for one in record["ResourceRecords"])
