"""`make begin` makes a copy its owner's in one commit, or leaves everything as it was."""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import PurePath

import pytest

from template.begin import begin as beginning
from template.begin import changes, formatting, names
from template.begin.begin import Wish, begin
from template.begin.names import APP, PROJECT, SLUG, choose
from template.cli import main
from template.errors import TemplateError
from template.tests import exhaustive
from template.tests.image.containers import ROOT, docker, unique
from template.tests.template.copies import clone, fresh_copy, git, make

MOST_FILES = 150
WORDS = re.compile(
    r"\btemplate/|-m template\b|\brehears|\bworkshop\b|\bbench\b"
    r"|\bmake (adopt|audit|begin|fuzz|rename|resilience)\b|this template\b|repository template"
    r"|\bthe sample\b|\bdoubles of AWS\b",
    re.IGNORECASE,
)
# Git's way to change what it writes into files; this one fails in a folder.
FAILING_SMUDGE = "#!/bin/sh\ncase $PWD in {folder}*) exit 1;; esac\ncat\n"
# Looks into a clone of the template whether it is one.
UPDATE = "deploy/update.py"
PROVENANCE = re.compile(
    r"^Made from a template for Django on Amazon ECS, as commit \w{12} holds it\.$"
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A copy of this repository with one commit; tests leave it as it is."""
    return fresh_copy(tmp_path_factory.mktemp("template") / "copy")


@pytest.fixture
def copy(fresh, tmp_path):
    """Such a copy for one test."""
    return clone(fresh, tmp_path / "copy")


@pytest.fixture(scope="module", params=["renamed", "empty"])
def begun(request, fresh, tmp_path_factory):
    """A copy after `make begin`, with both names and without the sample's application."""
    folder = clone(fresh, tmp_path_factory.mktemp("begun") / "copy")
    (folder / f"src/{APP}/__pycache__").mkdir()
    (folder / f"src/{APP}/__pycache__/models.cpython-314.pyc").touch()
    (folder / "template/.venv").mkdir()
    last = {"renamed": "APP=wares", "empty": "EMPTY=1"}[request.param]
    made = make(folder, "begin", "NAME=My-Shop.24", last)
    assert made.returncode == 0, made.stdout
    return folder


def texts(folder):
    """The files that git keeps and that are text, with what they say."""
    listed = changes.paths(folder, "ls-files")
    contents = {name: (folder / name).read_bytes() for name in listed}
    return {name: text.decode() for name, text in contents.items() if b"\0" not in text}


def test_no_old_name_is_left(begun):
    """Neither what the files say nor how they are called has one of the sample's names."""
    assert (begun / "src/my_shop_24/settings.py").is_file()
    gone = [PROJECT, SLUG, *([APP] if (begun / "src/wares").exists() else [])]
    listed = changes.paths(begun, "ls-files")
    assert [name for name in listed if any(old in name for old in gone)] == []
    said = texts(begun).items()
    assert [name for name, text in said if any(old in text for old in gone)] == []


def test_application_has_its_name_or_is_gone(begun):
    """The sample's application is called as its owner wants, or its code names it nowhere."""
    folders = {path.name for place in ("src", "tests") for path in (begun / place).iterdir()}
    assert APP not in folders
    settings = (begun / "src/my_shop_24/settings.py").read_text()
    assert ("ANONYMOUS_WRITES" in settings) == ("wares" in folders)
    for name, text in texts(begun).items():
        assert not re.search(rf"\b{APP}\b", text), name


def test_nothing_is_about_the_template(begun):
    """But for the licence and one line of the README, no file speaks of the template."""
    found = [
        (name, line)
        for name, text in texts(begun).items()
        for line in text.splitlines()
        if WORDS.search(line) or PROVENANCE.match(line)
    ]
    assert [name for name, line in found if WORDS.search(line)] == ["LICENSE", UPDATE]
    assert [name for name, line in found if PROVENANCE.match(line)] == ["README.md"]
    whole = (begun / ".github/dependabot.yml").read_text()
    assert "package-ecosystem: pip" in whole


def test_pages_have_its_name(begun):
    """The pages of the API are called after the project."""
    pages = (
        "settings.py",
        "templates/rest_framework/api.html",
        "templates/rest_framework/login.html",
    )
    for page in pages:
        said = (begun / "src/my_shop_24" / page).read_text()
        assert ("My-Shop.24" in said, "Items" in said) == (True, False), page


def test_name_is_safe_in_a_page(copy):
    """A name may have what HTML and Python would mistake; the title leaves it out."""
    begin(copy, Wish('My "Shop" & <b>'))
    settings = (copy / "src/my_shop_b/settings.py").read_text()
    assert '"TITLE": "My Shop b",' in settings
    assert "%}My Shop b{%" in (copy / "src/my_shop_b/templates/rest_framework/api.html").read_text()


def test_copy_is_small(begun):
    """A copy has few files, and no folder of the template or of Python's."""
    listed = changes.paths(begun, "ls-files")
    assert len(listed) <= MOST_FILES
    folders = {part for name in listed for part in PurePath(name).parts[:-1]}
    assert folders.isdisjoint({"template", ".ci", "ISSUE_TEMPLATE", "__pycache__", ".venv", APP})
    assert not (begun / "template").exists()


def test_links_lead_somewhere(begun):
    """Every relative link in a page of the copy leads to a file of the copy."""
    links = [
        (name, target)
        for name, text in texts(begun).items()
        if name.endswith(".md")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    ]
    assert len(links) > 10
    assert [
        (name, to) for name, to in links if not (begun / name).parent.joinpath(to).exists()
    ] == []


def test_commit_can_be_undone(begun, tmp_path):
    """One commit holds all of it, says what it did, and a revert brings everything back."""
    folder = clone(begun, tmp_path / "copy")
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "rev-list", "--count", "HEAD").strip() == "2"
    said = git(folder, "log", "-1", "--format=%an%n%B")
    assert said.startswith("Owner\nBegin My-Shop.24\n")
    assert "the project itemsAPP is my_shop_24 now" in said
    assert "git revert" in said
    git(folder, "revert", "--no-edit", "HEAD")
    assert git(folder, "diff", "HEAD~2") == ""


