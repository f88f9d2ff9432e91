"""P2, P3, P5, P6, P11: the connection breaks after the server's work and before its answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.failures.cuts import STORES, Cuts, Cutter, behind_proxy
from tests.failures.traffic import BOUNDED


@pytest.fixture(scope="module", params=STORES, ids=" ".join)
def cutter(request: pytest.FixtureRequest) -> Iterator[Cutter]:
    with behind_proxy(*request.param) as cutter:
        yield cutter


@pytest.mark.parametrize("kind", ["wrong_code", "right_code", "proof", "send"])
def test_p11_a_lost_answer_counts_once_at_most(cutter: Cutter, kind: str) -> None:
    cuts = cutter.everywhere(getattr(cutter, kind), again=False)
    check(cuts)
    assert cuts.told["StoreUnavailable"] >= 1, "a lost commit is no answer"


def test_p11_a_decision_is_not_tried_for_ever(cutter: Cutter) -> None:
    cuts = cutter.everywhere(cutter.wrong_code, again=True)
    check(cuts)
    assert cuts.told["StoreUnavailable"] > 0


def check(cuts: Cuts) -> None:
    assert not cuts.wrong
    assert cuts.told, "something was cut"
    assert cuts.slowest < BOUNDED
