"""Codes checked, and whole flows, by many at once: uzotp, the floor and a peer take turns on the same servers.

``python -m benchmarks.crowd`` prints the tables as Markdown; ``--write`` also writes crowd.md and crowd.svg beside this
file. What has no server is left out by name. Nothing here fails for a figure, for it is no test.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count, islice
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from benchmarks.figures import ours, peers, pictures, site, table, verifying, verifying_stores
from benchmarks.figures.servers import NAMES, Absent, Database, apart, connect, database, redis_server
from benchmarks.figures.timing import Call
from uzotp import RedisStore, SQLStore, Verifier
from uzotp.testing.store_contract.crowd import Call as Asked
from uzotp.testing.store_contract.crowd import in_processes

#: So many processes, of so many threads each.
CROWDS = ((1, 1), (1, 8), (4, 8))
FLOW_CROWD = (4, 4)

DEFAULTS, GUARDLESS, ENFORCED = "uzotp", "uzotp, `GUARD` off", "uzotp, `GUARD` enforce, a budget"
BUDGETED = "uzotp, a budget"
FLOORS = {
    "postgresql": "one `UPDATE … RETURNING` by psycopg",
    "mariadb": "one `UPDATE` by PyMySQL",
    "redis": verifying_stores.FLOOR.replace("EVALSHA", "`EVALSHA`"),
}
_RICH: dict[str, Any] = {"daily_budget": 10**9}
#: By the contestant. The floors of the guard are so high, and the budget so large, that nothing is refused.
POLICIES: dict[str, dict[str, Any]] = {
    DEFAULTS: {},
    GUARDLESS: {"guard": "off"},
    ENFORCED: {"guard": "enforce", "guard_floor": 900_000, **_RICH},
    BUDGETED: _RICH,
}
_CHECKED, _FLOWN = (DEFAULTS, GUARDLESS, ENFORCED), (GUARDLESS, DEFAULTS, BUDGETED)
_PACKAGES = ("Django", "psycopg", "PyMySQL", "SQLAlchemy", "redis", "django-phone-verify")

_HEAD = """\
# A crowd

Made by `{command}`:
right codes checked by 1, 8 and 32 at once (1 process; 1 of 8 threads; 4 of 8), and whole flows by 16
(4 processes of 4 threads), on servers of the same machine, which they share the processors with. The contestants of
a table take turns in each round, and keep their connections, one for each thread, from round to round; a first round
warms them up and is not counted. Challenges are opened before the clock starts, each for a number of its own, and what
opening them owes to the guard is told; then all begin together. A rate is the calls of all, by the time from the first
that begins to the last that ends. Rates, p50 and p95 are medians of {rounds} rounds of {calls} calls by each thread; a
ratio is one of rates. The floor does one thing only, on rows of its own, in autocommit. uzotp keeps its state in
DjangoStore on PostgreSQL, in SQLStore on MariaDB (an engine like its own, with a connection for each thread) and in
RedisStore; its call is `verify_code`. django-phone-verify's is `validate_security_code`, on a table that holds the
challenges of the round only. A flow is `send_code` by a gateway that answers at once, then `verify_code` of what it was
given. Ratios travel better between machines than times do."""


@dataclass
class Contestant:
    """``prepare`` makes a fresh call for each of some numbers, untimed; each call must answer ``expects``.

    ``tidy`` clears up after a round, in one process.
    """

    prepare: Callable[[Sequence[str]], Sequence[Call]]
    expects: object
    tidy: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Figure:
    """Of one contestant: calls in a second, and milliseconds of a call."""

    rate: float
    p50: float
    p95: float


class Players:
    """The contestants in one process, whose threads prepare and play their own calls."""

    def __init__(self, contestants: Mapping[str, Contestant]) -> None:
        logging.getLogger("uzotp").setLevel("CRITICAL")
        self._contestants = contestants
        self._here = threading.local()

    def prepare(self, name: str, first: int, calls: int) -> None:
        self._here.calls = self._contestants[name].prepare([*islice(ours.numbers(first), calls)])

    def play(self, name: str) -> tuple[int, int, list[int]]:
        """When this thread began and ended, and what each call took: nanoseconds, by the machine's clock."""
        expects, spent = self._contestants[name].expects, []
        began = perf_counter_ns()
        for call in self._here.calls:
            start = perf_counter_ns()
            answer = call()
            spent.append(perf_counter_ns() - start)
            if answer != expects:
                raise AssertionError(f"{name}: answered {answer!r} in place of {expects!r}")
        return began, perf_counter_ns(), spent

    def tidy(self, name: str, *, all_over: bool) -> None:
        """At the end of a turn, in each process; *all_over* in one of them."""
        if all_over:
            self._contestants[name].tidy()
        gc.collect()