def test_names_are_those_of_aws_and_of_the_image(begun):
    """The name is the default of the AWS templates, and the one of the image."""
    for path in (begun / "deploy/infra").glob("*.yml"):
        assert "    Default: my-shop-24\n" in path.read_text(), path
    assert "image: my-shop-24:" in (begun / "compose.yaml").read_text()
    assert 'name = "my-shop-24"' in (begun / "pyproject.toml").read_text()
    assert (begun / "README.md").read_text().startswith("# My-Shop.24\n")


def test_workflows_stay_as_they_are(begun, fresh):
    """No workflow changes, because GITHUB_TOKEN may remove one and write none."""
    folder = ".github/workflows"
    changed = git(begun, "diff", "--name-status", "HEAD~1", "--", folder).splitlines()
    assert changed == [f"D\t{changes.WORKFLOW}"]
    for name, text in texts(fresh).items():
        if name.startswith(folder):
            assert not any(old in text for old in (PROJECT, APP, SLUG)), name


@exhaustive.MARK
@pytest.mark.parametrize("recipe", ["lint", "test"])
def test_begun_copy_is_green(begun, recipe):
    """What an owner runs every day succeeds in the copy."""
    made = make(begun, recipe)
    assert made.returncode == 0, made.stdout[-5000:]
    assert git(begun, "status", "--porcelain") == ""


@exhaustive.MARK
def test_begun_copy_has_an_image(begun, docker):
    """The image of the copy is built, and passes the checks of production."""
    name = unique("begun")
    try:
        docker_build(begun, name)
    finally:
        remove_image(name)


