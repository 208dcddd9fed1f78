"""What people run into: each error says what it means and what to do next, and changes nothing."""

import pytest

from template.tests.deploy.outcomes import assert_refused


@pytest.mark.parametrize("command", ["setup", "teardown", "doctor"])
@pytest.mark.parametrize(
    ("program", "name", "version"),
    [("aws", "The AWS CLI (`aws`)", "2.15"), ("gh", "The GitHub CLI (`gh`)", "2.27")],
)
def test_missing_program(workplace, monkeypatch, tmp_path, command, program, name, version):
    """A program that is not installed is named, with the version and where to get it."""
    for other in {"aws", "gh"} - {program}:
        (tmp_path / other).symlink_to(workplace.programs / other)
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = workplace.run(command)
    assert_refused(workplace, outcome, f"{name} is not installed", f"Install version {version}")


@pytest.mark.parametrize(
    "version",
    [
        "aws-cli/1.45.11 Python/3.11.7 Linux/6.8 botocore/1.43.11",
        "aws-cli/2.9.19 Python/3.11.2 Linux/6.1 source/x86_64.debian.12",
        "no version at all",
        "",
    ],
)
def test_old_aws_cli(workplace, version):
    """An AWS CLI before 2.15 is too old."""
    workplace.cloud.version = version
    assert_refused(workplace, workplace.run("setup"), "The AWS CLI is too old", "version 2.15")


def test_old_gh(workplace):
    """A GitHub CLI before 2.27 is too old."""
    workplace.hub.version = "gh version 2.23.0 (2023-02-27 Debian 2.23.0+dfsg1-1)"
    assert_refused(workplace, workplace.run("setup"), "gh version 2.23.0", "version 2.27")


@pytest.mark.parametrize(
    "said",
    [
        'Unable to locate credentials. You can configure credentials by running "aws login".',
        "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: expired",
        "Error when retrieving token from sso: Token has expired and refresh failed",
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: no",
    ],
)
def test_not_logged_in_to_aws(workplace, said):
    """Without valid credentials it says how to log in to AWS."""
    workplace.cloud.log_in_error = said
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "You are not logged in to AWS", "`aws sso login`", said[:40])


def test_broken_aws_configuration(workplace):
    """A configuration that the AWS CLI cannot read is repeated, with how to log in."""
    workplace.cloud.log_in_error = "The config profile (nobody) could not be found"
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "(nobody) could not be found", "AWS_PROFILE=NAME")


@pytest.mark.parametrize(
    "said",
    [
        "You are not logged into any GitHub hosts. To log in, run: gh auth login",
        "gh: Bad credentials (HTTP 401)",
    ],
)
def test_not_logged_in_to_github(workplace, said):
    """Without valid credentials it says how to log in to GitHub."""
    workplace.hub.log_in_error = said
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "You are not logged in to GitHub", "`gh auth login`")


@pytest.mark.parametrize(
    ("said", "part", "advice"),
    [
        ("no git remotes found", "does not tell which GitHub repository", "gh repo create"),
        ("gh: API rate limit exceeded for user ID 77. (HTTP 403)", "patience", "gh api rate_limit"),
        ("something unheard of", "`gh auth status` failed: something unheard of", "Mend what it"),
    ],
)
def test_other_refusals_of_github(workplace, said, part, advice):
    """What else GitHub says is explained, or repeated where nobody knows it."""
    workplace.hub.log_in_error = said
    assert_refused(workplace, workplace.run("setup"), part, advice)


def test_unknown_repository(workplace):
    """A repository that GitHub does not show is not taken for granted."""
    workplace.hub.repository = None
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "does not show you this clone", "GH_REPO=OWNER/NAME")


def test_no_administrator(workplace):
    """Somebody who does not administer the repository is told whom to ask."""
    workplace.hub.repository["permissions"]["admin"] = False
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "You do not administer acme/shop", "Ask an administrator")


