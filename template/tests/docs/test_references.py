"""What the documentation points to is there: files, headings, recipes, workflows, names."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.parameters import declared
from deploy.templates import GITHUB_TEMPLATE, PARTS
from template.tests.docs.pages import PAGES, README, ROOT, Page, code, tracked
from template.tests.pipeline import workflows

PATH = re.compile(r"\.?[\w-]+(?:[./][\w-]+)*(?:/|\.(?:py|yml|md|toml|txt))")
MAKEFILE, OF_TEMPLATE = ROOT / "Makefile", ROOT / "template/Makefile"


def is_there(path: Path) -> bool:
    """Whether git keeps a file, or something in a folder, of that path."""
    return any(path == file or path in file.parents for file in tracked())


def texts(page: Page) -> list[str]:
    """All the code of a page, in sentences and in blocks."""
    return [*page.spans, *(block.text for block in page.blocks)]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_somewhere(page: Page) -> None:
    """Each link within the repository names a file that exists, and a heading in it."""
    for link in page.links:
        address = urlsplit(link)
        if address.scheme:
            continue
        target = Page((page.path.parent / address.path).resolve() if address.path else page.path)
        assert is_there(target.path), link
        assert not address.fragment or address.fragment in target.anchors, link


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_pictures_are_the_repositorys_own(page: Page) -> None:
    """No picture or badge comes from an address that a copy would not share."""
    pictures = [str(word.attrs["src"]) for word in page.words if word.type == "image"]
    assert not [picture for picture in pictures if urlsplit(picture).netloc]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_paths_exist(page: Page) -> None:
    """Each file or folder that a sentence names, by its path or its name, is in the repository."""
    names = {file.name for file in tracked()}
    named = {span for span in page.spans if PATH.fullmatch(span)} - names
    assert [path for path in named if not is_there(ROOT / path)] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_recipes_exist(page: Page) -> None:
    """Each `make` command names a recipe of the Makefile, which in a begun copy is one file."""
    named = re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(texts(page)))
    stays = page.path != README.path and ROOT / "template" not in page.path.parents
    files = [MAKEFILE] if stays else [MAKEFILE, OF_TEMPLATE]
    targets = re.findall(r"^([a-z-]+):", "\n".join(map(Path.read_text, files)), re.MULTILINE)
    assert sorted(set(named) - set(targets)) == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_names_in_capitals_are_known(page: Page) -> None:
    """Each variable or setting that a sentence names occurs in the code."""
    named = [span for span in page.spans if re.fullmatch(r"[A-Z][A-Z0-9_]+", span)]
    assert [name for name in named if not re.search(rf"\b{name}\b", code())] == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_workflows_take_the_inputs(page: Page) -> None:
    """Each `gh workflow run` names a workflow that can be run by hand, and its inputs."""
    commands = re.findall(r"gh workflow run (\S+)((?: --field \S+)*)", "\n".join(texts(page)))
    for file, fields in commands:
        inputs = workflows.load(file)["on"]["workflow_dispatch"]["inputs"]
        assert set(re.findall(r"--field (\w+)=", fields)) <= set(inputs), file


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_stages_take_the_parameters(page: Page) -> None:
    """Each parameter that is given to `make setup` is one of a template."""
    templates = [GITHUB_TEMPLATE, *(part.template for part in PARTS)]
    known = {name for template in templates for name in declared(template)}
    given = re.findall(
        r"_PARAMETERS=[\"']?((?:(?!\w+_PARAMETERS)\w+=\S+ ?)+)", "\n".join(texts(page))
    )
    assert set(re.findall(r"(\w+)=", " ".join(given))) <= known


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_headings_are_unique(page: Page) -> None:
    """No two headings of a page have the same anchor."""
    assert len(page.anchors) == len(page.headings)
