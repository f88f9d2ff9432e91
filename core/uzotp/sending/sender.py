"""From a reservation to a message and its outcome: each try is written down however it ends (P7).

No lock and no transaction of ours is open while a gateway is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from uzotp import events
from uzotp.codes import random_id
from uzotp.errors import GatewayError, GatewayUnavailable, StoreUnavailable
from uzotp.events import Listener
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose
from uzotp.ports.clock import Clock
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, Receipt
from uzotp.ports.store import AddDelivery, GlobalReservation, Refusal, ReserveGlobal, Settlement, Store
from uzotp.results import Delivery
from uzotp.sending.router import Deadline, Router
from uzotp.sending.spending import Accounts
from uzotp.sending.workers import QUEUE, Background

#: The name under which test numbers' messages are recorded; no gateway sees them.
TEST_GATEWAY = "test"
_BUSY = "MAX_CONCURRENT_SENDS are under way"
_FULL = f"{QUEUE} messages are waiting or under way"


@dataclass(frozen=True)
class PendingSend:
    """A send that the store has agreed to. ``expires_at`` is its code's end, in milliseconds.

    Without a ``message`` nothing leaves: ``suppressed`` by the host, or to a test number. ``avoid`` is the gateway
    whose message nobody confirmed; ``asked_at`` is when the reservation was asked for, by ``time.monotonic``.
    """

    phone: Phone
    purpose: Purpose
    fingerprint: str
    handle: str
    delivery_id: str
    expires_at: int
    reservation: GlobalReservation
    message: Message | None
    suppressed: bool
    avoid: str
    asked_at: float


@dataclass(frozen=True)
class _Copy:
    """One message that may leave: its delivery, and the money kept for it."""

    delivery_id: str
    reservation: GlobalReservation
    message: Message


class Sender:
    """Hands messages to the gateways, at once or in the background, and settles them.

    *now* gives the store's moment in milliseconds, or ``None`` for its own clock; *callback_url* makes the address
    where a delivery may be reported.
    """

    def __init__(
        self,
        router: Router,
        store: Store,
        policy: Policy,
        accounts: Accounts,
        clock: Clock,
        now: Callable[[], int | None],
        sink: Listener | None,
        callback_url: Callable[[str, str], str | None],
    ) -> None:
        self._router = router
        self._store = store
        self._deadline = policy.deadline
        self._budget = policy.daily_budget
        self._failover = policy.failover_on_unknown
        self._accounts = accounts
        self._clock = clock
        self._now = now
        self._sink = sink
        self._callback_url = callback_url
        self.background = Background(policy.max_concurrent_sends)

    # ------------------------------------------------------------------------------------------ now, or later

    def overloaded(self, phone: Phone, purpose: Purpose, *, queued: bool) -> GatewayUnavailable:
        """What to raise where there is no place: nothing was asked of anybody, and it is said (R46)."""
        problem = GatewayUnavailable(self._router.name, _FULL if queued else _BUSY, retryable=True)
        reason = "QueueFull" if queued else "Overloaded"
        failed = events.SendFailed(phone, purpose, problem.gateway, reason, problem.detail, problem.charged)
        events.emit(self._sink, failed)
        return problem

    def send(self, order: PendingSend, *, refund: bool = True) -> Delivery:
        """Send *order* and write down how that ended.

        *refund*: whether anything comes back: of a certain failure the phone's quota, the money and the guard's
        count (P5), of a cheap message what was reserved too much.

        :raises GatewayError: the last gateway's refusal, when certainly nothing was sent.
        """
        if order.message is None:
            return self._pretend(order)
        outcome = self._route(order, order.message, refund)
        if isinstance(outcome, Delivery):
            return outcome
        outcome.__cause__ = outcome.__context__ = None
        raise outcome.with_traceback(None)  # the frames below hold the message, and with it the code (R43)

    def send_later(self, order: PendingSend, *, queued: bool, openly: bool) -> Delivery:
        """Send in the background, where *queued* says that there is a place; failures are events.

        *openly*: the answer is ``pending``, and a certain failure gives back what :meth:`send` does (P5). Else nobody
        may tell a suppressed send from this one (P9): the answer is ``sent`` whatever becomes of it, and nothing is
        given back, no quota and no money, for a suppressed one cannot fail.

        :raises GatewayUnavailable: *openly*, when there is no place, or no background any more.
        """
        if not (queued and self.background.submit(partial(self._send_quietly, order, refund=openly))):
            problem = GatewayUnavailable(self._router.name, retryable=True)
            self._give_up(order, problem, "QueueFull", refund=openly)
            if openly:
                raise problem
        status = DeliveryStatus.PENDING if openly else DeliveryStatus.SENT
        return Delivery(order.delivery_id, status, self._router.name)

    def _send_quietly(self, order: PendingSend, refund: bool) -> None:
        try:
            with self.background.place(self._deadline) as free:
                if not free:
                    problem = GatewayUnavailable(self._router.name, _BUSY, retryable=True)
                    self._give_up(order, problem, refund=refund)
                elif self._clock.time() * 1000 < order.expires_at:
                    self.send(order, refund=refund)
                else:  # a message older than its code is dropped (R47)
                    self._give_up(order, GatewayUnavailable(self._router.name), "Expired", refund=refund)
        except GatewayError:
            pass  # it is an event already
        except Exception as error:
            events.logger.error("delivery %s ended with %s", order.delivery_id, type(error).__name__)
        finally:
            self._store.release_thread()

    def _pretend(self, order: PendingSend) -> Delivery:
        if not order.suppressed:
            delivery = self._settle(order, order.delivery_id, DeliveryStatus.DELIVERED, TEST_GATEWAY)
            self._say_sent(order, delivery)
            return delivery
        # It keeps its money and its place with the guard: what refuses real sends must refuse these (P9).
        events.emit(self._sink, events.SendSuppressed(order.phone, order.purpose))
        return self._settle(order, order.delivery_id, DeliveryStatus.SENT, self._router.name)

    # --------------------------------------------------------------------------------- from gateway to gateway

    def _route(self, order: PendingSend, message: Message, refund: bool) -> Delivery | GatewayError:
        """Try the gateways in turn. A copy that may have left, or cost something, keeps its delivery and its money,
        and the next gateway gets one of its own; after a refusal that cost nothing the same copy goes on."""
        deadline = Deadline(self._deadline)
        plan = [gateway for gateway in self._router.plan(order.avoid) if not self._objection(order, gateway)]
        copy: _Copy | None = _Copy(order.delivery_id, order.reservation, message)
        unknown: Delivery | None = None
        charged: list[tuple[_Copy, GatewayError]] = []
        refusal: GatewayError | None = None
        for index, gateway in enumerate(plan):
            more = index + 1 < len(plan)
            if deadline.passed or (unknown and not self._router.repeats(order.phone, self._failover)):
                break
            way_out = more or unknown is not None
            if self._objection(order, gateway) or not self._router.may_try(gateway, otherwise=way_out):
                continue
            copy = copy or self._another(order, message, plan[index:])
            if copy is None:
                break
            known = partial(self._store.known_ids, order.fingerprint, gateway.name)
            outcome = self._router.try_one(gateway, copy.message, deadline, known, more=more)
            if isinstance(outcome, Receipt):
                self._close(order, charged, refund=False)
                return self._accepted(order, copy, gateway, outcome, refund)
            if outcome.sent is not False:  # only a certain "no" gives anything back
                delivery = self._unknown(order, copy, outcome)
                unknown, copy = unknown or delivery, None
                continue
            refusal = outcome
            self._say_failed(order, outcome)
            if outcome.charged is not False:
                self._accounts.refused(gateway, outcome)
                charged.append((copy, outcome))
                copy = None
        if refusal is None:
            refusal = self._nobody(order)
            if unknown is None:
                self._say_failed(order, refusal)
        spoilt = refund and unknown is None
        self._close(order, charged, refund=spoilt)
        if copy:
            self._settle(order, copy.delivery_id, DeliveryStatus.FAILED, refusal.gateway, refund=spoilt)
            self._give_back(copy.reservation, refund)
        return unknown or refusal

    def _objection(self, order: PendingSend, gateway: Gateway) -> GatewayError | None:
        return self._accounts.objection(gateway, order.reservation.switches_on, order.asked_at)

    def _nobody(self, order: PendingSend) -> GatewayError:
        """Why no gateway was asked."""
        objections = (self._objection(order, gateway) for gateway in self._router.gateways)
        left_out = GatewayUnavailable(self._router.name, "no gateway could be asked", retryable=True)
        return next(filter(None, objections), left_out)

    def _another(self, order: PendingSend, message: Message, gateways: Sequence[Gateway]) -> _Copy | None:
        """A copy more, with a delivery and money of its own; ``None`` when the budget or the store has no room."""
        delivery_id, now = random_id(), self._now()
        amount = self._accounts.estimate(message, gateways)
        if amount is None:
            return None
        request = ReserveGlobal(delivery_id, None, (), amount=amount, budget=self._budget, now=now)
        reservation: GlobalReservation | Refusal | None = None
        try:
            reservation = self._store.reserve(request)
            if isinstance(reservation, Refusal):
                events.logger.warning("no second copy of delivery %s: %s", order.delivery_id, reservation.quota)
                return None
            row = AddDelivery(
                of=order.delivery_id,
                delivery_id=delivery_id,
                handle=order.handle,
                fingerprint=order.fingerprint,
                purpose=order.purpose,
                prefix=order.phone.prefix,
                country=order.phone.country,
                now=now,
            )
            self._store.add(row)
        except StoreUnavailable:
            events.logger.error("no second copy of delivery %s: the store is away", order.delivery_id)
            if isinstance(reservation, GlobalReservation):
                self._give_back(reservation, True)
            return None
        message = replace(message, callback_url=self._callback_url(order.fingerprint, delivery_id))
        return _Copy(delivery_id, reservation, message)

    # ---------------------------------------------------------------------------------------------- how it ended

    def _accepted(self, order: PendingSend, copy: _Copy, gateway: Gateway, receipt: Receipt, refund: bool) -> Delivery:
        delivery = self._settle(order, copy.delivery_id, receipt.status, receipt.gateway, receipt)
        cost = self._accounts.cost(gateway, copy.message, receipt)
        if cost is not None:
            self._adjust(copy.reservation, cost if refund else max(cost, copy.reservation.amount), sent=True)
        self._say_sent(order, delivery)
        self._accounts.received(gateway, receipt)
        return delivery

    def _unknown(self, order: PendingSend, copy: _Copy, outcome: GatewayError) -> Delivery:
        """Nothing is given back (P5)."""
        events.logger.warning("delivery %s may or may not have been sent: %s", copy.delivery_id, outcome)
        delivery = self._settle(order, copy.delivery_id, DeliveryStatus.UNKNOWN, outcome.gateway)
        self._say_sent(order, delivery)
        return delivery

    def _close(self, order: PendingSend, charged: list[tuple[_Copy, GatewayError]], *, refund: bool) -> None:
        """Copies that were not sent, and paid for all the same: the money stays spent. *refund* gives back the phone's
        quota and the guard's count."""
        for copy, problem in charged:
            self._settle(order, copy.delivery_id, DeliveryStatus.FAILED, problem.gateway, refund=refund)
            self._adjust(copy.reservation, copy.reservation.amount, sent=not refund)

    def _give_up(self, order: PendingSend, problem: GatewayError, reason: str = "", *, refund: bool) -> None:
        """No gateway was asked: write it down, and say so (R46)."""
        self._settle(order, order.delivery_id, DeliveryStatus.FAILED, problem.gateway, refund=refund)
        self._give_back(order.reservation, refund)
        self._say_failed(order, problem, reason)

    def _settle(
        self,
        order: PendingSend,
        delivery_id: str,
        status: DeliveryStatus,
        gateway: str,
        receipt: Receipt | None = None,
        *,
        refund: bool = False,
    ) -> Delivery:
        first = delivery_id == order.delivery_id  # the one that the phone's quota and the challenge counted
        settlement = Settlement(
            fingerprint=order.fingerprint,
            delivery_id=delivery_id,
            status=status,
            gateway=gateway,
            refund=refund,
            handle=order.handle if (refund if first else receipt) else None,
            gateway_id=receipt.id if receipt else None,
            cost=receipt.cost if receipt else None,
            parts=receipt.parts if receipt else None,
            now=self._now(),
        )
        try:
            self._store.settle(settlement)
        except StoreUnavailable:
            # The message is out and the challenge is open: the person can go on. The reservation stays spent.
            events.logger.error("delivery %s could not be settled: the store is away", delivery_id)
        return Delivery(delivery_id, status, gateway)

    def _give_back(self, reservation: GlobalReservation, refund: bool) -> None:
        if refund:
            self._adjust(reservation, 0, sent=False)

    def _adjust(self, reservation: GlobalReservation, spent: int, *, sent: bool) -> None:
        """Money and the guard's count; a lost correction leaves both as reserved, which is the safe side."""
        try:
            self._store.adjust(reservation, spent, sent=sent)
        except StoreUnavailable:
            events.logger.error("reservation %s could not be corrected: the store is away", reservation.entry_id)

    def _say_sent(self, order: PendingSend, delivery: Delivery) -> None:
        sent = events.CodeSent(order.phone, order.purpose, delivery.gateway, delivery.id, delivery.status.value)
        events.emit(self._sink, sent)

    def _say_failed(self, order: PendingSend, problem: GatewayError, reason: str = "") -> None:
        """*reason*: in a word why nobody was asked; else it is the class of the *problem*."""
        reason = reason or type(problem).__name__
        failed = events.SendFailed(order.phone, order.purpose, problem.gateway, reason, problem.detail, problem.charged)
        events.emit(self._sink, failed)
