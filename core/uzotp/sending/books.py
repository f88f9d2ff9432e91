"""What is written down of a send: a delivery and a reservation for each copy that may leave, and how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from uzotp import events
from uzotp.codes import random_id
from uzotp.errors import GatewayError, StoreUnavailable
from uzotp.policy import Policy
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.store import AddDelivery, Correction, GlobalReservation, Opened, Refusal, ReserveGlobal, Settlement
from uzotp.results import Challenge, Delivery, utc
from uzotp.sending.balances import Balances
from uzotp.sending.core import Core, SendRequest
from uzotp.sending.spending import Accounts


@dataclass(frozen=True)
class PendingSend:
    """A send that the store has agreed to.

    Without a ``message`` nothing leaves: ``suppressed`` by the host, or to a test number. ``asked_at`` is when the
    reservation was asked for, by ``time.monotonic``.
    """

    request: SendRequest
    fingerprint: str
    handle: str
    opened: Opened
    reservation: GlobalReservation
    message: Message | None
    suppressed: bool
    asked_at: float

    @property
    def delivery_id(self) -> str:
        return self.opened.delivery_id

    @property
    def avoid(self) -> str:
        """The gateway of a message that nobody confirmed: a person's resend had better go another way (P7)."""
        before = self.opened.previous_delivery
        return before.gateway if before and before.status is not DeliveryStatus.DELIVERED else ""

    def challenge(self, delivery: Delivery, policy: Policy) -> Challenge:
        """What the caller is told."""
        return Challenge(
            phone=self.request.phone,
            purpose=self.request.purpose,
            code_length=policy.code_length,
            expires_at=utc(self.opened.expires_at_ms),
            resend_at=utc(self.opened.resend_at_ms),
            sends=self.opened.sends,
            attempts_left=max(0, policy.max_attempts - self.opened.attempts),
            delivery=delivery,
        )


@dataclass(frozen=True)
class Copy:
    """One message that may leave: its delivery, and the money kept for it."""

    delivery_id: str
    reservation: GlobalReservation
    message: Message


