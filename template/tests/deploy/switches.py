"""What the double's account has beside its stacks: DNS, certificates, mail and topics."""

from typing import Any

from template.tests.deploy.parameters import error
from template.tests.deploy.resources import REGION, arn


class Switches:
    """Route 53, ACM, SES and SNS of an account; tests change its attributes."""

    account: str
    formation: Any

    def __init__(self) -> None:
        # Hosted zones: name, id, and whether it is private.
        self.zones: list[tuple[str, str, bool]] = []
        self.certificates: dict[str, dict] = {}
        # Domains that SES knows beside those of stacks, and whether it has found their records.
        self.identities: dict[str, bool] = {}
        self.has_production_access = False
        # Addresses that have followed the link in AWS's mail.
        self.confirmed: set[str] = set()
        # Buckets of other accounts.
        self.denied_buckets: set[str] = set()
        # The addresses of host names, as a resolver tells them.
        self.addresses: dict[str, set[str]] = {}

    def route53_list_hosted_zones(self) -> dict:
        """List the hosted zones, public or not."""
        return {
            "HostedZones": [
                {
                    "Id": f"/hostedzone/{zone}",
                    "Name": f"{name}.",
                    "Config": {"PrivateZone": private},
                }
                for name, zone, private in self.zones
            ]
        }

    def route53_list_resource_record_sets(self, zone: list, start: list, most: list) -> dict:
        """List the records of a zone from a name on, those that stacks made as well."""
        if zone[0] not in {one for _, one, _ in self.zones}:
            raise error("NoSuchHostedZone", "ListResourceRecordSets", f"No hosted zone {zone[0]}")
        own = [
            (name, "A", "balancer.elb.amazonaws.com")
            for name, of in self.formation.host_names()
            if of == zone[0]
        ]
        found = sorted(
            [*self.formation.records.get(zone[0], []), *own],
            key=lambda one: one[0].split(".")[::-1],
        )
        first = start[0].split(".")[::-1]
        listed = [one for one in found if one[0].split(".")[::-1] >= first][: int(most[0])]
        return {"ResourceRecordSets": [record(*one) for one in listed]}

    def acm_list_certificates(self, statuses: list[str]) -> dict:
        """List the certificates in these states, those that stacks have made as well."""
        of_stacks = [
            {
                "CertificateArn": one["outputs"]["CertificateArn"],
                "Status": "ISSUED",
                "SubjectAlternativeNames": one["parameters"]["CertificateNames"].split(","),
            }
            for one in self.formation.stacks.values()
            if "CertificateArn" in one["outputs"]
        ]
        return {
            "CertificateSummaryList": [
                {
                    "CertificateArn": one["CertificateArn"],
                    "Status": one["Status"],
                    "SubjectAlternativeNameSummaries": one["SubjectAlternativeNames"],
                }
                for one in (*self.certificates.values(), *of_stacks)
                if one["Status"] in statuses
            ]
        }

    def acm_request_certificate(
        self, name: list, names: list, _: list, token: list, tags: list
    ) -> dict:
        """Make a certificate that waits for its records; the same token gives the same one."""
        if not tags or len(token[0]) > 32:
            raise error("ValidationException", "RequestCertificate", "idempotencyToken")
        found = [one for one in self.certificates.values() if one["token"] == token[0]]
        made = found[0] if found else self.new_certificate(names)
        made["token"] = token[0]
        return {"CertificateArn": made["CertificateArn"]}

    def new_certificate(self, names: list[str], status: str = "PENDING_VALIDATION") -> dict:
        """Put a certificate into the account."""
        identity = arn("acm", REGION, self.account, f"certificate/{len(self.certificates)}")
        made = {"CertificateArn": identity, "SubjectAlternativeNames": list(names)}
        made |= {"Status": status, "token": "", "looks": 0}
        self.certificates[identity] = made
        return made

    def acm_describe_certificate(self, which: list[str]) -> dict:
        """Describe a certificate, whose records are not known at the first look."""
        of_a_stack = {"CertificateArn": which[0], "Status": "ISSUED", "SubjectAlternativeNames": []}
        found = self.certificates.get(which[0], of_a_stack | {"looks": 0})
        found["looks"] += 1
        proofs = [
            {"DomainName": name, "ValidationStatus": "PENDING_VALIDATION"}
            | ({"ResourceRecord": proof(name)} if found["looks"] > 1 else {})
            for name in found["SubjectAlternativeNames"]
        ]
        told = {key: found[key] for key in ("CertificateArn", "Status")}
        return {"Certificate": told | {"DomainValidationOptions": proofs}}

    def sesv2_get_email_identity(self, which: list[str]) -> dict:
        """Describe a domain that SES knows, from a stack or otherwise."""
        known = dict.fromkeys(self.formation.kept["AWS::SES::EmailIdentity"], False)
        known |= self.identities
        if which[0] not in known:
            said = f"Email identity {which[0]} does not exist."
            raise error("NotFoundException", "GetEmailIdentity", said)
        verified = known[which[0]]
        status = "SUCCESS" if verified else "PENDING"
        return {
            "VerifiedForSendingStatus": verified,
            "DkimAttributes": {"Status": status, "Tokens": ["aaa", "bbb", "ccc"]},
        }

    def sesv2_get_account(self) -> dict:
        """Say whether the account is out of the sandbox."""
        return {"ProductionAccessEnabled": self.has_production_access, "SendingEnabled": True}

    def sns_list_subscriptions_by_topic(self, topic: list[str]) -> dict:
        """List who is subscribed to a stage's topic, confirmed or not."""
        name = topic[0].rpartition(":")[2]
        stack = self.formation.stacks.get(name)
        if stack is None:
            raise error("NotFound", "ListSubscriptionsByTopic", "Topic does not exist")
        return {
            "Subscriptions": [
                {
                    "Endpoint": one,
                    "SubscriptionArn": f"{topic[0]}:1" if one in self.confirmed else PENDING,
                }
                for one in stack["parameters"]["AlarmEmails"].split(",")
            ]
        }

    def snapshot(self, name: str, known: dict) -> dict:
        """Describe a snapshot; one that is being taken is available at the next look."""
        told = {
            "DBSnapshotIdentifier": name,
            "DBSnapshotArn": arn("rds", REGION, self.account, f"snapshot:{name}"),
            "DBInstanceIdentifier": known.get("database", "another"),
            "Status": known.get("status", "available"),
            "Engine": known.get("engine", "postgres"),
            "EngineVersion": known.get("version", "18.1"),
            "AllocatedStorage": 20,
            "TagList": [{"Key": k, "Value": v} for k, v in known.get("tags", {}).items()],
        }
        if "status" in known:
            known["status"] = known.get("then", "available")
        else:
            told["SnapshotCreateTime"] = known.get("taken", "2026-11-20T03:00:00.123000+00:00")
        return told | known.get("more", {})

    def rds_create_db_snapshot(self, name: list[str], database: list[str]) -> dict:
        """Begin to take a snapshot of one of the stacks' databases."""
        hosts = {one["outputs"].get("DatabaseIdentifier") for one in self.formation.stacks.values()}
        if database[0] not in hosts:
            said = f"DBInstance {database[0]} not found."
            raise error("DBInstanceNotFound", "CreateDBSnapshot", said)
        known = {"database": database[0], "status": "creating"}
        self.formation.kept["AWS::RDS::DBSnapshot"][name[0]] = known
        return {"DBSnapshot": {"DBSnapshotIdentifier": name[0], "Status": "creating"}}

    def s3api_get_bucket_tagging(self, name: list[str]) -> dict:
        """List the tags of a bucket, which has none of its own."""
        tags = self.formation.tags.get(name[0])
        if name[0] not in self.formation.kept["AWS::S3::Bucket"] or tags is None:
            raise error("NoSuchTagSet", "GetBucketTagging", "The TagSet does not exist")
        return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


PENDING = "PendingConfirmation"


def record(name: str, kind: str, target: str) -> dict:
    """Return a record as Route 53 lists it: one of an address is an alias here."""
    told: dict[str, Any] = {"Name": f"{name}.", "Type": kind}
    if kind == "A":
        return told | {"AliasTarget": {"DNSName": f"{target}."}}
    return told | {"TTL": 300, "ResourceRecords": [{"Value": target}]}


def proof(name: str) -> dict:
    """Return the record that proves a name."""
    return {"Name": f"_x.{name}.", "Type": "CNAME", "Value": "_y.acm-validations.aws."}
