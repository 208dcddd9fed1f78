"""The host names of a stage: their DNS in Route 53 or elsewhere, and their certificate."""

import hashlib
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy.aws import Aws
from deploy.console import GOOD, MISSING, NOTE, Finding
from deploy.errors import SetupError
from deploy.parameters import keep_places
from deploy.stacks import Stack
from deploy.templates import IN_ROUTE53

# Types of records that say where a host name leads to.
LEADING = ("A", "AAAA", "CNAME")
Zones = dict[str, list[str]]
POLL_SECONDS = 2
# ACM tells the records of a new certificate within seconds.
POLLS = 15
ISSUED = "ISSUED"
# As many as deploy/infra/certificate.yml and records.yml have places for.
MOST_NAMES = 5


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


def target_of(record: dict[str, Any]) -> str:
    """Return where a record leads to."""
    if alias := record.get("AliasTarget"):
        return alias["DNSName"].rstrip(".")
    return ", ".join(one["Value"].rstrip(".") for one in record["ResourceRecords"])


@dataclass(frozen=True)
class Certificate:
    """A certificate, and the CNAME records (name, value) that prove its host names to be yours."""

    arn: str
    status: str
    records: tuple[tuple[str, str], ...] = ()

    @property
    def is_issued(self) -> bool:
        """Whether the load balancer can use it."""
        return self.status == ISSUED


def find_certificate(aws: Aws, names: Iterable[str]) -> Certificate | None:
    """Return the certificate for exactly these names, an issued one first, or None."""
    found = aws.ask(
        *("acm", "list-certificates", "--certificate-statuses", ISSUED, "PENDING_VALIDATION"),
    )["CertificateSummaryList"]
    same = [
        one["CertificateArn"]
        for one in sorted(found, key=lambda one: one["Status"] != ISSUED)
        if set(one["SubjectAlternativeNameSummaries"]) == set(names)
    ]
    return describe_certificate(aws, same[0]) if same else None


def request_certificate(aws: Aws, names: list[str], tags: Mapping[str, str]) -> Certificate:
    """Ask for a certificate for these names and return it, pending, with its records."""
    # Two runs at once ask for the same one.
    token = hashlib.sha256(",".join(names).encode()).hexdigest()[:32]
    arn = aws.ask(
        *("acm", "request-certificate", "--domain-name", names[0]),
        *("--subject-alternative-names", *names),
        *("--validation-method", "DNS", "--idempotency-token", token),
        *("--tags", *(f"Key={name},Value={value}" for name, value in tags.items())),
    )["CertificateArn"]
    for _ in range(POLLS):
        certificate = describe_certificate(aws, arn)
        if len(certificate.records) == len(names):
            break
        time.sleep(POLL_SECONDS)
    return certificate


def describe_certificate(aws: Aws, arn: str) -> Certificate:
    """Return a certificate by its ARN."""
    told = aws.ask("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    records = [
        (one["ResourceRecord"]["Name"], one["ResourceRecord"]["Value"])
        for one in told.get("DomainValidationOptions", [])
        if "ResourceRecord" in one and one.get("ValidationStatus") != "SUCCESS"
    ]
    return Certificate(arn, told["Status"], tuple(dict.fromkeys(records)))