class Books:
    """Writes down how sends end. What the store does not take stays as it was reserved, which is the safe side."""

    def __init__(self, core: Core, accounts: Accounts, balances: Balances) -> None:
        self._core = core
        self._accounts = accounts
        self._balances = balances

    def another(self, pending: PendingSend, message: Message, gateways: Sequence[Gateway]) -> Copy | None:
        """A copy more, with a delivery and money of its own; ``None`` when the budget or the store has no room."""
        core, delivery_id, now = self._core, random_id(), self._core.now()
        amount = self._accounts.estimate(message, gateways)
        if amount is None:
            return None
        wanted = ReserveGlobal(delivery_id, None, (), amount=amount, budget=core.policy.daily_budget, now=now)
        reservation: GlobalReservation | Refusal | None = None
        try:
            reservation = core.store.reserve(wanted)
            if isinstance(reservation, Refusal):
                events.logger.warning("no second copy of delivery %s: %s", pending.delivery_id, reservation.quota)
                return None
            row = AddDelivery(
                of=pending.delivery_id,
                delivery_id=delivery_id,
                handle=pending.handle,
                fingerprint=pending.fingerprint,
                purpose=pending.request.purpose,
                prefix=message.phone.prefix,
                country=message.phone.country,
                booked=amount or None,
                now=now,
            )
            core.store.add(row)
        except StoreUnavailable:
            events.logger.error("no second copy of delivery %s: the store is away", pending.delivery_id)
            if isinstance(reservation, GlobalReservation):
                with suppress(StoreUnavailable):  # it stays spent, which is the safe side
                    core.store.adjust(reservation, 0, sent=False)
            return None
        message = replace(message, callback_url=core.callback_url(pending.fingerprint, delivery_id))
        return Copy(delivery_id, reservation, message)

    def accepted(self, pending: PendingSend, copy: Copy, gateway: Gateway, receipt: Receipt, refund: bool) -> Delivery:
        """*refund*: whether what was reserved too much comes back."""
        cost = self._accounts.cost(gateway, copy.message, receipt)
        if cost is not None and not refund:
            cost = max(cost, copy.reservation.amount)
        came_to = None if cost is None else Correction(copy.reservation, cost, sent=True)
        delivery = self.settle(pending, copy.delivery_id, receipt.status, receipt.gateway, receipt, came_to)
        self.say_sent(pending, delivery)
        self._balances.received(gateway, receipt)
        return delivery

    def unknown(self, pending: PendingSend, copy: Copy, outcome: GatewayError) -> Delivery:
        """Nothing is given back (P5)."""
        events.logger.warning("delivery %s may or may not have been sent: %s", copy.delivery_id, outcome)
        delivery = self.settle(pending, copy.delivery_id, DeliveryStatus.UNKNOWN, outcome.gateway)
        self.say_sent(pending, delivery)
        return delivery

    def charged(self, pending: PendingSend, copy: Copy, problem: GatewayError, *, refund: bool) -> None:
        """A copy that was not sent, and paid for all the same: the money stays spent. *refund* gives back the phone's
        quota and the guard's count."""
        paid = Correction(copy.reservation, copy.reservation.amount, sent=not refund)
        self.settle(pending, copy.delivery_id, DeliveryStatus.FAILED, problem.gateway, None, paid, refund=refund)

    def give_up(self, pending: PendingSend, problem: GatewayError, reason: str = "", *, refund: bool) -> None:
        """No gateway was asked: write it down, and say so (R46)."""
        nothing = Correction(pending.reservation, 0, sent=False) if refund else None
        self.settle(pending, pending.delivery_id, DeliveryStatus.FAILED, problem.gateway, None, nothing, refund=refund)
        self.say_failed(pending.request, problem, reason)

    def settle(
        self,
        pending: PendingSend,
        delivery_id: str,
        status: DeliveryStatus,
        gateway: str,
        receipt: Receipt | None = None,
        came_to: Correction | None = None,
        *,
        refund: bool = False,
    ) -> Delivery:
        """*came_to*: what is corrected of the reservation, and booked; *refund*: the phone's quota comes back."""
        first = delivery_id == pending.delivery_id  # the one that the phone's quota and the challenge counted
        settlement = Settlement(
            fingerprint=pending.fingerprint,
            delivery_id=delivery_id,
            status=status,
            gateway=gateway,
            refund=refund,
            mark=pending.opened.mark if first else "",
            handle=pending.handle if (refund if first else receipt) else None,
            gateway_id=receipt.id if receipt else None,
            cost=receipt.cost if receipt else None,
            booked=came_to.spent if came_to else None,
            parts=receipt.parts if receipt else None,
            now=self._core.now(),
        )
        try:
            self._core.store.settle(settlement, came_to)
            if came_to and came_to.uncounts:
                self._core.tallies.not_sent(came_to.reservation.country, came_to.reservation.at_ms)
        except StoreUnavailable:
            # The message is out and the challenge is open: the person can go on. The reservation stays spent.
            events.logger.error("delivery %s could not be settled: the store is away", delivery_id)
        return Delivery(delivery_id, status, gateway)

    def say_sent(self, pending: PendingSend, delivery: Delivery) -> None:
        phone, purpose = pending.request.phone, pending.request.purpose
        self._core.emit(events.CodeSent(phone, purpose, delivery.gateway, delivery.id, delivery.status.value))

    def say_failed(self, request: SendRequest, problem: GatewayError, reason: str = "") -> None:
        """*reason*: in a word why nobody was asked; else it is the class of the *problem*."""
        reason, gateway = reason or type(problem).__name__, problem.gateway
        failed = events.SendFailed(request.phone, request.purpose, gateway, reason, problem.detail, problem.charged)
        self._core.emit(failed)
