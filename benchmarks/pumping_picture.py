"""The picture of benchmarks/pumping.py, for light and dark pages: an attacked day, two charts over one axis of time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from pumping_day import MIDNIGHT, Played

LEFT, WIDTH, RIGHT = 64, 606, 230
#: The hours of the day that are shown, and where each chart stands: top and height.
HOURS = (8, 22)
TOP, BOTTOM = (74, 200), (344, 110)

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2937 } .title { font-size: 15px; font-weight: 600 }
  .small { font-size: 12px; fill: #4b5563 } .page { fill: #ffffff } .grid { stroke: #e5e7eb } .span { fill: #f3f4f6 }
  path { fill: none; stroke-width: 2.5; stroke-linejoin: round }
  .bad { stroke: #c2410c } .good { stroke: #1d4ed8 } .vouched { stroke: #0f766e; stroke-dasharray: 6 4 }
  text.bad { fill: #c2410c; stroke: none } text.good { fill: #1d4ed8; stroke: none }
  text.vouched { fill: #0f766e; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9da7b3 } .page { fill: #0d1117 } .grid { stroke: #30363d }
    .span { fill: #161b22 } .bad { stroke: #fb923c } .good { stroke: #79c0ff } .vouched { stroke: #5eead4 }
    text.bad { fill: #fb923c } text.good { fill: #79c0ff } text.vouched { fill: #5eead4 }
  }"""


def picture(days: Mapping[str, Played]) -> str:
    """An SVG of the days by the guard's setting: ``off``, ``enforce`` and the one that vouches."""
    off, enforce, vouched = days["off"], days["enforce"], next(day for name, day in days.items() if "vouched" in name)
    assert off.burnt == days["record"].burnt
    money = [([at for at, _ in day.burnt], list(accumulate(cost for _, cost in day.burnt))) for day in (off, enforce)]
    people = [([at for at, _ in day.refused], list(range(1, len(day.refused) + 1))) for day in (enforce, vouched)]
    million = 1_000_000
    shapes = [
        _frame("So'm burnt by the attack, in millions", TOP, most := _round(money[0][1][-1]), million),
        _line("bad", TOP, most, *money[0], f"off, record: {money[0][1][-1] / million:.0f} million"),
        _line("good", TOP, most, *money[1], f"enforce: {money[1][1][-1] / million:.1f} million"),
        _frame("Genuine users refused, of 2,000", BOTTOM, many := max(10, _round(len(people[0][0])))),
        _line("good", BOTTOM, many, *people[0], f"enforce: {len(people[0][0])}"),
        _line("vouched", BOTTOM, many, *people[1], f"known users vouched for: {len(people[1][0])}", below=True),
        *(
            f'<text class="small" text-anchor="middle" x="{_x(MIDNIGHT + hour * 3600):.0f}" y="478">{hour:02}:00</text>'
            for hour in range(HOURS[0], HOURS[1] + 1, 2)
        ),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} 494" '
        'role="img" aria-label="An SMS pumping attack with the guard off, recording and enforcing">\n'
        f"<style>{STYLE}\n</style>\n"
        f'<rect class="page" width="100%" height="100%" rx="6"/>\n'
        '<text class="title" x="24" y="30">50,000 pumping requests from 10:00 to 16:00 among 2,000 genuine users</text>'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _x(moment: int) -> float:
    begin, end = HOURS
    return LEFT + WIDTH * (moment - MIDNIGHT - begin * 3600) / ((end - begin) * 3600)


def _frame(title: str, place: tuple[int, int], most: int, unit: int = 1) -> str:
    """The attack's hours shaded, four lines across with their numbers, the title above."""
    top, height = place
    begin, end = _x(MIDNIGHT + 10 * 3600), _x(MIDNIGHT + 16 * 3600)
    shapes = [f'<rect class="span" x="{begin:.0f}" y="{top}" width="{end - begin:.0f}" height="{height}"/>']
    if top == TOP[0]:
        shapes.append(f'<text class="small" x="{begin + 8:.0f}" y="{top + 18}">the attack</text>')
    for step in range(5):
        y, value = top + height - height * step / 4, most * step / 4 / unit
        shapes.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        if step % 2 == 0:
            shapes.append(f'<text class="small" text-anchor="end" x="{LEFT - 8}" y="{y + 4:.1f}">{value:g}</text>')
    return "\n".join([f'<text x="24" y="{top - 14}">{title}</text>', *shapes])


def _line(
    kind: str,
    place: tuple[int, int],
    most: int,
    moments: Sequence[int],
    heights: Sequence[int],
    label: str,
    *,
    below: bool = False,
) -> str:
    """A cumulative line, one point each five minutes, its label at its end."""
    top, height = place
    points = []
    for moment in range(MIDNIGHT + HOURS[0] * 3600, MIDNIGHT + HOURS[1] * 3600 + 1, 300):
        known = bisect_right(moments, moment)
        y = top + height * (1 - (heights[known - 1] if known else 0) / most)
        points.append(f"{_x(moment):.1f} {y:.1f}")
    name = f'<text class="{kind}" x="{LEFT + WIDTH + 8}" y="{y + (20 if below else 4):.1f}">{label}</text>'
    return f'<path class="{kind}" d="M{" L".join(points)}"/>\n{name}'


def _round(value: int) -> int:
    """The next round number: 1, 2, 4 or 8 of a power of ten."""
    scale = int(10 ** (len(str(value)) - 1))
    return next(step * scale for step in (1, 2, 4, 8, 10) if step * scale >= value)
