"""A checkout is the commit, and nothing that is not committed."""

import subprocess
from dataclasses import replace

import pytest

from template.rehearsal.github.checkout import (
    PIPELINE,
    CheckoutError,
    clone,
    default_branch,
)
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


def test_texts_of_the_commit_are_known(source, tmp_path):
    """A text is looked for as it stands, in the commit and not in the folder."""
    (source / "content").write_text("a.*[b]\nc")
    commit(source)
    checkout = clone(source, tmp_path / "checkout", Repository())
    (checkout.folder / "content").write_text("changed in the folder")
    assert checkout.contains("a.*[b]")
    assert not checkout.contains("aab")
    assert not checkout.contains("changed in the folder")
    with pytest.raises(CheckoutError, match="cannot look for a text"):
        replace(checkout, commit="0" * 40).contains("a")


@pytest.mark.parametrize("file", ["content", "new"])
def test_changes_stay_out(source, tmp_path, file):
    """What is not committed is not part of the checkout, and is told."""
    (source / file).write_text("changed")
    checkout = clone(source, tmp_path / "checkout", Repository())
    assert checkout.changed is True
    assert (checkout.folder / "content").read_text() == "content"
    assert not (checkout.folder / "new").exists()


def refusal(source, tmp_path):
    """Why a project is refused."""
    with pytest.raises(CheckoutError) as error:
        clone(source, tmp_path / "checkout", Repository())
    return str(error.value)


def test_missing_folder_is_refused(tmp_path):
    """A project that does not exist is told, with how to name one."""
    missing = tmp_path / "shop"
    told = f"{missing} is not a folder. Name a project: make rehearse OF=../shop"
    assert refusal(missing, tmp_path) == told


def test_folder_without_git_is_refused(tmp_path):
    """A folder that is no repository is refused with what to do."""
    told = f"{tmp_path} is no Git repository, and what is rehearsed is a commit."
    assert refusal(tmp_path, tmp_path).startswith(told)


def test_repository_without_a_commit_is_refused(tmp_path):
    """A repository in which nothing was committed yet is refused with what to do."""
    git(tmp_path, "init", "--quiet")
    told = f"{tmp_path} has no commit to rehearse. Run there: git add . && git commit"
    assert refusal(tmp_path, tmp_path) == told


def test_folder_in_a_repository_is_refused(source, tmp_path):
    """A project that is not the root of its repository has no workflows on GitHub."""
    inside = source / "deploy"
    told = f"{inside} is a folder of the repository {source}. Run: make rehearse OF={source}"
    assert refusal(inside, tmp_path) == told


@pytest.mark.parametrize("path", PIPELINE)
def test_project_without_a_part_of_the_pipeline_is_refused(source, tmp_path, path):
    """Every part that is missing is named, with the command that brings it."""
    (source / path).unlink()
    commit(source)
    told = refusal(source, tmp_path)
    assert told == (
        f"{source} has no {path}, so it cannot be rehearsed."
        f" Run: make adopt INTO={source}, and commit what that writes."
    )


def test_parts_are_found_in_their_other_places(source, tmp_path):
    """A project with files of its own in the usual places has the template's beside them."""
    assert clone(source, tmp_path / "first", Repository()).home == "deploy"
    (source / "tools").mkdir()
    git(source, "mv", "deploy", "tools/deploy")
    git(source, "mv", "Dockerfile", "tools/deploy/Dockerfile")
    git(source, "mv", ".github/workflows/deploy.yml", ".github/workflows/deploy-to-ecs.yml")
    (source / ".github/workflows/deploy.yml").write_text("on: push\njobs: {}\n")
    commit(source)
    checkout = clone(source, tmp_path / "second", Repository())
    assert (checkout.home, checkout.workflow) == ("tools/deploy", "deploy-to-ecs.yml")


def test_part_that_is_not_committed_is_refused(source, tmp_path):
    """A part that is there and not in the commit only has to be committed."""
    git(source, "rm", "--quiet", "--cached", "Dockerfile")
    git(source, "commit", "--quiet", "-m", "Forget it")
    told = f"The commit of {source} lacks Dockerfile. Commit them first."
    assert refusal(source, tmp_path) == told


def test_project_below_a_path_with_blanks(tmp_path):
    """Blanks in a path, and what a shell would make of it, do not matter."""
    folder = tmp_path / "my $HOME's projects"
    folder.mkdir()
    source = small_project(folder / "the shop")
    assert clone(source, tmp_path / "checkout", Repository()).branch == "main"


def test_folder_that_is_linked_to(source, tmp_path):
    """A symbolic link to the root of a repository is that repository."""
    link = tmp_path / "link"
    link.symlink_to(source)
    assert clone(link, tmp_path / "checkout", Repository()).changed is False


def test_detached_head_is_a_commit(source, tmp_path):
    """A commit without a branch is rehearsed as a push of it to the default branch."""
    git(source, "checkout", "--quiet", "--detach")
    checkout = clone(source, tmp_path / "checkout", Repository())
    assert (checkout.branch, ask(checkout.folder, "branch", "--show-current")) == ("main", "main")


def test_worktree_is_a_repository(source, tmp_path):
    """A further work tree of a repository has a commit of its own."""
    git(source, "worktree", "add", "--quiet", "-b", "feature", str(tmp_path / "tree"))
    (tmp_path / "tree" / "content").write_text("feature")
    commit(tmp_path / "tree")
    checkout = clone(tmp_path / "tree", tmp_path / "checkout", Repository())
    assert (checkout.folder / "content").read_text() == "feature"
    assert checkout.branch == "main"


@pytest.mark.parametrize("name", ["main", "master", "develop", "release/1"])
def test_default_branch_of_a_new_repository(source, name):
    """Whatever the only branch is called, it is the default one."""
    git(source, "branch", "--move", name)
    assert default_branch(source) == name


def test_default_branch_is_the_remote_s(source, tmp_path):
    """Where there is a remote, its default branch counts, whatever is checked out."""
    git(source, "branch", "develop")
    git(source, "checkout", "--quiet", "develop")
    git(tmp_path, "clone", "--quiet", str(source), "clone")
    git(tmp_path / "clone", "checkout", "--quiet", "-b", "main")
    assert default_branch(tmp_path / "clone") == "develop"


def test_default_branch_of_nothing_but_a_commit(source):
    """Where no branch is left, it is GitHub's default."""
    git(source, "checkout", "--quiet", "--detach")
    git(source, "branch", "--quiet", "-D", "main")
    assert default_branch(source) == "main"


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
