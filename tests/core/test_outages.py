"""P11: the store is away, or full."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from uzotp import errors
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_of

OTHERS = [f"+9989012381{number:02}" for number in range(91)]


class Shaky(MemoryStore):
    """Raises on the decisions that the test names."""

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in object.__getattribute__(self, "__dict__").get("away", ()):
            raise errors.StoreUnavailable("the store does not answer")
        return super().__getattribute__(name)


@pytest.fixture
def shaky(make_site: Callable[..., Any]) -> Any:
    return make_site(store=Shaky())


def test_r38_p11_without_a_store_nothing_is_sent_and_it_recovers_by_itself(shaky: Any) -> None:
    shaky.verifier.store.away = {"admit"}
    for call in (shaky.send, shaky.send_later):
        with pytest.raises(errors.StoreUnavailable):
            call()
    assert not shaky.outbox
    assert not shaky.events
    shaky.verifier.store.away = set()
    shaky.send()
    assert shaky.verify()


def test_p11_without_a_store_nothing_is_accepted(shaky: Any) -> None:
    shaky.send()
    shaky.verifier.store.away = {"check"}
    with pytest.raises(errors.StoreUnavailable):
        shaky.verify()
    shaky.verifier.store.away = {"redeem"}
    result = shaky.verify()
    with pytest.raises(errors.StoreUnavailable):
        shaky.verifier.redeem(result.proof, "login")
    shaky.verifier.store.away = set()
    assert shaky.verifier.redeem(result.proof, "login") == shaky.PHONE


def test_p11_a_store_that_goes_away_during_a_send_costs_nobody_the_code(
    shaky: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shaky.verifier.store.away = {"settle"}
    challenge = shaky.send()
    assert challenge.delivery.status == "sent"
    assert challenge.expires_at == shaky.clock.now() + timedelta(seconds=300)
    assert len(shaky.outbox) == 1
    (record,) = caplog.records
    assert (record.levelname, challenge.delivery.id in record.getMessage()) == ("ERROR", True)
    assert shaky.verify()


def test_p11_a_failed_send_that_cannot_be_written_down_is_the_gateway_s_error_still(shaky: Any) -> None:
    shaky.verifier.store.away = {"settle"}
    shaky.outbox.fail_with(errors.MessageRejected("outbox"))
    with pytest.raises(errors.MessageRejected):
        shaky.send()


def test_p6_p11_a_challenge_that_cannot_be_opened_takes_nothing(make_site: Callable[..., Any]) -> None:
    site = make_site(store=MemoryStore(maxsize=3), daily_budget=1000, client_quota="", guard="enforce", guard_floor=4)
    for phone in OTHERS[:3]:
        site.send(phone)
    for _ in range(30):
        with pytest.raises(errors.StoreUnavailable):
            site.send(OTHERS[3])
    assert site.verifier.store.money_used(day_of(int(site.clock.time() * 1000))) == 150


def test_a_full_memory_store_refuses_what_is_new_and_keeps_what_is_live(make_site: Callable[..., Any]) -> None:
    site = make_site(store=MemoryStore(maxsize=3), client_quota="")
    for phone in OTHERS[:3]:
        site.send(phone)
    with pytest.raises(errors.StoreUnavailable, match="full"):
        site.send(OTHERS[3])
    assert len(site.outbox) == 3
    for phone in OTHERS[:3]:
        assert site.verify(None, phone)