# ------------------------------------------------------------------------------------------------------- contestants


class SQLFloor:
    """One statement of the bare driver, by a connection of each thread."""

    def __init__(self, place: Database) -> None:
        self._place, self._here = place, threading.local()

    def prepare(self, numbers: Sequence[str]) -> Sequence[Call]:
        from uzotp.codes import random_id

        cursor = self._cursor()
        rows = [(random_id(), random_id(), random_id()) for _ in numbers]
        cursor.executemany(verifying.INSERT, rows)
        update = self._returning if self._place.kind == "postgres" else self._update
        return [partial(update, cursor, digest, handle) for handle, _, digest in rows]

    def _cursor(self) -> Any:
        if not hasattr(self._here, "cursor"):
            self._here.connection = connect(self._place.kind, self._place.url)
            self._here.cursor = self._here.connection.cursor()
        return self._here.cursor

    def _returning(self, cursor: Any, digest: str, handle: str) -> bool:
        cursor.execute(verifying.UPDATE, (digest, handle, 1))
        return bool(cursor.fetchone() == (1, True))

    def _update(self, cursor: Any, digest: str, handle: str) -> bool:
        return bool(cursor.execute(verifying.UPDATE.partition(" RETURNING")[0], (digest, handle, 1)) == 1)


def _redis_floor(url: str) -> Contestant:
    from redis import Redis

    from uzotp.codes import random_id

    client = Redis.from_url(url)
    sha = client.script_load(verifying_stores.SCRIPT)

    def prepare(numbers: Sequence[str]) -> Sequence[Call]:
        rows = [(f"floor:{random_id()}", random_id()) for _ in numbers]
        for key, digest in rows:
            client.hset(key, mapping={"d": digest, "a": 0, "u": 0, "n": random_id(), "e": 1_800_000_000_000})
        return [partial(client.evalsha, sha, 1, *row) for row in rows]

    return Contestant(prepare, [1, 1])


def _checks(store: Any) -> dict[str, Contestant]:
    verifiers = {name: ours.make(store, **POLICIES[name]) for name in _CHECKED}
    return {name: Contestant(partial(_opened, each), "verified") for name, each in verifiers.items()}


def _opened(verifier: Verifier, numbers: Sequence[str]) -> Sequence[Call]:
    """Checks of right codes. The guard has been told of the sends before they begin."""
    made = [partial(_verify, verifier, number, _send(verifier, number)) for number in numbers]
    verifier.journal.write()
    return made


def _flows(verifier: Verifier, numbers: Sequence[str]) -> Sequence[Call]:
    def flow(number: str) -> str:
        return _verify(verifier, number, _send(verifier, number))

    return [partial(flow, number) for number in numbers]


def _send(verifier: Verifier, number: str) -> str:
    """The code. The number is sent in its national form, and checked in E.164."""
    outbox: Any = verifier.gateway
    verifier.send_code(number[4:], ours.PURPOSE, client_ip=None, binding="")
    return str(outbox.code_for(number))


def _verify(verifier: Verifier, number: str, code: str) -> str:
    return verifier.verify_code(number, code, ours.PURPOSE, binding="").status.value


def _peer() -> Contestant:
    peer = peers.PhoneVerify()

    def prepare(numbers: Sequence[str]) -> Sequence[Call]:
        return [partial(peer.verify, *peer.issue_to(number)) for number in numbers]

    return Contestant(prepare, True, peer.tidy)


# ----------------------------------------------------------------------------------- of a process: ``in_processes``


