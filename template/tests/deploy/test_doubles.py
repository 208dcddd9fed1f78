"""The doubles say no where the real programs, AWS and GitHub do."""

import json
import subprocess
from types import SimpleNamespace

import pytest
from awscli.clidriver import create_clidriver

from deploy.stacks import TEMPLATES
from template.tests.deploy.aws_options import OPERATIONS
from template.tests.deploy.programs import Desk, Server
from template.tests.deploy.templates import LARGEST, read_template

REGION = ("--region", "eu-central-1")
# Subcommands of a subcommand, which have no table of their own.
BUILT_OTHERWISE = {("configure", "get")}
NETWORK = str(TEMPLATES / "network.yml")


@pytest.fixture
def call(workplace):
    """Call an executable and return how it ended."""

    def run(*words, stdin=""):
        return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)

    return run


def plan(*parameters, template=NETWORK, capabilities=("CAPABILITY_NAMED_IAM",), kind="CREATE"):
    """Return the words of a change set for the stack n."""
    given = [dict(zip(KEYS, one.split("="), strict=True)) for one in parameters]
    return (
        *("aws", "cloudformation", "create-change-set", "--stack-name", "n"),
        *("--change-set-name", "c", "--change-set-type", kind),
        *("--template-body", f"file://{template}", "--capabilities", *capabilities),
        *("--parameters", json.dumps(given), "--tags", '[{"Key": "A", "Value": "b"}]', *REGION),
    )


KEYS = ("ParameterKey", "ParameterValue")


def test_options_are_the_genuine_ones():
    """Every option that the double of aws knows is one that the AWS CLI knows."""
    services = create_clidriver().create_help_command().command_table
    for service, operation in OPERATIONS.keys() - BUILT_OTHERWISE:
        operations = services[service].create_help_command().command_table
        genuine = {f"--{name}" for name in operations[operation].arg_table}
        assert set(OPERATIONS[service, operation]) <= genuine, f"aws {service} {operation}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("aws", "ec2", "describe-vpcs", *REGION), "Invalid choice"),
        (("aws", "sts", "get-caller-identity", "--verbose"), "Unknown options: --verbose"),
        (("aws", "sts", "get-caller-identity"), "wants --region"),
        (("aws", "sts", "get-caller-identity", "--region"), "expected one argument"),
        (("aws", "configure", "get", "output"), ""),
        (
            ("aws", "cloudformation", "list-stacks", "--stack-status-filter", "X", *REGION),
            "deleted stacks only",
        ),
        (
            ("aws", "cloudformation", "describe-stacks", "--stack-name", "none", *REGION),
            "Stack with id none does not exist",
        ),
        (plan("Stage=staging", kind="UPDATE"), "Stack [n] does not exist"),
        (
            ("aws", "sts", "get-caller-identity", *REGION, "--profile", "x"),
            "(x) could not be found",
        ),
        (
            ("aws", "cloudformation", "execute-change-set", "--change-set-name", "c", *REGION),
            "ChangeSetNotFound",
        ),
        (plan("Stage=staging", template="deploy/infra/none.yml"), "Unable to load paramfile"),
        (plan("Stage=staging", capabilities=()), "InsufficientCapabilities"),
        (plan("Stage=staging", "Colour=red"), "['Colour'] do not exist in the template"),
        (plan("ProjectName=shop"), "['Stage'] must have values"),
        (plan("Stage=Testing"), "Parameter Stage failed to satisfy constraint"),
        (plan("Stage=staging", "VpcCidr=0.0.0.0/0"), "Parameter VpcCidr failed"),
        (("gh", "issue", "list", "--limit", "3"), "Unknown options"),
        (("gh", "api", "repos/other/one"), "gh: Not Found (HTTP 404)"),
        (("gh", "api", "repos/acme/shop/environments/none"), "gh: Not Found (HTTP 404)"),
        (("gh", "api", "repos/acme/shop/actions/variables", "--jq", "."), "one expression"),
        (("gh", "variable", "set", "A", "--body", "b", "--repo", "o/r"), "HTTP 404"),
        (
            ("gh", "variable", "set", "A", "--body", "b", "--repo", "acme/shop", "--env", "none"),
            "HTTP 404",
        ),
    ],
)
def test_refusals(call, words, said):
    """Unknown commands, options, things and values are refused with what the programs say."""
    ended = call(*words)
    assert ended.returncode != 0
    assert said in ended.stderr


def test_large_templates_are_refused(call, tmp_path):
    """A template that CloudFormation would only take from a bucket is refused."""
    large = tmp_path / "large.yml"
    large.write_text("# " + "x" * LARGEST + "\n" + (TEMPLATES / "network.yml").read_text())
    assert "greater than 51,200 bytes" in call(*plan("Stage=staging", template=large)).stderr


