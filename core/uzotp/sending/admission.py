"""What must be agreed before a message leaves.

The phone's part comes first (its lock, its cooldown, its quota), then what all phones share (the pause, the client, the
guard, the money); what is refused leaves nothing behind (P4).
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

from uzotp import errors, events
from uzotp.codes import KEY_ID, random_id
from uzotp.errors import Refused, StoreUnavailable, UzotpError
from uzotp.policy import GuardMode, Policy, TestNumber
from uzotp.ports.gateway import Message
from uzotp.ports.store import PAUSE, Admitted, GuardRule, OpenChallenge, Refusal, RefusalKind, ReserveGlobal
from uzotp.privacy import Secret
from uzotp.rules import clients, devices
from uzotp.rules.money import exhausted, fits
from uzotp.sending.books import PendingSend
from uzotp.sending.core import Core, SendRequest
from uzotp.sending.refusals import REFUSALS, Refusals
from uzotp.sending.spending import Accounts
from uzotp.sms.texts import compose
from uzotp.tashkent import day_of

#: Marks a challenge whose send was suppressed: no key made its digest, so no code opens it.
_SUPPRESSED = "-"
#: What opens the challenge of a foreign code: nothing that a person types reads like this.
FOREIGN = Secret("given")

#: What stops every visitor is worth a line in the log, once in so many seconds.
_FOR_EVERYBODY = (errors.BudgetExhausted, errors.SendingPaused)
_QUIET = 60.0

#: What refuses everybody is held against nobody's network.
_NOBODY_S_FAULT = (RefusalKind.PAUSED, RefusalKind.BUDGET)

_REFUSALS: dict[RefusalKind, type[Refused]] = {
    RefusalKind.PAUSED: errors.SendingPaused,
    RefusalKind.SUSPICIOUS: errors.Suspicious,
    RefusalKind.BUDGET: errors.BudgetExhausted,
    RefusalKind.COOLDOWN: errors.CooldownActive,
    RefusalKind.RATE_LIMITED: errors.RateLimited,
    RefusalKind.LOCKED: errors.Locked,
}


def code_length(key_id: str, policy: Policy) -> int:
    """How many digits the code of a challenge has that was made by what this mark says: see :meth:`_opening`."""
    digit = key_id[KEY_ID : KEY_ID + 1]
    return int(digit) if digit.isdigit() else policy.code_length


class Admission:
    """Turns a request into a send that the store has agreed to, or refuses it."""

    def __init__(self, core: Core, accounts: Accounts) -> None:
        self._core = core
        self._accounts = accounts
        self._warned = False
        self._quiet_until = 0.0
        self._refusals = Refusals(core.clock)

    def admit(self, request: SendRequest) -> PendingSend:
        """:raises Refused, CountryNotAllowed, StoreUnavailable: and nothing is reserved."""
        core, phone, purpose = self._core, request.phone, request.purpose
        if core.risk and core.risk(phone, purpose, request.client_ip):
            raise self._refused(request, errors.Suspicious(core.policy.resend_after[-1], "risk"))
        suppressed = bool(core.should_send and not core.should_send(phone, purpose))
        test = core.test_number(phone)
        now, asked_at = core.now(), time.monotonic()
        wanted = self._reservation(request, now, test=test is not None)
        network = wanted.network
        unknown = network if not request.trusted and request.device_at_ms is None else None
        if unknown and (wait := self._refusals.wait(unknown)):
            raise self._refused(request, errors.RateLimited(wait, REFUSALS))
        opening = self._opening(request, wanted, suppressed, test)
        admitted = self._ask(wanted, opening)
        self._say_suspicious(request, admitted)
        if isinstance(admitted, Refusal):
            if unknown and admitted.kind not in _NOBODY_S_FAULT:
                self._refusals.refused(unknown)
            raise self._refused(request, _refusal(admitted))
        if network:
            self._refusals.sent(network)
        opened, message = admitted.opened, None
        if opened.mark == devices.KNOWN:
            core.emit(events.DeviceKnown(phone, purpose))
        if not test:
            made_by = core.keys.newest if suppressed else opened.key_id[:KEY_ID]
            code = request.foreign_code or self._code(request, made_by, opened.nonce)
            message = self._message(request, code, core.callback_url(opening.fingerprint, opened.delivery_id))
        if suppressed:  # it was made all the same, or the time of the answer would tell (P9)
            message = None
        about = (request, opening.fingerprint, opening.handle)
        return PendingSend(*about, opened, admitted.reservation, message, suppressed, asked_at)

    def objections(self, request: SendRequest) -> list[UzotpError]:
        """Why a message for this request would be refused now, whoever asks: what stands against every send, the
        worst first. Nothing is reserved or charged."""
        core, now = self._core, int(self._core.clock.time() * 1000)
        try:
            wanted = self._reservation(request, now)
        except errors.CountryNotAllowed as error:
            return [error]
        found: list[UzotpError] = []
        on = {switch.name for switch in core.store.switches()}
        if PAUSE in on:
            found.append(_refusal(Refusal(RefusalKind.PAUSED, "paused", None)))
        blocked = [self._accounts.objection(gateway, on, time.monotonic()) for gateway in core.router.gateways]
        if blocked[0] and all(blocked):
            found.append(blocked[0])
        if wanted.budget is not None and not fits(core.store.money_used(day_of(now)), wanted.amount, wanted.budget):
            found.append(_refusal(exhausted(wanted.budget, now)))
        return found

    def _ask(self, wanted: ReserveGlobal, opening: OpenChallenge) -> Admitted | Refusal:
        store, tallies = self._core.store, self._core.tallies
        if wanted.guard is None:
            return store.admit(wanted, opening)
        wanted = replace(wanted, untallied=tallies.sending(wanted.prefix, wanted.country))
        try:
            answer = store.admit(wanted, opening)
        except StoreUnavailable:
            tallies.not_sent(wanted.country)
            raise
        if isinstance(answer, Refusal):
            tallies.not_sent(wanted.country)
        return answer

    def _reservation(self, request: SendRequest, now: int | None, *, test: bool = False) -> ReserveGlobal:
        """What to ask of the store for all phones together. A *test* number's message costs and proves nothing.

        :raises CountryNotAllowed: no gateway sends there.
        """
        policy, phone = self._core.policy, request.phone
        sample = self._message(request, request.foreign_code or Secret("0" * policy.code_length), None)
        amount = 0 if test else self._accounts.estimate(sample)
        if amount is None:
            raise errors.CountryNotAllowed(phone.country)
        network = self._network(request.client_ip)
        wider = clients.wider_network(network) if network else None
        prefix_floor, country_floor = policy.guard_floors
        rule = GuardRule(
            policy.guard == GuardMode.ENFORCE, request.trusted, prefix_floor, country_floor, policy.guard_ratio
        )
        return ReserveGlobal(
            entry_id=random_id(),
            client=self._core.keys.client(network) if network else None,
            client_limits=policy.client_limits,
            wider=self._core.keys.client(wider) if wider else None,
            wider_limits=policy.wider_limits,
            prefix=phone.prefix,
            country=phone.country,
            guard=None if test or policy.guard == GuardMode.OFF else rule,
            amount=amount,
            budget=None if test else policy.daily_budget,
            switches=self._accounts.switches,
            now=now,
        )

    def _message(self, request: SendRequest, code: Secret, callback_url: str | None) -> Message:
        policy, language = self._core.policy, request.language
        if language not in policy.languages:
            language = policy.languages[0]
        machines = (policy.autofill_host, policy.android_hash)
        text = compose(request.purpose, language, code, self._core.service_name, *machines)
        return Message(request.phone, code, request.purpose, language, Secret(text), callback_url)

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
        self, request: SendRequest, wanted: ReserveGlobal, suppressed: bool, test: TestNumber | None
    ) -> OpenChallenge:
        keys, policy = self._core.keys, self._core.policy
        who, nonce = (request.phone, request.purpose, request.binding), random_id()
        if request.foreign_code:
            code = FOREIGN
        else:
            code = Secret(test.code) if test else self._code(request, keys.newest, nonce)
        digest = keys.digest(keys.newest, *who, code)
        # A challenge is sent again only by what made it: another key (four characters), another length, or a test
        # number's fixed code would make another code, which never verifies.
        made_by = f"{policy.code_length}{'+' if test else ''}"
        origin, live = keys.newest + made_by, frozenset(key + made_by for key in keys.live)
        if suppressed:
            origin, digest, live = _SUPPRESSED, random_id(), live | {_SUPPRESSED}
        return OpenChallenge(
            handle=keys.handle(*who),
            fingerprint=keys.fingerprint(request.phone),
            purpose=request.purpose,
            prefix=request.phone.prefix,
            country=request.phone.country,
            nonce=nonce,
            digest=digest,
            key_id=origin,
            live_keys=live,
            delivery_id=wanted.entry_id,
            ttl_ms=policy.ttl * 1000,
            max_attempts=policy.max_attempts,
            resend_after=policy.resend_after,
            phone_limits=policy.phone_limits,
            failure_limits=policy.failure_limits,
            booked=wanted.amount or None,
            network=devices.mark_of(wanted.network),
            device_at_ms=request.device_at_ms,
            vouched=request.trusted,
            now=wanted.now,
        )

    def _code(self, request: SendRequest, key_id: str, nonce: str) -> Secret:
        who, length = (request.phone, request.purpose, request.binding), self._core.policy.code_length
        return self._core.keys.code(key_id, nonce, *who, length)

    def _refused(self, request: SendRequest, error: Refused) -> Refused:
        reason = type(error).__name__
        self._core.emit(events.SendRefused(request.phone, request.purpose, reason, error.quota, error.retry_after))
        now = self._core.clock.time()
        if isinstance(error, _FOR_EVERYBODY) and now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            events.logger.warning("uzotp: nobody gets a code: %s", error)
        return error

    def _say_suspicious(self, request: SendRequest, answer: Admitted | Refusal) -> None:
        seen = answer.suspicion if isinstance(answer, Refusal) else answer.reservation.suspicion
        if seen is None:
            return
        phone, refused = request.phone, isinstance(answer, Refusal)
        area = phone.prefix if seen.level == "prefix" else phone.country
        saw = (seen.level, area, seen.window, seen.unverified, seen.verified, seen.limit)
        self._core.emit(events.GuardDecision(phone, request.purpose, *saw, request.trusted, refused))


def _refusal(refusal: Refusal) -> Refused:
    wait = refusal.retry_after_ms
    return _REFUSALS[refusal.kind](None if wait is None else seconds(wait), refusal.quota)


def seconds(ms: int) -> int:
    """Milliseconds as whole seconds, rounded up: waiting that long is enough."""
    return math.ceil(ms / 1000)
