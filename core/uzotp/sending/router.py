"""Several gateways as one: the order, what goes on to the next, what is looked for, and who is left out (P7)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from inspect import signature

from uzotp.errors import (
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    MessageRejected,
    OutcomeUnknown,
    ServiceNameRejected,
)
from uzotp.events import logger
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.money import Money

#: Failures in a row after which a gateway is left out, and for how many seconds.
TRIP_AFTER = 5
REST = 30.0
#: Rows of a gateway's history that are looked through for a message whose fate is unknown.
_ROWS = 50
#: A try gets no less than this share of a deadline.
_LEAST = 0.05
#: More than this is no SMS and no price, and no column of a database: parts, and units of a currency to 4 places.
_MOST_PARTS = 255
_MOST_MONEY = 10**8
_CENTS = Decimal("0.0001")
_HOME = "UZ"

#: These say that the gateway is alive: the message or the name was wrong, not the service.
_ALIVE = (MessageRejected, ServiceNameRejected)


class Breaker:
    """Whether a gateway keeps failing, as this process sees it. After a rest one caller probes it for all (half-open).

    *clock* is in seconds and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until: float | None = None

    def allows(self) -> bool:
        """Whether to try it now. The first one after the rest is the probe; the others go on waiting for its word."""
        with self._lock:
            if self._until is None:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + REST
            return True

    @property
    def state(self) -> str:
        """For a person to look at: ``closed`` lets messages through, ``open`` does not, ``probing`` lets one."""
        with self._lock:
            if self._until is None:
                return "closed"
            return "open" if self._clock() < self._until else "probing"

    def note(self, ok: bool) -> bool:
        """How a try ended; ``True`` when that opened the circuit."""
        with self._lock:
            if ok:
                self._failures, self._until = 0, None
                return False
            self._failures += 1
            tripped = self._failures == TRIP_AFTER
            if self._failures >= TRIP_AFTER:
                self._until = self._clock() + REST
            return tripped


class Deadline:
    """What is left of one send's time, in seconds (P7)."""

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


