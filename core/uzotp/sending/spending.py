"""What the gateways' accounts cost and forbid: estimates, real costs, blocked service names (P6)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal

from uzotp import events
from uzotp.errors import ConfigurationError, GatewayError, MessageRejected, ServiceNameRejected, StoreUnavailable
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.money import Money
from uzotp.ports.store import Store
from uzotp.sms.parts import parts
from uzotp.sms.prices import price_for

_BLOCKED = "blocked:"


def switch_of(gateway: Gateway) -> str:
    """The switch that keeps this gateway from being tried with its service name."""
    return f"{_BLOCKED}{gateway.name}:{getattr(gateway, 'service_name', None) or ''}"


def blocked_name(switch: str) -> tuple[str, str] | None:
    """The gateway and the service name of a switch that blocks them; ``None`` for another switch."""
    gateway, _, name = switch.removeprefix(_BLOCKED).partition(":")
    return (gateway, name) if switch.startswith(_BLOCKED) else None


class Accounts:
    """The money side of the gateways. Amounts are whole so'm, rounded up."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        store: Store,
        policy: Policy,
        now: Callable[[], int | None],
        sink: events.Listener | None,
    ) -> None:
        self._gateways = gateways
        self._store = store
        self._now = now
        self._sink = sink
        self._blocked_at: dict[str, float] = {}
        #: What the store has yet to be told: switches and their notes.
        self._unsaved: dict[str, str] = {}
        #: The name that own texts carry: the first that a gateway was given.
        self.service_name = next(filter(None, (getattr(gateway, "service_name", None) for gateway in gateways)), None)
        #: The switches that a reservation shall tell of.
        self.switches = tuple(map(switch_of, gateways))
        if policy.daily_budget is not None:
            self._check_prices()

    # -------------------------------------------------------------------------------------------------- prices

    def estimate(self, message: Message, gateways: Iterable[Gateway] | None = None) -> int | None:
        """What *message* costs at the dearest of *gateways*; ``None`` when none of them sends to this country.

        A gateway that names no price in so'm is taken to be as dear as devsms's table.
        """
        quotes = []
        for gateway in self._gateways if gateways is None else gateways:
            try:
                quoted = _so_m(_quote(gateway, message))
            except MessageRejected:
                continue
            quotes.append(_by_table(message) or 0 if quoted is None else quoted)
        return max(quotes, default=None)

    def cost(self, gateway: Gateway, message: Message, receipt: Receipt) -> int | None:
        """What an accepted message was charged with: the gateway's word where it is in so'm, else its price; ``None``
        where neither is known."""
        try:
            quoted = _quote(gateway, message)
        except MessageRejected:  # it took it all the same
            quoted = None
        charged = receipt.cost
        if charged and quoted and (charged.currency, charged.amount) != (quoted.currency, quoted.amount):
            country = message.phone.country
            events.emit(self._sink, events.PriceMismatch(gateway.name, country, str(quoted), str(charged)))
        spent = _so_m(charged)
        return _so_m(quoted) if spent is None else spent

    def _check_prices(self) -> None:
        """:raises ConfigurationError: a budget without prices would not hold."""
        sample = Message(Phone.parse("+998901234567"), "000000", Purpose.LOGIN, text="000000")
        for gateway in self._gateways:
            if _so_m(_quote(gateway, sample)) is None:
                name = gateway.name.upper()
                raise ConfigurationError(
                    f"DAILY_BUDGET needs to know what {gateway.name} costs in so'm: set {name}_PRICE"
                )

    # ------------------------------------------------------------------------------------------- blocked names

    def objection(self, gateway: Gateway, on: Collection[str], asked_at: float) -> GatewayError | None:
        """Why *gateway* is not to be tried: it refused this service name before, and charged for it.

        *on* is what the reservation said that was asked for at *asked_at* (``time.monotonic``); what this process
        learned later goes before it.
        """
        switch = switch_of(gateway)
        unsaved = self._unsaved.get(switch)
        if unsaved is not None:
            self._remember(gateway, unsaved)
        if switch in on or self._blocked_at.get(switch, -math.inf) > asked_at:
            return ServiceNameRejected(gateway.name, "this service name was refused before", charged=False)
        return None

    def refused(self, gateway: Gateway, problem: GatewayError) -> None:
        """Remember a service name that was refused and charged, for every process, and say so once."""
        if not isinstance(problem, ServiceNameRejected):
            return
        self._blocked_at[switch_of(gateway)] = math.inf  # at once: others are on their way
        self._remember(gateway, problem.detail)

    def _remember(self, gateway: Gateway, detail: str) -> None:
        switch = switch_of(gateway)
        try:
            is_new = self._store.switch_on(switch, detail, self._now())
        except StoreUnavailable:
            events.logger.error("%s could not be remembered: the store is away", switch)
            self._unsaved[switch] = detail  # this process knows, and tries again
            return
        self._unsaved.pop(switch, None)
        self._blocked_at[switch] = time.monotonic()  # a reservation asked for from now on knows by itself
        if is_new:
            name = getattr(gateway, "service_name", None) or ""
            events.emit(self._sink, events.ServiceNameBlocked(gateway.name, name, detail))


def _quote(gateway: Gateway, message: Message) -> Money | None:
    """The gateway's own price, else devsms's table: somebody else's gateway may not know of prices.

    :raises MessageRejected: it does not send to this country.
    """
    quote: Callable[[Message], Money | None] | None = getattr(gateway, "quote", None)
    if quote is not None:
        try:
            return quote(message)
        except MessageRejected:
            raise
        except Exception as error:  # of somebody else's gateway
            events.logger.error("%s could not name its price: %s", gateway.name, type(error).__name__)
            return None
    table = _by_table(message)
    return None if table is None else Money(Decimal(table))


def _by_table(message: Message) -> int | None:
    price = price_for(message.phone)
    return None if price is None else price * parts(message.text or "")


def _so_m(money: Money | None) -> int | None:
    """Whole so'm, rounded up; ``None`` for another currency, and for less than nothing: no message earns money."""
    if money is None or money.currency != "UZS" or not money.amount.is_finite() or money.amount < 0:
        return None
    return math.ceil(money.amount)
