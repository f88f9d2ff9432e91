"""From a reservation to a message and its outcome, at once or in the background (P7).

No lock and no transaction of ours is open while a gateway is called.
"""

from __future__ import annotations

from functools import partial

from uzotp import events
from uzotp.errors import GatewayError, GatewayUnavailable
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.ledger import TEST_GATEWAY
from uzotp.ports.store import Correction
from uzotp.results import Challenge, Delivery
from uzotp.rules.clients import widest_network
from uzotp.sending.admission import Admission, seconds
from uzotp.sending.balances import Balances
from uzotp.sending.books import Books, Copy, PendingSend
from uzotp.sending.core import Core, SendRequest
from uzotp.sending.pace import Pace
from uzotp.sending.spending import Accounts
from uzotp.sending.workers import QUEUE, Background, share

_BUSY = "MAX_CONCURRENT_SENDS are under way, or a quarter of them for one network"
_FULL = f"{QUEUE} messages are waiting or under way, or {share(QUEUE)} for one network"


class Sender:
    """Has requests admitted, hands their messages to the gateways, and has what became of them written down."""

    def __init__(self, core: Core, accounts: Accounts, balances: Balances) -> None:
        self._core = core
        self._accounts = accounts
        self._books = Books(core, accounts, balances)
        self.admission = Admission(core, accounts)
        # What a gateway may take is what everybody takes, or a free place tells that a message did not leave (P9).
        stay = core.policy.deadline if core.should_send else 0
        self.background = Background(core.policy.max_concurrent_sends, stay, core.clock)
        self._pace = Pace()

    # ------------------------------------------------------------------------------------------ now, or later

    def send(self, request: SendRequest) -> Challenge:
        """:raises UzotpError: a refusal of ours, or the last gateway's when certainly nothing was sent."""
        with self.background.place(widest_network(request.client_ip)) as free:
            if not free:
                raise self._overloaded(request, "Overloaded", _BUSY)
            pending = self.admission.admit(request)
            try:
                return pending.challenge(self._deliver(pending), self._core.policy)
            finally:
                self._core.tallies.write_if_due()

    def send_later(self, request: SendRequest) -> Challenge:
        """Send in the background; failures are events.

        Without ``should_send`` the answer is ``pending``, and a certain failure gives back what :meth:`send` does (P5).
        With it nobody may tell a suppressed send from a real one (P9): the answer is ``sent`` whatever becomes of it,
        and nothing is given back, no quota and no money, for a suppressed one cannot fail. Whether there is a place is
        asked before which of them it is.

        :raises UzotpError: a refusal of ours; ``GatewayUnavailable`` when there is no place, and, without
            ``should_send``, when there is no background any more.
        """
        openly, network = self._core.should_send is None, widest_network(request.client_ip)
        leave = self.background.enter(network)
        if leave is None:
            raise self._overloaded(request, "QueueFull", _FULL)
        try:
            pending = self.admission.admit(request)
        except BaseException:
            leave()
            raise
        if not self.background.submit(partial(self._send_quietly, pending, network, openly), network, leave):
            problem = self._unavailable()
            self._books.give_up(pending, problem, "QueueFull", refund=openly)
            if openly:
                raise problem
        status = DeliveryStatus.PENDING if openly else DeliveryStatus.SENT
        return pending.challenge(Delivery(pending.delivery_id, status, self._core.router.name), self._core.policy)

    def _overloaded(self, request: SendRequest, reason: str, detail: str) -> GatewayUnavailable:
        """What to raise where there is no place: nothing was asked of anybody, and it is said (R46)."""
        problem = self._unavailable(detail)
        self._books.say_failed(request, problem, reason)
        return problem

    def _send_quietly(self, pending: PendingSend, network: str | None, refund: bool) -> None:
        try:
            with self.background.place(network, self._core.policy.deadline) as free:
                if not free:
                    self._books.give_up(pending, self._unavailable(_BUSY), refund=refund)
                elif self._core.clock.time() * 1000 < pending.opened.expires_at_ms:
                    if pending.suppressed:
                        self._pace.keep()
                    self._deliver(pending, refund=refund)
                else:  # a message older than its code is dropped (R47)
                    self._books.give_up(pending, GatewayUnavailable(self._core.router.name), "Expired", refund=refund)
        except GatewayError:
            pass  # it is an event already
        except Exception as error:
            events.logger.error("delivery %s ended with %s", pending.delivery_id, type(error).__name__)
        finally:
            self._core.tallies.write_if_due()
            self._core.store.release_thread()

    def _deliver(self, pending: PendingSend, *, refund: bool = True) -> Delivery:
        """Send what is *pending* and write down how that ended.

        *refund*: whether anything comes back: of a certain failure the phone's quota, the money and the guard's
        count (P5), of a cheap message what was reserved too much.

        :raises GatewayError: the last gateway's refusal, when certainly nothing was sent.
        """
        if pending.message is None:
            return self._pretend(pending)
        outcome = self._route(pending, pending.message, refund)
        if isinstance(outcome, Delivery):
            return outcome
        wait = pending.opened.resend_at_ms - int(self._core.clock.time() * 1000)
        outcome.retry_after = max(1, seconds(wait))
        outcome.__cause__ = outcome.__context__ = None
        raise outcome.with_traceback(None)  # the frames below hold the message, and with it the code (R43)

    def _pretend(self, pending: PendingSend) -> Delivery:
        if not pending.suppressed:
            delivery = self._books.settle(pending, pending.delivery_id, DeliveryStatus.DELIVERED, TEST_GATEWAY)
            self._books.say_sent(pending, delivery)
            return delivery
        # It keeps its money and its place with the guard: what refuses real sends must refuse these (P9).
        self._core.emit(events.SendSuppressed(pending.request.phone, pending.request.purpose))
        return self._books.settle(pending, pending.delivery_id, DeliveryStatus.SENT, self._core.router.name)

    def _unavailable(self, detail: str = "") -> GatewayUnavailable:
        return GatewayUnavailable(self._core.router.name, detail, retryable=True)

    # --------------------------------------------------------------------------------- from gateway to gateway

    def _route(self, pending: PendingSend, message: Message, refund: bool) -> Delivery | GatewayError:
        """Try the gateways in turn. A copy that may have left, or cost something, keeps its delivery and its money,
        and the next gateway gets one of its own; after a refusal that cost nothing the same copy goes on."""
        router, policy, books = self._core.router, self._core.policy, self._books
        objection = partial(
            self._accounts.objection, switches_on=pending.reservation.switches_on, asked_at=pending.asked_at
        )
        plan = router.plan(
            message.phone,
            policy.deadline,
            avoid=pending.avoid,
            failover=policy.failover_on_unknown,
            objection=objection,
        )
        copy: Copy | None = Copy(pending.delivery_id, pending.reservation, message)
        unknown: Delivery | None = None
        charged: list[tuple[Copy, GatewayError]] = []
        for gateway in plan:
            copy = copy or books.another(pending, message, plan.rest)
            if copy is None:
                break
            known = partial(self._core.store.known_ids, pending.fingerprint, gateway.name)
            with self._pace.learned():
                outcome = router.try_one(gateway, copy.message, plan, known)
            if isinstance(outcome, Receipt):
                for paid, problem in charged:
                    books.charged(pending, paid, problem, refund=False)
                return books.accepted(pending, copy, gateway, outcome, refund)
            if outcome.sent is not False:  # only a certain "no" gives anything back
                delivery = books.unknown(pending, copy, outcome)
                unknown, copy = unknown or delivery, None
                continue
            books.say_failed(pending.request, outcome)
            if outcome.charged is not False:
                self._accounts.refused(gateway, outcome)
                charged.append((copy, outcome))
                copy = None
        nobody = self._unavailable("no gateway could be asked")
        refusal = plan.refusal or next(filter(None, map(objection, router.gateways)), nobody)
        if plan.refusal is None and unknown is None:
            books.say_failed(pending.request, refusal)
        spoilt = refund and unknown is None
        for paid, problem in charged:
            books.charged(pending, paid, problem, refund=spoilt)
        if copy:
            nothing = Correction(copy.reservation, 0, sent=False) if refund else None
            books.settle(
                pending, copy.delivery_id, DeliveryStatus.FAILED, refusal.gateway, None, nothing, refund=spoilt
            )
        return unknown or refusal
