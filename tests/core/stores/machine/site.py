"""One example of the machine: a site with its verifier, the oracle beside it, and how their answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.core.stores.machine import visitors
from tests.core.stores.machine.arena import Arena
from tests.core.stores.machine.books import day_number, part
from tests.core.stores.machine.gateway import BASE_URL, Crash, Fate, Operator, Witness
from tests.core.stores.machine.oracle import LENGTH, Answer, Oracle, Rules, Who, kind_of
from uzotp.errors import GatewayError, InvalidProof, Refused, StoreUnavailable
from uzotp.phones import Phone
from uzotp.policy import Policy
from uzotp.ports.gateway import Message
from uzotp.results import Challenge, Verification
from uzotp.testing.clock import FakeClock
from uzotp.verification import Verifier


class Site(RuleBasedStateMachine):
    """Every step asks the oracle and the verifier the same: their answers must be equal, to the second and the try."""

    #: The run that this example is part of.
    arena: ClassVar[Arena]

    @initialize(rules=visitors.rules)
    def opens(self, rules: Rules) -> None:
        self.rules, self.oracle = rules, Oracle(rules, ["key 1"])
        self.now = self.arena.begin()
        self.serial = self.arena.examples
        self.clock = FakeClock(0)
        self.pass_time(0)
        self.store = Witness(self.arena.store)
        self.gateways = [Operator(name, price, self._look) for name, price in rules.prices]
        self.last = Who(visitors.PHONES[0], "login", "browser 1")
        self._strangers = 0
        self.proofs: list[Any] = []
        self.messages: list[tuple[str, Message]] = []
        #: Each code that somebody was sent; and when each phone was sent something that may have arrived.
        self.codes: dict[Who, list[str]] = {}
        self.sent: dict[str, list[tuple[int, str]]] = {}
        #: The token of a device that has proved a phone, and when it did.
        self.devices: dict[str, tuple[str, int]] = {}
        #: Whose message may leave, and what must be spent by then.
        self._leaving: tuple[Who, int] | None = None
        self._unrecorded: list[str] = []
        self._days = {day_number(self.now)}
        self.starts()

    def starts(self) -> None:
        """Another process, with the keys and the limits of now."""
        rules = self.rules
        policy = Policy(
            code_length=LENGTH, ttl=rules.ttl, max_attempts=self.oracle.attempts, resend_after=rules.ladder,
            phone_quota=rules.phone, client_quota=rules.client, max_failures=rules.failures,
            countries=("UZ", "KZ"), proof_ttl=rules.proof_ttl, daily_budget=rules.budget, guard=rules.guard,
            guard_floor=rules.floors, guard_ratio=rules.ratio, deadline=120, callback_base_url=BASE_URL,
        )  # fmt: skip
        self.verifier = Verifier(
            self.gateways, self.store, self.oracle.keys, policy,
            fingerprint_key=f"{self.arena.name}, example {self.serial}", clock=self.clock,
        )  # fmt: skip

    def teardown(self) -> None:
        if not hasattr(self, "verifier"):
            return
        try:
            for day in sorted(self._days):
                self._check_money(day)
        finally:
            for switch in self.arena.store.switches():
                self.arena.store.switch_off(switch.name)
            self.verifier.close()
            self.arena.end(self.now)

    def pass_time(self, ms: int) -> None:
        self.now += max(0, ms)
        self.clock.set((self.now + 0.5) / 1000)  # half a millisecond more, so that no rounding makes it one less

    # ------------------------------------------------------------------------------------------------------- comparing

    def demand(self, agreed: bool, disagreement: str) -> None:
        if not agreed:
            self.arena.found.append(disagreement)
            raise AssertionError(disagreement)

    def agree(self, step: str, wanted: Callable[[Oracle], Answer], call: Callable[[], Answer]) -> Answer:
        expected = _crashing(partial(wanted, self.oracle))
        answer = _crashing(call)
        self.oracle.crash = self.store.crash_after = None
        self.count(step, answer)
        self.demand(answer == expected, f"{step}: {answer}, by the oracle {expected}")
        return answer

    def count(self, step: str, *answers: Answer) -> None:
        self.arena.steps[step] += 1
        for answer in answers:
            self.arena.answers[str(answer[1] if answer[0] in ("refused", "failed", "sent") else answer[0])] += 1

    @invariant()
    def money_is_the_oracles(self) -> None:
        if hasattr(self, "verifier"):
            self._check_money(day_number(self.now))

    def _check_money(self, day: int) -> None:
        spent, wanted = self.arena.store.money_used(date_of(day)), self.oracle.money.money_used(day)
        self.demand(spent == wanted, f"{spent} so'm are reserved and spent, by the oracle {wanted}")

    # -------------------------------------------------------------------------------------------------------- to send

    def send(
        self,
        step: str,
        who: Who,
        client: str | None,
        trusted: bool,
        fates: Sequence[Fate],
        typed: int = 0,
        device: str | None = None,
    ) -> Answer:
        """*device* is the phone of whose device asks, if one is known."""
        token, proved_at = self.devices.get(device or "", (None, None))
        told = {gateway.name: fate for gateway, fate in zip(self.gateways, fates, strict=False)}
        for gateway in self.gateways:
            gateway.fate = told[gateway.name]
        before = len(self.messages)
        self.expect_sends(who)
        self._leaving = who, self.oracle.money.money_used(day_number(self.now)) + self.rules.dearest
        answer = self.agree(
            step,
            lambda oracle: oracle.send(
                self.now, who, visitors.CLIENTS[client], trusted, told, proved_at if device == who.phone else None
            ),
            partial(self.ask, who, client, trusted, typed, token),
        )
        self._leaving = None
        self._check_messages(who, self.messages[before:], answer)
        return answer

    def expect_sends(self, who: Who) -> None:
        """Somebody is about to ask. A gateway that failed often is not left out: that is another matter's test."""
        self.last = who
        self._days.add(day_number(self.now))
        for breaker in self.verifier.router.breakers.values():
            breaker.note(True)

    def ask(self, who: Who, client: str | None, trusted: bool, typed: int = 0, device: str | None = None) -> Answer:
        notations = visitors.notations(who.phone)
        phone, (_, purpose, binding) = notations[typed % len(notations)], who
        rest: dict[str, Any] = {"client_ip": client, "trusted": trusted, "device": device}
        return told(lambda: self.verifier.send_code(phone, purpose, binding=binding, **rest))

    def record(self, who: Who) -> Any:
        """The newest delivery, by the verifier."""
        return self.verifier.delivery(Phone.parse(who.phone), who.purpose, binding=who.binding)

    def _look(self, gateway: str, message: Message) -> None:
        """A message leaves: by now its delivery and its money are written down (P6, R45)."""
        self.messages.append((gateway, message))
        if self._leaving is not None:
            who, money = self._leaving
            record = self.record(who)
            if record is None or record.created_at_ms != self.now:
                self._unrecorded.append("a message left without a delivery")
            if self.rules.budget is not None and self.arena.store.money_used(date_of(day_number(self.now))) < money:
                self._unrecorded.append("a message left without a reservation")

    def _check_messages(self, who: Who, messages: list[tuple[str, Message]], answer: Answer) -> None:
        self.demand(not self._unrecorded, f"{self._unrecorded}")
        names = [name for name, _ in messages]
        self.demand(names == self.oracle.left, f"messages by {names}, by the oracle {self.oracle.left}")
        for _, message in messages:
            self.learn(who, message)
        if answer[0] == "sent" or (messages and answer[0] == "crashed"):
            self.check_windows(who.phone)
        if answer[0] in ("sent", "failed"):
            self.check_delivery(who)

    def check_delivery(self, who: Who) -> None:
        record, newest = self.record(who), self.oracle.pending[who].newest
        found = (record.status.value, record.gateway) if record else None
        wanted = (newest.status, newest.gateway)
        self.demand(found == wanted, f"the delivery is {found}, by the oracle {wanted}")

    def learn(self, who: Who, message: Message) -> None:
        """A resend's code is the code; another challenge's is one that was never sent to this one before."""
        pending, code = self.oracle.pending[who], str(message.code)
        self.demand((message.phone, message.purpose) == (who.phone, who.purpose), "a message to somebody else")
        self.demand(len(code) == 8 and code in (message.text or ""), "a message without its code")
        if pending.code is None:
            self.demand(code not in self.codes.setdefault(who, []), "another challenge with the same code")
            self.codes[who].append(code)
            pending.code = code
        self.demand(code == pending.code, "a resend with another code")

    def check_windows(self, phone: str, sends: int = 1) -> None:
        """By what the verifier answered: never more than the quota in any window (P5), of each kind of asker."""
        sent = self.sent.setdefault(phone, [])
        sent += [(self.now, kind_of(each.way)) for each in self.oracle.line(phone).sends[-sends:]]
        for kind in ("unknown", "known", "vouched"):
            for quota in part(self.rules.phone, 5 if kind == "vouched" else 1):
                inside = sum(at > self.now - quota.window and of == kind for at, of in sent)
                self.demand(inside <= quota.count, f"{inside} sends, and the quota is {quota.name}")

    # ------------------------------------------------------------------------------------------------------- to guess

    def guess(self, step: str, who: Who, typed: object, meant: str) -> Answer:
        return self.agree(step, lambda oracle: oracle.verify(self.now, who, meant), partial(self.verify, who, typed))

    def verify(self, who: Who, typed: object) -> Answer:
        def check() -> Verification:
            answer = self.verifier.verify_code(who.phone, typed, who.purpose, binding=who.binding)
            if answer.proof:
                self.proofs.append(answer.proof)
                self.devices[who.phone] = str(answer.device), self.now
            return answer

        return told(check)

    def redeem(self, proof: object, purpose: str) -> Answer:
        return told(lambda: self.verifier.redeem(proof, purpose))

    def pick(self, who: Who | None) -> Who:
        """*who*, or somebody whose code is pending, the last who asked before others."""
        pending = self.oracle.pending
        alive = [each for each in (self.last, *reversed(pending)) if each in pending and pending[each].ends > self.now]
        return who or next((each for each in alive if not pending[each].over), self.last)

    def stranger(self) -> Who:
        """Somebody who never came before."""
        self._strangers += 1
        return Who(f"+99893{self.serial % 1000:03d}{self._strangers:04d}", "login", "browser 3")

    def code_of(self, who: Who) -> str:
        pending = self.oracle.pending.get(who)
        return (pending and pending.code) or "12345678"

    def wrong(self, who: Who, number: int = 1) -> str:
        return f"{(int(self.code_of(who)) + number) % 10**8:08d}"


def date_of(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(day)).isoformat()


def _crashing(call: Callable[[], Answer]) -> Answer:
    try:
        return call()
    except Crash:
        return ("crashed",)


def told(call: Callable[[], object]) -> Answer:
    """What a call answers or raises, in the oracle's words."""
    try:
        return _as_answer(call())
    except Refused as error:
        return ("refused", type(error).__name__, error.retry_after, error.quota)
    except GatewayError as error:
        return ("failed", type(error).__name__, error.gateway)
    except (InvalidProof, StoreUnavailable) as error:
        return (type(error).__name__,)


def _as_answer(result: object) -> Answer:
    if isinstance(result, Verification):
        return (result.status.value, result.attempts_left, result.retry_after, result.proof is not None)
    if isinstance(result, Challenge):
        ends, resend_at = (round(each.timestamp() * 1000) for each in (result.expires_at, result.resend_at))
        delivery = (result.delivery.status.value, result.delivery.gateway)
        return ("sent", *delivery, result.sends, result.attempts_left, ends, resend_at)
    return ("redeemed", str(result))
