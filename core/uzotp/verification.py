"""The one orchestrator: ask for a code, check a code, redeem a proof.

A send is: read the request, reserve what all phones share, open the challenge under the phone's quotas, call the
gateway with no lock of ours held, write down how it ended. A check is one decision of the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial

from uzotp import errors, events, guard
from uzotp.codes import Keyring, Tokens, normalise_code, random_id
from uzotp.errors import GatewayError, InvalidProof, Refused
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose, TestNumber
from uzotp.ports import (
    Attempt,
    AttemptStatus,
    Clock,
    DeliveryRecord,
    DeliveryReport,
    Gateway,
    Message,
    OpenChallenge,
    Opened,
    Refusal,
    ReportingGateway,
    ReserveGlobal,
    Secret,
    Store,
    veiled,
)
from uzotp.results import Challenge, Delivery, Verification
from uzotp.sending import Order, Sender

#: ``should_send(phone, purpose)``: ``False`` suppresses the send, and the visitor cannot tell (P9).
ShouldSend = Callable[[Phone, Purpose], bool]
#: ``risk(phone, purpose, client_ip)``: anything true vetoes the send with ``Suspicious`` (R39).
Risk = Callable[[Phone, Purpose, "str | None"], object]

#: Marks a challenge whose send was suppressed: no key made its digest, so no code opens it.
_SUPPRESSED = "-"

_REFUSALS: dict[str, type[Refused]] = {
    "cooldown": errors.CooldownActive,
    "rate_limited": errors.RateLimited,
    "locked": errors.Locked,
}


class Verifier:
    """Sends codes to phones and checks them.

    :param gateway: a :class:`~uzotp.ports.Gateway`: ``DevSMS``, ``Console`` …
    :param store: a :class:`~uzotp.ports.Store`: ``MemoryStore``, ``SQLStore`` …
    :param secret_keys: oldest first; the newest signs and derives, all verify.
    :param should_send: ``(phone, purpose) -> bool``; ``False`` suppresses a send unnoticed (P9).
    :param risk: ``(phone, purpose, client_ip) -> object``; anything true vetoes a send (``Suspicious``).
    :param clock: anything with ``time()``; given, it rules the store's decisions too.
    :param events: called with each :class:`~uzotp.events.Event`.
    """

    def __init__(
        self,
        gateway: Gateway,
        store: Store,
        secret_keys: Sequence[str | bytes],
        policy: Policy | None = None,
        *,
        fingerprint_key: str | bytes | None = None,
        should_send: ShouldSend | None = None,
        risk: Risk | None = None,
        clock: Clock | None = None,
        events: events.EventSink | None = None,
    ) -> None:
        self.gateway = gateway
        self.store = store
        self.policy = policy or Policy()
        self.keys = Keyring(secret_keys, fingerprint_key)
        self.should_send = should_send
        self.risk = risk
        self.clock: Clock = clock or time
        self._now_of_store: Callable[[], int | None] = (lambda: int(clock.time() * 1000)) if clock else lambda: None
        self._events = events
        self._warned = False
        self._tokens: dict[str, Tokens] = {}
        self._sender = Sender(gateway, store, self.policy, self.clock, self._now_of_store, events)

    # ------------------------------------------------------------------------------------------------- send

    def send_code(
        self,
        phone: object,
        purpose: str,
        *,
        client_ip: str | None,
        binding: str,
        language: str | None = None,
        trusted: bool = False,
    ) -> Challenge:
        """Send a code, or the pending challenge's code again.

        *client_ip* may be ``None`` (no client quota) and *binding* ``""`` (any browser may finish what this one
        began): both only because the caller says so. *trusted* vouches for the request before the pumping guard.

        :raises InvalidPhone, CountryNotAllowed: the number cannot be served.
        :raises Refused: one of its kinds, with ``retry_after`` and ``quota``; nothing was sent.
        :raises GatewayError: the gateway certainly did not send. When nobody knows, this returns a challenge whose
            delivery is ``unknown``: it stays open, for the message may arrive.
        :raises StoreUnavailable: nothing was decided, nothing sent.
        """
        phone, binding = veiled(phone), _binding(binding)
        order, opened = self._reserve(phone, purpose, client_ip, binding, language)
        return self._challenge(order, opened, self._sender.send(order))

    def send_code_later(
        self,
        phone: object,
        purpose: str,
        *,
        client_ip: str | None,
        binding: str,
        language: str | None = None,
        trusted: bool = False,
    ) -> Challenge:
        """As :meth:`send_code`, but answer from the store's decision alone and send in the background.

        The challenge's delivery says ``sent`` whatever becomes of it: nobody can tell a suppressed send from a real
        one by the answer or its timing (P9). Failures are events. Where ``should_send`` is set and strangers see the
        answer, this is the call to use: :meth:`send_code` tells them apart when the gateway fails.
        """
        phone, binding = veiled(phone), _binding(binding)
        order, opened = self._reserve(phone, purpose, client_ip, binding, language)
        return self._challenge(order, opened, self._sender.send_later(order))

    def close(self) -> None:
        """Wait for the sends in the background; nothing can be sent later after this."""
        self._sender.background.shutdown(wait=True)

    def tokens(self, kind: str) -> Tokens:
        """Signed, timed tokens of one kind, made with this verifier's keys and clock."""
        if kind not in self._tokens:
            self._tokens[kind] = Tokens(self.keys.token_keys, kind, self.clock)
        return self._tokens[kind]

    def read_phone(self, phone: object) -> Phone:
        """Parse *phone* and check its country. :raises InvalidPhone, CountryNotAllowed:."""
        phone = veiled(phone)
        parsed = Phone.parse(phone, self.policy.default_region)
        if not self.policy.allows(parsed):
            raise errors.CountryNotAllowed(parsed.country)
        return parsed

    def read_purpose(self, purpose: str) -> Purpose:
        """:raises ValueError: for a purpose that is none, or that ``PURPOSES`` leaves out."""
        known = Purpose(purpose)
        if known not in self.policy.purposes:
            raise ValueError(f"the purpose {known} is switched off by PURPOSES")
        return known

    def _reserve(
        self, raw_phone: object, raw_purpose: str, client_ip: str | None, binding: str, language: str | None
    ) -> tuple[Order, Opened]:
        phone, purpose = self.read_phone(raw_phone), self.read_purpose(raw_purpose)
        if self.risk and self.risk(phone, purpose, client_ip):
            raise self._refused(phone, purpose, errors.Suspicious(self.policy.resend_after[-1], "risk"))
        suppressed = bool(self.should_send and not self.should_send(phone, purpose))
        test = self._test_number(phone)
        now = self._now_of_store()
        network = self._network(client_ip)
        delivery_id = random_id()
        reservation = self.store.reserve(
            ReserveGlobal(
                entry_id=delivery_id,
                client=self.keys.client(network) if network else None,
                client_limits=self.policy.client_limits,
                now=now,
            )
        )
        if isinstance(reservation, Refusal):
            raise self._refused(phone, purpose, _refusal(reservation))
        opened = self.store.open(self._opening(phone, purpose, binding, delivery_id, suppressed, test, now))
        if isinstance(opened, Refusal):
            self.store.release(reservation)
            raise self._refused(phone, purpose, _refusal(opened))
        message = None
        if not suppressed and not test:
            message = self._message(phone, purpose, binding, language, opened)
        fingerprint = self.keys.fingerprint(phone)
        return Order(phone, purpose, fingerprint, delivery_id, opened.expires_at, message, suppressed), opened

    def _message(self, phone: Phone, purpose: Purpose, binding: str, language: str | None, opened: Opened) -> Message:
        code = self._code(phone, purpose, binding, _key_of(opened.key_id), opened.nonce, None)
        if language not in self.policy.languages:
            language = self.policy.languages[0]
        base = self.policy.callback_base_url
        callback = f"{base.rstrip('/')}/callback/{self.keys.delivery_token(opened.delivery_id)}" if base else None
        return Message(phone, code, purpose, language, callback_url=callback)

    def _network(self, client_ip: str | None) -> str | None:
        network = guard.client_network(client_ip)
        if network is None and client_ip is not None and not self._warned:
            self._warned = True
            events.logger.warning(
                "uzotp: requests without a public address have no client quota. That is normal on your own machine; "
                "behind a proxy set TRUSTED_PROXIES (Django) or ProxyFix (Flask)."
            )
        return network

    def _opening(
        self, phone: Phone, purpose: Purpose, binding: str, delivery_id: str, suppressed: bool,
        test: TestNumber | None, now: int | None,
    ) -> OpenChallenge:  # fmt: skip
        keys, policy = self.keys, self.policy
        nonce = random_id()
        code = self._code(phone, purpose, binding, keys.newest, nonce, test)
        digest = keys.digest(keys.newest, phone, purpose, binding, code)
        mark = partial(_mark, length=policy.code_length, test=test is not None)
        origin, live = mark(keys.newest), frozenset(map(mark, keys.live))
        if suppressed:
            origin, digest, live = _SUPPRESSED, random_id(), live | {_SUPPRESSED}
        return OpenChallenge(
            handle=keys.handle(phone, purpose, binding), fingerprint=keys.fingerprint(phone), purpose=purpose,
            prefix=phone.prefix, country=phone.country, nonce=nonce, digest=digest, key_id=origin, live_keys=live,
            delivery_id=delivery_id, ttl_ms=policy.ttl * 1000, max_attempts=policy.max_attempts,
            resend_after=policy.resend_after, phone_limits=policy.phone_limits, failure_limits=policy.failure_limits,
            now=now,
        )  # fmt: skip

    def _code(
        self, phone: Phone, purpose: Purpose, binding: str, key_id: str, nonce: str, test: TestNumber | None
    ) -> Secret:
        if test:
            return Secret(test.code)
        return self.keys.code(key_id, nonce, phone, purpose, binding, self.policy.code_length)

    def _test_number(self, phone: Phone) -> TestNumber | None:
        test = self.policy.test_numbers.get(phone)
        today = datetime.fromtimestamp(self.clock.time(), timezone.utc).date()
        return test if test and today <= test.until else None

    def _refused(self, phone: Phone, purpose: Purpose, error: Refused) -> Refused:
        refused = events.SendRefused(phone, purpose, type(error).__name__, error.quota, error.retry_after)
        events.emit(self._events, refused)
        return error

    def _challenge(self, order: Order, opened: Opened, delivery: Delivery) -> Challenge:
        return Challenge(
            phone=order.phone, purpose=order.purpose, code_length=self.policy.code_length,
            expires_at=_utc(opened.expires_at), resend_at=_utc(opened.resend_at), sends=opened.sends,
            attempts_left=max(0, self.policy.max_attempts - opened.attempts), delivery=delivery,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------ verify

    def verify_code(self, phone: object, code: object, purpose: str, *, binding: str) -> Verification:
        """Check what a person typed. One attempt is charged and committed before the answer is known (P3).

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nothing was decided.
        """
        phone, code = veiled(phone), normalise_code(code)
        binding = _binding(binding)
        number, why = Phone.parse(phone, self.policy.default_region), self.read_purpose(purpose)
        proof_id = random_id()
        attempt = Attempt(
            handle=self.keys.handle(number, why, binding), fingerprint=self.keys.fingerprint(number), purpose=why,
            digests=self.keys.digests(number, why, binding, code), proof_id=proof_id,
            proof_ttl_ms=self.policy.proof_ttl * 1000, max_attempts=self.policy.max_attempts,
            failure_limits=self.policy.failure_limits, now=self._now_of_store(),
        )  # fmt: skip
        spent = self.store.spend(attempt)
        if spent.status is not AttemptStatus.VERIFIED:
            rejected = events.CodeRejected(number, why, spent.status.value, spent.attempts_left)
            events.emit(self._events, rejected)
            return Verification(spent.status, number, spent.attempts_left, _seconds(spent.retry_after_ms))
        events.emit(self._events, events.CodeVerified(number, why))
        proof = Secret(self.tokens("proof").dump({"id": proof_id, "phone": number, "purpose": why.value}))
        return Verification(spent.status, number, spent.attempts_left, proof=proof)

    def redeem(self, proof: object, purpose: str) -> Phone:
        """Exchange a proof for the phone it speaks of: once, for its own purpose, in ``PROOF_TTL`` seconds.

        :raises InvalidProof: whatever is wrong with it.
        """
        proof = veiled(proof)
        why = self.read_purpose(purpose)
        payload = self.tokens("proof").load(proof, self.policy.proof_ttl)
        if payload is None or payload["purpose"] != why.value:
            del payload  # it holds the number in clear, and a traceback shows locals (R43)
            raise InvalidProof
        phone, proof_id = Phone.parse(payload.pop("phone")), payload["id"]
        if not self.store.redeem(self.keys.fingerprint(phone), proof_id, self._now_of_store()):
            raise InvalidProof
        return phone

    # ---------------------------------------------------------------------------------------------- delivery

    def delivery(self, phone: Phone, purpose: str, *, binding: str) -> DeliveryRecord | None:
        """The newest delivery of a challenge, while the store keeps it."""
        handle = self.keys.handle(phone, Purpose(purpose), binding)
        return self.store.delivery(self.keys.fingerprint(phone), handle, self._now_of_store())

    def receive_callback(self, token: str, body: bytes) -> bool:
        """Take a gateway's delivery callback as a hint. ``False`` only for a token that is not ours (P10)."""
        token = Secret(token)
        delivery_id = self.keys.read_delivery_token(token)
        if delivery_id is None:
            return False
        if isinstance(self.gateway, ReportingGateway):
            report = _read_callback(self.gateway, body)
            del body  # it holds the number
            if report is not None:
                self._changed(self.store.record(delivery_id, report, self._now_of_store()))
        return True

    def poll(self, limit: int = 200) -> int:
        """Ask the gateway about deliveries that callbacks missed; returns how many moved (P10).

        A question that fails is left for the next round.
        """
        moved = 0
        if not isinstance(self.gateway, ReportingGateway):
            return moved
        for record in self.store.unfinished(limit, self._now_of_store()):
            try:
                report = self.gateway.status(str(record.gateway_id))
            except Exception as error:  # one that cannot be answered must not keep the others waiting
                why = error if isinstance(error, GatewayError) else type(error).__name__
                events.logger.warning("status of delivery %s: %s", record.id, why)
                continue
            moved += self._changed(self.store.record(record.id, report, self._now_of_store()))
        return moved

    def _changed(self, record: DeliveryRecord | None) -> bool:
        if record is not None:
            events.emit(self._events, events.DeliveryChanged(record.id, record.gateway, record.status.value))
        return record is not None

    def purge(self, keep_deliveries_days: int = 30) -> int:
        """Delete expired challenges, spent proofs, idle counters and old deliveries; returns how many rows (R44)."""
        return self.store.purge(keep_deliveries_days * 86_400_000, self._now_of_store())


def _read_callback(gateway: ReportingGateway, body: bytes) -> DeliveryReport | None:
    try:
        return gateway.parse_callback(body)
    except Exception as error:  # a gateway of somebody else's, and bytes of anybody's
        events.logger.warning("%s could not read a callback: %s", gateway.name, type(error).__name__)
        return None


def _binding(binding: str) -> Secret:
    if not isinstance(binding, str):
        raise TypeError("binding is text: 128 random bits or more, or an empty one to bind to nothing")
    return Secret(binding)


def _mark(key_id: str, *, length: int, test: bool) -> str:
    """What made a code: a key, a length, and whether it is a test number's fixed one.

    A challenge is sent again only by what made it: the code would be another, and never verify.
    """
    return f"{key_id}{length}{'+' if test else ''}"


def _key_of(mark: str) -> str:
    return mark[:4]


def _refusal(refusal: Refusal) -> Refused:
    return _REFUSALS[refusal.kind](_seconds(refusal.retry_after_ms), refusal.quota)


def _seconds(ms: int | None) -> int | None:
    """Milliseconds as whole seconds, rounded up: waiting that long is enough."""
    return None if ms is None else math.ceil(ms / 1000)


def _utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, timezone.utc)
