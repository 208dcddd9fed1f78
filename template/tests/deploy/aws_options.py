"""The AWS CLI's options that the double knows, by service and operation."""

GLOBAL = {"--region": "one", "--output": "one"}

STACK = {"--stack-name": "one"}
CHANGE_SET = STACK | {"--change-set-name": "one"}

OPERATIONS = {
    ("cloudformation", "create-change-set"): CHANGE_SET
    | {
        "--change-set-type": "one",
        "--import-existing-resources": "flag",
        "--template-body": "one",
        "--capabilities": "many",
        "--parameters": "many",
        "--tags": "many",
    },
    ("cloudformation", "delete-stack"): STACK,
    ("cloudformation", "deploy"): STACK
    | {
        "--template-file": "one",
        "--capabilities": "many",
        "--no-fail-on-empty-changeset": "flag",
        "--tags": "many",
        "--parameter-overrides": "many",
    },
    ("cloudformation", "describe-stack-events"): STACK,
    ("cloudformation", "describe-stacks"): STACK,
    ("cloudformation", "execute-change-set"): CHANGE_SET,
    ("cloudformation", "list-stacks"): {"--stack-status-filter": "many"},
    ("cloudformation", "wait"): CHANGE_SET,
    ("configure", "get"): {},
    ("ecr", "batch-get-image"): {"--repository-name": "one", "--image-ids": "many"},
    ("ecr", "delete-repository"): {"--repository-name": "one", "--force": "flag"},
    ("ecr", "describe-repositories"): {"--repository-names": "many"},
    ("ecs", "describe-services"): {"--cluster": "one", "--services": "many"},
    ("ecs", "describe-tasks"): {"--cluster": "one", "--tasks": "many"},
    ("ecs", "list-tasks"): {"--cluster": "one", "--service-name": "one"},
    ("iam", "get-open-id-connect-provider"): {"--open-id-connect-provider-arn": "one"},
    ("iam", "get-role"): {"--role-name": "one"},
    ("iam", "list-open-id-connect-providers"): {},
    ("rds", "delete-db-instance-automated-backup"): {"--db-instance-automated-backups-arn": "one"},
    ("rds", "delete-db-snapshot"): {"--db-snapshot-identifier": "one"},
    ("rds", "describe-db-instance-automated-backups"): {
        "--db-instance-identifier": "one",
        "--db-instance-automated-backups-arn": "one",
    },
    ("rds", "describe-db-snapshots"): {
        "--snapshot-type": "one",
        "--db-instance-identifier": "one",
        "--db-snapshot-identifier": "one",
    },
    ("s3api", "head-bucket"): {"--bucket": "one"},
    ("secretsmanager", "delete-secret"): {
        "--secret-id": "one",
        "--force-delete-without-recovery": "flag",
    },
    ("secretsmanager", "describe-secret"): {"--secret-id": "one"},
    ("sts", "get-caller-identity"): {},
}
