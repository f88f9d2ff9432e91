"""Every page of the documentation, followed word by word in an empty folder: each block is run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.docs import checks
from tests.docs.pages import Block, Check, names, read
from tests.docs.walk import Project


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """What the first part of a page makes, without its server; made once."""

    @cache
    def made(name: str) -> Project:
        project = Project(tmp_path_factory.mktemp(Path(name).stem))
        project.follow(read(name).up_to_the_first_check(), serve=False)
        return project

    return made


def _copy(original: Project, folder: Path) -> Project:
    copy = Project(folder / "copy")
    shutil.copytree(original.root, copy.root)
    copy.cwd = copy.root / original.cwd.relative_to(original.root)
    return copy


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, base: Callable[[str], Project]) -> Iterator[Project]:
    page = read(request.node.callspec.params["name"])
    for module in page_needs(page.name):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    project = _copy(base(page.base), tmp_path) if page.base else Project(tmp_path)
    yield project
    project.stop()


def page_needs(name: str) -> list[str]:
    """The packages of a page: it says them itself, ``<!-- needs: … -->``, and so does its base."""
    page = read(name)
    own = re.search(r"<!-- needs: ([^\n]*) -->", page.source)
    return (own[1].split() if own else []) + (page_needs(page.base) if page.base else [])


def _pages(*folders: str) -> pytest.MarkDecorator:
    """The pages of these folders that have something to do; the folder of a page at the top is ``""``."""
    found = [name for name in names() if name.rpartition("/")[0] in folders and read(name).parts]
    assert found, folders
    return pytest.mark.parametrize("name", found)


def _does_what_it_says(name: str, project: Project) -> None:
    for part in read(name).parts:
        if isinstance(part, Check):
            getattr(checks, part.name)(project)
        else:
            assert isinstance(part, Block)
            project.do(part)
    project.nothing_is_left()


class TestStart:
    """Classes, so that several processes of pytest can share the pages."""

    @_pages("start", "uz")
    def test_the_page_does_what_it_says(self, name: str, project: Project) -> None:
        _does_what_it_says(name, project)


class TestHowTo:
    @_pages("howto")
    def test_the_page_does_what_it_says(self, name: str, project: Project) -> None:
        _does_what_it_says(name, project)


class TestOthers:
    @_pages("", "ecosystem", "reference")
    def test_the_page_does_what_it_says(self, name: str, project: Project) -> None:
        _does_what_it_says(name, project)


FOLLOWED = {"", "start", "uz", "howto", "ecosystem", "reference"}
#: Drawings and replies of services, to be read.
READ = {"internals"}


def test_every_page_is_followed() -> None:
    """Each folder is in one of the classes above, and each check of a page is there."""
    assert {name.rpartition("/")[0] for name in names()} == FOLLOWED | READ
    named = {part.name for name in names() for part in read(name).parts if isinstance(part, Check)}
    assert {name for name in named if not callable(getattr(checks, name, None))} == set()


def test_what_is_only_read_has_nothing_to_run() -> None:
    pages = [read(name) for name in names() if name.rpartition("/")[0] in READ]
    assert {part.language for page in pages for part in page.blocks} <= {"text", "json"}


def test_every_fence_of_a_page_is_a_block() -> None:
    """Nothing hides from the reader of pages: there are as many blocks as pairs of fences."""
    for name in names():
        page = read(name)
        assert len(re.findall(r"(?m)^ *(```|~~~)", page.source)) == 2 * len(page.blocks), name
