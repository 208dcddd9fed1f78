"""The AWS double answers SDKs and the AWS CLI, and says no as AWS does."""

import subprocess

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from template.rehearsal.aws.account import arn
from template.rehearsal.aws.errors import AwsError
from template.rehearsal.aws.recording import Authorization
from template.rehearsal.aws.sessions import caller
from template.tests.pipeline.conftest import PATH

SERVICE_ARN = arn("ecs", "service/django-crud-app-staging/web")
REPOSITORY_ARN = arn("ecr", "repository/django-crud-app")


class Little:
    """A little of a service, which asks for the permission that a test names."""

    def __init__(self, name="ecs"):
        self.name = name
        self.wanted = Authorization("ecr:PutImage", REPOSITORY_ARN)
        self.answer = {"taskArns": []}

    def authorizations(self, operation, params):
        """What the test wants."""
        if params.get("cluster") == "gone":
            raise AwsError("ClusterNotFoundException", "Cluster not found.")
        return [self.wanted]

    def call(self, operation, params):
        """What the test wants, or who calls."""
        if operation == "ListServices":
            return {"nextToken": caller.get().session.arn}
        return self.answer


@pytest.fixture
def ecs(aws):
    """A service that is plugged in."""
    service = Little()
    aws.add(service)
    return service


def refusal(call, **params):
    """The error of a call, as an SDK sees it."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return error.value.response["Error"]


def test_permitted_call_is_answered_and_recorded(ecs, client, session, recording):
    """A signed call that IAM allows reaches the service, and is kept with its ARN."""
    assert client("ecs", session).list_tasks()["taskArns"] == []
    [call] = recording
    assert (call.principal, call.action) == (session.arn, "ecr:PutImage")
    assert (call.resource, call.allowed, call.error) == (REPOSITORY_ARN, True, None)


def test_service_knows_its_caller(ecs, client, session):
    """A service can ask who calls it."""
    assert client("ecs", session).list_services()["nextToken"] == session.arn


def test_missing_permission_is_refused_in_the_words_of_aws(ecs, client, session, recording):
    """A call that no policy allows is denied, with principal, action and resource."""
    ecs.wanted = Authorization("ecs:DescribeServices", SERVICE_ARN)
    assert refusal(client("ecs", session).list_tasks) == {
        "Code": "AccessDeniedException",
        "Message": f"User: {session.arn} is not authorized to perform: ecs:DescribeServices on"
        f" resource: {SERVICE_ARN} because no identity-based policy allows the"
        " ecs:DescribeServices action",
    }
    [call] = recording.refused()
    assert (call.action, call.error) == ("ecs:DescribeServices", "AccessDeniedException")


def test_wrong_secret_is_refused(ecs, client, session, recording):
    """A signature with another secret does not match, and reaches no service."""
    wrong = client("ecs", session, aws_secret_access_key="wrong")
    assert refusal(wrong.list_tasks)["Code"] == "InvalidSignatureException"
    [call] = recording
    assert (call.principal, call.allowed) == ("anonymous", False)


def test_query_protocol_has_its_own_names(client, session):
    """STS says the same in other words."""
    wrong = client("sts", session, aws_secret_access_key="wrong")
    assert refusal(wrong.get_caller_identity)["Code"] == "SignatureDoesNotMatch"
    assert refusal(client("sts").get_caller_identity)["Code"] == "InvalidClientTokenId"


def test_expired_credentials_are_refused(ecs, client, session, sessions):
    """Credentials that expire between two calls end the second."""
    caller_ = client("ecs", session)
    caller_.list_tasks()
    sessions.expire()
    assert refusal(caller_.list_tasks)["Code"] == "ExpiredTokenException"


def test_service_s_own_refusal_is_recorded(ecs, client, session, recording):
    """An error that a service raises before its permissions are known is passed on and kept."""
    error = refusal(client("ecs", session).list_tasks, cluster="gone")
    assert error["Code"] == "ClusterNotFoundException"
    assert [(call.allowed, call.error) for call in recording] == [(True, error["Code"])]


def test_parameters_are_checked_against_the_model(ecs, client, session):
    """What AWS's model does not have is refused, whatever the client let through."""
    lax = client("ecs", session)
    lax.meta.events.register(
        "before-call.ecs.ListTasks", lambda params, **_: params.update(body=b'{"clutser": "a"}')
    )
    error = refusal(lax.list_tasks)
    assert error["Code"] == "ValidationException"
    assert "clutser" in error["Message"]


