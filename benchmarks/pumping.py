"""What the pumping guard saves and whom it turns away (P8): a simulated day, with and without an attack.

The attacks are played through the real ``Verifier``. The many variations of the later tables are played through a
model, which must first refuse exactly whom the ``Verifier`` refused. All is seeded: the same tables every time.

``python benchmarks/pumping.py`` prints the tables as Markdown; ``--write`` also writes pumping.md and pumping.svg
beside this file.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from pumping_day import DAY, HOUR, MIDNIGHT, Books, Crowd, Person, Played, Processes, Site, play
from pumping_picture import picture

from uzotp.phones import Phone
from uzotp.policy import Policy
from uzotp.sms.prices import price_rows

#: The attack: so many prefixes in each country, home and five dear ones with genuine users of their own.
TARGETS = {"UZ": 7, "TJ": 7, "RU": 7, "KZ": 7, "AZ": 6, "KG": 6}
DEFAULT = Policy()
FLOORS, RATIO = DEFAULT.guard_floors, DEFAULT.guard_ratio
GUARDS = ("off", "record", "enforce", "enforce, known users vouched for")


def attacked_day() -> list[Person]:
    crowd = Crowd(1)
    return crowd.genuine(crowd.moments(2000)) + crowd.attack(50_000, TARGETS, 10, 16)


def play_attack(guard: str) -> tuple[Played, Counter[bool]]:
    """The day at one setting of the guard, and how many requests of genuine users and of attackers it reported only."""
    people, vouching = attacked_day(), "," in guard
    site = Site(Policy(countries="*", guard=guard.partition(",")[0]))
    day = play(people, site, vouching=vouching)
    if guard.startswith("enforce"):
        assert day == play(people, Books(FLOORS, RATIO), vouching=vouching), "the model is another guard"
    return day, site.flagged


def fast_attack(days: dict[str, tuple[Played, Counter[bool]]]) -> list[str]:
    rows = [
        "| guard | so'm burnt | messages to the attack | attack refused | genuine refused | only reported |",
        "|---|---:|---:|---|---|---|",
    ]
    for name, (day, flagged) in days.items():
        where = ", ".join(f"{land} {n}" for land, n in Counter(land for _, land in day.refused).most_common())
        genuine = f"{len(day.refused)}{_span([at for at, _ in day.refused])}{f': {where}' if where else ''}"
        reported = f"attack {flagged[True]:,}, genuine {flagged[False]:,}"
        rows.append(
            f"| {name} | {day.money:,} | {len(day.burnt):,} | {len(day.stopped):,}{_span(day.stopped)} "
            f"| {genuine} | {reported} |"
        )
    return rows


def _span(moments: Sequence[int]) -> str:
    times = [f"{(at - MIDNIGHT) // HOUR:02}:{(at - MIDNIGHT) // 60 % 60:02}" for at in moments]
    return f" ({min(times)} to {max(times)})" if times else ""


@dataclass(frozen=True)
class Plan:
    """A patient attacker in one country: prefixes, requests a day to numbers of others, and numbers of his own, each
    of which asks ten times a day (the phone's quota) and returns every code."""

    prefixes: int
    pace: int
    own: int

    def people(self, prefixes: Sequence[str], days: int) -> list[Person]:
        people = []
        for number in range(self.own):
            phone = Phone(f"{prefixes[number % self.prefixes]}{number:04}", "TJ")
            moments = [MIDNIGHT + day * DAY + n * 8000 + number for day in range(days) for n in range(10)]
            people += [Person(at, phone, ((0, 10),), attacker=True) for at in moments]
        for number in range(self.pace * days):
            phone = Phone(f"{prefixes[number % self.prefixes]}{100 + number // self.prefixes:04}", "TJ")
            people.append(Person(MIDNIGHT + number * DAY // self.pace, phone, attacker=True))
        return people


def burst() -> list[str]:
    """The 50,000 requests within ten seconds, at one process and at eight."""
    rows = ["| processes | messages to the attack | so'm burnt | most to one country |", "|---|---:|---:|---|"]
    for count in (1, 8):
        crowd = Crowd(1)
        people = [
            replace(each, at=MIDNIGHT + 12 * HOUR + number * 10 // 50_000)
            for number, each in enumerate(crowd.attack(50_000, TARGETS, 10, 16))
        ]
        sites = Processes(Policy(countries="*", guard="enforce"), count)
        sent = Counter[str]()
        money = 0
        for number, person in enumerate(people):
            cost = sites.ask(person, number, person.at, False)
            sent[person.phone.country] += cost is not None
            money += cost or 0
        ((land, most),) = sent.most_common(1)
        rows.append(f"| {count} | {sent.total():,} | {money:,} | {land} {most} |")
    return rows


def slow_attack() -> list[str]:
    """Every plan of a grid, three days long, in the dearest country and with no genuine users there."""
    prefixes = Crowd(3).prefixes["TJ"]
    grid = [Plan(*plan) for plan in product((1, 3, 10, 30, 100), (10, 30, 100, 300, 500, 1000), (0, 10, 50))]
    played = {plan: play(plan.people(prefixes, 3), Books(FLOORS, RATIO)) for plan in grid}
    rows = [
        "| best plan of the grid | own numbers | prefixes | requests a day | refused a day | messages a day "
        "| so'm a day |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for own, quiet in product((0, 10, 50), (True, False)):
        plans = [plan for plan in grid if plan.own == own and not (quiet and played[plan].stopped)]
        best = max(plans, key=lambda plan: (played[plan].money, -plan.pace))
        day = play(best.people(prefixes, 3), Site(Policy(countries="*", guard="enforce")))
        assert day == played[best], "the model is another guard"
        name = "never refused" if quiet else "whatever is refused"
        counts = f"{best.prefixes} | {best.pace:,} | {len(day.stopped) / 3:.0f} | {len(day.burnt) / 3:.0f}"
        rows.append(f"| {name} | {own} | {counts} | {day.money / 3:,.0f} |")
    dear = sorted(price_rows(), key=lambda row: -row.local)
    rows += ["", "| without own numbers | so'm a message | most so'm a day |", "|---|---:|---:|"]
    rows += [f"| {row.country} | {row.local:,} | {row.local * FLOORS[1]:,} |" for row in [*dear[:5], dear[-1]]]
    return [*rows, f"| all {len(dear)} countries | | {sum(row.local for row in dear) * FLOORS[1]:,} |"]


def sensitivity() -> list[str]:
    people = attacked_day()
    rows = ["| floors | ratio 0.5 | ratio 1.0 | ratio 2.0 |", "|---|---:|---:|---:|"]
    for floors in product((3, 5, 10, 20), (20, 50, 100, 200)):
        days = [play(people, Books(floors, ratio)) for ratio in (0.5, 1.0, 2.0)]
        cells = (f"{day.money / 1e6:.2f} M, {len(day.refused):,}" for day in days)
        rows.append(f"| {floors[0]}, {floors[1]} | {' | '.join(cells)} |")
    return rows


def genuine_only() -> list[str]:
    """Nobody pumps: a site's first day without history, and a vandal who wants its users refused."""
    noon, crowd = MIDNIGHT + 12 * HOUR, Crowd(2)
    scenes = {}
    for count in (200, 2000, 20_000, 200_000):
        scenes[f"{count:,} users in a day"] = crowd.genuine(crowd.moments(count))
    for count, minutes in ((500, 5), (500, 1), (2000, 5)):
        moments = [noon + crowd.rng.randrange(60 * minutes) for _ in range(count)]
        scenes[f"campaign: {count:,} users in {minutes} min"] = crowd.genuine(moments)
    moments = [noon + crowd.rng.randrange(120) for _ in range(30)]
    scenes["30 users of one prefix in 2 min"] = crowd.genuine(moments, prefix="+99890123")
    scenes["20,000 users, of whom 58 % verify"] = crowd.genuine(crowd.moments(20_000), first=0.5)
    moments = crowd.moments(20_000)
    arrives = [not noon <= at < noon + HOUR for at in moments]
    scenes["20,000 users, an hour in which nothing arrives"] = crowd.genuine(moments, delivered=arrives)
    for requests, hours in ((200, 1), (1000, 10)):
        vandal = crowd.attack(requests, {"UZ": requests // 10}, 10, 10 + hours)
        scenes[f"2,000 users, a vandal's {requests:,} requests at home in {hours} h"] = (
            scenes["2,000 users in a day"] + vandal
        )
    rules = [((3, 20), 1.0), ((10, 100), 0.5), ((10, 100), 1.0), ((10, 100), 2.0), ((20, 200), 2.0)]
    rows = [
        f"| floors × ratio | {' | '.join(f'{p}, {c} × {ratio}' for (p, c), ratio in rules)} |",
        f"|---|{'---:|' * len(rules)}",
    ]
    for name, people in scenes.items():
        rows.append(f"| {name} | {' | '.join(f'{len(play(people, Books(*rule)).refused):,}' for rule in rules)} |")
    return rows


TEXT = """\
# What the pumping guard saves, and whom it turns away

Made by `python benchmarks/pumping.py --write`; prices are devsms's, the guard's floors {floors}, its ratio {ratio}.

2,000 genuine users come over a day: 94 % at home over 13,000 prefixes (number minus its last four digits), the others
from nine countries. 70 % return the first code in 10 to 60 s; of the others a third ask again after 60 to 180 s, and
half of those return that one. The host knows 60 % of them. Who is refused goes away.

## 50,000 requests from 10:00 to 16:00, over {prefixes} prefixes in 6 countries, each from an address of its own

{attack}

While it only records, the guard also reports genuine users whom it would not have refused: the attack that it lets
pass fills the books of the whole country.

![So'm burnt and genuine users refused over the day](pumping.svg)

The same 50,000 requests within ten seconds, when nobody has verified anything yet. A process knows what it sent itself
at once, and what the others sent a second later:

{burst}

## A patient attacker, who knows the rules

Tajikistan, the dearest country of the table, where the site has no users; three days, by the day. Own numbers are
such as the attacker reads himself: each returns its ten codes a day.

{slow}

The guard does not stop these: a trickle under the floors in every allowed country, and an attacker who returns enough
of the codes. Against the first, allow only the `COUNTRIES` that you serve; against both, set a `DAILY_BUDGET`.

## Other floors and ratios: the attack's so'm in millions, genuine users refused

{sensitivity}

## Nobody pumps: genuine users refused

{genuine}

Who is refused verifies nothing, so an area stays closed until its slots leave the window, a day at most. Vouch
(`trusted=True`) for the users whom you know, and for those who pass a CAPTCHA of yours.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write pumping.md and pumping.svg beside this file")
    write = parser.parse_args().write
    with ProcessPoolExecutor() as pool:
        played = pool.map(play_attack, GUARDS)
        tables = [pool.submit(table) for table in (genuine_only, sensitivity, slow_attack, burst)]
        days = dict(zip(GUARDS, played, strict=True))
        genuine, other, slow, fast = ("\n".join(table.result()) for table in tables)
    report = TEXT.format(
        floors=" and ".join(map(str, FLOORS)),
        ratio=RATIO,
        prefixes=sum(TARGETS.values()),
        attack="\n".join(fast_attack(days)),
        slow=slow,
        burst=fast,
        sensitivity=other,
        genuine=genuine,
    )
    print(report)
    if write:
        here = Path(__file__)
        here.with_suffix(".md").write_text(report, encoding="utf-8")
        here.with_suffix(".svg").write_text(picture({name: day for name, (day, _) in days.items()}), encoding="utf-8")


if __name__ == "__main__":
    main()
