"""The AWS CLI's options that the double knows, by service and operation."""

GLOBAL = {"--region": "one", "--output": "one", "--profile": "one"}

STACK = {"--stack-name": "one"}
CHANGE_SET = STACK | {"--change-set-name": "one"}

OPERATIONS = {
    ("cloudformation", "create-change-set"): CHANGE_SET
    | {
        "--change-set-type": "one",
        "--import-existing-resources": "flag",
        "--template-body": "one",
        "--use-previous-template": "flag",
        "--capabilities": "many",
        "--parameters": "many",
        "--tags": "many",
    },
    ("cloudformation", "delete-change-set"): CHANGE_SET,
    ("cloudformation", "delete-stack"): STACK,
    ("cloudformation", "describe-change-set"): CHANGE_SET,
    ("cloudformation", "describe-events"): {"--change-set-name": "one", "--filters": "many"},
    ("cloudformation", "describe-stack-events"): STACK,
    ("cloudformation", "describe-stacks"): STACK,
    ("cloudformation", "execute-change-set"): CHANGE_SET,
    ("cloudformation", "list-stacks"): {"--stack-status-filter": "many"},
    ("cloudwatch", "get-metric-statistics"): {
        "--namespace": "one",
        "--metric-name": "one",
        "--dimensions": "many",
        "--start-time": "one",
        "--end-time": "one",
        "--period": "one",
        "--statistics": "many",
    },
    ("configure", "get"): {},
    ("ecr", "batch-get-image"): {
        "--registry-id": "one",
        "--repository-name": "one",
        "--image-ids": "many",
    },
    ("ecr", "delete-repository"): {"--repository-name": "one", "--force": "flag"},
    ("ecr", "describe-repositories"): {"--repository-names": "many"},
    ("ecr", "list-tags-for-resource"): {"--resource-arn": "one"},
    ("ecs", "describe-services"): {"--cluster": "one", "--services": "many"},
    ("ecs", "describe-tasks"): {"--cluster": "one", "--tasks": "many"},
    ("ecs", "list-tasks"): {
        "--cluster": "one",
        "--service-name": "one",
        "--desired-status": "one",
    },
    ("iam", "get-open-id-connect-provider"): {"--open-id-connect-provider-arn": "one"},
    ("iam", "get-role"): {"--role-name": "one"},
    ("logs", "filter-log-events"): {"--log-group-name": "one", "--start-time": "one"},
    ("logs", "get-log-events"): {
        "--log-group-name": "one",
        "--log-stream-name": "one",
        "--limit": "one",
    },
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
