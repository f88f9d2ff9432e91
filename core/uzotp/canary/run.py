"""The canary: does a real code, sent to a real number, arrive? And how fast, and for how much?

It rents one number, sends a code of yours to it through the configured gateways, and waits for the SMS. It spends
money twice, on the number and on the message, and so it asks for the price first and never rents again by itself.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from uzotp.canary.provider import Rental, Sms
from uzotp.canary.providers import NumberProvider
from uzotp.errors import (
    BudgetExhausted,
    CountryNotAllowed,
    GatewayError,
    OutcomeUnknown,
    SendingPaused,
    ServiceNameRejected,
    UzotpError,
)
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money
from uzotp.ports.store import AttemptStatus
from uzotp.privacy import Secret

if TYPE_CHECKING:
    from uzotp.verification import Verifier

#: Seconds to wait for the SMS at most, and between two questions (V:75); sms-man names none, so they hold there too.
MAX_WAIT = 300.0
POLL = (3.0, 5.0)
#: How many wrong codes from strangers' SMS are tried: each is an attempt on our own challenge (Q60).
MAX_MISSES = 3

#: An SMS older than the rental by this is a former owner's. A day, for its time has no zone: seconds.
_STALE = 86_400

#: What would refuse the code, in a few words.
_OBJECTIONS: dict[type[UzotpError], str] = {
    CountryNotAllowed: "no gateway sends to {country}",
    SendingPaused: "sending is paused",
    ServiceNameRejected: "every gateway refuses the service name, see uzotp unblock",
    BudgetExhausted: "the budget of today is used up",
}

#: ``progress(seconds since the start, what is going on)``. It never holds a whole number or a code.
Progress = Callable[[float, str], None]


@dataclass
class CanaryReport:
    """How a canary ended, filled in while it runs; true only when the code arrived.

    :attr detail: in one sentence what happened.
    :attr phone: masked; ``None`` when no number was rented.
    :attr gateway: who took the message, or refused it last.
    :attr sms_seconds: from the call of ``send_code`` to the SMS in our hands, to the accuracy of the polling.
    :attr number_cost: what the provider says it charged, else its quotation.
    :attr message_cost: what the gateway says it charged.
    :attr balance_before: of the account with the number provider; ``balance_after`` is read when all is over, for
        nobody documents what is refunded. ``None`` when it could not be read.
    :attr notes: what else a person should know.
    """

    ok: bool
    provider: str
    country: str
    detail: str
    phone: str | None = None
    gateway: str | None = None
    delivery_status: DeliveryStatus | None = None
    sms_seconds: float | None = None
    number_cost: Money | None = None
    message_cost: Money | None = None
    balance_before: Money | None = None
    balance_after: Money | None = None
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok


def canary(
    verifier: Verifier,
    provider: NumberProvider,
    *,
    country: str,
    max_price: Decimal,
    purpose: str = "login",
    wait: float = MAX_WAIT,
    poll: float = 4.0,
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress = lambda seconds, text: None,
) -> CanaryReport:
    """Rent a number in *country* (ISO code) for *max_price* at most, and have a code for *purpose* sent to it.

    Whatever happens on the way is in the report, and the number is released, even when the caller is interrupted.
    *max_price* is in the currency of the account with the provider. *wait* and *poll* are seconds; the wait ends with
    the code's life (``TTL``).

    :raises ValueError: for a price, a time or a purpose that cannot be.
    """
    if not Decimal(max_price).is_finite() or max_price <= 0:
        raise ValueError("max_price is an amount of money")
    if not POLL[0] <= poll <= POLL[1] or not poll <= wait <= MAX_WAIT:
        raise ValueError(f"poll is {POLL[0]:g} to {POLL[1]:g} seconds, wait at most {MAX_WAIT:g}")
    verifier.read_purpose(purpose)
    report = CanaryReport(False, provider.name, country.upper(), "")
    _Trial(verifier, provider, purpose, sleep, progress, report).run(max_price, wait, poll)
    return report


class _Stop(Exception):
    """Ends a trial; the text is the report's ``detail``."""