def _on_postgresql(place: Database, threads: int) -> Players:
    site.set_up(place, migrate=False)
    from django_uzotp.store import DjangoStore

    floor = Contestant(SQLFloor(place).prepare, True)
    return Players({FLOORS["postgresql"]: floor, **_checks(DjangoStore()), peers.PhoneVerify.name: _peer()})


def _on_mariadb(place: Database, threads: int) -> Players:
    return Players({FLOORS["mariadb"]: Contestant(SQLFloor(place).prepare, True), **_checks(_sql(place, threads))})


def _sql(place: Database, threads: int) -> SQLStore:
    """As SQLStore makes its engine from a URL, but for a connection for each thread."""
    from sqlalchemy import create_engine

    like_ours: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None, "hide_parameters": True}
    return SQLStore(create_engine(place.url, pool_size=threads, **like_ours))


def _on_redis(url: str, threads: int) -> Players:
    return Players({FLOORS["redis"]: _redis_floor(url), **_checks(RedisStore(url))})


def _flowing(place: Database, threads: int) -> Players:
    site.set_up(place, migrate=False)
    from django_uzotp.store import DjangoStore

    verifiers = {name: ours.make(DjangoStore(), **POLICIES[name]) for name in _FLOWN}
    return Players({name: Contestant(partial(_flows, each), "verified") for name, each in verifiers.items()})


# ---------------------------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True)
class Options:
    rounds: int = 5
    calls: int = 100


Figures = dict[tuple[str, int], Figure]


def _measure(
    options: Options, opener: Callable[..., Any], place: Any, names: Sequence[str], crowds: Sequence[tuple[int, int]]
) -> Figures:
    """By the contestant and how many there are at once."""
    found: Figures = {}
    firsts = count(0, options.calls)
    for processes, threads in crowds:
        at_once = processes * threads
        turns = [name for number in range(options.rounds + 1) for name in _rotated(names, number)]
        races = [race for name in turns for race in _turn(name, processes, [*islice(firsts, at_once)], options.calls)]
        answers = in_processes(opener, (place, threads), races, processes)
        played = [*zip(turns, answers[1::3], strict=True)][len(names) :]
        for name in names:
            found[name, at_once] = _medians([answer for of, answer in played if of == name])
    return found


def _rotated(names: Sequence[str], number: int) -> Sequence[str]:
    """Another begins each round."""
    first = number % len(names)
    return [*names[first:], *names[:first]]


def _turn(name: str, processes: int, firsts: Sequence[int], calls: int) -> Iterator[list[Asked]]:
    """What one contestant's turn asks: to prepare, to play, to clear up."""
    yield [("prepare", (name, first, calls)) for first in firsts]
    yield [("play", (name,))] * len(firsts)
    yield [("tidy", (name,), {"all_over": number == 0}) for number in range(processes)]


