"""A service name that devsms blocks, met by a thousand sign-ups at once: how many of them are charged for.

devsms takes money for each message with a blocked name (WIRE Q1). Every thread signs up numbers of its own, through
devsms and then getsms, against a sandbox in a process of its own. The first refusal is to be the end of it: what
reaches devsms are the requests under way at that moment, and everybody is served by getsms. Other processes learn of
the name with their next reservation: there those reach devsms too that had theirs already.

PostgreSQL is taken from ``POSTGRES_URL``, or on this machine as the user postgres.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from uzotp import DevSMS, GetSMS, MemoryStore, Policy, SQLStore, Verifier
from uzotp.errors import UzotpError
from uzotp.events import ServiceNameBlocked
from uzotp.ports.gateway import Message, Receipt
from uzotp.sandbox import State, running

_SPAWN = multiprocessing.get_context("spawn")
_DEADLINE = 30.0
#: Seconds after which a process that has not answered never will.
_PATIENCE = 300


class Watched(DevSMS):
    """devsms, and when each send began and was answered: ``time.monotonic``, one for all processes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.began: list[float] = []
        self.answered: list[float] = []

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        self.began.append(time.monotonic())
        try:
            return super().send(message, timeout=timeout)
        finally:
            self.answered.append(time.monotonic())


@dataclass
class Outcome:
    """What one process saw: served people by gateway, refusals by class, events, and when devsms was busy."""

    served: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    events: int = 0
    began: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.served + other.served,
            self.refused + other.refused,
            self.events + other.events,
            self.began + other.began,
            self.answered + other.answered,
        )


def sign_up(store: Any, url: str, people: range, threads: int, start: Callable[[], Any]) -> Outcome:
    """Sign up *people*, each with another number, in *threads* threads that begin together when *start* returns."""
    logging.getLogger("uzotp").setLevel(logging.CRITICAL)  # the table says it
    devsms = Watched("a token", "Blocked", base_url=f"{url}/api", timeout=_DEADLINE)
    getsms = GetSMS("login", "password", base_url=f"{url}/smsgateway/", price=60, timeout=_DEADLINE)
    outcome, events = Outcome(began=devsms.began, answered=devsms.answered), list[object]()
    policy = Policy(daily_budget=10**9, deadline=_DEADLINE)
    verifier = Verifier([devsms, getsms], store, ["a key of the benchmarks"], policy, events=events.append)
    barrier = threading.Barrier(threads + 1)

    def work(first: int) -> None:
        barrier.wait()
        for person in people[first::threads]:
            phone = f"+99890{1_000_000 + person * 7919}"
            try:
                challenge = verifier.send_code(phone, "registration", client_ip=None, binding="browser")
                outcome.served.append(challenge.delivery.gateway)
            except UzotpError as error:
                outcome.refused.append(type(error).__name__)

    workers = [threading.Thread(target=work, args=(first,)) for first in range(threads)]
    for worker in workers:
        worker.start()
    start()
    barrier.wait()
    for worker in workers:
        worker.join()
    outcome.events = sum(isinstance(event, ServiceNameBlocked) for event in events)
    return outcome


# ------------------------------------------------------------------------------------------------------ processes


def _serve(pipe: Any) -> None:
    """A sandbox until *pipe* speaks; then what its accounts have spent."""
    with running(state=State(balance=10**6)) as sandbox:
        pipe.send(sandbox.url)
        pipe.recv()
        pipe.send({name: account.spent for name, account in sandbox.state.accounts.items()})


@contextmanager
def _sandbox() -> Iterator[tuple[str, Callable[[], dict[str, int]]]]:
    """The URL of a sandbox, and what ends it and tells the money."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(theirs,))
    process.start()

    def spent() -> dict[str, int]:
        ours.send("stop")
        answer: dict[str, int] = ours.recv()
        return answer

    yield ours.recv(), spent
    process.join()


def _work(store_url: str, url: str, people: range, threads: int, start: Any, answers: Any) -> None:
    store = SQLStore(store_url)
    store.money_used("2026-01-01")  # the tables and the first connection are there before the race
    answers.put(sign_up(store, url, people, threads, start.wait))


def _in_processes(store_url: str, url: str, people: int, threads: int, processes: int) -> Outcome:
    start, answers = _SPAWN.Barrier(processes), _SPAWN.Queue()
    share = people // processes
    workers = [
        _SPAWN.Process(
            target=_work,
            args=(store_url, url, range(index * share, (index + 1) * share), threads // processes, start, answers),
        )
        for index in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = sum((answers.get(timeout=_PATIENCE) for _ in workers), Outcome())
    for worker in workers:
        worker.join()
    return found


@contextmanager
def _postgres() -> Iterator[str]:
    """The URL of a database of our own, dropped afterwards; an empty one when no server answers."""
    server = urlsplit(os.environ.get("POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres"))
    name = f"uzotp_{secrets.token_hex(6)}"
    try:
        from psycopg import OperationalError, connect
    except ImportError:
        yield ""
        return
    try:
        connection = connect(server.geturl(), autocommit=True, connect_timeout=3)
    except OperationalError:
        yield ""
        return
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield server._replace(scheme="postgresql+psycopg", path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# ---------------------------------------------------------------------------------------------------------- table


def _line(name: str, people: int, seconds: float, it: Outcome, spent: dict[str, int]) -> str:
    first = min(it.answered)
    late = [at - first for at in it.began if at > first]
    after = f"{len(late)} (the last {max(late) * 1000:.0f} ms)" if late else "0"
    served = f"{it.served.count('getsms')} of {people}"
    if it.refused:
        served += f" ({', '.join(f'{it.refused.count(kind)} {kind}' for kind in sorted(set(it.refused)))})"
    under_way = len(it.began) - len(late)
    return (
        f"| {name} | {len(it.began)} | {under_way} | {after} | {spent['devsms']} | {served} | {it.events} "
        f"| {seconds:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=200, help="that begin at the same moment")
    parser.add_argument("--processes", type=int, default=4, help="on PostgreSQL")
    options = parser.parse_args()
    people, threads = options.people, options.threads

    def scene(name: str, run: Callable[[str], Outcome]) -> None:
        with _sandbox() as (url, spent):
            started = time.perf_counter()
            found = run(url)
            print(_line(name, people, time.perf_counter() - started, found, spent()), flush=True)

    def here(store: Any) -> Callable[[str], Outcome]:
        return lambda url: sign_up(store, url, range(people), threads, lambda: None)

    print(
        f"{people} sign-ups in {threads} threads; devsms charges 50 so'm for each message with a blocked name.\n\n"
        "| store | requests to devsms | under way at its first answer | begun after it | so'm charged by devsms "
        "| served by getsms | ServiceNameBlocked events | seconds |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    scene("MemoryStore", here(MemoryStore()))
    with tempfile.TemporaryDirectory() as folder:
        scene("SQLStore, SQLite file", here(SQLStore(f"sqlite:///{Path(folder) / 'uzotp.sqlite3'}")))
    name = f"SQLStore, PostgreSQL, {options.processes} processes"
    with _postgres() as url_of_store:
        if url_of_store:
            scene(name, lambda url: _in_processes(url_of_store, url, people, threads, options.processes))
        else:
            print(f"\n{name}: left out, for no server answers")


if __name__ == "__main__":
    main()