@dataclass(repr=False, eq=False)
class _Trial:
    """One run, and what is known so far."""

    _verifier: Verifier
    _provider: NumberProvider
    _purpose: str
    _sleep: Callable[[float], None]
    _progress: Progress
    _report: CanaryReport
    _step: str = ""
    _binding: Secret = field(default_factory=lambda: Secret(secrets.token_urlsafe(16)))
    _phone: Phone | None = None
    _asked_at: float = 0.0  # for a number
    _seen: set[str] = field(default_factory=set)
    _misses: int = 0

    def __post_init__(self) -> None:
        self._clock = self._verifier.clock
        self._began = self._clock.time()

    def run(self, max_price: Decimal, wait: float, poll: float) -> None:
        report = self._report
        try:
            quote = self._afford(max_price)
            rental = self._rent(quote, max_price)
            try:
                self._deliver(rental, min(wait, self._verifier.policy.ttl), poll)
            finally:
                with self._noting("the number could not be released"):
                    self._provider.release(rental, received=report.ok)
        except _Stop as stop:
            report.detail = str(stop)
        except UzotpError as error:
            report.detail = f"{self._step}: {error}"
        with self._noting("the balance could not be read again"):
            report.balance_after = self._provider.balance() if self._asked_at else None
        with self._noting("what became of the message is not known"):
            if self._phone and (record := self._verifier.delivery(self._phone, self._purpose, binding=self._binding)):
                report.gateway, report.delivery_status = record.gateway or None, record.status
                report.message_cost = record.cost

    def _say(self, step: str) -> None:
        self._step = step
        self._progress(self._clock.time() - self._began, step)

    @contextmanager
    def _noting(self, failure: str) -> Iterator[None]:
        """What fails in here is a note of the report, and no more."""
        try:
            yield
        except UzotpError as error:
            self._report.notes += (f"{failure}: {error}",)

    def _afford(self, max_price: Decimal) -> Money:
        """The price of a number, when all is well that can be known before money is spent."""
        allowed, name, country = self._verifier.policy.countries, self._provider.name, self._report.country
        if allowed != "*" and country not in allowed:
            raise _Stop(f"COUNTRIES does not allow {country}: no code could be sent, so nothing was rented")
        phone = Phone.example(country)  # the number to rent is not known yet: one like it
        for objection in self._verifier.objections_to_send(phone, self._purpose) if phone else ():
            words = next(words for kind, words in _OBJECTIONS.items() if isinstance(objection, kind))
            raise _Stop(f"{words.format(country=country)}: nothing was rented")
        self._say(f"asking {name} for its price")
        price = self._provider.quote(country)
        if price is None:
            raise _Stop(f"{name} has no number in {country} now")
        if not 0 <= price.amount <= max_price:
            raise _Stop(f"a number costs {shown(price)}, more than {max_price}: nothing was rented")
        self._say(f"asking {name} for the balance")
        self._report.balance_before = balance = self._provider.balance()
        if balance.currency == price.currency and balance.amount < price.amount:
            raise _Stop(f"a number costs {shown(price)}, and {name} has {shown(balance)}: nothing was rented")
        return price

    def _rent(self, quote: Money, max_price: Decimal) -> Rental:
        """The one purchase (Q89). After this the number must be released."""
        self._say(f"renting a number for {shown(quote)}")
        self._asked_at = self._clock.time()
        try:
            rental = self._provider.rent(self._report.country)
        except OutcomeUnknown as error:
            raise _Stop(
                f"{error}. The number may be paid for, and it is lost: compare the balances. Nothing more is rented"
            ) from None
        self._report.phone, self._report.number_cost = rental.phone.masked, rental.price or quote
        if rental.price and rental.price != quote:
            above = " and is above your maximum" if rental.price.amount > max_price else ""
            self._report.notes += (f"the number cost {shown(rental.price)}, {shown(quote)} was quoted{above}",)  # Q65
        return rental

    def _deliver(self, rental: Rental, limit: float, poll: float) -> None:
        self._say(f"rented {rental.phone.masked}")
        phone = self._phone = self._verifier.read_phone(rental.phone)
        if sms := self._read(rental):  # before anything was sent: a former owner's (Q60)
            self._seen.add(sms.text)
        self._say("sending a code")
        sent_at = self._clock.time()
        challenge = self._verifier.send_code(
            phone, self._purpose, client_ip=None, binding=self._binding, trusted=True
        )  # the operator's own number: the guard needs no proof of it
        for _ in range(int(limit / poll)):
            if self._clock.time() - sent_at + poll > limit:
                break
            self._say(f"waiting for the SMS ({challenge.delivery.gateway}: {challenge.delivery.status})")
            self._sleep(poll)
            if self._is_ours(self._read(rental), phone, challenge.code_length):
                seconds = self._clock.time() - sent_at
                self._report.ok, self._report.sms_seconds = True, seconds
                self._report.detail = f"the code came after {seconds:.0f} s"
                return
        raise _Stop(f"no SMS with the code came in {limit:.0f} s{self._strangers()}")

    def _read(self, rental: Rental) -> Sms | None:
        """One question; what fails but may work later is as good as "not yet"."""
        try:
            return self._provider.read(rental)
        except GatewayError as error:
            if not error.retryable:
                raise
            return None

    def _is_ours(self, sms: Sms | None, phone: Phone, length: int) -> bool:
        """Whether *sms* holds the code; only the verifier can tell, and each of its answers is an attempt."""
        if sms is None or sms.text in self._seen:
            return False
        self._seen.add(sms.text)
        if sms.received_at and sms.received_at.timestamp() < self._asked_at - _STALE:
            return False
        for candidate in candidates(sms.text, length):
            if self._misses == MAX_MISSES:
                raise _Stop(f"{MAX_MISSES} codes from SMS to this number were wrong{self._strangers()}")
            result = self._verifier.verify_code(phone, candidate, self._purpose, binding=self._binding)
            if result:
                return True
            if result.status is not AttemptStatus.WRONG_CODE:
                raise _Stop(f"an SMS came, but its code could not be checked: {result.status}{self._strangers()}")
            self._misses += 1
        return False

    def _strangers(self) -> str:
        return f"; other SMS at this number: {len(self._seen)}" if self._seen else ""


