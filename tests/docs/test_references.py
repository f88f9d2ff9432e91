"""What the code cites is in ``docs/internals``: promises, requirements, quirks, lines of pages, sections of the wire.

Read are comments, docstrings and the names of tests, and nothing else of the code, for a ``Q`` in SQL is no quirk.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.pages import DOCS, ROOT

PAGES = DOCS / "internals"

#: ``P7``, ``R43``, ``Q30``; not ``RUF001``, ``C419``, ``#Q1`` of a link or ``x.P2`` of an expression.
_NUMBERED = re.compile(r"(?<![\w.#:])([PQR])(\d{1,4})(?![\w%])")
#: ``D:101``, ``G:51-60``; not ``C:1`` of a path's drive or the 5 of ``X:5:6``.
_LINE = re.compile(r"(?<![\w.:/@])([A-Z]):(\d+(?:-\d+)?)(?!-?\d)(?!:?\w|[/\\])")
#: ``WIRE section 6``, ``WIRE 1.6``.
_SECTION = re.compile(r"\bWIRE (?:section )?(\d+(?:\.\d+)?)\b")
#: ``WIRE`` before anything else, and lines that are cited in other words, lead nowhere.
_NOWHERE = re.compile(r"\bWIRE (?!section \d|\d|Q\d)\S+|\bpage,? lines? \d+")
_NAMED = re.compile(r"^ *(?:async )?def (test_\w+)", re.M)
#: What else is written in comments: where a line of a comment begins, and where it ends.
_COMMENTS = {
    ".lua": re.compile(r"--(.*)"),
    ".js": re.compile(r"/\*(.*?)\*/|(?<![:\"'])//([^\n]*)", re.S),
    ".css": re.compile(r"/\*(.*?)\*/", re.S),
    ".html": re.compile(r"\{#(.*?)#\}|<!--(.*?)-->", re.S),
    ".md": re.compile(r"(.*)", re.S),
}


class Cited(NamedTuple):
    """``anchor`` is where it should lead: ``q30``, ``d-101``, ``wire-1-6``."""

    anchor: str
    place: str


def cited_in(text: str) -> Iterator[str]:
    """The anchors that a comment, a docstring or a page cites."""
    yield from (f"{letter}{number}".lower() for letter, number in _NUMBERED.findall(text))
    yield from (f"{letter}-{lines}".lower() for letter, lines in _LINE.findall(text))
    yield from (f"wire-{section.replace('.', '-')}" for section in _SECTION.findall(text))
    yield from _NOWHERE.findall(text)


def cited_by_a_name(name: str) -> Iterator[str]:
    """``test_r06_r43_…`` cites R6 and R43; the p95 further on in a name is no promise."""
    found = re.match(r"test_((?:[pqr]\d{1,4}_)+)", name)
    if found:
        yield from (f"{each[0]}{int(each[1:])}" for each in found[1].rstrip("_").split("_"))


def cited_in_python(source: str, place: str) -> Iterator[Cited]:
    for name in _NAMED.finditer(source):
        line = source.count("\n", 0, name.start()) + 1
        yield from (Cited(anchor, f"{place}:{line}") for anchor in cited_by_a_name(name[1]))
    if not any(cited_in(source)):  # most files cite nothing more
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from (Cited(anchor, f"{place}:{token.start[0]}") for anchor in cited_in(token.string))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from (Cited(anchor, f"{place}:{node.lineno}") for anchor in cited_in(node.value.value))


def cited_in_file(path: Path, place: str) -> Iterator[Cited]:
    source = path.read_text("utf-8")
    if path.suffix == ".py":
        yield from cited_in_python(source, place)
        return
    for comment in _COMMENTS[path.suffix].finditer(source):
        line = source.count("\n", 0, comment.start()) + 1
        said = next((group for group in comment.groups() if group), "")
        yield from (Cited(anchor, f"{place}:{line}") for anchor in cited_in(said))


def _package(name: str) -> Path:
    """Where a package is, in the source tree or installed."""
    spec = find_spec(name)
    assert spec, name
    assert spec.origin, name
    return Path(spec.origin).parent


@cache
def citations() -> tuple[Cited, ...]:
    folders = [*map(_package, ("uzotp", "django_uzotp", "flask_uzotp")), ROOT / "tests", ROOT / "benchmarks", PAGES]
    this = Path(__file__).resolve()
    return tuple(
        cited
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", *_COMMENTS) and path.resolve() != this
        for cited in cited_in_file(path, f"{folder.name}/{path.relative_to(folder)}")
    )


@cache
def anchors() -> tuple[str, ...]:
    """What the pages have to lead to: ``{ #q30 }`` after a heading or a word."""
    pages = [page.read_text("utf-8") for page in sorted(PAGES.glob("*.md"))]
    return tuple(anchor for page in pages for anchor in re.findall(r"\{ #([\w-]+) \}", page))


def unresolved(found: tuple[Cited, ...]) -> dict[str, list[str]]:
    lost: dict[str, list[str]] = defaultdict(list)
    for anchor, place in found:
        if anchor not in anchors():
            lost[anchor].append(place)
    return dict(lost)


# ---------------------------------------------------------------------------------------------------- the citations


def test_everything_that_is_cited_is_there() -> None:
    assert unresolved(citations()) == {}


def test_there_are_as_many_citations_as_there_should_be() -> None:
    """A reader that finds none would find nothing wrong either."""
    found = [anchor for anchor, place in citations() if not place.startswith("internals/")]
    least = {"q": 200, "r": 300, "p": 300, "d-": 20, "g-": 20, "v-": 15, "m-": 20, "wire-": 8}
    for kind, number in least.items():
        assert sum(re.fullmatch(rf"{kind}[\d-]+", anchor) is not None for anchor in found) >= number, kind


def test_all_numbers_have_a_place_of_their_own() -> None:
    last = {"p": 12, "r": 70, "q": 93}
    wanted = {f"{letter}{number}" for letter in last for number in range(1, last[letter] + 1)}
    assert {anchor for anchor in anchors() if re.fullmatch(r"[pqr]\d+", anchor)} == wanted
    assert len(anchors()) == len(set(anchors()))


def test_each_line_of_a_page_is_cited() -> None:
    """What nobody cites any more need not be kept."""
    cited = {anchor for anchor, place in citations() if place != "internals/vendors.md"}
    lines = re.findall(r"\{ #([drgvm]-[\d-]+) \}", (PAGES / "vendors.md").read_text("utf-8"))
    assert set(lines) - cited == set()


@pytest.mark.parametrize("page", ["promises.md", "requirements.md"])
def test_each_promise_and_requirement_is_cited_by_a_test(page: str) -> None:
    """Those of features that are not built yet are marked on the page, and may wait for their tests."""
    text = (PAGES / page).read_text("utf-8")
    ahead = set(re.findall(r"\{ #(\w+) \} \*Ahead\.\*", text))
    tests = ("tests/", "uzotp/testing/")
    cited = {anchor for anchor, place in citations() if place.startswith(tests)}
    uncited = set(re.findall(r"\{ #([pr]\d+) \}", text)) - cited
    print(f"{page}: no test cites {', '.join(sorted(uncited)) or 'nothing'}")
    assert uncited <= ahead


def test_each_standard_that_a_requirement_names_is_told() -> None:
    """``(A 6.5.1, N 3.1.3.2)``: the clause is in the table of sources."""
    text = (PAGES / "requirements.md").read_text("utf-8")
    own = text.split("## Sources")[0]
    named = {f"{letter} {clause}" for letter, clause in re.findall(r"\b([AN]) (\d+\.\d+\.\d+(?:\.\d+)?)", own)}
    told = set(re.findall(r"^\| `([AN] [\d.]+)`", text, re.M))
    assert named == told


# ------------------------------------------------------------------------------------------------------- the house


def test_the_drawing_has_the_rooms_that_the_imports_are_held_to() -> None:
    """Line by line the layers of import-linter's contract, the highest first."""
    contract = (ROOT / "pyproject.toml").read_text("utf-8").split('type = "layers"')[1].split("]")[0]
    layers = [re.findall(r"\b(?:uzotp\.)?(\w+)", layer) for layer in re.findall(r'"([^"]+)"', contract)]
    drawing = (PAGES / "index.md").read_text("utf-8").split("```text\n")[1].split("```")[0].split("\n")
    rows = [re.sub(r" *\| *", "|", line.strip()).split("   ")[0] for line in drawing]  # then, what is in them
    assert [re.findall(r"\w+", row) for row in rows if row.strip("- ")] == layers


def test_every_room_has_its_line() -> None:
    home = _package("uzotp")
    rooms = {path.stem for path in home.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    rooms -= {"__init__", "__main__", "_lazy"}
    table = (PAGES / "index.md").read_text("utf-8").split("| room |")[1]
    told = {name for cells in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([\w.]+)`", cells)}
    moved = {room for room in rooms if "\nMoved to" in f"\n{_doc(home / f'{room}.py')}"}
    assert rooms - moved == told - {"django_uzotp", "flask_uzotp"}


def _doc(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "") if path.exists() else ""


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    homes = {"django_uzotp": _package("django_uzotp").parent, "flask_uzotp": _package("flask_uzotp").parent}
    for name in re.findall(r"`((?:\w+/)+\w+\.(?:py|lua|tsv|json))`", (PAGES / page).read_text("utf-8")):
        first = name.split("/")[0]
        home = ROOT if first == "tests" else homes.get(first, _package("uzotp"))
        assert (home / name.removeprefix("core/uzotp/")).exists(), name


# ------------------------------------------------------------------------------------------------------ the reader


def test_a_citation_that_leads_nowhere_is_found() -> None:
    """Planted ones, in each of the places that are read."""
    source = '''
"""Of Q997 and D:9999."""
class TestThis:
    def test_r998_p77_is_so(self):
        x = "Q996 of a text"  # WIRE Q999, WIRE section 12, WIRE 1.99, the page line 7
'''
    found = tuple(cited_in_python(source, "planted.py"))
    lost = ["q997", "d-9999", "r998", "p77", "q999", "wire-12", "wire-1-99", "page line 7"]
    assert sorted(unresolved(found)) == sorted(lost)


@pytest.mark.parametrize("suffix", sorted(_COMMENTS))
def test_a_comment_of_another_language_is_read(suffix: str, tmp_path: Path) -> None:
    comment = {".lua": "-- Q999", ".js": "// Q999", ".css": "/* Q999 */", ".html": "{# Q999 #}", ".md": "Q999"}[suffix]
    path = tmp_path / f"planted{suffix}"
    path.write_text(f"Q1 = 1\n{comment}\n", "utf-8")
    assert Cited("q999", f"planted:{1 if suffix == '.md' else 2}") in set(cited_in_file(path, "planted"))


def test_what_only_looks_like_a_citation_is_none() -> None:
    likes = "S608, C419 RUF001; [P1](x.md#p1x) #q1 x.R2 10:30:00 E164 P50% sha1:Q9 00:00 uzotp.W006 C:/x 5:G:7 R2D2"
    assert list(cited_in(likes)) == ["p1"]
    assert [list(cited_by_a_name(name)) for name in ("the_p95_of", "test_the_p95_is", "test_r3d_shape")] == [[], [], []]