def test_answers_are_checked_against_the_model(ecs, client, session):
    """A service whose answer AWS would never give is found out."""
    ecs.answer = {"taskArns": "none"}
    error = refusal(client("ecs", session).list_tasks)
    assert error["Code"] == "InternalFailure"
    assert "Invalid type for parameter taskArns" in error["Message"]


def test_question_that_iam_cannot_judge_is_found_out(ecs, client, session):
    """A service that asks for an action that does not exist is found out."""
    ecs.wanted = Authorization("ecs:LstTasks", "*")
    error = refusal(client("ecs", session).list_tasks)
    assert error["Code"] == "InternalFailure"
    assert "ecs:LstTasks" in error["Message"]


def test_unknown_service_is_named(client, session):
    """A service that is not played says which ones are."""
    error = refusal(client("s3", session).list_buckets)
    assert "plays sts, but not s3" in error["Message"]


@pytest.mark.parametrize(
    "target", ["AmazonEC2ContainerServiceV20141113.ListTusks", "Other.ListTasks", "ListTasks"]
)
def test_unknown_operation_is_named(ecs, client, session, target):
    """An operation that AWS does not have, or another service's, is refused."""
    lax = client("ecs", session)
    lax.meta.events.register(
        "before-call.ecs.ListTasks",
        lambda params, **_: params["headers"].update({"X-Amz-Target": target}),
    )
    error = refusal(lax.list_tasks)
    assert error["Code"] == "UnknownOperationException"
    assert target in error["Message"]


def test_error_is_injected(ecs, client, session, faults, recording):
    """A named error comes as often as a test wants, and is recorded."""
    faults.fail("ecs", "ListTasks", AwsError("ThrottlingException", "Rate exceeded"))
    call = client("ecs", session).list_tasks
    assert refusal(call) == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    call()
    assert [each.error for each in recording] == ["ThrottlingException", None]


def test_connection_is_cut(ecs, client, session, faults, recording):
    """A connection is dropped without an answer, and the next one works."""
    faults.cut("ecs", "ListTasks")
    call = client("ecs", session).list_tasks
    with pytest.raises(ConnectionClosedError):
        call()
    call()
    assert [each.error for each in recording] == ["CutError", None]


def test_operations_without_output(aws, client, session):
    """An operation may have nothing to say."""

    logs = Little("logs")
    logs.answer = {}
    aws.add(logs)
    assert client("logs", session).create_log_group(logGroupName="a")["ResponseMetadata"]


def cli(endpoint, session, *arguments):
    """Run the AWS CLI with a session's credentials and nothing of the user's."""
    environment = {
        "PATH": PATH,
        "AWS_ENDPOINT_URL": f"http://{endpoint}",
        "AWS_MAX_ATTEMPTS": "1",
        **session.environment(),
    }
    return subprocess.run(
        ["aws", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_aws_cli_is_answered(ecs, aws_endpoint, session):
    """The real AWS CLI finds the double by AWS_ENDPOINT_URL, in both protocols."""
    arn_only = ["--query", "Arn", "--output", "text"]
    identity = cli(aws_endpoint, session, "sts", "get-caller-identity", *arn_only)
    assert (identity.stdout.strip(), identity.stderr) == (session.arn, "")
    tasks = cli(aws_endpoint, session, "ecs", "list-tasks", "--query", "taskArns")
    assert (tasks.stdout.strip(), tasks.returncode) == ("[]", 0)


def test_aws_cli_is_refused(ecs, aws_endpoint, session):
    """The real AWS CLI prints what is missing, and fails."""
    ecs.wanted = Authorization("ecs:DescribeServices", SERVICE_ARN)
    tasks = cli(aws_endpoint, session, "ecs", "list-tasks")
    assert tasks.returncode != 0
    assert "An error occurred (AccessDeniedException)" in tasks.stderr
    assert f"{session.arn} is not authorized to perform: ecs:DescribeServices" in tasks.stderr
