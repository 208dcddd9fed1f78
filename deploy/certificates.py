"""Certificates of ACM for names whose DNS is not in Route 53: asked for, and proved by a person."""

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deploy.aws import Aws

POLL_SECONDS = 2
# ACM tells the records of a new certificate within seconds.
POLLS = 15
ISSUED = "ISSUED"


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
    return describe(aws, same[0]) if same else None


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
        certificate = describe(aws, arn)
        if len(certificate.records) == len(names):
            break
        time.sleep(POLL_SECONDS)
    return certificate


def describe(aws: Aws, arn: str) -> Certificate:
    """Return a certificate by its ARN."""
    told = aws.ask("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    records = [
        (one["ResourceRecord"]["Name"], one["ResourceRecord"]["Value"])
        for one in told.get("DomainValidationOptions", [])
        if "ResourceRecord" in one and one.get("ValidationStatus") != "SUCCESS"
    ]
    return Certificate(arn, told["Status"], tuple(dict.fromkeys(records)))