def carry_out(call, *words):
    """Make a change set, execute it and return what the stack then says of itself, twice."""
    made = json.loads(call(*words).stdout)
    which = ("--change-set-name", made["Id"], *REGION)
    call("aws", "cloudformation", "execute-change-set", *which)
    look = ("aws", "cloudformation", "describe-stacks", "--stack-name", "n", *REGION)
    return [json.loads(call(*look).stdout)["Stacks"][0]["StackStatus"] for _ in range(2)]


def test_stack_that_cannot_be_updated(call, workplace):
    """A stack that failed to be created cannot be updated."""
    workplace.cloud.formation.breaks["n"] = [("Vpc", "AWS::EC2::VPC", "no")]
    statuses = carry_out(call, *plan("Stage=staging"))
    assert statuses == ["CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert "can not be updated" in call(*plan("Stage=staging", kind="UPDATE")).stderr


def test_stack_that_is_there_cannot_be_created(call, workplace):
    """A stack is created once, and a value that it never had cannot be kept."""
    assert carry_out(call, *plan("Stage=staging"))[1] == "CREATE_COMPLETE"
    assert "already exists" in call(*plan("Stage=staging")).stderr
    words = list(plan("Stage=staging", kind="UPDATE"))
    unknown = [{"ParameterKey": "Colour", "UsePreviousValue": True}]
    words[words.index("--parameters") + 1] = json.dumps(unknown)
    assert "Cannot specify usePreviousValue" in call(*words).stderr


def test_parameters_fall_back_to_their_defaults(call, workplace):
    """An update that does not say what a parameter keeps puts it back to the default."""
    carry_out(call, *plan("Stage=staging", "VpcCidr=10.9.0.0/16"))
    carry_out(call, *plan("Stage=staging", "NatGateway=true", kind="UPDATE"))
    assert workplace.cloud.formation.stacks["n"]["parameters"]["VpcCidr"] == "10.0.0.0/16"


@pytest.mark.parametrize(
    ("policy", "left"), [("DeletionPolicy: Retain", 2), ("DeletionPolicy: RetainExceptOnCreate", 0)]
)
def test_what_a_failed_creation_leaves(call, workplace, tmp_path, policy, left):
    """An undone creation leaves what says Retain."""
    text = (TEMPLATES / "database.yml").read_text()
    template = tmp_path / "database.yml"
    template.write_text(text.replace("DeletionPolicy: RetainExceptOnCreate", policy))
    formation = workplace.cloud.formation
    formation.breaks["n"] = [("Database", "AWS::RDS::DBInstance", "no")]
    words = ("Stage=staging", "VpcId=vpc-1", "PrivateSubnetIds=subnet-1")
    carry_out(call, *plan(*words, template=template))
    assert len(formation.kept["AWS::SecretsManager::Secret"]) == left


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_token_files(workplace, tmp_path, mode):
    """A file that others may read, and a subject that no role trusts, are refused."""
    file = tmp_path / "token"
    file.write_text("head.eyJzdWIiOiAieCJ9.signature")
    file.chmod(mode)
    role = "arn:aws:iam::123456789012:role/shop-build"
    environment = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)}
    words = ["sts", "get-caller-identity", *REGION]
    said = workplace.desk.answer("aws", words, "", environment)[2]
    assert ("open to others" in said) is (mode == 0o644)
    assert ("Not authorized" in said) is (mode == 0o600)


def test_branches_need_a_custom_policy(call, workplace):
    """Branches can only be listed where the environment has a list."""
    path = "repos/acme/shop/environments/staging"
    call("gh", "api", path, "--method", "PUT", "--input", "-", stdin="{}")
    listed = call("gh", "api", f"{path}/deployment-branch-policies")
    assert "HTTP 404" in listed.stderr


def test_ten_variables_a_page(call, workplace):
    """GitHub lists ten variables unless it is asked to go on."""
    workplace.hub.variables[""] = {f"NAME_{letter}": letter for letter in "ABCDEFGHIJKL"}
    words = ("gh", "api", "repos/acme/shop/actions/variables", "--jq")
    words += (".variables[] | {name, value}",)
    assert len(call(*words).stdout.splitlines()) == 10
    assert len(call(*words, "--paginate").stdout.splitlines()) == 12


def test_a_fault_of_a_double_is_kept(workplace):
    """A double's own fault is kept for the test, and a caller that went away is none."""
    server = SimpleNamespace(desk=Desk())
    for fault in (ConnectionResetError(), KeyError("name")):
        try:
            raise fault
        except (ConnectionError, KeyError):
            Server.handle_error(server, None, None)
    assert isinstance(server.desk.fault, KeyError)


def test_functions_of_templates(tmp_path):
    """Short function forms are read as what stands behind them."""
    file = tmp_path / "one.yml"
    file.write_text("A: !Ref b\nC: !Join [d, [e]]\nF: !Transform {g: h}\n")
    assert read_template(file) == {"A": "b", "C": ["d", ["e"]], "F": {"g": "h"}}
