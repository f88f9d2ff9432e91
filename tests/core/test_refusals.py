"""A network that is only refused costs the store nothing after a while (P5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from uzotp import errors
from uzotp.events import SendRefused
from uzotp.sending.refusals import MOST, NETWORKS, REFUSALS, Refusals
from uzotp.testing.clock import FakeClock

OTHER = "+998911238190"


def asked(site: Any, times: int, **options: Any) -> list[str]:
    """The quota that refused each of so many sends."""
    found = []
    for _ in range(times):
        with pytest.raises(errors.Refused) as caught:
            site.send(**options)
        found.append(caught.value.quota)
    return found


@pytest.fixture
def site(make_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its store counts how often it was asked for a send."""
    site = make_site()
    site.calls, admit = 0, site.verifier.store.admit

    def counted(*request: Any) -> Any:
        site.calls += 1
        return admit(*request)

    monkeypatch.setattr(site.verifier.store, "admit", counted)
    return site


def test_r35_who_is_only_refused_asks_the_store_no_more(site: Any) -> None:
    site.send()
    assert asked(site, MOST) == ["cooldown"] * MOST
    assert asked(site, 300) == [REFUSALS] * 300
    assert site.calls == 1 + MOST
    assert site.happened(SendRefused)[-1].retry_after == 3600
    site.send(OTHER, client_ip="198.51.100.1")


def test_r35_it_is_asked_again_when_the_oldest_is_an_hour_ago(site: Any) -> None:
    site.send()
    for _ in range(MOST):
        asked(site, 1)
        site.clock.advance(0.5)
    with pytest.raises(errors.RateLimited) as caught:
        site.send()
    assert caught.value.retry_after == 3600 - MOST // 2
    site.clock.advance(caught.value.retry_after - 0.5)
    assert asked(site, 1) == [REFUSALS]
    site.clock.advance(0.5)
    site.send()


def test_r35_one_send_makes_a_network_as_good_as_new(site: Any) -> None:
    site.send()
    asked(site, MOST - 1)
    site.send(OTHER)
    assert asked(site, MOST) == ["cooldown"] * MOST
    assert asked(site, 1) == [REFUSALS]


def test_r35_who_is_vouched_for_and_a_known_device_are_not_held_back(site: Any) -> None:
    site.send()
    device = site.verify().device
    asked(site, MOST)
    assert asked(site, 1) == [REFUSALS]
    site.send(OTHER, trusted=True)
    asked(site, MOST)
    site.send(device=device)


def test_r35_who_comes_from_nowhere_is_not_counted(site: Any) -> None:
    site.send()
    assert asked(site, MOST + 5, client_ip=None) == ["cooldown"] * (MOST + 5)


def test_r35_what_refuses_everybody_is_held_against_nobody(site: Any) -> None:
    site.verifier.store.switch_on("pause", now=0)
    assert asked(site, MOST + 5) == ["paused"] * (MOST + 5)
    site.verifier.store.switch_off("pause")
    site.send()


def test_so_many_networks_are_remembered_at_most() -> None:
    refusals = Refusals(FakeClock())
    for number in range(2 * NETWORKS):
        refusals.refused(f"network {number}")
    assert len(refusals._refused) == NETWORKS