def candidates(text: str, length: int) -> list[Secret]:
    """The runs of exactly *length* digits in *text*, zeros in front included (Q66), the last first: a code closes
    each of devsms's templates (D:73-76)."""
    runs = re.findall(rf"(?<![0-9])[0-9]{{{length}}}(?![0-9])", text)
    return [Secret(run) for run in reversed(dict.fromkeys(runs))]


def describe(report: CanaryReport) -> list[str]:
    """*report* in lines for a terminal."""
    lines = [f"{'ok' if report.ok else 'FAILED'}: {report.detail}"]
    if report.phone:
        lines.append(f"number: {report.phone} from {report.provider}, {shown(report.number_cost, 'cost unknown')}")
    if report.gateway:
        status = report.delivery_status or DeliveryStatus.UNKNOWN
        lines.append(f"message: {report.gateway}, {status}, {shown(report.message_cost, 'cost unknown')}")
    if report.balance_before:
        before, after = shown(report.balance_before), shown(report.balance_after)
        lines.append(f"balance at {report.provider}: {before} before, {after} after")
    return lines + [f"note: {note}" for note in report.notes]


def shown(money: Money | None, otherwise: str = "unknown") -> str:
    """An amount for people; without a currency where none is stated (WIRE Q78)."""
    return str(money).strip() if money else otherwise
