"""From a reservation to a message and its outcome: one call of the gateway, written down however it ends (P7).

No lock and no transaction of ours is open while the gateway is called.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from inspect import signature

from uzotp import events
from uzotp.errors import GatewayError, GatewayUnavailable, OutcomeUnknown, StoreUnavailable
from uzotp.events import EventSink
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose
from uzotp.ports import Clock, DeliveryStatus, Gateway, Message, Receipt, Settlement, Store
from uzotp.results import Delivery

#: The name under which test numbers' messages are recorded; no gateway sees them.
TEST_GATEWAY = "test"
#: Sends that may wait for the background at once; one more is given up, and is an event.
QUEUE = 64
_WORKERS = 4


@dataclass(frozen=True)
class Order:
    """A send that the store has agreed to. ``expires_at`` is its code's end, in milliseconds.

    Without a ``message`` nothing leaves: ``suppressed`` by the host, or to a test number.
    """

    phone: Phone
    purpose: Purpose
    fingerprint: str
    delivery_id: str
    expires_at: int
    message: Message | None
    suppressed: bool


def _takes_timeout(gateway: Gateway) -> bool:
    """A gateway of somebody else's may keep its time by itself: ``send(message)`` will do."""
    parameters = signature(gateway.send).parameters.values()
    return any(parameter.name == "timeout" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


class Sender:
    """Hands messages to the gateway, at once or in the background, and settles them.

    *now* gives the store's moment in milliseconds, or ``None`` for its own clock.
    """

    def __init__(
        self,
        gateway: Gateway,
        store: Store,
        policy: Policy,
        clock: Clock,
        now: Callable[[], int | None],
        sink: EventSink | None,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._deadline = policy.deadline
        self._send_options = {"timeout": policy.deadline} if _takes_timeout(gateway) else {}
        self._clock = clock
        self._now = now
        self._sink = sink
        cap = policy.max_concurrent_sends
        self._slots = threading.BoundedSemaphore(cap) if cap else None
        self._new_background()

    def send(self, order: Order, *, refund: bool = True, patience: float = 0) -> Delivery:
        """Hand the message over and write down how that ended. Raises the gateway's error on a certain failure.

        *refund*: whether such a failure gives the phone's quota back (P5).
        *patience*: seconds to wait for a place under ``MAX_CONCURRENT_SENDS``.
        """
        if order.message is None:
            return self._pretend(order)
        outcome = self._hand_over(order.message, patience)
        if isinstance(outcome, Receipt):
            return self._sent(order, outcome.status, outcome.gateway, outcome)
        if outcome.sent is not False:  # only a certain "no" gives anything back
            events.logger.warning("delivery %s may or may not have been sent: %s", order.delivery_id, outcome)
            return self._sent(order, DeliveryStatus.UNKNOWN, outcome.gateway)
        self._failed(
            order,
            outcome.gateway,
            type(outcome).__name__,
            outcome.detail,
            outcome.charged,
            refund=refund,
        )
        outcome.__cause__ = outcome.__context__ = None
        raise outcome.with_traceback(None)  # the frames below hold the message, and with it the code (R43)

    def send_later(self, order: Order) -> Delivery:
        """Send in the background. The answer is ``sent`` whatever becomes of it; failures are events (P9).

        No failure gives the phone's quota back: a suppressed send cannot fail, so the quota would tell them apart.
        """
        if self._pid != os.getpid():  # a forked worker has none of its parent's threads
            self._new_background()
        if not self._submitted(order):
            self._failed(order, self._gateway.name, "QueueFull", refund=False)
        return Delivery(order.delivery_id, DeliveryStatus.SENT, self._gateway.name)

    def _submitted(self, order: Order) -> bool:
        if not self._queue.acquire(blocking=False):
            return False
        try:
            self.background.submit(self._send_quietly, order)
        except RuntimeError:  # closed
            self._queue.release()
            return False
        return True

    def _new_background(self) -> None:
        self._pid = os.getpid()
        self._queue = threading.BoundedSemaphore(QUEUE)
        self.background = ThreadPoolExecutor(_WORKERS, thread_name_prefix="uzotp-send")  # starts threads when used

    def _send_quietly(self, order: Order) -> None:
        try:
            if self._clock.time() * 1000 < order.expires_at:
                self.send(order, refund=False, patience=self._deadline)
            else:  # a message older than its code is dropped (R47)
                self._failed(order, self._gateway.name, "Expired", refund=False)
        except GatewayError:
            pass  # it is an event already
        except Exception as error:
            events.logger.error("delivery %s ended with %s", order.delivery_id, type(error).__name__)
        finally:
            self._queue.release()
            self._store.rest()

    def _pretend(self, order: Order) -> Delivery:
        if not order.suppressed:
            return self._sent(order, DeliveryStatus.DELIVERED, TEST_GATEWAY)
        events.emit(self._sink, events.SendSuppressed(order.phone, order.purpose))
        return self._settle(order, DeliveryStatus.SENT, self._gateway.name)

    def _hand_over(self, message: Message, patience: float) -> Receipt | GatewayError:
        """One call of the gateway; its error is returned, for the outcome to be written down first."""
        if self._slots and not self._slots.acquire(timeout=patience):
            return GatewayUnavailable(self._gateway.name, "MAX_CONCURRENT_SENDS are under way", retryable=True)
        try:
            receipt = self._gateway.send(message, **self._send_options)
        except GatewayError as error:
            return error
        except Exception as error:
            # A gateway of somebody else's that breaks its promise: the message may have left.
            return OutcomeUnknown(self._gateway.name, f"raised {type(error).__name__}")
        else:
            if isinstance(receipt, Receipt):
                return receipt
            return OutcomeUnknown(self._gateway.name, f"answered with a {type(receipt).__name__}")
        finally:
            if self._slots:
                self._slots.release()

    def _sent(self, order: Order, status: DeliveryStatus, gateway: str, receipt: Receipt | None = None) -> Delivery:
        delivery = self._settle(order, status, gateway, receipt)
        events.emit(self._sink, events.CodeSent(order.phone, order.purpose, gateway, delivery.id, status.value))
        return delivery

    def _failed(
        self,
        order: Order,
        gateway: str,
        reason: str,
        detail: str = "",
        charged: bool | None = False,
        *,
        refund: bool,
    ) -> None:
        """Certainly not sent: write it down, and say so (R46)."""
        self._settle(order, DeliveryStatus.FAILED, gateway, refund=refund)
        events.emit(self._sink, events.SendFailed(order.phone, order.purpose, gateway, reason, detail, charged))

    def _settle(
        self,
        order: Order,
        status: DeliveryStatus,
        gateway: str,
        receipt: Receipt | None = None,
        *,
        refund: bool = False,
    ) -> Delivery:
        settlement = Settlement(
            fingerprint=order.fingerprint,
            delivery_id=order.delivery_id,
            status=status,
            gateway=gateway,
            refund=refund,
            gateway_id=receipt.id if receipt else None,
            cost=receipt.cost if receipt else None,
            parts=receipt.parts if receipt else None,
            now=self._now(),
        )
        try:
            self._store.settle(settlement)
        except StoreUnavailable:
            # The message is out and the challenge is open: the person can go on. The reservation stays spent.
            events.logger.error("delivery %s could not be settled: the store is away", order.delivery_id)
        return Delivery(order.delivery_id, status, gateway)
