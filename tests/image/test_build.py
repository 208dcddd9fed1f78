"""What a build reads, and what a change costs."""

import pytest

from tests.image.containers import docker, inspect, unique

pytestmark = pytest.mark.usefixtures("docker")
EVERYTHING = "FROM scratch\nCOPY . /\n"
ALLOWED = {"requirements.txt", "manage.py", "gunicorn.conf.py", "src"}


def layers(image):
    """The digests of the image's layers, the base first."""
    return inspect(image)["RootFS"]["Layers"]


def test_context_is_an_allow_list(checkout, tmp_path_factory):
    """Whatever else lies in the folder never reaches the build."""
    for name in (".git/config", ".env", "data/secret-key", "notes.txt", "src/__pycache__/a.pyc"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("secret")
    sent = tmp_path_factory.mktemp("sent")
    output = f"--output=type=local,dest={sent}"
    docker("build", output, "--file=-", str(checkout), input=EVERYTHING)
    assert {path.name for path in sent.iterdir()} == ALLOWED
    assert list(sent.rglob("*.pyc")) == []


def test_changed_line_costs_one_small_layer(build, checkout):
    """A checkout without .git builds; a changed line installs nothing and renews under 200 kB."""
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
    assert 0 < next(size for size in map(int, sizes) if size) < 200_000


def test_commit_costs_nothing(build, checkout):
    """Another commit of the same files is another label on the same layers."""
    other = build(checkout, "--build-arg", f"COMMIT_SHA={unique('commit')}")
    assert layers(other) == layers(build(checkout))


def test_packages_and_static_files_are_reproducible(build, image, checkout):
    """Two machines without a cache make the same layers of packages and static files."""
    assert layers(build(checkout, "--no-cache"))[-3:-1] == layers(image)[-3:-1]


def test_package_without_its_hash_is_refused(checkout):
    """A requirement that is not pinned by hash ends the build."""
    (checkout / "requirements.txt").write_text("asgiref==3.13.0\n")
    failed = docker("build", str(checkout), check=False)
    assert failed.returncode != 0
    assert "Hashes are required in --require-hashes mode" in failed.stdout
