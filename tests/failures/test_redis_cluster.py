"""P11: a Redis Cluster of six servers that loses one, two, or all of them; ``REDIS_WAIT`` 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("redis")

from tests.failures import cluster, failovers
from tests.failures.restarts import Ending
from tests.failures.test_restarts import check_manners
from tests.failures.traffic import BOUNDED, QUOTA, TRIES
from uzotp.stores.redis import link as redis_link


@pytest.fixture(scope="module", autouse=True)
def _patience_of_a_busy_machine() -> Iterator[None]:
    """Its replicas take longer to confirm."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_link, "WAIT_MS", 2000)
        yield


@pytest.fixture(scope="module")
def dead_master() -> dict[int, Ending]:
    return failovers.master_dies(cluster.own())


@pytest.mark.parametrize("wait", [0, 1])
def test_p11_a_master_that_dies_under_traffic_is_replaced(dead_master: dict[int, Ending], wait: int) -> None:
    check_manners(dead_master[wait])
    assert dead_master[wait].audit.used_kept > 0
    assert dead_master[wait].audit.codes_kept > 0


def test_p11_what_a_replica_confirmed_outlives_the_master(dead_master: dict[int, Ending]) -> None:
    assert dead_master[1].audit.nothing_lost, dead_master[1].audit


@pytest.fixture(scope="module")
def late() -> dict[int, failovers.Lost]:
    return failovers.master_dies_alone(cluster.own())


def test_p11_without_wait_what_no_replica_heard_of_is_lost_with_the_master(late: dict[int, failovers.Lost]) -> None:
    """The documented limit: Redis acknowledges before its replicas know."""
    lost = late[0]
    assert lost.told == ("verified", str(TRIES - 2), "sent")
    assert lost.accepted == 2, "a used code is accepted again"
    assert lost.left == TRIES - 2, "a wrong code no longer counts"
    assert lost.messages == QUOTA + 1
    assert lost.sent - lost.money == 50, "the lost message's money can be spent again"
    assert lost.alone == "sent", "the new master needs nobody"


def test_p2_p3_p5_p6_with_wait_nothing_is_told_that_could_be_lost(late: dict[int, failovers.Lost]) -> None:
    lost = late[1]
    assert lost.told == ("StoreUnavailable",) * 3
    assert lost.accepted == 1
    assert lost.left >= TRIES - 3
    assert lost.messages <= QUOTA
    assert lost.money >= lost.sent
    assert lost.alone == "StoreUnavailable", "the new master has no replica yet"


@pytest.fixture(scope="module")
def outages() -> failovers.Outages:
    return failovers.outages(cluster.own())


def test_p11_a_range_of_slots_without_a_server_refuses_its_own_phones(outages: failovers.Outages) -> None:
    assert (outages.part.elsewhere, outages.part.there) == ("served", "StoreUnavailable")
    assert outages.part.slowest < BOUNDED


@pytest.mark.parametrize("kind", ["covered", "whole"])
def test_p11_a_cluster_that_is_down_refuses_everybody(outages: failovers.Outages, kind: str) -> None:
    seen: Any = getattr(outages, kind)
    assert (seen.elsewhere, seen.there) == ("StoreUnavailable", "StoreUnavailable")
    assert seen.slowest < BOUNDED


def test_p11_a_cluster_that_comes_back_has_kept_the_codes(outages: failovers.Outages) -> None:
    assert outages.recovery < BOUNDED
    assert outages.kept == [True, True]
