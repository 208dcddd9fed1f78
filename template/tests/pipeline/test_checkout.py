"""A checkout is the commit, and nothing that is not committed."""

import subprocess

import pytest

from template.rehearsal.github.checkout import CheckoutError, clone
from template.rehearsal.github.oidc import Repository
from template.tests.pipeline.sandboxes import commit, git, small_project


@pytest.fixture
def source(tmp_path):
    """A project of one commit."""
    return small_project(tmp_path / "source")


def ask(folder, *arguments):
    """What git prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_checkout_is_the_commit_on_main(source, tmp_path):
    """The clone is at the commit of the work tree, on main, and its origin is on GitHub."""
    git(source, "checkout", "--quiet", "-b", "feature")
    (source / "content").write_text("feature")
    commit(source)
    checkout = clone(source, tmp_path / "checkout", Repository(owner="me", name="mine"))
    assert checkout.commit == ask(source, "rev-parse", "HEAD")
    assert checkout.changed is False
    assert (checkout.folder / "content").read_text() == "feature"
    assert ask(checkout.folder, "branch", "--show-current") == "main"
    assert ask(checkout.folder, "remote", "get-url", "origin") == "https://github.com/me/mine"


@pytest.mark.parametrize("file", ["content", "new"])
def test_changes_stay_out(source, tmp_path, file):
    """What is not committed is not part of the checkout, and is told."""
    (source / file).write_text("changed")
    checkout = clone(source, tmp_path / "checkout", Repository())
    assert checkout.changed is True
    assert (checkout.folder / "content").read_text() == "content"
    assert not (checkout.folder / "new").exists()


def test_folder_without_git_has_no_commit(tmp_path):
    """A folder that is no repository is refused with what to do."""
    with pytest.raises(CheckoutError, match=r"There is no commit to rehearse: .* Run: git commit"):
        clone(tmp_path, tmp_path / "checkout", Repository())


def test_stand_ins_are_those_of_the_workflows(source, tmp_path):
    """Every third-party action that has a stand-in gets it, at the version that is used."""
    checkout = clone(source, tmp_path / "checkout", Repository())
    stand_ins = checkout.stand_ins()
    names = {use.partition("@")[0]: folder.name for use, folder in stand_ins.items()}
    assert names == {
        "actions/setup-python": "setup-python",
        "aws-actions/configure-aws-credentials": "configure-aws-credentials",
    }
    text = (source / ".github" / "workflows" / "stage.yml").read_text()
    assert any(use in text for use in stand_ins)