@exhaustive.MARK
@pytest.mark.parametrize(
    ("name", "app"), [("ab", "xy"), ("zoo", "apes"), ("a" * 31 + "z", "z" * 31 + "a")]
)
def test_code_fits_any_name(copy, name, app):
    """The code is in order under short names, long ones, and ones of another order."""
    made = make(copy, "begin", f"NAME={name}", f"APP={app}")
    assert made.returncode == 0, made.stdout
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "."]):
        ended = subprocess.run(command, cwd=copy, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("given", "project", "slug"),
    [
        ("shop", "shop", "shop"),
        ("my-shop.api", "my_shop_api", "my-shop-api"),
        ("Bazaar_24", "bazaar_24", "bazaar-24"),
        ("a" * 32, "a" * 32, "a" * 32),
        ("-shop-", "shop", "shop"),
        (SLUG, "django_crud_app", SLUG),
    ],
)
def test_name_of_a_repository_becomes_others(given, project, slug):
    """A repository's name becomes one for Python and one for AWS."""
    chosen = choose(ROOT, given, "")
    assert (chosen.project, chosen.slug, chosen.app) == (project, slug, APP)


@pytest.mark.parametrize(
    ("name", "app", "reason"),
    [
        ("", "", "NAME is missing"),
        ("24bazaar", "", "NAME=24bazaar cannot be: it has to begin with a letter"),
        ("b", "", "have 2 to 32 letters"),
        ("b" * 33, "", "have 2 to 32 letters"),
        ("日本", "", "it has to begin with a letter"),
        ("class", "", "class is a keyword of Python"),
        ("json", "", "something else is called json"),
        ("rest.framework", "", "something else is called rest_framework"),
        ("django", "", "something else is called django"),
        ("tests", "", "something else is called tests"),
        ("deploy", "", "something else is called deploy"),
        ("Items-App".replace("-", ""), "", "something else is called itemsapp"),
        (APP, "", "something else is called itemslist"),
        ("bazaar", "Wares", "APP=Wares cannot be: it has to be 2 to 32 small letters"),
        ("bazaar", "my-wares", "APP=my-wares cannot be"),
        ("bazaar", "w" * 33, "APP=w"),
        ("bazaar", "match", "match is a keyword of Python"),
        ("bazaar", "auth", "something else is called auth"),
        ("bazaar", "whitenoise", "something else is called whitenoise"),
        ("bazaar", "users", "the API has a URL of that name"),
        ("bazaar", "ping", "the API has a URL of that name"),
        ("bazaar", "health", "the API has a URL of that name"),
        ("bazaar", "bazaar", "it is the name of the application, too"),
        ("bazaar", APP, "something else is called itemslist"),
    ],
)
def test_bad_names_are_refused(fresh, name, app, reason):
    """A name that is invalid, reserved or taken is refused, and nothing is changed."""
    with pytest.raises(TemplateError, match=re.escape(reason)) as refused:
        begin(fresh, Wish(name, app))
    assert "make begin NAME=" in refused.value.advice
    assert unchanged(fresh)


def test_modules_of_packages_are_taken():
    """No project or application is called as a module of a package that it needs."""
    pins = (ROOT / "requirements.txt").read_text()
    wanted = {re.sub(r"[._-]", "-", name) for name in names.PIN.findall(pins)}
    modules = importlib.metadata.packages_distributions()
    needed = {
        module.lower()
        for module, packages in modules.items()
        if {re.sub(r"[._-]", "-", name.lower()) for name in packages} & wanted
        and module.isidentifier()
    }
    assert {"django", "csp", "rest_framework", "whitenoise"} <= needed
    assert {module for module in needed - names.taken(ROOT) if not module.startswith("_")} == set()


def unchanged(folder):
    """Whether a fresh copy is as it was made."""
    return (
        git(folder, "status", "--porcelain") == ""
        and git(folder, "rev-list", "--count", "HEAD").strip() == "1"
        and git(folder, "worktree", "list").count("\n") == 1
    )


