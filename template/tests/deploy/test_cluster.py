"""A stage is found without GitHub: by the repository's name, or by what its stacks say."""

import subprocess

import pytest

from deploy.cluster import repository_name
from template.tests.deploy.cloud import Cloud, denial
from template.tests.deploy.outcomes import assert_refused

STATUS = ("status", "staging")


def test_project_of_another_name(healthy):
    """A project whose name was chosen is found by the repository that its stacks name."""
    healthy.run("teardown", typing="y\nshop\n", DELETE_DATA="1")
    assert healthy.run("setup", PROJECT="boutique").code == 0
    healthy.cloud.formation.kept["AWS::ECR::Repository"]["boutique"]["staging"] = "sha256:x"
    outcome = healthy.operate(*STATUS)
    assert "staging: http://boutique-staging." in outcome.out
    assert healthy.operate(*STATUS, PROJECT="boutique").out == outcome.out


def test_name_is_written_in_another_case(healthy):
    """GitHub's names have no case, and neither have remotes."""
    assert healthy.operate(*STATUS, GH_REPO="ACME/Shop").code == 0


def test_another_repositorys_stage(healthy):
    """The same name under another owner is not this repository's, unless somebody says so."""
    outcome = healthy.operate("logs", "staging", GH_REPO="other/shop")
    assert_refused(healthy, outcome, "The stack shop-staging in eu-central-1 belongs to acme/shop.")
    assert healthy.operate("logs", "staging", GH_REPO="other/shop", PROJECT="shop").code == 0


def test_who_may_not_list_stacks(healthy, monkeypatch):
    """Without the permission to list stacks, the project has to be named."""
    describe = healthy.cloud.formation.describe_stacks

    def describe_one(positional, options):
        if "--stack-name" not in options:
            raise denial(healthy.cloud.who, "cloudformation:DescribeStacks")
        return describe(positional, options)

    monkeypatch.setattr(healthy.cloud.formation, "describe_stacks", describe_one)
    outcome = healthy.operate("logs", "staging", GH_REPO="acme/boutique")
    assert_refused(healthy, outcome, "There is no stack boutique-staging", "PROJECT=NAME")


def test_folder_without_a_remote(healthy):
    """Where nothing tells the project's name, it has to be given."""
    outcome = healthy.run("logs", "staging")
    assert_refused(healthy, outcome, "This folder does not tell which project it is of", "PROJECT=")
    assert healthy.run("logs", "staging", PROJECT="shop").code == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop",
        "https://token@github.com/acme/shop/",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com:22/acme/shop.git",
        "git@github-of-acme:acme/shop",
    ],
)
def test_names_in_remotes(tmp_path, monkeypatch, url):
    """The repository's name is in the remote's URL, whichever form that has."""
    monkeypatch.delenv("GH_REPO", raising=False)
    for words in (("init", "--quiet"), ("remote", "add", "origin", url)):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert repository_name() == "acme/shop"


def test_repository_that_is_named(monkeypatch):
    """GH_REPO names a repository as the GitHub CLI takes it."""
    monkeypatch.setenv("GH_REPO", "github.example.com/acme/shop")
    assert repository_name() == "acme/shop"


@pytest.mark.parametrize("stage", ["Staging", "a", "st aging", "a" * 17, "s3-x"])
def test_stage_that_cannot_be(healthy, stage):
    """A word that no stage can be called is refused before AWS is asked."""
    outcome = healthy.operate("logs", stage)
    assert_refused(healthy, outcome, "cannot be the name of a stage")
    assert [call.words for call in healthy.desk.calls] == [("aws", "--version")]


def test_profile_of_a_stage(healthy):
    """A stage in another account is asked for with its profile."""
    other = healthy.cloud.profiles["live"] = Cloud()
    other.account = "210987654321"
    outcome = healthy.operate("logs", "production", PRODUCTION_PROFILE="live")
    assert_refused(healthy, outcome, "shop-production in eu-central-1 with the profile live.")
    other.formation = healthy.cloud.formation
    healthy.operate("run", "production", "--", "true", PRODUCTION_PROFILE="live")
    assert len(other.tasks) == 1


def test_region(healthy):
    """Another region is another place."""
    outcome = healthy.operate("logs", "staging", REGION="us-west-2")
    assert_refused(healthy, outcome, "AWS does not answer")


def test_old_aws_cli(healthy):
    """An AWS CLI that is too old is refused; the GitHub CLI is not needed."""
    healthy.cloud.version = "aws-cli/1.18.0 Python/3.8"
    assert_refused(healthy, healthy.operate("logs", "staging"), "The AWS CLI is too old")
