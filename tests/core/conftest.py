"""Fixtures of the core's own suite: a verifier on the memory store, an outbox, a clock that stands still."""

from __future__ import annotations

import dataclasses
import os
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from tests.core.shop import Done, Shop
from uzotp.cli import main
from uzotp.cli.project import Project
from uzotp.events import Event
from uzotp.policy import Policy
from uzotp.results import Challenge, Verification
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier

# Its fixtures need Flask; tests/conftest.py says so at the end of a run.
collect_ignore = ["sandbox"] if find_spec("flask") is None else []

RULES = {field.name for field in dataclasses.fields(Policy) if field.init}


class Site:
    """A verifier with everything around it, and the calls that a test makes again and again.

    The last four digits of the phone hold 8, 1, 9 and 0, which base32 has not: no id can spell them by chance.
    """

    PHONE = "+998901238190"
    #: ``None`` where a test is about all that a phone may be sent: one network has half of it.
    IP: str | None = "203.0.113.7"

    def __init__(self, verifier: Verifier, outbox: Outbox, clock: FakeClock, events: list[Event]) -> None:
        self.verifier, self.outbox, self.clock, self.events = verifier, outbox, clock, events

    def send(self, phone: object = PHONE, purpose: str = "login", **options: Any) -> Challenge:
        options = {"client_ip": self.IP, "binding": "browser 1"} | options
        return self.verifier.send_code(phone, purpose, **options)

    def send_later(self, phone: object = PHONE, purpose: str = "login", **options: Any) -> Challenge:
        options = {"client_ip": self.IP, "binding": "browser 1"} | options
        return self.verifier.send_code_later(phone, purpose, **options)

    def finish(self) -> None:
        """Wait until the background has sent what it was given."""
        self.verifier.close()

    def verify(
        self,
        code: object = None,
        phone: object = PHONE,
        purpose: str = "login",
        binding: str = "browser 1",
        key: str | None = None,
    ) -> Verification:
        """Submit *code*, or the one that was sent last."""
        code = self.outbox.code_for(phone) if code is None else code
        return self.verifier.verify_code(phone, code, purpose, binding=binding, key=key)

    def miss(self, times: int = 1, **options: Any) -> Verification:
        """Submit a wrong code so many times; returns the last answer."""
        for _ in range(times):
            answer = self.verify(self.wrong_code(), **options)
        return answer

    def wrong_code(self) -> str:
        """Six digits that are not what was sent last."""
        right = self.outbox.last.code if self.outbox else ""
        return "111111" if right != "111111" else "222222"

    def happened(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def make_site(clock: FakeClock, outbox: Outbox, store: MemoryStore) -> Iterator[Callable[..., Site]]:
    """Build a site; options are those of ``Policy`` and of ``Verifier``. Sites share clock, outbox and store."""
    sites = []

    def make(**options: Any) -> Site:
        events: list[Event] = []
        rules = {name: options.pop(name) for name in RULES & set(options)}
        options = {
            "gateway": outbox, "store": store, "secret_keys": ["a key of the tests"], "clock": clock,
            "events": events.append,
        } | options  # fmt: skip
        site = Site(Verifier(policy=Policy(**rules), **options), outbox, clock, events)
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.finish()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def run(make_site: Callable[..., Site], capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run one command for a shop; options are those of ``Policy`` and ``Verifier``. Shops share clock and outbox."""

    def run(*argv: str, shop: Project | None = None, **options: Any) -> Done:
        project = shop or Shop(make_site(**options).verifier)
        capsys.readouterr()
        status = main(argv, project=project)
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def race() -> Iterator[Callable[..., list[Any]]]:
    """Call a function in many threads at the same moment; answers and exceptions come back in a list."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def run(call: Callable[[int], Any], threads: int = 64) -> list[Any]:
        barrier = threading.Barrier(threads)
        answers: list[Any] = [None] * threads

        def one(index: int) -> None:
            barrier.wait()
            try:
                answers[index] = call(index)
            except Exception as error:
                answers[index] = error

        workers = [threading.Thread(target=one, args=(index,)) for index in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return answers

    yield run
    sys.setswitchinterval(before)


@pytest.fixture(params=range(int(os.environ.get("RACE_ROUNDS", "3"))))
def round_(request: pytest.FixtureRequest) -> int:
    """Repeats a race; ``RACE_ROUNDS`` says how often."""
    return int(request.param)