def test_name_of_the_environment_is_not_meant(copy):
    """A variable NAME that the shell has, as on WSL, is no name for the project."""
    made = make(copy, "begin")
    assert made.returncode != 0
    assert "NAME is missing.\nNext: Give one: make begin NAME=shop" in made.stdout
    assert unchanged(copy)


def test_command_line_refuses(fresh, capsys, monkeypatch):
    """The command exits with 1, and says why and what to do."""
    monkeypatch.setattr("template.cli.ROOT", fresh)
    assert main(["begin", "--name", "shop", "--app", "wares", "--empty"]) == 1
    said = capsys.readouterr().err
    assert "EMPTY=1 leaves out the application that APP=wares would name.\nNext: " in said
    assert unchanged(fresh)


@pytest.mark.parametrize("name", ["README.md", "notes.txt"])
def test_uncommitted_changes_are_refused(copy, name):
    """With something uncommitted nothing begins, so that nobody's work is mixed with it."""
    (copy / name).write_text("changed")
    with pytest.raises(TemplateError, match=rf"Not everything is committed:\n.*{name}"):
        begin(copy, Wish("bazaar"))
    assert (copy / name).read_text() == "changed"
    assert (copy / "template").is_dir()


def test_folder_without_git_is_refused(copy, tmp_path, monkeypatch):
    """Without git, or without a commit, there is no way back, so nothing begins."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (copy / ".git").rename(tmp_path / "git")
    with pytest.raises(TemplateError, match="There is no commit here"):
        begin(copy, Wish("bazaar"))
    git(copy, "init", "--quiet")
    with pytest.raises(TemplateError, match="There is no commit here"):
        begin(copy, Wish("bazaar"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TemplateError, match="Git does not run"):
        begin(copy, Wish("bazaar"))
    assert (copy / "template").is_dir()


def test_part_of_a_repository_is_refused(tmp_path, fresh):
    """A copy within another repository is not its own to begin."""
    folder = clone(fresh, tmp_path / "all/copy")
    (folder / ".git").rename(tmp_path / "all/.git")
    git(tmp_path / "all", "add", "--all")
    git(tmp_path / "all", "commit", "--quiet", "--message=Move")
    with pytest.raises(TemplateError, match="This folder is a part of the repository"):
        begin(folder, Wish("bazaar"))


def test_second_beginning_is_refused(copy):
    """Where the sample's names are gone, somebody has begun."""
    git(copy, "mv", f"src/{PROJECT}", "src/shop")
    git(copy, "commit", "--quiet", "--message=Rename")
    with pytest.raises(TemplateError, match="This project has begun already"):
        begin(copy, Wish("bazaar"))


def test_author_is_needed(copy, monkeypatch):
    """Where Git knows no author, its advice is passed on and nothing is changed."""
    git(copy, "config", "user.useConfigOnly", "true")
    for key in ("user.name", "user.email"):
        git(copy, "config", "--unset", key)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    with pytest.raises(TemplateError, match=r"git config --global user\.email"):
        begin(copy, Wish("bazaar"))
    assert unchanged(copy)


@pytest.mark.parametrize("place", ["src/bazaar/", "src/bazaar", "**/bazaar/settings.py"])
def test_ignored_place_is_refused(copy, place):
    """Where Git ignores a new file, which could be somebody's already, nothing is changed."""
    (copy / ".git/info/exclude").write_text(f"{place}\n")
    with pytest.raises(TemplateError, match=r"Git ignores src/bazaar/\w+\.py"):
        begin(copy, Wish("bazaar"))
    assert unchanged(copy)


def test_ignored_names_are_refused(copy):
    """The folder `data`, which holds the database of `make run`, is no name for an application."""
    with pytest.raises(TemplateError, match="Git ignores src/data/"):
        begin(copy, Wish("bazaar", "data"))
    assert unchanged(copy)


