"""Each fault done to real servers, as one line of the table: fault, store, callers saw, kept, lost, time to recover."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.core.stores import redis_servers, services
from tests.failures import cluster, crash, cuts, disks, failovers, redis_faults, servers, stores, terminations
from tests.failures.restarts import Ending, restart
from tests.failures.traffic import PRICE, Postbox, make_verifier, new_person
from uzotp.errors import Refused
from uzotp.stores.redis.store import RedisStore
from uzotp.testing.clock import FakeClock

Line = tuple[str, str, str, str, str, str]


def line(fault: str, store: str, ending: Ending, what: str = "the server answers") -> Line:
    """An :class:`~tests.failures.restarts.Ending` in words."""
    audit = ending.audit
    assert not ending.failures, ending.failures
    assert ending.unrecorded == 0
    refused = f"{ending.refused} × `StoreUnavailable` (slowest {ending.slowest_refusal:.2f} s)"
    saw = f"{ending.served} answers, {refused if ending.refused else 'no refusal'}"
    codes, used = audit.codes_kept + audit.codes_lost, audit.used_kept + audit.accepted_twice
    kept = f"{audit.codes_kept} of {codes} waiting codes, {audit.used_kept} of {used} used ones"
    losses = {
        "used codes accepted again": audit.accepted_twice,
        "tries": audit.tries_lost,
        "waiting codes": audit.codes_lost,
        "messages beyond a phone's quota": audit.quotas_passed,
        "so'm of the day's books": audit.money_lost,
    }
    lost = ", ".join(f"{count} {name}" for name, count in losses.items() if count) or "nothing"
    mended = f"{ending.recovery:.2f} s after" if ending.recovery >= 0.01 else "as soon as"
    return (
        fault,
        store,
        saw,
        kept,
        lost,
        f"{mended} {what}; {ending.down:.2f} s in all" if ending.refused else "at once",
    )


def restarts() -> Iterator[Line]:
    for name in ("postgres", "mariadb"):
        server = servers.own(name)
        for kind, ending in restart(server, stores.both(server)).items():
            yield line("server killed and started", f"{kind}, {name}", ending)
    for shown, options in (("AOF", ("--appendonly", "yes", "--appendfsync", "always")), ("no AOF", ())):
        redis = redis_servers.Server(*options)
        store = RedisStore(redis.url)
        yield line("server killed and started", f"Redis, {shown}", restart(redis, {"it": store})["it"])
        if not options:
            for command in ("FLUSHALL", "SCRIPT FLUSH"):
                yield line(command, "Redis", redis_faults.forgets(redis, store, command))
            yield line("`maxmemory` reached", "Redis", redis_faults.full(redis, store), "there is room")
        redis.remove()


def failover() -> Iterator[Line]:
    six = cluster.own()
    for wait, ending in failovers.master_dies(six).items():
        what = "the dead server is back" if wait else "the replica took over"
        yield line("master killed under traffic", f"six-node Redis Cluster, REDIS_WAIT {wait}", ending, what)
    for wait, lost in failovers.master_dies_alone(six).items():
        losses = [
            "a used code accepted again" if lost.accepted > 1 else "",
            "a try" if lost.left > 2 else "",
            "a message beyond the phone's quota" if lost.messages > 3 else "",
            f"{lost.sent - lost.money} so'm of the day's books" if lost.sent > lost.money else "",
        ]
        told = f"right code: {lost.told[0]}; wrong code: {_tries(lost.told[1])}; send: {lost.told[2]}"
        acknowledged = lost.told[0] != "StoreUnavailable"
        yield (
            "master killed before its replica heard of the last decisions",
            f"six-node Redis Cluster, REDIS_WAIT {wait}",
            told,
            "all before them",
            ", ".join(filter(None, losses)) if acknowledged else "nothing that a caller was told",
            f"with the replica; while the new master was alone a send saw: {lost.alone}",
        )
    outages = failovers.outages(six)
    for fault, seen in (
        ("no server for a range of slots", outages.part),
        ("the same, `cluster-require-full-coverage yes`", outages.covered),
        ("no server at all", outages.whole),
    ):
        saw = f"phones there: {seen.there}; others: {seen.elsewhere} (slowest {seen.slowest:.2f} s)"
        kept = "both codes" if all(outages.kept) else f"{sum(outages.kept)} of 2 codes"
        yield (
            fault,
            "six-node Redis Cluster",
            saw,
            kept,
            "nothing",
            f"{outages.recovery:.2f} s after the cluster is whole",
        )


def _tries(told: str) -> str:
    return f"{told} tries left" if told.isdigit() else told


def lost_answers() -> Iterator[Line]:
    for service, kind in cuts.STORES:
        with cuts.behind_proxy(service, kind) as cutter:
            for name, shown in (("wrong_code", "wrong code"), ("right_code", "right code"), ("send", "send")):
                found = cutter.everywhere(getattr(cutter, name), again=False)
                saw = ", ".join(f"{count} × {told}" for told, count in sorted(found.told.items()))
                assert not found.wrong, found.wrong
                kept = "counted once where answered, at most once where not"
                yield f"each answer to a {shown} lost in turn", f"{kind}, {service}", saw, kept, "nothing", "next call"


def terminated() -> Iterator[Line]:
    import psycopg

    for kind in ("SQLStore", "DjangoStore"):
        where = urlsplit(services.sqlalchemy_url("postgres"))._replace(scheme="postgresql").geturl()
        store = stores.at(where, "postgres", kind)
        for every, shown in ((False, "once"), (True, "at every try")):
            cut = terminations.terminate(
                store, lambda where=where: psycopg.connect(where, autocommit=True), every=every
            )
            assert cut.counted == (cut.told != "StoreUnavailable"), cut
            kept = f"{cut.counted} try counted"
            fault = f"waiting statement cut by `pg_terminate_backend`, {shown} ({cut.times})"
            yield fault, f"{kind}, postgres", cut.told, kept, "nothing", "next call"
        stores.close(store)


def killed_worker() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        entry = services.django_database("postgres")
        redis = {"url": services.redis_url(), "prefix": f"crash-{secrets.token_hex(6)}:"}
        file, mariadb = {"url": f"sqlite:///{folder}/uzotp.db"}, {"url": services.sqlalchemy_url("mariadb")}
        for shown, kind, where, make in (
            ("SQLStore, sqlite", "SQLStore", file, lambda: crash.open_store("SQLStore", file)),
            ("SQLStore, mariadb", "SQLStore", mariadb, lambda: crash.open_store("SQLStore", mariadb)),
            ("DjangoStore, postgres", "DjangoStore", entry, lambda: stores.django_at(entry)),
            ("Redis", "RedisStore", redis, lambda: crash.open_store("RedisStore", redis)),
        ):
            store = make()
            after = crash.aftermath(kind, json.loads(json.dumps(where)), store)
            saw = f"exit {after.status}; then {after.cooldown}, a minute later a message, then {after.quota}"
            kept = (
                f"{after.counted} so'm and a place of the quota stay spent; {after.messages} message, its code verifies"
            )
            lost = "the message that never left" if after.verified else "THE CODE"
            yield (
                "worker `kill -9`ed before the message",
                shown,
                saw,
                kept,
                lost,
                f"no lock: {after.seconds:.2f} s for all",
            )
            stores.close(store)


def full_disks() -> Iterator[Line]:
    for kind in ("SQLStore", "DjangoStore"):
        with disks.disk("tmpfs" if os.geteuid() == 0 else "quota") as disk:
            store = stores.new(kind, "sqlite", str(disk.folder / "uzotp.db"))
            yield line("disk full", f"{kind}, sqlite", disks.full(disk, store), "there is room")
            stores.close(store)


def clock_steps_back() -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        for kind, service in (("SQLStore", "sqlite"), ("SQLStore", "postgres"), ("RedisStore", "redis")):
            store = stores.new(kind, service, str(Path(folder) / "uzotp.db"))
            yield _step_back(store, f"{kind}, {service}")
            stores.close(store)


def _step_back(store: Any, shown: str) -> Line:
    clock, postbox, ended, used = FakeClock(), Postbox(), new_person(), new_person()

    def verifier(**options: Any) -> Any:
        return make_verifier(store, postbox, clock=clock, **options)

    def send(by: Any, person: Any) -> str:
        try:
            by.send_code(person.phone, "login", client_ip="203.0.113.7", binding="b")
        except Refused as error:
            return type(error).__name__
        return ""

    def give(person: Any) -> str:
        return str(plain.verify_code(person.phone, postbox.codes[person.phone], "login", binding="b").status)

    plain, phone = verifier(), new_person()
    client, poor = verifier(client_quota="5/hour"), verifier(daily_budget=5 * PRICE)
    for person in (ended, used, phone, phone, phone):
        send(client, person)
    give(used)
    guard = verifier(guard="enforce", guard_floor=0, guard_ratio=0)
    clock.advance(300)
    assert give(ended) == "expired"
    clock.advance(-2 * 3600)
    tries: list[Callable[[], str]] = [
        lambda: send(plain, phone),
        lambda: send(client, new_person()),
        lambda: send(guard, new_person()),
        lambda: send(poor, new_person()),
    ]
    before = sum(postbox.counts.values())
    told = [each() or "SENT" for each in tries]
    assert sum(postbox.counts.values()) == before, told
    kept = f"a used code: {give(used)}; {before} messages, as before"
    return (
        "clock two hours back, every quota full",
        shown,
        ", ".join(told),
        kept,
        f"a code that had ended of itself: {give(ended)}",
        "whoever waited waits two hours longer",
    )


PARTS = (restarts, failover, lost_answers, terminated, killed_worker, full_disks, clock_steps_back)
