"""The drawings: whole XML whatever they are given, named for screen readers, and nothing a policy would stop."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from uzotp.insight import svg

NASTY = "<b>&\"'\x00\x1b]]><script>"
NS = "{http://www.w3.org/2000/svg}"


def drawn(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # the tests' own text


def stacks(*values: float, kind: str = "failed") -> list[svg.StackedColumn]:
    return [svg.StackedColumn(NASTY, NASTY, (svg.Part(kind, value, NASTY),)) for value in values]


@pytest.mark.parametrize(
    "drawing", [svg.columns("uzi-a", NASTY, NASTY, stacks(1, 0, 5)), svg.columns("uzi-a", NASTY, NASTY, [])]
)
def test_a_chart_is_xml_with_a_title_and_a_description(drawing: svg.SVG) -> None:
    root = drawn(drawing)
    assert root.get("role") == "img"
    said = {element.get("id"): element.text for element in root if element.tag in (f"{NS}title", f"{NS}desc")}
    assert list(said) == (root.get("aria-labelledby") or "").split()
    assert set(said.values()) == {"<b>&\"'??]]><script>"}
    assert not [element.tag for element in root.iter() if element.tag in (f"{NS}script", f"{NS}style", f"{NS}b")]
    assert not re.search(r'\b(?:style|on\w+|href)="', drawing)


def test_small_drawings_are_xml_and_hidden_from_screen_readers() -> None:
    for drawing in (svg.meter(0), svg.meter(0.5), svg.meter(7.5), svg.swatch("uzi-a", "failed")):
        assert drawn(drawing).get("aria-hidden") == "true"
    assert 'width="60.0"' in svg.meter(7.5)
    assert "uzi-over" in svg.meter(7.5)
    assert "uzi-over" not in svg.meter(1)


def heights(drawing: str) -> list[float]:
    return [float(one.get("height") or 0) for one in drawn(drawing).iter(f"{NS}rect") if one.get("class")]


def test_columns_are_in_proportion() -> None:
    tall, half, tenth = heights(svg.columns("uzi-a", "", "", stacks(100, 50, 10)))
    assert half == pytest.approx(tall / 2, abs=0.1)
    assert tenth == pytest.approx(tall / 10, abs=0.1)


def test_the_first_and_the_last_label_stay_between_the_axis_and_the_edge() -> None:
    columns = [svg.StackedColumn("24 февр.", "", (svg.Part("told", 1, ""),)) for _ in range(31)]
    labels = [one for one in drawn(svg.columns("uzi-a", "", "", columns)).iter(f"{NS}text") if one.text == "24 февр."]
    places = [float(one.get("x") or 0) for one in (labels[0], labels[15], labels[-1])]
    half = 3.6 * len("24 февр.")
    assert places == pytest.approx([38 + half, (38 + 376) / 2, 380 - half], abs=0.1)


def test_nothing_is_told_by_colour_alone() -> None:
    """Of the parts of one column one at most is without a pattern, and every part is named."""
    for kinds in (("delivered", "waiting", "failed"), ("told", "guess"),
                  ("refused", "guard", "rejected", "suppressed")):  # fmt: skip
        assert sum(kind not in svg.HATCHED for kind in kinds) <= 1
        assert len({svg.HATCHED.get(kind) for kind in kinds}) == len(kinds)
    drawing = drawn(svg.columns("uzi-a", "t", "d", stacks(1, 2, 3)))
    assert len([group for group in drawing.iter(f"{NS}g") if group.find(f"{NS}title") is not None]) == 3


def test_ids_of_two_charts_are_apart() -> None:
    both = svg.columns("uzi-a", "t", "d", stacks(1)) + svg.columns("uzi-b", "t", "d", stacks(1))
    ids = re.findall(r' id="([^"]+)"', both)
    assert len(ids) == len(set(ids)) == 6


@pytest.mark.parametrize(
    ("highest", "marks"),
    [
        (0, [0, 1]),
        (1, [0, 1 / 4, 2 / 4, 3 / 4, 1]),
        (4, [0, 1, 2, 3, 4]),
        (7, [0, 2, 4, 6, 8]),
        (1000, [0, 250, 500, 750, 1000]),
        (0.7, [0, 0.2, 0.4, 0.6, 0.8]),
        (12_345_678, [0, 5_000_000, 10_000_000, 15_000_000]),
        (float("inf"), [0, 1]),
    ],
)
def test_the_scale_has_round_marks(highest: float, marks: list[float]) -> None:
    assert svg.ticks(highest) == pytest.approx(marks)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (950, "950"), (999.6, "1k"), (12_300, "12.3k"), (1.5e6, "1.5M"), (2e9, "2G")]
)
def test_numbers_of_an_axis_are_short(number: float, text: str) -> None:
    assert svg.short(number) == text


def test_a_drawing_shows_itself_in_both_kinds_of_templates() -> None:
    assert svg.meter(1).__html__() == svg.meter(1)
