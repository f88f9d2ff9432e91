"""A store that is stopped and started again while people sign up."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from tests.failures.traffic import PRICE, Audit, Traffic

#: No call of these people takes longer between its reservation and its message: seconds.
_ON_ITS_WAY = 0.05


class Stoppable(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Ending:
    """How a fault ended for the callers of one store.

    ``recovery`` is seconds from the moment the server answered again until the last refusal; ``down`` from the fault
    until then. ``sent_since`` are messages that left after the last refusal, ``unrecorded`` those of them that the
    store knows nothing of.
    """

    served: int
    refused: int
    failures: tuple[str, ...]
    slowest_refusal: float
    down: float
    recovery: float
    sent_since: int
    unrecorded: int
    audit: Audit


def restart(server: Stoppable, stores: dict[str, Any], threads: int = 3) -> dict[str, Ending]:
    """Stop and start *server* under traffic on all *stores*, with one verifier each from beginning to end."""
    crowds = {name: Traffic(store, threads) for name, store in stores.items()}
    mends: list[Callable[[], object]] = [server.start, *[lambda: None] * (len(crowds) - 1)]
    return suffer(crowds, server.stop, mends)


def suffer(
    crowds: dict[str, Traffic],
    fault: Callable[[], object],
    mends: list[Callable[[], object]] | None = None,
    *,
    refuses: bool = True,
) -> dict[str, Ending]:
    """Do *fault* under the traffic of all *crowds*. When everybody was refused, if it *refuses*, one crowd after the
    other is given its *mend*, if any, and then goes on."""
    mends = mends or [lambda: None] * len(crowds)
    times: dict[str, tuple[float, float]] = {}
    with ExitStack() as stack:
        for crowd in crowds.values():
            stack.enter_context(crowd)
        for crowd in crowds.values():
            crowd.wait_for_people(4)
        fell = time.monotonic()
        fault()
        for crowd in crowds.values() if refuses else ():
            crowd.wait_for_refusals()
        for (name, crowd), mend in zip(crowds.items(), mends, strict=True):
            mend()
            back = time.monotonic()
            crowd.wait_for_people(3)
            times[name] = (crowd.last_refusal - fell, crowd.last_refusal - back)
    return {name: _ending(crowd, fell, *times[name]) for name, crowd in crowds.items()}


def _ending(crowd: Traffic, fell: float, down: float, recovery: float) -> Ending:
    audit = crowd.audit()
    # A message on its way while the fault was done had its reservation before.
    since = sum(moment > max(fell + _ON_ITS_WAY, crowd.last_refusal) for moment in crowd.postbox.moments)
    return Ending(
        served=crowd.served,
        refused=crowd.refused,
        failures=tuple(crowd.failures),
        slowest_refusal=crowd.slowest_refusal,
        down=max(0.0, down),
        recovery=max(0.0, recovery),
        sent_since=since,
        unrecorded=max(0, since - crowd.money() // PRICE),
        audit=audit,
    )
