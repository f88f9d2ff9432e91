"""P8: who vouches does so for one message, however often what says so is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.tickets import TICKET_LIFE
from uzotp.verification import Verifier


def sqlite(folder: Path) -> Any:
    return pytest.importorskip("uzotp.stores.sql.engine").SQLStore(f"sqlite:///{folder / 'tickets.sqlite3'}")


@pytest.mark.parametrize("make", [lambda folder: MemoryStore(), sqlite], ids=["memory", "sqlite"])
def test_p8_of_sixteen_at_once_one_spends_it(
    make_site: Callable[..., Any], race: Callable[..., list[Any]], tmp_path: Path, make: Callable[[Path], Any]
) -> None:
    store = make(tmp_path)
    verifier: Verifier = make_site(store=store).verifier
    ticket = verifier.trust_ticket()
    assert sorted(race(lambda _: verifier.spend_ticket(ticket), 16)) == [False] * 15 + [True]
    assert verifier.spend_ticket(verifier.trust_ticket()), "another one is as good"
    if hasattr(store, "_engine"):
        store._engine.dispose()


def test_p8_it_is_over_after_ten_minutes_and_never_good_again(make_site: Callable[..., Any], clock: FakeClock) -> None:
    verifier: Verifier = make_site().verifier
    spent, kept = verifier.trust_ticket(), verifier.trust_ticket()
    assert verifier.spend_ticket(spent)
    for _ in range(TICKET_LIFE // 30 * 3):
        clock.advance(30)
        assert not verifier.spend_ticket(spent)
    assert not verifier.spend_ticket(kept)


@pytest.mark.parametrize("forged", ["", "x", None, True, "e30.aaaa.bbbb", 5])
def test_p12_what_is_no_ticket_spends_nothing(make_site: Callable[..., Any], forged: object) -> None:
    assert make_site().verifier.spend_ticket(forged) is False


def test_a_proof_or_another_site_s_ticket_is_none(make_site: Callable[..., Any]) -> None:
    site, other = make_site(), make_site(secret_keys=["another key of the tests"])
    site.send()
    proof = site.verify(site.outbox.last.code).proof
    assert not site.verifier.spend_ticket(proof)
    assert not site.verifier.spend_ticket(other.verifier.trust_ticket())