def _medians(rounds: Sequence[Sequence[tuple[int, int, list[int]]]]) -> Figure:
    rates, halves, most = [], [], []
    for threads in rounds:
        spent = sorted(each for *_, of_thread in threads for each in of_thread)
        seconds = (max(ended for _, ended, _ in threads) - min(began for began, _, _ in threads)) / 1e9
        rates.append(len(spent) / seconds)
        halves.append(statistics.median(spent) / 1e6)
        most.append(spent[len(spent) * 95 // 100] / 1e6)
    return Figure(*map(statistics.median, (rates, halves, most)))


def postgresql(options: Options) -> Figures:
    with database("postgres") as place:
        apart(_make_site, place)
        names = (FLOORS["postgresql"], *_CHECKED, peers.PhoneVerify.name)
        return _measure(options, _on_postgresql, place, names, CROWDS)


def mariadb(options: Options) -> Figures:
    with database("mariadb") as place:
        _make_floor(place)
        return _measure(options, _on_mariadb, place, (FLOORS["mariadb"], *_CHECKED), CROWDS)


def redis(options: Options) -> Figures:
    with redis_server() as url:
        return _measure(options, _on_redis, url, (FLOORS["redis"], *_CHECKED), CROWDS)


def flow(options: Options) -> Figures:
    with database("postgres") as place:
        apart(_make_site, place)
        return _measure(options, _flowing, place, _FLOWN, [FLOW_CROWD])


def _make_site(place: Database) -> None:
    site.set_up(place)
    _make_floor(place)


def _make_floor(place: Database) -> None:
    with connect(place.kind, place.url) as connection, connection.cursor() as cursor:
        cursor.execute(verifying.TABLE)
        cursor.execute("CREATE INDEX figures_floor_phone ON figures_floor (fingerprint)")


SUBJECTS: dict[str, tuple[str, Callable[[Options], Figures]]] = {
    "postgresql": (f"Right codes, {NAMES['postgres']}", postgresql),
    "mariadb": (f"Right codes, {NAMES['mariadb']}", mariadb),
    "redis": ("Right codes, Redis", redis),
    "flow": (f"Whole flows, {NAMES['postgres']}", flow),
}

# ------------------------------------------------------------------------------------------------------------ telling


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--rounds", type=int, default=Options.rounds, help="that are counted (%(default)s)")
    parser.add_argument("--calls", type=int, default=Options.calls, help="of each thread in a round (%(default)s)")
    parser.add_argument("--only", default="", help=f"some of {','.join(SUBJECTS)}; not with --write")
    parser.add_argument("--write", action="store_true", help="crowd.md and crowd.svg")
    given = parser.parse_args()
    only = given.only.split(",") if given.only else [*SUBJECTS]
    if unknown := set(only) - set(SUBJECTS):
        parser.error(f"--only knows {','.join(SUBJECTS)}, not {','.join(sorted(unknown))}")
    if given.write and given.only:
        parser.error("--write is for all of it, not for --only a part")
    if given.rounds < 1 or given.calls < 1:
        parser.error("--rounds and --calls are 1 or more")
    options, began = Options(given.rounds, given.calls), time.monotonic()
    found: dict[str, Figures] = {}
    absent = []
    for subject in only:
        print(f"{time.monotonic() - began:5.0f} s  {subject}", file=sys.stderr, flush=True)
        try:
            found[subject] = SUBJECTS[subject][1](options)
        except Absent as why:
            absent.append(f"Left out: {why}.")
    tables = [f"## {SUBJECTS[subject][0]}\n\n{_table(figures)}" for subject, figures in found.items()]
    text = "\n\n".join([*tables, *dict.fromkeys(absent)])
    print(text)
    if given.write:
        command = f"python -m benchmarks.crowd --rounds {options.rounds} --calls {options.calls} --write"
        head = _HEAD.format(command=command, rounds=options.rounds, calls=options.calls)
        here = Path(__file__).parent
        (here / "crowd.md").write_text(f"{head}\n\n{text}\n\n{_machine(time.monotonic() - began)}\n", encoding="utf-8")
        (here / "crowd.svg").write_text(_picture(found), encoding="utf-8")


def _table(figures: Figures) -> str:
    """Ratios are to the first contestant of as many at once."""
    base = next(name for name, _ in figures)
    lines = [
        (
            at_once,
            name,
            f"{each.rate:,.0f}",
            f"{each.rate / figures[base, at_once].rate:.2f}",
            f"{each.p50:.2f}",
            f"{each.p95:.2f}",
        )
        for (name, at_once), each in figures.items()
    ]
    return table.rows(("at once", "what", "calls/s", "× the first", "p50, ms", "p95, ms"), lines)


def _machine(seconds: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors; {seconds:.0f} s."
    return f"{machine} {packages}."


def _picture(found: Mapping[str, Figures]) -> str:
    """Each subject at its largest crowd."""
    charts = []
    for subject, figures in found.items():
        many = max(at_once for _, at_once in figures)
        rates = {name: each.rate for (name, at_once), each in figures.items() if at_once == many}
        most = max(rates.values())
        bars = [(_kind(name), _short(name), rate / most, f"{rate:,.0f}/s") for name, rate in rates.items()]
        charts.append((f"{SUBJECTS[subject][0]}, by {many} at once", bars))
    return pictures.page(charts, "Codes checked, and whole flows, in a second by many at once")


def _kind(name: str) -> str:
    if name in FLOORS.values():
        return "floor"
    return "ours" if name in POLICIES else "peer"


def _short(name: str) -> str:
    return name.replace("`", "").partition(" by ")[0].replace("GUARD enforce, a", "enforce,")


if __name__ == "__main__":
    main()
