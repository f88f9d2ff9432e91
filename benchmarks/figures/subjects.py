"""Each line of the table of targets: what is measured for it, and how that is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import kept, pending, races, sending, starting, table, verifying, verifying_stores
from benchmarks.figures.servers import Absent, apart, database, redis_server, sandbox
from benchmarks.figures.table import Figure, Section, figure, time

PEER = "django-phone-verify"


@dataclass(frozen=True)
class Options:
    rounds: int = 24
    calls: int = 20
    pending: int = 1_000_000
    races: int = 200


_VARIANTS = (
    (verifying.OURS, "right code"),
    (verifying.GUARDLESS, "right code, `GUARD` off"),
    (verifying.WRONG, "wrong code"),
)


def _django(options: Options, kind: str) -> tuple[dict[str, float], dict[str, str], dict[str, float]]:
    """Medians of all, what a call of each peer is, and the bars of the chart."""
    with database(kind) as place:
        spent, includes = apart(verifying.measure, place, options.rounds, options.calls)
    shown = [verifying.FLOOR, verifying.OURS, verifying.GUARDLESS, *(f"{peer}, right" for peer in includes)]
    return spent, includes, {name: spent[name] for name in shown}


def verify_on_postgres(options: Options) -> Section:
    spent, includes, bars = _django(options, "postgres")
    what = "`verify_code`, Django on PostgreSQL, × one `UPDATE … RETURNING`"
    figures = [_over_floor(f"{what}: {told}", spent, name, verifying.FLOOR) for name, told in _VARIANTS]
    return Section(
        "Checking a code: Django on PostgreSQL", figures, table.medians(spent, verifying.FLOOR, includes), bars
    )


def _over_floor(what: str, spent: Mapping[str, float], name: str, floor: str) -> Figure:
    ratio = spent[name] / spent[floor]
    return figure(what, 1.6, ratio, f"{time(spent[name])}, floor {time(spent[floor])}: {ratio:.2f} ×")


def verify_on_sqlite(options: Options) -> Section:
    spent, includes, bars = _django(options, "sqlite")
    figures = []
    for name, told in _VARIANTS:
        code = "wrong" if name == verifying.WRONG else "right"
        peers = {peer: spent[f"{peer}, {code}"] for peer in includes if (peer, code) != ("drfpasswordless", "wrong")}
        fastest = min(peers, key=lambda peer: peers[peer])
        ratio = spent[name] / peers[fastest]
        measured = f"{time(spent[name])}, {fastest} {time(peers[fastest])}: {ratio:.2f} ×"
        figures.append(figure(f"`verify_code`, Django on SQLite, × the fastest peer: {told}", 0.3, ratio, measured))
    details = table.medians(spent, verifying.FLOOR, includes)
    details += "\n\nFor a wrong code drfpasswordless is no peer: it does not count them, so it writes nothing."
    return Section("Checking a code: Django on SQLite", figures, details, bars)


def verify_on_redis(options: Options) -> Section:
    with redis_server() as url:
        spent = verifying_stores.redis(url, options.rounds, options.calls * 2)
    figures = [
        _over_floor(f"`verify_code`, RedisStore, × one `EVALSHA`: {name}", spent, name, verifying_stores.FLOOR)
        for name in (verifying_stores.RIGHT, verifying_stores.GUARDLESS, verifying_stores.WRONG)
    ]
    return Section("Checking a code: RedisStore", figures, table.medians(spent, verifying_stores.FLOOR))


def verify_in_memory(options: Options) -> Section:
    spent = verifying_stores.memory(options.rounds, options.calls * 2)
    figures = [
        figure(f"`verify_code`, MemoryStore, E.164 input: {name}", 40, spent[name], f"{spent[name]:.1f} µs", "µs")
        for name in (verifying_stores.RIGHT, verifying_stores.GUARDLESS, verifying_stores.WRONG)
    ]
    lines = [(name, f"{micros:.1f}") for name, micros in spent.items()]
    return Section("Checking a code: MemoryStore", figures, table.rows(("median", "µs"), lines))


def many_pending(options: Options) -> Section:
    many, rounds, calls = options.pending, options.rounds // 3 + 1, options.calls
    found: dict[str, pending.Pair] = {}
    absent = []

    def take(measure: Callable[[], Mapping[str, pending.Pair]]) -> None:
        try:
            found.update(measure())
        except Absent as why:
            absent.append(str(why))

    take(lambda: apart(pending.memory, many, rounds, calls))
    take(lambda: pending.redis(many, rounds, calls))
    take(lambda: _pending_on_postgres(many, rounds, calls))
    take(lambda: pending.sql("mariadb", many, rounds, calls))
    take(lambda: pending.sql("sqlite", many, rounds, calls))
    ours = {name: full / few for name, (few, full) in found.items() if not name.startswith(PEER)}
    worst = max(ours, key=lambda name: ours[name])
    measured = f"{min(ours.values()):.2f} to {ours[worst]:.2f} × ({worst})"
    for name, (few, full) in found.items():
        if name.startswith(PEER):
            measured += f"; {PEER} {full / few:.0f} ×"
    what = f"verify with {many:,} challenges pending, × with {pending.FEW:,}, the worst store"
    lines = [(name, time(few), time(full), f"{full / few:.2f}") for name, (few, full) in found.items()]
    details = table.rows(("right code", f"{pending.FEW:,} pending", f"{many:,} pending", "×"), lines)
    details += _left_out(absent)
    bars = {name: full / few for name, (few, full) in found.items()}
    return Section("Many pending", [figure(what, 1.2, ours[worst], measured)], details, bars)


def _pending_on_postgres(many: int, rounds: int, calls: int) -> dict[str, pending.Pair]:
    with database("postgres") as few, database("postgres") as full:
        return apart(pending.postgres, few, full, many, rounds, calls)


def send(options: Options) -> Section:
    with sandbox() as url:
        spent, stores = sending.measure(url, options.rounds // 2 + 1, options.calls)
    figures = []
    for name in stores:
        floor = spent[sending.POST] + spent[f"the store alone, {name}"]
        ratio = spent[f"send_code, {name}"] / floor
        measured = f"{time(spent[f'send_code, {name}'])}, floor {time(floor)}: {ratio:.2f} ×"
        figures.append(
            figure(f"`send_code` to the sandbox, × a bare POST and the store's part: {name}", 1.3, ratio, measured)
        )
    return Section("Sending a code", figures, table.medians(spent, sending.POST))


def bytes_kept(options: Options) -> Section:
    found: dict[str, dict[str, float]] = {"memory": kept.memory()}
    absent = []
    try:
        with redis_server() as url:
            found["Redis"] = kept.redis(url)
    except Absent as why:
        absent.append(str(why))
    try:
        with database("postgres") as place:
            found["PostgreSQL with indexes"] = apart(kept.postgres, place, min(100_000, options.pending))
    except Absent as why:
        absent.append(str(why))
    figures = []
    for where, target in (("Redis", 300), ("memory", 600), ("PostgreSQL with indexes", 400)):
        if where in found:
            sizes = {name: round(size) for name, size in found[where].items()}
            ours = sizes.pop("challenge")
            beside = ", ".join(f"{name} {size}" for name, size in sizes.items())
            what = f"bytes per pending challenge, {where}"
            figures.append(figure(what, target, ours, f"{ours} (beside it: {beside})", "bytes"))
    names = ("challenge", "phone's quotas", "delivery", PEER)
    lines = [
        (where, *(f"{sizes[name]:.0f}" if name in sizes else "–" for name in names)) for where, sizes in found.items()
    ]
    details = table.rows(("bytes", *names), lines) + _left_out(absent)
    return Section("What is kept", figures, details)


def start_up(options: Options) -> Section:
    added = starting.measure(max(5, options.rounds // 3))
    millis, with_urls = (added[f"uzotp{what}, to `django.setup()`"] for what in ("", " with its URLs"))
    peer, peer_urls = (added[f"{PEER}{what}, to `django.setup()`"] for what in ("", " with its URLs"))
    measured = (
        f"{millis:.1f} ms, with its URLs {with_urls:.0f} ms; {PEER} {peer:.0f} ms, with its URLs {peer_urls:.0f} ms"
    )
    figures = [figure("added to `django.setup()`", 25, millis, measured, "ms")]
    lines = [(name, f"{more:.1f}") for name, more in added.items()]
    return Section("Start-up", figures, table.rows(("added", "ms"), lines))


def race(options: Options) -> Section:
    raced, absent = races.of_all(options.races)
    ours = [each for each in raced if "Store" in each.name]
    peers = [each for each in raced if "Store" not in each.name]
    rounds, calls = options.races, races.AT_ONCE
    twice = ", ".join(f"{each.name.partition(' (')[0]} {each.twice}" for each in peers)
    beyond = ", ".join(f"{each.name.partition(' (')[0]} {each.beyond:,}" for each in peers if each.beyond is not None)
    worst, over = max(each.twice or 0 for each in ours), max(each.beyond or 0 for each in ours)
    figures = [
        Figure(
            f"the same right code {calls} times at once, {rounds} rounds: rounds with more than one acceptance",
            "0",
            f"{worst} on every store; of {rounds}: {twice}",
            not worst,
        ),
        Figure(
            f"{calls} wrong codes at once, limit {races.LIMIT}, {rounds} rounds: compared beyond the limit",
            "0",
            f"{over} on every store; {beyond}",
            not over,
        ),
    ]
    heads = ("", "by", "rounds", "more than one accepted", "none accepted", "compared beyond the limit")
    lines = [
        (each.name, each.crowd, each.rounds, each.twice, each.never, "–" if each.beyond is None else each.beyond)
        for each in raced
    ]
    return Section("Races", figures, table.rows(heads, lines) + _left_out(absent))


def _left_out(absent: Sequence[str]) -> str:
    return "".join(f"\n\nLeft out: {why}." for why in dict.fromkeys(absent))


#: In the order of the table.
SUBJECTS: dict[str, Callable[[Options], Section]] = {
    "postgres": verify_on_postgres,
    "sqlite": verify_on_sqlite,
    "redis": verify_on_redis,
    "memory": verify_in_memory,
    "pending": many_pending,
    "send": send,
    "kept": bytes_kept,
    "start": start_up,
    "races": race,
}
