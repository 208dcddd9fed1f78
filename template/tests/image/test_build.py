"""What a build reads, and what a change costs."""

import pytest

from template.tests import exhaustive
from template.tests.image.containers import docker, inspect, unique

pytestmark = pytest.mark.usefixtures("docker")
EVERYTHING = "FROM scratch\nCOPY . /\n"
NEEDED = {
    *("docker_image", "deploy/gunicorn.conf.py", "manage.py", "src"),
    *("pyproject.toml", "requirements.txt"),
}
UNWANTED = (
    *(".git/config", ".github/workflows/ci.yml", ".env", "src/.env.production"),
    *("data/secret-key", "db.sqlite3", "src/db.sqlite3-wal", "server.key", "src/id_rsa"),
    *("src/__pycache__/a.pyc", "src/node_modules/a.js", "venv/bin/python", "tests/test_a.py"),
    *("deploy/infra/stage.yml", "docs/cost.md", "README.md", "Dockerfile", "compose.yaml"),
)


def layers(image):
    """The digests of the image's layers, the base first."""
    return inspect(image)["RootFS"]["Layers"]


def contents(folder):
    """The files below a folder."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_secrets_and_data_never_reach_the_build(checkout, tmp_path_factory):
    """What the application does not need, and what must not be seen, stays outside of the build."""
    sent_before = contents(checkout / "src")
    for name in UNWANTED:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("secret")
    sent = tmp_path_factory.mktemp("sent")
    output = f"--output=type=local,dest={sent}"
    docker("build", output, "--file=-", str(checkout), input=EVERYTHING)
    assert {path.name for path in sent.iterdir()} == NEEDED
    assert contents(sent / "src") == sent_before


@exhaustive.MARK
def test_changed_line_costs_one_small_layer(build, checkout):
    """A checkout without .git builds; a changed line installs nothing and renews under 250 kB."""
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
    assert 0 < next(size for size in map(int, sizes) if size) < 250_000


def test_commit_costs_nothing(build, checkout):
    """Another commit of the same files is another label on the same layers."""
    other = build(checkout, "--build-arg", f"COMMIT_SHA={unique('commit')}")
    assert layers(other) == layers(build(checkout))


@exhaustive.MARK
def test_packages_and_static_files_are_reproducible(build, image, checkout):
    """Two machines without a cache make the same layers of packages and static files."""
    assert layers(build(checkout, "--no-cache"))[-3:-1] == layers(image)[-3:-1]


@exhaustive.MARK
def test_package_without_its_hash_is_refused(checkout):
    """Among requirements with hashes, one that has none ends the build."""
    with (checkout / "requirements.txt").open("a") as requirements:
        requirements.write("pytz==2025.2\n")
    failed = docker("build", str(checkout), check=False)
    assert failed.returncode != 0
    assert "Hashes are required in --require-hashes mode" in failed.stdout