def test_failure_leaves_everything_as_it_was(copy):
    """When Git cannot write a file, those before it are as they were, and the command fails."""
    smudge = copy.parent / "smudge"
    smudge.write_text(FAILING_SMUDGE.format(folder=copy))
    smudge.chmod(0o755)
    git(copy, "config", "filter.failing.smudge", str(smudge))
    git(copy, "config", "filter.failing.clean", "cat")
    git(copy, "config", "filter.failing.required", "true")
    (copy / ".git/info/attributes").write_text("src/bazaar/urls.py filter=failing\n")
    with pytest.raises(TemplateError, match="smudge filter failing failed"):
        begin(copy, Wish("bazaar"))
    assert unchanged(copy)
    assert not (copy / "src/bazaar").exists()


def test_interruption_leaves_nothing_behind(copy, monkeypatch):
    """Ctrl-C while the commit is made changes nothing."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(changes, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        begin(copy, Wish("bazaar"))
    assert unchanged(copy)


def test_code_is_formatted_by_its_owner_without_ruff(copy, monkeypatch, capsys):
    """Where ruff is neither there nor to be had, the owner is told to format."""
    monkeypatch.setattr(formatting.shutil, "which", lambda _: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    begin(copy, Wish("bazaar"))
    assert "Run afterwards: make format" in capsys.readouterr().out
    assert (copy / "src/bazaar").is_dir()


def test_other_ruff_is_not_used(tmp_path, monkeypatch):
    """A ruff of another version, which would format otherwise, does not count."""
    other = tmp_path / "ruff"
    other.write_text("#!/bin/sh\necho ruff 0.1.0\n")
    other.chmod(0o755)
    assert formatting.find("0.1.0") is None
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert formatting.find("0.1.0") == str(other)
    assert formatting.find("0.1.1") is None


def test_modes_and_links_are_kept(tmp_path):
    """A program is still one under its new name, and a link still leads where it led."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "old.sh").write_text("old")
    (tmp_path / "old.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("old.sh")
    (tmp_path / "picture").write_bytes(b"old\0")
    git(tmp_path, "add", "--all")
    changes.rename(tmp_path, {"old": "new", "new": "newer"})
    assert (tmp_path / "new.sh").read_text() == "new"
    assert (tmp_path / "new.sh").stat().st_mode & 0o111
    assert (tmp_path / "picture").read_bytes() == b"old\0"
    assert not (tmp_path / "old.sh").exists()


def test_updates_of_the_template_go():
    """Dependabot's updates that name template/ go, those of the project stay."""
    own = "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"
    more = "\n  - package-ecosystem: pip\n    directories: [/template, /template/x]\n"
    last = "\n  - package-ecosystem: docker\n    directory: /\n"
    assert changes.without_updates(own + more + last) == own + last


def test_empty_folders_go(tmp_path):
    """Folders that hold nothing go, one with a file stays."""
    for name in ("old/deep", "kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "kept/file").touch()
    beginning.remove_empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def docker_build(folder, name):
    """Build a copy's image, and let it check its settings as in production."""
    docker("build", "--tag", name, str(folder))
    variables = (
        *("--env=ALLOWED_HOSTS=example.com", f"--env=SECRET_KEY={'0123456789' * 6}"),
        "--env=DATABASE_URL=postgres://app@127.0.0.1/app",
    )
    docker("run", "--rm", *variables, name, "python", "manage.py", "check", "--deploy")


def remove_image(name):
    """Remove an image, if it was built."""
    docker("image", "rm", "--force", name, check=False)


def test_source_is_told(copy):
    """The line of provenance names what was given."""
    begin(copy, Wish("bazaar", source="https://github.com/o/t at 1234"))
    assert (
        "Made from https://github.com/o/t at 1234, as commit " in (copy / "README.md").read_text()
    )
    assert sys.version_info >= (3, 11)
