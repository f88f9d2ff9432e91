"""What is asked for from outside: send a code, check a code, redeem a proof.

A send is read here and made in :mod:`uzotp.sending.sender`: reserve what all phones share, open the challenge under
the phone's quotas, call the gateway with no lock of ours held, write down how it ended. A check is one decision of
the store.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from uzotp import events
from uzotp.codes import Devices, Keyring, Tokens, normalise_code, random_id, read_code
from uzotp.errors import CountryNotAllowed, InvalidCode, InvalidProof, UzotpError
from uzotp.phones import Phone
from uzotp.policy import GuardMode, Policy, Purpose
from uzotp.ports.clock import Clock
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.gateway import Gateway
from uzotp.ports.store import Attempt, AttemptStatus, ChallengeState, Store
from uzotp.privacy import Secret, veiled
from uzotp.results import Challenge, Delivery, Verification, utc
from uzotp.rules import devices
from uzotp.sending.admission import FOREIGN, code_length, seconds
from uzotp.sending.balances import Balances
from uzotp.sending.core import Core, Risk, SendRequest, ShouldSend
from uzotp.sending.counters import Journal
from uzotp.sending.router import Router
from uzotp.sending.sender import Sender
from uzotp.sending.spending import Accounts
from uzotp.sms.texts import check_texts
from uzotp.support import Support
from uzotp.tickets import Tickets
from uzotp.upkeep import Upkeep

#: How long a right code is answered alike when it comes again with its key: milliseconds.
AGAIN_MS = 60_000


class Verifier(Support, Tickets, Upkeep):
    """Sends codes to phones and checks them.

    :param gateway: a :class:`~uzotp.ports.gateway.Gateway`: ``DevSMS``, ``Console`` …, or several, in the order of
        use: a ``Router`` or a list.
    :param store: a :class:`~uzotp.ports.store.Store`: ``MemoryStore``, ``SQLStore`` …
    :param secret_keys: oldest first; the newest signs and derives, all verify.
    :param should_send: ``(phone, purpose) -> bool``; ``False`` suppresses a send unnoticed (P9).
    :param risk: ``(phone, purpose, client_ip) -> object``; anything true vetoes a send (``Suspicious``).
    :param clock: anything with ``time()``; given, it rules the store's decisions too.
    :param events: called with each :class:`~uzotp.events.Event`.
    """

    def __init__(
        self,
        gateway: Gateway | Sequence[Gateway],
        store: Store,
        secret_keys: Sequence[str | bytes],
        policy: Policy | None = None,
        *,
        fingerprint_key: str | bytes | None = None,
        should_send: ShouldSend | None = None,
        risk: Risk | None = None,
        clock: Clock | None = None,
        events: events.Listener | None = None,
    ) -> None:
        self.store = store
        self.policy = policy or Policy()
        self.keys = Keyring(secret_keys, fingerprint_key)
        self.should_send = should_send
        self.clock: Clock = clock or time
        self._tokens: dict[str, Tokens] = {}
        self._devices = Devices(self.tokens("device"))
        self.gateway: Gateway = gateway if isinstance(gateway, Gateway) else Router(gateway)
        self.router = self.gateway if isinstance(self.gateway, Router) else Router([self.gateway])
        #: Counts what is refused, by the day; ``journal.write()`` before the counts are looked at.
        self.journal = Journal(store, self.clock, events)
        parts = (store, self.policy, self.keys, self.router, self.clock, clock is not None)
        self._core = core = Core(*parts, self.journal, self.journal.tallies, should_send, risk)
        self.accounts = Accounts(core)
        self.balances = Balances(self.router.gateways, self.policy.low_balance, self.journal)
        check_texts(core.service_name, self.policy)
        self._sender = Sender(core, self.accounts, self.balances)

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
        device: object = None,
    ) -> Challenge:
        """Send a code, or the pending challenge's code again.

        *client_ip* may be ``None`` (no client quota) and *binding* ``""`` (any browser may finish what this one
        began): both only because the caller says so. *trusted* vouches for the request before the pumping guard, and
        has a share of the phone's quota in reserve. *device* is a :class:`Verification`'s, or several joined by ``~``:
        a device that has proved this number has its quota for itself (P3). Any other text makes an unknown device.

        :raises InvalidPhone, CountryNotAllowed: the number cannot be served.
        :raises Refused: one of its kinds, with ``retry_after`` and ``quota``; nothing was sent.
        :raises GatewayError: the gateway certainly did not send. When nobody knows, this returns a challenge whose
            delivery is ``unknown``: it stays open, for the message may arrive.
        :raises StoreUnavailable: nothing was decided, nothing sent.
        """
        phone, binding, device = veiled(phone), _binding(binding), veiled(device)
        return self._sender.send(self._request(phone, purpose, client_ip, binding, language, trusted, device))

    def send_code_later(
        self,
        phone: object,
        purpose: str,
        *,
        client_ip: str | None,
        binding: str,
        language: str | None = None,
        trusted: bool = False,
        device: object = None,
    ) -> Challenge:
        """As :meth:`send_code`, but answer from the store's decision alone and send in the background.

        The challenge's delivery is ``pending``; :meth:`delivery` tells what becomes of it, and failures are events.
        :class:`~uzotp.errors.GatewayUnavailable` is raised where too many wait already.

        With ``should_send`` set the delivery says ``sent`` whatever becomes of it, and no failure is raised: nobody can
        tell a suppressed send from a real one by the answer or its timing (P9). Where strangers see the answer, this
        is then the call to use: :meth:`send_code` tells them apart when the gateway fails.
        """
        phone, binding, device = veiled(phone), _binding(binding), veiled(device)
        return self._sender.send_later(self._request(phone, purpose, client_ip, binding, language, trusted, device))

    def deliver_code(
        self,
        phone: object,
        code: object,
        purpose: str,
        *,
        client_ip: str | None,
        binding: str,
        language: str | None = None,
        trusted: bool = False,
        device: object = None,
        later: bool = False,
    ) -> Delivery:
        """Send a *code* that somebody else made and will compare: another package's.

        It is subject to all that :meth:`send_code` is, or with *later* all that :meth:`send_code_later` is: quotas,
        budget, guard, failover; it is not stored. *binding* ties the sends of one code to their
        :meth:`confirm_delivered` and :meth:`reject_delivered`.

        :raises InvalidCode: it is not 4 to 8 digits, which is what the gateways' templates take.
        :raises UzotpError: as :meth:`send_code` does.
        """
        phone, code, binding, device = veiled(phone), normalise_code(code), _foreign(binding), veiled(device)
        if not 4 <= len(code) <= 8:
            raise InvalidCode("a code to deliver is 4 to 8 digits")
        request = self._request(phone, purpose, client_ip, binding, language, trusted, device)
        send = self._sender.send_later if later else self._sender.send
        return send(replace(request, foreign_code=code)).delivery

    def _request(
        self,
        phone: Phone | Secret | None,
        purpose: str,
        client_ip: str | None,
        binding: Secret,
        language: str | None,
        trusted: bool,
        device: str | None,
    ) -> SendRequest:
        number, why = self.read_phone(phone), self.read_purpose(purpose)
        proved_at = self._devices.proved_at_ms(device, self.keys.fingerprint(number)) if device else None
        return SendRequest(number, why, client_ip, binding, language, trusted, proved_at)

    def objections_to_send(self, phone: object, purpose: str, *, language: str | None = None) -> list[UzotpError]:
        """Why no message would go to *phone* now, whoever asked: no gateway sends there, sending is paused, every
        gateway refuses its service name, the day's money has no room for what this message may cost.

        Nothing is reserved or charged; quotas and the guard are not looked at, nor is ``TEST_NUMBERS``.

        :raises InvalidPhone, CountryNotAllowed: the number cannot be served. :raises StoreUnavailable: nobody knows.
        """
        phone = veiled(phone)
        request = SendRequest(self.read_phone(phone), self.read_purpose(purpose), None, Secret(), language)
        return self._sender.admission.objections(request)

    def close(self) -> None:
        """Wait for the sends in the background; nothing can be sent later after this."""
        self._sender.background.close()
        self.journal.write()

    def tokens(self, kind: str) -> Tokens:
        """Signed, timed tokens of one kind, made with this verifier's keys and clock."""
        if kind not in self._tokens:
            self._tokens[kind] = Tokens(self.keys.token_keys(kind), self.clock)
        return self._tokens[kind]

    def read_phone(self, phone: object) -> Phone:
        """Parse *phone* and check its country. :raises InvalidPhone, CountryNotAllowed:."""
        phone = veiled(phone)
        parsed = self.policy.read_phone(phone)
        if not self.policy.allows(parsed):
            raise CountryNotAllowed(parsed.country)
        return parsed

    def read_purpose(self, purpose: str) -> Purpose:
        """:raises ValueError: for a purpose that is none, or that ``PURPOSES`` leaves out."""
        known = Purpose(purpose)
        if known not in self.policy.purposes:
            raise ValueError(f"the purpose {known} is switched off by PURPOSES")
        return known

    # ------------------------------------------------------------------------------------------------ verify

    def verify_code(
        self, phone: object, code: object, purpose: str, *, binding: str, key: str | None = None
    ) -> Verification:
        """Check what a person typed or pasted. One attempt is charged and committed before the answer is known (P3).
        What cannot be a code, for it has no ``CODE_LENGTH`` digits, is ``wrong_code`` and costs none.

        *key*, 128 random bits or more of the caller's own, is for answers that get lost: who submits the same right
        code with the same key within a minute gets the same answer again, and the same proof.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nothing was decided.
        """
        phone, typed, key = veiled(phone), veiled(code), veiled(key)
        code = read_code(typed, self.policy.code_length)
        if not code:
            number = self.policy.read_phone(phone)
            state = self._state(number, self.read_purpose(purpose), _binding(binding))
            if state is None or not state.open:
                return Verification(AttemptStatus.EXPIRED, number)
            code = read_code(typed, code_length(state.key_id, self.policy))  # the settings may have changed since
            if not code:
                left = max(0, self.policy.max_attempts - state.attempts)
                return Verification(AttemptStatus.WRONG_CODE if left else AttemptStatus.TOO_MANY_ATTEMPTS, number, left)
        return self._check(phone, code, purpose, _binding(binding), key)

    def confirm_delivered(self, phone: object, purpose: str, *, binding: str) -> Verification:
        """Say that whoever compares a code of :meth:`deliver_code` has found it right: the guard counts it as verified,
        and there is a proof. Once for each, and while a code of ours would be accepted; ``expired`` or
        ``too_many_attempts`` otherwise, and then it should count as wrong.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nothing was decided.
        """
        phone = veiled(phone)
        return self._check(phone, FOREIGN, purpose, _foreign(binding))

    def reject_delivered(self, phone: object, purpose: str, *, binding: str) -> Verification:
        """Say that what was typed for a code of :meth:`deliver_code` is wrong: a try less, and a miss of that number,
        as for a code of ours. Who says so each time, and lets in only on a :meth:`confirm_delivered` that is true,
        bounds guesses as uzotp does (P3).

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nothing was decided.
        """
        phone = veiled(phone)
        return self._check(phone, Secret(), purpose, _foreign(binding))

    def _check(
        self, phone: Phone | Secret | None, code: Secret, purpose: str, binding: Secret, key: str | None = None
    ) -> Verification:
        number, why = self.policy.read_phone(phone), self.read_purpose(purpose)
        handle = self.keys.handle(number, why, binding)
        proof_id = self.keys.proof_id(key, handle, code) if key else random_id()
        guarded = self.policy.guard != GuardMode.OFF and not self._core.test_number(number)
        attempt = Attempt(
            handle=handle,
            fingerprint=self.keys.fingerprint(number),
            purpose=why,
            digests=self.keys.digests(number, why, binding, code),
            proof_id=proof_id,
            proof_ttl_ms=self.policy.proof_ttl * 1000,
            max_attempts=self.policy.max_attempts,
            failure_limits=self.policy.failure_limits,
            now=self._core.now(),
        )
        checked = self.store.check(attempt)
        if key and checked.status is AttemptStatus.EXPIRED:
            again = self._again(attempt, number)
            if again:
                return again
        if checked.status is not AttemptStatus.VERIFIED:
            self._core.emit(events.CodeRejected(number, why, checked.status.value, checked.attempts_left))
            locked = devices.locked(checked.failures, self.policy.failure_limits)
            if locked:
                self._core.emit(events.PhoneLocked(number, why, f"failures {locked[0]}", seconds(locked[1])))
            return Verification(checked.status, number, checked.attempts_left)
        self._core.emit(events.CodeVerified(number, why))
        at_ms = int(self.clock.time() * 1000)
        if checked.delivery:
            at_ms = checked.delivery.at_ms
            tallies, sends = self._core.tallies, checked.sends if guarded else 0
            tallies.verified(checked.delivery, number.prefix, number.country, sends)
            tallies.write_if_due()
        return self._verified(attempt, number, checked.attempts_left, at_ms)

    def _verified(self, attempt: Attempt, number: Phone, attempts_left: int, at_ms: int) -> Verification:
        """The answer to a right code that was accepted at this moment."""
        payload = {"id": attempt.proof_id, "of": attempt.handle, "phone": number, "purpose": attempt.purpose.value}
        proof = Secret(self.tokens("proof").dump(payload, at_ms / 1000))
        device = self._devices.token(attempt.fingerprint, at_ms)
        return Verification(AttemptStatus.VERIFIED, number, attempts_left, proof=proof, device=device)

    def _again(self, attempt: Attempt, number: Phone) -> Verification | None:
        """The answer to this very submission, code and key, that was given less than a minute ago."""
        state = self.store.state(attempt.fingerprint, attempt.handle, attempt.purpose, attempt.now)
        over = state.proofs.get(attempt.proof_id) if state else None
        if state is None or over is None or not state.at_ms < min(over, over - attempt.proof_ttl_ms + AGAIN_MS):
            return None
        left = max(0, attempt.max_attempts - state.attempts)
        return self._verified(attempt, number, left, over - attempt.proof_ttl_ms)

    def pending(self, phone: object, purpose: str, *, binding: str) -> Challenge | None:
        """The challenge of these three whose code is out and may still be accepted, as :meth:`send_code` gave it: after
        a lost answer, say. ``None`` without one. Nothing is sent or charged.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nobody knows.
        """
        phone, binding = veiled(phone), _binding(binding)
        number, why = self.policy.read_phone(phone), self.read_purpose(purpose)
        state = self._state(number, why, binding)
        if state is None or not state.open or not state.attempts < self.policy.max_attempts:
            return None
        record = self.delivery(number, why, binding=binding)
        if record is None or not state.sends:  # every copy of the message certainly failed
            return None
        status = record.status if self.should_send is None else DeliveryStatus.SENT
        delivery = Delivery(record.id, status, record.gateway or self.router.name)
        ends = utc(state.expires_at_ms), utc(state.resend_at_ms)
        left = self.policy.max_attempts - state.attempts
        return Challenge(number, why, self.policy.code_length, *ends, state.sends, left, delivery)

    def _state(self, phone: Phone, purpose: Purpose, binding: str) -> ChallengeState | None:
        handle = self.keys.handle(phone, purpose, binding)
        return self.store.state(self.keys.fingerprint(phone), handle, purpose, self._core.now())

    def redeem(self, proof: object, purpose: str) -> Phone:
        """Exchange a proof for the phone it speaks of: once, for its own purpose, in ``PROOF_TTL`` seconds.

        :raises InvalidProof: whatever is wrong with it.
        """
        proof = veiled(proof)
        phone, proof_id, handle = self._open_proof(proof, purpose)
        if not self.store.redeem(handle, self.keys.fingerprint(phone), proof_id, self._core.now()):
            raise InvalidProof
        return phone

    def read_proof(self, proof: object, purpose: str) -> Phone:
        """The phone that a proof speaks of. Nothing is spent and no store is asked, so somebody may have spent it:
        :meth:`redeem` it before you do anything for its bearer.

        :raises InvalidProof: it is forged, outlived or for another purpose.
        """
        proof = veiled(proof)
        return self._open_proof(proof, purpose)[0]

    def _open_proof(self, proof: Phone | Secret | None, purpose: str) -> tuple[Phone, str, str]:
        why = self.read_purpose(purpose)
        payload = self.tokens("proof").load(proof, self.policy.proof_ttl)
        if payload is None or payload["purpose"] != why.value or "of" not in payload:
            del payload  # it holds the number in clear, and a traceback shows locals (R43)
            raise InvalidProof
        return Phone.parse(payload.pop("phone")), payload["id"], payload["of"]

    # ---------------------------------------------------------------------------------------------- delivery

    def delivery(self, phone: Phone, purpose: str, *, binding: str) -> DeliveryRecord | None:
        """The newest delivery of a challenge, while the store keeps it."""
        handle = self.keys.handle(phone, Purpose(purpose), binding)
        return self.store.delivery(self.keys.fingerprint(phone), handle, self._core.now())


def _binding(binding: str) -> Secret:
    if not isinstance(binding, str):
        raise TypeError("binding is text: 128 random bits or more, or an empty one to bind to nothing")
    return Secret(binding)


def _foreign(binding: str) -> Secret:
    """A binding that no code of ours has, for no browser or app is given a NUL: the two never meet in one challenge."""
    return Secret("\0given " + _binding(binding))
