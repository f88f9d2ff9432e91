"""What must be agreed before a message leaves: the request is read, a place is reserved, the challenge is opened.

The global part comes first (the pause, the client, the guard, the money), then the phone's; a refusal of the second
takes the first back (P4).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from uzotp import errors, events
from uzotp.codes import Keyring, random_id
from uzotp.errors import Refused, StoreUnavailable
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose, TestNumber
from uzotp.ports.clock import Clock
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.gateway import Message
from uzotp.ports.store import (
    GlobalReservation,
    GuardRule,
    OpenChallenge,
    Opened,
    Refusal,
    RefusalKind,
    ReserveGlobal,
    Store,
    Suspicion,
)
from uzotp.privacy import Secret
from uzotp.rules import clients
from uzotp.sending.sender import PendingSend
from uzotp.sending.spending import Accounts
from uzotp.sms.texts import compose

#: ``should_send(phone, purpose)``: ``False`` suppresses the send, and the visitor cannot tell (P9).
ShouldSend = Callable[[Phone, Purpose], bool]
#: ``risk(phone, purpose, client_ip)``: anything true vetoes the send with ``Suspicious`` (R39).
Risk = Callable[[Phone, Purpose, "str | None"], object]

#: Marks a challenge whose send was suppressed: no key made its digest, so no code opens it.
_SUPPRESSED = "-"
#: What opens the challenge of a code that somebody else made: nothing that a person types reads like this.
GIVEN = Secret("given")

#: What stops every visitor is worth a line in the log, once in so many seconds.
_FOR_EVERYBODY = (errors.BudgetExhausted, errors.SendingPaused)
_QUIET = 60.0

_REFUSALS: dict[RefusalKind, type[Refused]] = {
    RefusalKind.PAUSED: errors.SendingPaused,
    RefusalKind.SUSPICIOUS: errors.Suspicious,
    RefusalKind.BUDGET: errors.BudgetExhausted,
    RefusalKind.COOLDOWN: errors.CooldownActive,
    RefusalKind.RATE_LIMITED: errors.RateLimited,
    RefusalKind.LOCKED: errors.Locked,
}


class Admission:
    """Turns a visitor's request into an order that the store has agreed to, or refuses it."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        keys: Keyring,
        accounts: Accounts,
        clock: Clock,
        now: Callable[[], int | None],
        sink: events.Listener | None,
        should_send: ShouldSend | None,
        risk: Risk | None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._keys = keys
        self._accounts = accounts
        self._clock = clock
        self._now = now
        self._sink = sink
        self._should_send = should_send
        self._risk = risk
        self._warned = False
        self._quiet_until = 0.0

    def admit(
        self,
        phone: Phone,
        purpose: Purpose,
        client_ip: str | None,
        binding: str,
        language: str | None,
        trusted: bool,
        given: Secret | None = None,
    ) -> tuple[PendingSend, Opened]:
        """*given* is a code that somebody else made and will check.

        :raises Refused, CountryNotAllowed, StoreUnavailable: and nothing is reserved.
        """
        if self._risk and self._risk(phone, purpose, client_ip):
            raise self._refused(phone, purpose, errors.Suspicious(self._policy.resend_after[-1], "risk"))
        suppressed = bool(self._should_send and not self._should_send(phone, purpose))
        test = self.test_number(phone)
        now, asked_at = self._now(), time.monotonic()
        request = self._request(phone, purpose, client_ip, language, trusted, test, given, now)
        reservation = self._store.reserve(request)
        self._say_suspicious(phone, purpose, trusted, reservation.suspicion, isinstance(reservation, Refusal))
        if isinstance(reservation, Refusal):
            raise self._refused(phone, purpose, _refusal(reservation))
        opening = self._opening(phone, purpose, binding, request.entry_id, suppressed, test, given, now)
        try:
            opened = self._store.open(opening)
        except StoreUnavailable:
            self._release(reservation)
            raise
        if isinstance(opened, Refusal):
            self._release(reservation)
            raise self._refused(phone, purpose, _refusal(opened))
        message = None
        if not suppressed and not test:
            code = given or self._code(phone, purpose, binding, _key_of(opened.key_id), opened.nonce)
            callback_url = self.callback_url(opening.fingerprint, opened.delivery_id)
            message = self._message(phone, purpose, code, language, callback_url)
        order = PendingSend(
            phone=phone,
            purpose=purpose,
            fingerprint=opening.fingerprint,
            handle=opening.handle,
            delivery_id=opened.delivery_id,
            expires_at=opened.expires_at_ms,
            reservation=reservation,
            message=message,
            suppressed=suppressed,
            avoid=_unconfirmed(opened.previous_delivery),
            asked_at=asked_at,
        )
        return order, opened

    def _release(self, reservation: GlobalReservation) -> None:
        try:
            self._store.adjust(reservation, 0, sent=False, free_client=True)
        except StoreUnavailable:  # it stays spent, which is the safe side
            events.logger.error("reservation %s could not be taken back: the store is away", reservation.entry_id)

    def _request(
        self,
        phone: Phone,
        purpose: Purpose,
        client_ip: str | None,
        language: str | None,
        trusted: bool,
        test: TestNumber | None,
        given: Secret | None,
        now: int | None,
    ) -> ReserveGlobal:
        """What to ask of the store for all phones together. A test number's message costs and proves nothing.

        :raises CountryNotAllowed: no gateway sends there.
        """
        policy, network = self._policy, self._network(client_ip)
        sample = self._message(phone, purpose, given or Secret("0" * policy.code_length), language, None)
        amount = 0 if test else self._accounts.estimate(sample)
        if amount is None:
            raise errors.CountryNotAllowed(phone.country)
        prefix_floor, country_floor = policy.guard_floors
        rule = GuardRule(policy.guard == "enforce", trusted, prefix_floor, country_floor, policy.guard_ratio)
        return ReserveGlobal(
            entry_id=random_id(),
            client=self._keys.client(network) if network else None,
            client_limits=policy.client_limits,
            prefix=phone.prefix,
            country=phone.country,
            guard=None if test or policy.guard == "off" else rule,
            amount=amount,
            budget=None if test else policy.daily_budget,
            switches=self._accounts.switches,
            now=now,
        )

    def _message(
        self, phone: Phone, purpose: Purpose, code: Secret, language: str | None, callback_url: str | None
    ) -> Message:
        policy = self._policy
        if language not in policy.languages:
            language = next(iter(policy.languages))
        text = compose(
            purpose,
            language,
            code,
            self._accounts.service_name,
            autofill_host=policy.autofill_host,
            android_hash=policy.android_hash,
        )
        return Message(phone, code, purpose, language, Secret(text), callback_url)

    def callback_url(self, fingerprint: str, delivery_id: str) -> str | None:
        """Where a gateway may report this delivery; ``None`` without ``CALLBACK_BASE_URL``."""
        base = self._policy.callback_base_url
        return f"{base.rstrip('/')}/callback/{self._keys.delivery_token(fingerprint, delivery_id)}" if base else None

    def _network(self, client_ip: str | None) -> str | None:
        network = clients.client_network(client_ip)
        if network is None and client_ip is not None and not self._warned:
            self._warned = True
            events.logger.warning(
                "uzotp: requests without a public address have no client quota. That is normal on your own machine; "
                "behind a proxy set TRUSTED_PROXIES (Django) or ProxyFix (Flask)."
            )
        return network

    def _opening(
        self,
        phone: Phone,
        purpose: Purpose,
        binding: str,
        delivery_id: str,
        suppressed: bool,
        test: TestNumber | None,
        given: Secret | None,
        now: int | None,
    ) -> OpenChallenge:
        keys, policy = self._keys, self._policy
        nonce = random_id()
        if given:
            code = GIVEN
        else:
            code = Secret(test.code) if test else self._code(phone, purpose, binding, keys.newest, nonce)
        digest = keys.digest(keys.newest, phone, purpose, binding, code)
        mark = partial(_mark, length=policy.code_length, test=test is not None)
        origin, live = mark(keys.newest), frozenset(map(mark, keys.live))
        if suppressed:
            origin, digest, live = _SUPPRESSED, random_id(), live | {_SUPPRESSED}
        return OpenChallenge(
            handle=keys.handle(phone, purpose, binding),
            fingerprint=keys.fingerprint(phone),
            purpose=purpose,
            prefix=phone.prefix,
            country=phone.country,
            nonce=nonce,
            digest=digest,
            key_id=origin,
            live_keys=live,
            delivery_id=delivery_id,
            ttl_ms=policy.ttl * 1000,
            max_attempts=policy.max_attempts,
            resend_after=policy.resend_after,
            phone_limits=policy.phone_limits,
            failure_limits=policy.failure_limits,
            now=now,
        )

    def _code(self, phone: Phone, purpose: Purpose, binding: str, key_id: str, nonce: str) -> Secret:
        return self._keys.code(key_id, nonce, phone, purpose, binding, self._policy.code_length)

    def test_number(self, phone: Phone) -> TestNumber | None:
        """The test number that *phone* is today; ``None`` otherwise (R60)."""
        test = self._policy.test_numbers.get(phone)
        today = datetime.fromtimestamp(self._clock.time(), timezone.utc).date()
        return test if test and today <= test.until else None

    def _refused(self, phone: Phone, purpose: Purpose, error: Refused) -> Refused:
        refused = events.SendRefused(phone, purpose, type(error).__name__, error.quota, error.retry_after)
        events.emit(self._sink, refused)
        if isinstance(error, _FOR_EVERYBODY) and self._clock.time() >= self._quiet_until:
            self._quiet_until = self._clock.time() + _QUIET
            events.logger.warning("uzotp: nobody gets a code: %s", error)
        return error

    def _say_suspicious(
        self, phone: Phone, purpose: Purpose, trusted: bool, seen: Suspicion | None, refused: bool
    ) -> None:
        if seen is not None:
            area = phone.prefix if seen.level == "prefix" else phone.country
            decision = events.GuardDecision(
                phone=phone,
                purpose=purpose,
                scope=seen.level,
                area=area,
                window=seen.window,
                unverified=seen.unverified,
                verified=seen.verified,
                limit=seen.limit,
                trusted=trusted,
                refused=refused,
            )
            events.emit(self._sink, decision)


def _unconfirmed(before: DeliveryRecord | None) -> str:
    """The gateway of a message that nobody confirmed: a person's resend had better go another way (P7)."""
    return before.gateway if before and before.status is not DeliveryStatus.DELIVERED else ""


def _mark(key_id: str, *, length: int, test: bool) -> str:
    """What made a code: a key, a length, and whether it is a test number's fixed one.

    A challenge is sent again only by what made it: the code would be another, and never verify.
    """
    return f"{key_id}{length}{'+' if test else ''}"


def _key_of(mark: str) -> str:
    return mark[:4]


def _refusal(refusal: Refusal) -> Refused:
    return _REFUSALS[refusal.kind](seconds(refusal.retry_after_ms), refusal.quota)


def seconds(ms: int | None) -> int | None:
    """Milliseconds as whole seconds, rounded up: waiting that long is enough."""
    return None if ms is None else math.ceil(ms / 1000)