@dataclass(frozen=True)
class Names:
    """The names of a stage, of which the first is the one that the others redirect to.

    `zones` are the hosted zones of those in Route 53, `foreign` where those lead to that have a
    record of somebody else's there. Unless the person brings a certificate along, or every name is
    in Route 53, where the stage's own stack has one, setup asks for `certificate`.
    """

    hosts: tuple[str, ...]
    zones: Mapping[str, str]
    foreign: Mapping[str, str]
    certificate: Certificate | None = None
    has_own_certificate: bool = False

    @property
    def are_in_route53(self) -> bool:
        """Whether CloudFormation can prove every name by itself."""
        return all(self.zones.get(host) for host in self.hosts)

    @property
    def are_proved_by_hand(self) -> bool:
        """Whether a person has to set the records that setup's certificate asks for."""
        return not self.has_own_certificate and not self.are_in_route53

    @property
    def are_pending(self) -> bool:
        """Whether the names have to wait for that certificate."""
        is_issued = self.certificate is not None and self.certificate.is_issued
        return self.are_proved_by_hand and not is_issued

    @property
    def switches(self) -> frozenset[str]:
        """What switches parts on and off, beside the keys of stages.toml."""
        elsewhere = () if self.are_in_route53 and not self.has_own_certificate else ("certificate",)
        return frozenset((*elsewhere, *((IN_ROUTE53,) if self.own else ())))

    def use(self, stack: Stack | None) -> bool:
        """Return whether the names still use the stack of a certificate that is switched off."""
        arn = stack.outputs.get("CertificateArn") if stack else None
        return self.are_pending or (self.certificate is not None and self.certificate.arn == arn)

    @property
    def certificate_parameters(self) -> dict[str, str]:
        """What certificate.yml takes, in an order that does not depend on which name is first."""
        hosts = sorted(self.hosts)
        return {
            "CertificateNames": ",".join(hosts),
            "CertificateZoneIds": ",".join(self.zones[host] for host in hosts),
        }

    def record_parameters(self, stack: Stack | None) -> dict[str, str]:
        """Return what records.yml takes: each name in the place that it has in the stack."""
        places = keep_places(stack.parameters["RecordNames"] if stack else "", self.own)
        zones = [self.zones.get(host, "") for host in places]
        return {"RecordNames": ",".join(places), "RecordZoneIds": ",".join(zones)}

    @property
    def own(self) -> list[str]:
        """The names whose records in Route 53 are for setup to make."""
        return [host for host in self.hosts if self.zones.get(host) and host not in self.foreign]


def find_names(
    aws: Aws,
    hosts: tuple[str, ...],
    zones: Zones,
    records: Stack | None,
    *,
    has_own_certificate: bool,
) -> Names:
    """Return what the account says of these names; `records` is the stage's stack of them."""
    own = records.parameters["RecordNames"].split(",") if records else []
    found = {host: zone for host in hosts if (zone := zone_of(zones, host))}
    foreign = {
        host: ", ".join(sorted({target_of(one) for one in leading}))
        for host, zone in found.items()
        if host not in own and (leading := leading_records(aws, zone, host))
    }
    names = Names(hosts, found, foreign, has_own_certificate=has_own_certificate)
    if not names.are_proved_by_hand:
        return names
    return replace(names, certificate=find_certificate(aws, hosts))


def check_names(names: Names, service: Stack) -> list[Finding]:
    """Say what the names of a stage still lack."""
    findings = check_certificate(names, service) if names.are_proved_by_hand else []
    balancer = service.outputs.get("LoadBalancerDnsName", "")
    for host, where in names.foreign.items():
        what = f"{host} leads to {where} in Route 53, not to the load balancer"
        findings.append(Finding(NOTE, what, "delete that record when you are ready; `make setup`"))
    elsewhere = [host for host in names.hosts if host not in names.zones]
    return findings + [check_lead(host, balancer) for host in elsewhere if balancer]


def check_certificate(names: Names, service: Stack) -> list[Finding]:
    """Say how far the certificate is that setup has asked for."""
    hosts, certificate = ", ".join(names.hosts), names.certificate
    if certificate is None:
        return [Finding(MISSING, f"certificate for {hosts}", "make setup")]
    if not certificate.is_issued:
        what = f"the certificate for {hosts} waits for records in the DNS"
        return [
            Finding(MISSING, what, f"set {say_records(certificate.records)}; then `make setup`")
        ]
    if service.parameters.get("CertificateArn") != certificate.arn:
        return [
            Finding(MISSING, f"the certificate for {hosts} is issued, not in use", "make setup")
        ]
    return [Finding(GOOD, f"certificate for {hosts}")]


def say_records(records: Iterable[tuple[str, str]]) -> str:
    """Return CNAME records (name, value) as a person sets them."""
    return "; ".join(f"{name} CNAME {value}" for name, value in records)


def check_lead(host: str, balancer: str) -> Finding:
    """Say whether a name whose DNS is elsewhere leads to the load balancer."""
    mend = f"set {host} CNAME {balancer} (ALIAS or ANAME where the DNS refuses CNAME there)"
    found = addresses(host)
    if not found:
        return Finding(MISSING, f"{host} has no DNS record", mend)
    if not found & addresses(balancer):
        return Finding(NOTE, f"{host} leads elsewhere, or through a proxy: {min(found)}", mend)
    return Finding(GOOD, f"{host} leads to the load balancer")


def addresses(host: str) -> set[str]:
    """Return the addresses of a host name, none where the DNS knows none."""
    try:
        return {str(one[4][0]) for one in socket.getaddrinfo(host, 443)}
    except OSError:
        return set()
