"""What a build reads, and what a change costs."""

import pytest

from template.tests import exhaustive
from template.tests.image.containers import docker, inspect, unique

pytestmark = pytest.mark.usefixtures("docker")
EVERYTHING = "FROM scratch\nCOPY . /\n"
# What code may read, however it is called.
NEEDED = (
    *("manage.py", "pyproject.toml", "deploy/entrypoint.py", "deploy/gunicorn.conf.py"),
    *("README.md", "CHANGELOG.md", "LICENSE", "src/itemslist/terms.md", "src/itemsAPP/tests.py"),
    *("data/countries.json", "src/itemslist/fixtures/shop.json", ".well-known/security.txt"),
    *("infra/model.json", "setup/wizard.py", "src/docs/index.md", "src/tests/__init__.py"),
    *("certificates/rds.pem", "src/itemslist/env.py"),
)
UNWANTED = (
    *(".git/config", ".github/workflows/ci.yml", ".env", "src/.env.production", ".venv/bin/python"),
    *("data/secret-key", "db.sqlite3", "src/db.sqlite3-wal", "server.key", "src/id_rsa"),
    *("src/__pycache__/a.pyc", "src/node_modules/a.js", "venv/bin/python", "tests/test_a.py"),
    *("src/.venv/bin/python", ".aws/credentials", ".npmrc", "error.log", "src/sub/.git/config"),
    *("deploy/infra/stage.yml", "deploy/setup.py", "template/a.py", "docs/cost.md"),
    *("Dockerfile", "compose.yaml", "build.yml", "release.yml", "Makefile", "requirements-dev.txt"),
)


def layers(image):
    """The digests of the image's layers, the base first."""
    return inspect(image)["RootFS"]["Layers"]


def contents(folder):
    """The files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_secrets_and_data_never_reach_the_build(checkout, tmp_path_factory):
    """What must not be seen stays outside of the build, and all that code may read gets in."""
    expected = {name for name in contents(checkout / "src") if not name.endswith(".pyc")}
    for name in (*NEEDED, *UNWANTED):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("secret")
    sent = tmp_path_factory.mktemp("sent")
    output = f"--output=type=local,dest={sent}"
    docker("build", output, "--file=-", str(checkout), input=EVERYTHING)
    found = contents(sent)
    assert found.isdisjoint(UNWANTED)
    assert found.issuperset(NEEDED)
    assert found.issuperset(f"src/{name}" for name in expected)


@exhaustive.MARK
def test_changed_line_costs_one_small_layer(build, checkout):
    """A checkout without .git builds; a changed line installs nothing and renews under 500 kB."""
    before = build(checkout)
    with (checkout / "src" / "itemslist" / "views.py").open("a") as module:
        module.write(f"# {unique('change')}\n")
    steps = docker("build", "--progress=plain", "--output=type=cacheonly", str(checkout)).stdout
    assert "static files copied" in steps
    assert "Successfully installed" not in steps
    changed = build(checkout)
    assert layers(changed)[:-1] == layers(before)[:-1]
    assert layers(changed)[-1] != layers(before)[-1]
    sizes = docker("history", "--human=false", "--format={{.Size}}", changed).stdout.split()
    assert 0 < next(size for size in map(int, sizes) if size) < 500_000


def test_commit_costs_nothing(build, checkout):
    """Another commit of the same files is another label on the same layers."""
    other = build(checkout, "--build-arg", f"COMMIT_SHA={unique('commit')}")
    assert layers(other) == layers(build(checkout))


@exhaustive.MARK
def test_checkout_that_only_its_owner_can_read_serves(build, checkout):
    """Files that were checked out with a strict umask are readable for the container's user."""
    for path in checkout.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    image = build(checkout)
    assert "System check" in docker("run", "--rm", image, "python", "manage.py", "check").stdout


@exhaustive.MARK
def test_package_without_its_hash_is_refused(checkout):
    """Among requirements with hashes, one that has none ends the build."""
    with (checkout / "requirements.txt").open("a") as requirements:
        requirements.write("pytz==2025.2\n")
    failed = docker("build", str(checkout), check=False)
    assert failed.returncode != 0
    assert "Hashes are required in --require-hashes mode" in failed.stdout


@exhaustive.MARK
def test_code_that_cannot_be_compiled_ends_the_build(checkout):
    """A file of code that Python cannot read is found by the build, not by the server."""
    (checkout / "src" / "itemslist" / "broken.py").write_text("def broken(:\n")
    failed = docker("build", str(checkout), check=False)
    assert failed.returncode != 0
    assert "broken.py" in failed.stdout