def test_subject_of_its_own(workplace):
    """A repository that customizes its subject is told how to put it back."""
    workplace.hub.subject = {"use_default": False, "include_claim_keys": ["repo", "context"]}
    outcome = workplace.run("setup")
    path = "repos/acme/shop/actions/oidc/customization/sub"
    assert_refused(workplace, outcome, f"gh api --method PUT {path} -F use_default=true")


def test_unreadable_subject(workplace):
    """A subject that GitHub will not tell stops the run instead of being guessed."""
    workplace.hub.forbidden = "customization/sub"
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "Resource not accessible by personal access token")


def test_no_region(workplace):
    """Without any region it asks for one."""
    workplace.cloud.configured_region = ""
    outcome = workplace.run("setup")
    assert_refused(workplace, outcome, "No AWS region is chosen", "make setup REGION=eu-central-1")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_of_the_environment(workplace, name):
    """The AWS CLI's own variables choose the region before its configuration does."""
    outcome = workplace.run("setup", typing="n\n", **{name: "us-east-1"})
    assert "Region      us-east-1" in outcome.out


def test_misspelt_region(workplace):
    """A region that does not exist is recognized by AWS's silence."""
    outcome = workplace.run("setup", REGION="eu-centrall-1")
    assert_refused(workplace, outcome, "AWS does not answer", "eu-centrall-1", "region's spelling")


def test_region_of_the_repository_wins(set_up):
    """A repository that is set up in a region stays there, whatever the AWS CLI's own region is."""
    set_up.cloud.configured_region = "us-east-1"
    outcome = set_up.run("setup")
    assert "Region      eu-central-1" in outcome.out
    assert set_up.desk.changes() == []


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ({"REGION": "us-east-1"}, "the region eu-central-1, not us-east-1"),
        ({"PROJECT": "other"}, "the project shop, not other"),
    ],
)
def test_another_place(set_up, choices, what):
    """A repository is not set up in a second place while it has a first."""
    outcome = set_up.run("setup", **choices)
    assert_refused(set_up, outcome, f"is set up with {what}", "`make teardown`")


def test_another_account(set_up):
    """A repository is not set up in a second account while it has a first."""
    set_up.cloud.account = "999999999999"
    outcome = set_up.run("setup")
    assert_refused(set_up, outcome, "the account 123456789012, not 999999999999", "AWS_PROFILE")


@pytest.mark.parametrize("typing", ["n\n", "\n", "yess\n", ""])
@pytest.mark.parametrize("command", ["setup", "teardown"])
def test_declined(set_up, command, typing):
    """Whatever is not a yes, and nobody to ask, changes nothing."""
    outcome = set_up.run(command, typing=typing)
    assert_refused(set_up, outcome, "Nothing was changed.", "YES=1")


@pytest.mark.parametrize(
    "action",
    ["sts:GetCallerIdentity", "cloudformation:DescribeStacks", "iam:GetOpenIdConnectProvider"],
)
def test_missing_permission_to_look(workplace, action):
    """A permission that is missing for looking is named, with who can grant it."""
    workplace.cloud.denied = {action}
    outcome = workplace.run("setup")
    assert outcome.code == 1
    who = "arn:aws:iam::123456789012:user/dev"
    assert f"AWS does not allow {action} to {who}." in outcome.err
    assert f"Ask whoever administers the AWS account to allow {action} to {who}" in outcome.err


def test_missing_permission_to_deploy(workplace):
    """A permission that is missing for deploying is named, with how far the run came."""
    workplace.cloud.denied = {"cloudformation:CreateChangeSet"}
    outcome = workplace.run("setup")
    assert outcome.code == 1
    assert "AWS does not allow cloudformation:CreateChangeSet" in outcome.err
    assert "Done before it stopped: environment staging, environment production." in outcome.err


def test_throttled(workplace):
    """An AWS that asks for patience is to be tried again."""
    workplace.cloud.log_in_error = "An error occurred (Throttling): Rate exceeded"
    assert_refused(workplace, workplace.run("setup"), "AWS asks for patience", "Wait a minute")