class Router:
    """Gateways in the order of use; itself a :class:`~uzotp.ports.gateway.Gateway`.

    Given to a ``Verifier``, each copy that may leave has its own delivery and its own reservation. Used alone,
    :meth:`send` keeps no books.

    :param failover_on_unknown: what becomes of a message that may or may not have left: ``home`` sends Uzbek numbers
        the same text by the next gateway, ``always`` every number, ``never`` none. ``None`` leaves it to the
        ``Verifier``'s policy (``home`` by default).
    :raises ConfigurationError: for no gateway, two of one name, or another word.
    """

    def __init__(self, gateways: Iterable[Gateway], *, failover_on_unknown: str | None = None) -> None:
        self.gateways = tuple(gateways)
        names = [gateway.name for gateway in self.gateways]
        if not names or len(set(names)) != len(names):
            raise ConfigurationError("a Router takes one gateway at least, each of another name")
        if failover_on_unknown not in (None, "home", "never", "always"):
            raise ConfigurationError("FAILOVER_ON_UNKNOWN is home, never or always")
        #: The first gateway's name: what a send is called after before anybody knows who takes it.
        self.name = names[0]
        self.failover_on_unknown = failover_on_unknown
        self.breakers = {name: Breaker() for name in names}
        #: Those whose ``send`` takes a *timeout*; one of somebody else's may keep its time by itself.
        self._timed = frozenset(gateway.name for gateway in self.gateways if takes_timeout(gateway.send))

    def __repr__(self) -> str:
        return f"<Router {' > '.join(gateway.name for gateway in self.gateways)}>"

    def plan(self, avoid: str = "") -> Sequence[Gateway]:
        """The gateways in the order to try; after a message by *avoid* that nobody confirmed, that one comes last."""
        at = next((index for index, gateway in enumerate(self.gateways) if gateway.name == avoid), -1)
        return self.gateways[at + 1 :] + self.gateways[: at + 1]

    def repeats(self, phone: Phone, otherwise: str = "home") -> bool:
        """Whether the next gateway sends *phone* a second copy of what may have arrived; *otherwise* rules where this
        router was told nothing."""
        mode = self.failover_on_unknown or otherwise
        return mode == "always" or (mode == "home" and phone.country == _HOME)

    def may_try(self, gateway: Gateway, *, otherwise: bool) -> bool:
        """Whether the circuit lets a message through. One that keeps failing is tried only if there is no way
        *otherwise*: another gateway to come, or a copy that may have arrived."""
        return self.breakers[gateway.name].allows() or not otherwise

    def hand_over(self, gateway: Gateway, message: Message, timeout: float) -> Receipt | GatewayError:
        """One call of *gateway*. Its error is returned, for the outcome to be written down first."""
        options = {"timeout": timeout} if gateway.name in self._timed else {}
        outcome: Receipt | GatewayError
        try:
            receipt = gateway.send(message, **options)
        except GatewayError as error:
            outcome = error
        except Exception as error:
            # A gateway of somebody else's that breaks its promise: the message may have left.
            outcome = OutcomeUnknown(gateway.name, f"raised {type(error).__name__}")
        else:
            if isinstance(receipt, Receipt):
                outcome = _fitting(receipt)
            else:
                outcome = OutcomeUnknown(gateway.name, f"answered with a {type(receipt).__name__}")
        if self.breakers[gateway.name].note(isinstance(outcome, (Receipt, *_ALIVE))):
            logger.warning("%s failed %d times in a row: left out for %.0f s", gateway.name, TRIP_AFTER, REST)
        return outcome

    def look(
        self, gateway: Gateway, message: Message, timeout: float, known: Callable[[], Iterable[str]]
    ) -> Receipt | None:
        """A message whose fate is unknown, found in *gateway*'s history: accepted after all.

        A row is it if its phone is equal, its text holds the code, it has not failed, and its id is none of the
        *known* ones, which other deliveries have. Not finding it proves nothing.
        """
        history = getattr(gateway, "history", None)
        if history is None or not message.code:
            return None
        try:
            rows: list[DeliveryReport] = history(limit=_ROWS, timeout=timeout)
            rows = [row for row in rows if row.id and _is_it(row, message)]
            taken = set(known()) if rows else set()
        except Exception as error:
            why = error if isinstance(error, GatewayError) else type(error).__name__
            logger.warning("%s could not be asked for its history: %s", gateway.name, why)
            return None
        for row in sorted(rows, key=_newest_first):
            if row.id and row.id not in taken:
                receipt = Receipt(gateway.name, row.id, row.request_id, raw_status=row.raw_status)
                return _fitting(replace(receipt, parts=row.parts, cost=row.cost))
        return None

    def send(self, message: Message, *, timeout: float | None = 10.0) -> Receipt:
        """Send *message* by the first gateway that takes it, in *timeout* seconds altogether.

        :raises OutcomeUnknown: it may have left. :raises GatewayError: the last one's refusal; nothing was sent.
        """
        deadline, unknown, refusal = Deadline(timeout or 10.0), None, None
        for index, gateway in enumerate(self.gateways):
            more = index + 1 < len(self.gateways)
            if deadline.passed or (unknown and not self.repeats(message.phone)):
                break
            if not self.may_try(gateway, otherwise=more or unknown is not None):
                continue
            outcome = self.try_one(gateway, message, deadline, set, more=more)
            if isinstance(outcome, Receipt):
                return outcome
            if outcome.sent is False:
                refusal = outcome
            else:
                unknown = unknown or outcome
        problem = unknown or refusal or GatewayUnavailable(self.name, "every gateway is left out", retryable=True)
        problem.__cause__ = problem.__context__ = None
        raise problem.with_traceback(None)

    def try_one(
        self, gateway: Gateway, message: Message, deadline: Deadline, known: Callable[[], Iterable[str]], *, more: bool
    ) -> Receipt | GatewayError:
        """Hand *message* to *gateway*, and look for it when its fate is unknown: half of the time for the first, half
        of the rest for the second, where something can still come after (*more*)."""
        asks = getattr(gateway, "history", None) is not None
        outcome = self.hand_over(gateway, message, deadline.left(0.5 if more or asks else 1.0))
        if isinstance(outcome, Receipt) or outcome.sent is False or deadline.passed:
            return outcome
        return self.look(gateway, message, deadline.left(0.5 if more else 1.0), known) or outcome


def takes_timeout(call: Callable[..., object]) -> bool:
    """Whether *call*, of a gateway, can be told how long it has."""
    try:
        parameters = signature(call).parameters.values()
    except (TypeError, ValueError):  # written in C, and silent about it
        return False
    return any(parameter.name == "timeout" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _fitting(receipt: Receipt) -> Receipt:
    """*receipt* with what a store can keep: it was accepted, however odd the figures around that are."""
    parts = receipt.parts if isinstance(receipt.parts, int) and 0 <= receipt.parts <= _MOST_PARTS else None
    return replace(receipt, parts=parts, cost=_amount(receipt.cost), balance=_amount(receipt.balance))


def _amount(money: object) -> Money | None:
    if not isinstance(money, Money) or not isinstance(money.amount, Decimal) or not money.amount.is_finite():
        return None
    if abs(money.amount) >= _MOST_MONEY or not isinstance(money.currency, str) or len(money.currency) != 3:
        return None
    return Money(money.amount.quantize(_CENTS, ROUND_DOWN), money.currency) if _is_long(money.amount) else money


def _is_long(amount: Decimal) -> bool:
    exponent = amount.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -4


def _newest_first(row: DeliveryReport) -> float:
    """The order of a history is not documented (WIRE Q21)."""
    return -row.created_at.timestamp() if row.created_at else 0.0


def _is_it(row: DeliveryReport, message: Message) -> bool:
    """Whether *row* may be *message*: the code stands in its text as a number of its own, whatever the brand around
    it (WIRE Q25)."""
    return (
        row.phone == message.phone
        and row.status is not DeliveryStatus.FAILED
        and re.search(rf"(?<![0-9]){re.escape(message.code)}(?![0-9])", row.text or "") is not None
    )
