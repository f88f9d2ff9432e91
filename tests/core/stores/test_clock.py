"""A server's clock is asked once a minute, and again when the host's own cannot be gone by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.stores import services
from uzotp.ports.store import Opened, Refusal
from uzotp.stores.clock import ASK_AFTER, JUMP, ServerClock
from uzotp.testing.store_contract.requests import WRONG, attempt, opening

MS = 1_000_000


class Host:
    """A host whose clock may be set, and its server, which is an hour ahead and a trip of 20 ms away."""

    def __init__(self) -> None:
        self.wall, self.monotonic, self.asked, self.trip = 1_800_000_000_000, 5_000, 0, (10, 10)

    def passes(self, ms: int) -> None:
        self.wall += ms
        self.monotonic += ms

    def ask(self) -> int:
        self.asked += 1
        self.passes(self.trip[0])
        told = self.monotonic + 7_000_000
        self.passes(self.trip[1])
        return told


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def clock(host: Host) -> ServerClock:
    return ServerClock(host.ask, lambda: host.wall * MS, lambda: host.monotonic * MS)


def test_the_server_is_asked_once_a_minute(host: Host, clock: ServerClock) -> None:
    for _ in range(5):
        assert clock.now() == host.monotonic + 7_000_000
        host.passes(ASK_AFTER // 5)
    assert host.asked == 1
    assert clock.now() == host.monotonic + 7_000_000
    assert host.asked == 2


@pytest.mark.parametrize("jump", [-JUMP, JUMP, -3_600_000, 86_400_000])
def test_a_host_whose_clock_is_set_asks_again_and_goes_on_by_the_server(
    host: Host, clock: ServerClock, jump: int
) -> None:
    before = clock.now()
    host.wall += jump
    host.passes(10)
    assert clock.now() == before + 10 + 20
    assert host.asked == 2


def test_a_small_correction_of_the_hosts_clock_is_no_reason_to_ask(host: Host, clock: ServerClock) -> None:
    before = clock.now()
    host.wall += JUMP - 1
    assert clock.now() == before
    assert host.asked == 1


def test_where_the_server_is_this_host_its_own_clock_counts(host: Host) -> None:
    clock = ServerClock(lambda: None, lambda: host.wall * MS, lambda: host.monotonic * MS)
    assert clock.now() == host.wall
    host.wall -= 3_600_000
    assert clock.now() == host.wall


def test_an_answer_that_was_slow_to_come_is_asked_for_again(host: Host, clock: ServerClock) -> None:
    host.trip, ask = (500, 10), host.ask

    def connect_first() -> int:
        told = ask()
        host.trip = (10, 10)
        return told

    clock._ask = connect_first
    assert clock.now() == host.monotonic + 7_000_000
    assert host.asked == 2


@pytest.mark.parametrize("service", ["postgres", "mariadb"])
def test_two_hosts_whose_clocks_differ_by_an_hour_agree_on_a_cooldown(service: str) -> None:
    sql = pytest.importorskip("uzotp.stores.sql.engine")
    url = services.sqlalchemy_url(service)
    here, there = sql.SQLStore(url), sql.SQLStore(url)
    real = there._clock._wall
    there._clock._wall = lambda: real() + 3600 * 1000 * MS
    try:
        first = here.open(replace(opening(wait=(60,)), now=None))
        assert isinstance(first, Opened)
        refusal = there.open(replace(opening(wait=(60,), binding="other"), now=None))
        assert isinstance(refusal, Refusal)
        assert refusal.retry_after_ms is not None
        assert 0 < refusal.retry_after_ms <= 61_000
        assert there.check(replace(attempt(WRONG), now=None)).status.value == "wrong_code", "it has not expired there"
    finally:
        here._engine.dispose()
        there._engine.dispose()
