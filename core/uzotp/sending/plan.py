"""The way of one message from gateway to gateway: who is tried next, and for how long (P7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from uzotp.errors import GatewayError
from uzotp.ports.gateway import Gateway, Receipt
from uzotp.sending.breaker import Breaker

#: A try gets no less than this share of a deadline.
_LEAST = 0.05


class Deadline:
    """What is left of one send's time, in seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._least = seconds * _LEAST

    def left(self, share: float = 1.0) -> float:
        """A *share* of what is left, and never so little that nobody could answer in it."""
        return max(self._least, (self._end - self._clock()) * share)

    @property
    def passed(self) -> bool:
        """Whether too little is left for one more try: a message cut off half-way may or may not leave."""
        return self._end - self._clock() < self._least


class Plan:
    """Yields the gateways to try, one after another, and is told by :meth:`note` what became of each try.

    After a certain refusal the next one is tried; after an outcome that nobody knows only if *repeats*. A gateway to
    which *objection* has something to say is left out, and so is one that keeps failing, if there is another way.
    """

    def __init__(
        self,
        gateways: Sequence[Gateway],
        breakers: Mapping[str, Breaker],
        seconds: float,
        *,
        repeats: bool,
        objection: Callable[[Gateway], object],
    ) -> None:
        self.deadline = Deadline(seconds)
        #: The first outcome that nobody knows, and the last certain refusal.
        self.unknown: GatewayError | None = None
        self.refusal: GatewayError | None = None
        #: The gateway of this try and those that may come after it, if any more may.
        self.rest = [gateway for gateway in gateways if not objection(gateway)]
        self.more = False
        self._breakers = breakers
        self._repeats = repeats
        self._objection = objection

    def __iter__(self) -> Iterator[Gateway]:
        gateways = self.rest
        for index, gateway in enumerate(gateways):
            self.rest, self.more = gateways[index:], index + 1 < len(gateways)
            if self.deadline.passed or (self.unknown is not None and not self._repeats):
                return
            if self._objection(gateway):  # learned since the plan was made
                continue
            if self._breakers[gateway.name].allows() or not (self.more or self.unknown):
                yield gateway

    def note(self, outcome: Receipt | GatewayError) -> None:
        if isinstance(outcome, Receipt):
            return
        if outcome.sent is False:
            self.refusal = outcome
        else:
            self.unknown = self.unknown or outcome
