"""The doubles say no where the real programs, AWS and GitHub do."""

import json
import subprocess
from types import SimpleNamespace

import pytest
from awscli.clidriver import create_clidriver

from deploy.stacks import TEMPLATES
from template.tests.deploy.aws_options import OPERATIONS
from template.tests.deploy.programs import Desk, Server
from template.tests.deploy.resources import PROVIDER, arn, secret
from template.tests.deploy.templates import LARGEST, read_template

REGION = ("--region", "eu-central-1")
# Subcommands of a subcommand, which have no table of their own.
BUILT_OTHERWISE = {("configure", "get"), ("cloudformation", "wait")}
NETWORK = str(TEMPLATES / "network.yml")


@pytest.fixture
def call(workplace):
    """Call an executable and return how it ended."""

    def run(*words, stdin=""):
        return subprocess.run(words, input=stdin, capture_output=True, text=True, check=False)

    return run


def deploy(*parameters, template=NETWORK, capabilities=("CAPABILITY_NAMED_IAM",), name="n"):
    """Return the words of a deployment."""
    return (
        *("aws", "cloudformation", "deploy", "--stack-name", name, "--template-file", template),
        *("--capabilities", *capabilities, "--tags", "A=b", "--parameter-overrides", *parameters),
        *REGION,
    )


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
        (
            (
                "aws",
                "cloudformation",
                "wait",
                "stack-create-complete",
                "--stack-name",
                "x",
                *REGION,
            ),
            "Waiter",
        ),
        (deploy("Stage=staging", template="deploy/infra/none.yml"), "Invalid template path"),
        (deploy("Stage=staging", capabilities=()), "InsufficientCapabilities"),
        (deploy("Stage=staging", "Colour=red"), "['Colour'] do not exist in the template"),
        (deploy("ProjectName=shop"), "['Stage'] must have values"),
        (deploy("Stage=testing"), "Parameter Stage failed to satisfy constraint"),
        (deploy("Stage=staging", "VpcCidr=0.0.0.0/0"), "Parameter VpcCidr failed"),
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
    assert "greater than 51,200 bytes" in call(*deploy("Stage=staging", template=large)).stderr


def test_stack_that_cannot_be_updated(call, workplace):
    """A stack that failed to be created cannot be updated."""
    workplace.cloud.formation.breaks["n"] = [("Vpc", "AWS::EC2::VPC", "no")]
    call(*deploy("Stage=staging"))
    assert "can not be updated" in call(*deploy("Stage=staging")).stderr


@pytest.mark.parametrize("kind", ["AWS::ECR::Repository", "AWS::IAM::OIDCProvider"])
def test_names_that_are_taken(workplace, kind, monkeypatch):
    """A new stack cannot make what exists already."""
    monkeypatch.setattr("deploy.create.repository_exists", lambda *_: False)
    monkeypatch.setattr("deploy.create.github_provider", lambda *_: "")
    name = arn("iam", "", "123456789012", PROVIDER)
    taken = {"AWS::ECR::Repository": "django-crud-app", "AWS::IAM::OIDCProvider": name}
    workplace.cloud.formation.kept[kind][taken[kind]] = {}
    assert "already exists" in workplace.run("setup").err


def test_containers_without_an_image(set_up, monkeypatch):
    """A service that wants containers without an image to run is rolled back."""
    monkeypatch.setattr("deploy.create.check_counts", lambda _: None)
    outcome = set_up.run("setup", STAGING_PARAMETERS="DesiredCount=1")
    assert "Deployment Circuit Breaker was triggered" in outcome.err


def test_roles_need_the_github_stack(call, workplace):
    """A release policy cannot be attached to a role that nobody has made."""
    key = secret("123456789012", "key")
    words = ("Stage=staging", f"DatabaseSecretArn={key}", f"SecretKeyArn={key}")
    template = str(TEMPLATES / "roles.yml")
    assert call(*deploy(*words, template=template)).returncode == 255
    assert "role cannot be found" in json.dumps(workplace.cloud.formation.stacks["n"]["events"])


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_token_files(workplace, tmp_path, mode):
    """A file that others may read, and a subject that no role trusts, are refused."""
    file = tmp_path / "token"
    file.write_text("head.eyJzdWIiOiAieCJ9.signature")
    file.chmod(mode)
    role = "arn:aws:iam::123456789012:role/django-crud-app-build"
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
