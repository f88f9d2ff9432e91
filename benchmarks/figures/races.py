"""Sixteen at once: the same right code, and wrong codes against a limit of five; on every store, and the peers.

Threads start each round together behind a barrier; processes are four, with four threads each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import ours, site
from benchmarks.figures.servers import NAMES, Absent, Database, apart, database, redis_server
from uzotp import MemoryStore, RedisStore, SQLStore
from uzotp.testing.store_contract.crowd import Call, Crowd, in_processes

AT_ONCE, LIMIT = 16, 5


@dataclass(frozen=True)
class Raced:
    """Of so many rounds: those in which more than one was accepted, those with none, comparisons beyond the limit.

    ``None`` where there is nothing to count.
    """

    name: str
    crowd: str
    rounds: int
    twice: int | None = None
    never: int | None = None
    beyond: int | None = None


def of_all(rounds: int) -> tuple[list[Raced], list[str]]:
    """uzotp on each store, by threads and by processes, and the peers on PostgreSQL; and what was left out."""
    found, absent = _ours("MemoryStore", None, (), rounds, MemoryStore()), []
    for work, kind in (
        (_on_redis, "redis"),
        (_on_sql, "sqlite"),
        (_on_sql, "postgres"),
        (_on_sql, "mariadb"),
        (_on_django, "sqlite"),
        (_on_django, "postgres"),
        (_peers, "postgres"),
    ):
        try:
            found += work(kind, rounds)
        except Absent as why:
            absent.append(str(why))
    return found, absent


def _on_redis(_: str, rounds: int) -> list[Raced]:
    with redis_server() as url:
        return _ours("RedisStore", _redis, (url,), rounds)


def _on_sql(kind: str, rounds: int) -> list[Raced]:
    with database(kind) as place:
        return apart(_ours, f"SQLStore on {NAMES[kind]}", _sql, (place.url,), rounds)


def _on_django(kind: str, rounds: int) -> list[Raced]:
    with database(kind) as place:
        apart(site.set_up, place)
        return apart(_ours, f"DjangoStore on {NAMES[kind]}", _django, (place,), rounds)


def _redis(url: str) -> Any:
    return ours.make(RedisStore(url))


def _sql(url: str) -> Any:
    """A connection for each of the crowd."""
    from sqlalchemy import create_engine

    if url.startswith("sqlite"):
        return ours.make(SQLStore(url))
    return ours.make(SQLStore(create_engine(url, pool_size=AT_ONCE, hide_parameters=True)))


def _django(place: Database) -> Any:
    site.set_up(place, migrate=False)
    from django_uzotp.store import DjangoStore

    return ours.make(DjangoStore())


def _ours(
    name: str, opener: Callable[..., Any] | None, arguments: tuple[Any, ...], rounds: int, store: Any = None
) -> list[Raced]:
    verifier = opener(*arguments) if opener else ours.make(store)
    codes, found = ours.Codes(verifier), []
    for crowd in ("threads", "processes") if opener else ("threads",):
        tickets = [codes.open() for _ in range(2 * rounds)]
        right = [_calls(*each) for each in tickets[:rounds]]
        wrong = [_calls(number, ours.wrong(code)) for number, code in tickets[rounds:]]
        if crowd == "threads":
            with Crowd(verifier, AT_ONCE, lambda each: each.store.release_thread()) as many:
                answers = [many.race(calls) for calls in right + wrong]
        else:
            verifier.store.release_thread()
            answers = in_processes(opener, arguments, right + wrong)
        accepted = [sum(bool(answer) for answer in of_round) for of_round in answers[:rounds]]
        compared = [sum(a.status.value == "wrong_code" for a in of_round) for of_round in answers[rounds:]]
        found.append(_counted(name, crowd, accepted, compared))
    return found


def _calls(number: str, code: str) -> list[Call]:
    return [("verify_code", (number, code, ours.PURPOSE), {"binding": ""})] * AT_ONCE


def _counted(name: str, crowd: str, accepted: Sequence[int], compared: Sequence[int] | None) -> Raced:
    return Raced(
        name,
        crowd,
        len(accepted),
        sum(count > 1 for count in accepted),
        sum(count == 0 for count in accepted),
        None if compared is None else sum(max(0, count - LIMIT) for count in compared),
    )


# ------------------------------------------------------------------------------------------------------------ peers


def _peers(kind: str, rounds: int) -> list[Raced]:
    """By threads."""
    with database(kind) as place:
        found = apart(_django_peers, place, rounds)
    with database(kind) as place:
        return found + apart(_flask_peer, place, rounds)


def _django_peers(place: Database, rounds: int) -> list[Raced]:
    site.set_up(place)
    from django.db import connections

    from benchmarks.figures import peers
    from benchmarks.figures.people import phones

    found = []
    for peer in peers.all_peers(1):
        with Crowd(peer, AT_ONCE, lambda _: connections.close_all()) as crowd:
            accepted = [sum(_race(crowd, "verify", peer, wrong=False)) for _ in range(rounds)]
            compared = None
            if isinstance(peer, peers.PhoneVerify):
                compared = [_race(crowd, "status", peer, wrong=True).count(1) for _ in range(rounds)]
            elif isinstance(peer, peers.Allauth):
                phones.COMPARED.clear()
                for _ in range(rounds):
                    _race(crowd, "verify", peer, wrong=True)
                compared = list(phones.COMPARED.values())
        found.append(_counted(peer.name, "threads", accepted, compared))
    return found


def _race(crowd: Crowd, method: str, peer: Any, *, wrong: bool) -> list[Any]:
    ticket, code = peer.issue()
    answers = crowd.race([(method, (ticket, ours.wrong(code) if wrong else code))] * AT_ONCE)
    peer.tidy()
    return answers


def _flask_peer(place: Database, rounds: int) -> list[Raced]:
    from benchmarks.figures.flask_security_peer import FlaskSecurity

    peer = FlaskSecurity(place)
    with Crowd(peer, AT_ONCE) as crowd:
        tickets = [peer.issue() for _ in range(rounds)]
        accepted = [sum(crowd.race([("verify", ticket)] * AT_ONCE)) for ticket in tickets]
    peer.close()
    return [_counted(peer.name, "threads", accepted, None)]
