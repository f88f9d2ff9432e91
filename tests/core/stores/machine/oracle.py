"""What uzotp promises, in plain Python: one process, no locks, everything kept for ever and added up when asked.

Each method takes a request as a visitor makes it, changes the books, and returns the exact answer that the verifier
owes. It knows nothing of how a store keeps things; it follows the contract's words (P2, P3, P5 to P8; R5, R8, R16 ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.core.stores.machine.books import (
    HOUR,
    SECOND,
    Money,
    Pumping,
    Reservation,
    closed,
    part,
    quotas,
    room,
    to_midnight,
)
from tests.core.stores.machine.gateway import Crash, Fate

Answer = tuple[Any, ...]

#: From its first message a challenge lives ten minutes at most, and in the last of them it is not sent again.
LIFE, LAST_RESEND = 600 * SECOND, 540 * SECOND
#: Digits of a code: what has more or fewer is none.
LENGTH = 8
_RANK = {"pending": 0, "unknown": 1, "sent": 2, "delivered": 3, "failed": 3}


@dataclass(frozen=True)
class Rules:
    """One site's settings, as text and numbers; ``prices`` are so'm by gateway, in the order of use."""

    ladder: tuple[int, ...]
    phone: str
    client: str
    failures: str
    attempts: int
    ttl: int
    budget: int | None
    guard: str
    floors: tuple[int, int]
    ratio: float
    prices: tuple[tuple[str, int], ...]
    proof_ttl: int = 600

    @property
    def dearest(self) -> int:
        """What a message may cost: reserved before anybody knows which gateway takes it (P6)."""
        return max(price for _, price in self.prices)


class Who(NamedTuple):
    """Whose code: the key of a challenge."""

    phone: str
    purpose: str
    binding: str

    @property
    def home(self) -> bool:
        return self.phone.startswith("+998")

    @property
    def places(self) -> tuple[str, str]:
        """What the guard counts by: the number without its last four digits, and the country."""
        return self.phone[:-4], "UZ" if self.home else "KZ"


@dataclass(eq=False)
class Delivery:
    """One copy of a message: when it was asked for and in whose place, where it stands, and who took it."""

    at: int
    way: str = ""
    status: str = "pending"
    gateway: str = ""

    def move(self, status: str) -> bool:
        forward = _RANK[status] > _RANK[self.status]
        if forward:
            self.status = status
        return forward


@dataclass(eq=False)
class Pending:
    """A challenge. ``code`` is ``None`` until its message was seen; it is ``over`` once it was used or voided."""

    key: str
    began: int
    newest: Delivery
    way: str = ""
    ends: int = 0
    code: str | None = None
    attempts: int = 0
    sends: int = 0
    over: bool = False


@dataclass(eq=False)
class Proof:
    who: Who
    key: str
    ends: int
    spent: bool = False


@dataclass(eq=False)
class Line:
    """What is known of a number: its sends, its misses and in whose place they were, the ends of its cooldowns, and
    when it knew no device any more."""

    sends: list[Delivery] = field(default_factory=list)
    misses: list[tuple[int, str]] = field(default_factory=list)
    quiet_until: dict[str, int] = field(default_factory=dict)
    revoked_at: int = -1


@dataclass(eq=False)
class _Copy:
    delivery: Delivery
    held: Reservation
    first: bool


class Oracle:
    """*keys* are oldest first. ``crash`` names the decision after which the process dies, once."""

    def __init__(self, rules: Rules, keys: Sequence[str]) -> None:
        self.rules = rules
        self.keys = list(keys)
        self.attempts = rules.attempts
        self.lines: dict[str, Line] = {}
        self.clients: dict[str, list[int]] = {}
        self.pending: dict[Who, Pending] = {}
        self.money = Money(rules.budget)
        self.pumping = Pumping(rules.floors, rules.ratio)
        self.proofs: list[Proof] = []
        self.paused = False
        self.refused_names: set[str] = set()
        self.crash: str | None = None
        #: Which gateways the last send went to, in turn.
        self.left: list[str] = []

    def line(self, phone: str) -> Line:
        return self.lines.setdefault(phone, Line())

    def _done(self, decision: str) -> None:
        if self.crash == decision:
            self.crash = None
            raise Crash

    # ------------------------------------------------------------------------------------------------- sending

    def send(
        self,
        now: int,
        who: Who,
        client: str | None,
        trusted: bool,
        fates: dict[str, Fate],
        proved_at: int | None = None,
    ) -> Answer:
        """*proved_at* is when the asking device proved this very number."""
        self.left = []
        held = Reservation(now, self.rules.dearest, who.places)
        way = self._way(now, who, client, trusted, proved_at)
        refusal = way if isinstance(way, tuple) else self._refused_for_all(now, who, client, trusted, held.amount)
        if refusal is not None:
            self._done("admit")
            return refusal
        self._reserve(held, client)
        assert isinstance(way, str)
        delivery, avoid = self._open(now, who, way)
        opened, quiet_until = self.pending[who], self.line(who.phone).quiet_until[kind_of(way)]
        told = (opened.sends, max(0, self.attempts - opened.attempts), opened.ends, quiet_until)
        self._done("admit")
        answer = self._hand_over(now, who, _Copy(delivery, held, True), avoid, fates)
        return (*answer, *told) if answer[0] == "sent" else answer

    def _refused_for_all(self, now: int, who: Who, client: str | None, trusted: bool, amount: int) -> Answer | None:
        if self.paused:
            return ("refused", "SendingPaused", None, "paused")
        full = closed(self.clients.get(client, []), quotas(self.rules.client), now) if client else None
        if full:
            return ("refused", "RateLimited", _seconds(full[0]), f"client {full[1]}")
        seen = self.pumping.closed(who.places, now) if self.rules.guard == "enforce" and not trusted else None
        if seen:
            return ("refused", "Suspicious", _seconds(seen[0]), seen[1])
        if amount > self.money.left(now):
            return ("refused", "BudgetExhausted", _seconds(to_midnight(now)), f"budget {self.rules.budget}/day")
        return None

    def _way(self, now: int, who: Who, client: str | None, trusted: bool, proved_at: int | None) -> str | Answer:
        """In whose place this send is, or why it is in nobody's: ``known``, ``from`` and the network, ``vouched``. Of
        several that are full the soonest is told, and a cooldown is not gone around."""
        known = proved_at is not None and proved_at > self.line(who.phone).revoked_at
        refused: list[tuple[int, Answer]] = []
        for way in ["known"] * known + [f"from {client}"] + ["vouched"] * trusted:
            wait, answer = self._refused_for_phone(now, who, way, client)
            if answer is None:
                return way
            refused.append((wait, answer))
            if answer[1] == "CooldownActive":
                break
        return min(refused, key=lambda each: each[0])[1]

    def _refused_for_phone(self, now: int, who: Who, way: str, client: str | None) -> tuple[int, Answer | None]:
        line = self.line(who.phone)
        locked = self._full(line.misses, self.rules.failures, way, client, now)
        if locked:
            return locked[0], ("refused", "Locked", _seconds(locked[0]), f"failures {locked[1]}")
        wait = line.quiet_until.get(kind_of(way), 0) - now
        if wait > 0:
            return wait, ("refused", "CooldownActive", _seconds(wait), "cooldown")
        full = self._full([(each.at, each.way) for each in line.sends], self.rules.phone, way, client, now)
        if full:
            return full[0], ("refused", "RateLimited", _seconds(full[0]), f"phone {full[1]}")
        return 0, None

    def _full(
        self, entries: list[tuple[int, str]], text: str, way: str, client: str | None, now: int
    ) -> tuple[int, str] | None:
        """Of the limits *text* what one more would break, of all who share it."""
        alike = [at for at, of in entries if kind_of(of) == kind_of(way)]
        if way == "known":
            found = [(closed(alike, quotas(text), now), " of known devices")]
        elif way == "vouched":
            found = [(closed(alike, part(text, 5), now), " of vouched for")]
        else:
            found = [(closed(alike, quotas(text), now), "")]
            if client:
                of_one = [at for at, of in entries if of == way]
                found.append((closed(of_one, part(text, 2), now), " of one network"))
        waits = [(each[0], each[1] + word) for each, word in found if each]
        return max(waits, key=lambda each: each[0], default=None)

    def _reserve(self, held: Reservation, client: str | None) -> None:
        if client:
            self.clients.setdefault(client, []).append(held.at)
        if self.rules.guard != "off":
            self.pumping.sends.append(held)
        self._reserve_money(held)

    def _reserve_money(self, held: Reservation) -> None:
        if self.rules.budget is not None:
            assert held.amount <= self.money.left(held.at), "the oracle itself passed the budget"
            self.money.entries.append(held)

    def _uncount(self, held: Reservation) -> None:
        if held in self.pumping.sends:
            self.pumping.sends.remove(held)

    def _open(self, now: int, who: Who, way: str) -> tuple[Delivery, str]:
        """The delivery of this send, and the gateway that is to be asked last."""
        line, rules, kind = self.line(who.phone), self.rules, kind_of(way)
        recent = sum(each.at > now - HOUR and kind_of(each.way) == kind for each in line.sends)
        line.quiet_until[kind] = now + rules.ladder[min(recent, len(rules.ladder) - 1)] * SECOND
        delivery = Delivery(now, way)
        line.sends.append(delivery)
        pending = self.pending.get(who)
        if pending is None or not self.sent_again(now, pending):
            pending = self.pending[who] = Pending(self.keys[-1], now, delivery)
        if pending.key not in self.keys:  # nobody can make its code again: another code, the same tries
            pending.key, pending.code = self.keys[-1], None
        pending.ends = min(now + rules.ttl * SECOND, pending.began + LIFE)
        pending.sends += 1
        pending.way = way
        before, pending.newest = pending.newest, delivery
        unconfirmed = pending.sends > 1 and before.status != "delivered"
        return delivery, before.gateway if unconfirmed else ""

    def sent_again(self, now: int, pending: Pending) -> bool:
        """Whether a send is the resend of this one (P3)."""
        alive = not pending.over and now < pending.ends and pending.attempts < self.attempts
        return alive and now <= pending.began + LAST_RESEND

    # ------------------------------------------------------------------------------------------ from hand to hand

    def _hand_over(self, now: int, who: Who, first: _Copy, avoid: str, fates: dict[str, Fate]) -> Answer:
        names = [name for name, _ in self.rules.prices]
        last = names.index(avoid) + 1 if avoid in names else 0
        plan = [name for name in names[last:] + names[:last] if name not in self.refused_names]
        copy: _Copy | None = first
        unknown: _Copy | None = None
        charged: list[tuple[_Copy, str]] = []
        refusal: tuple[str, str] | None = None
        for number, name in enumerate(plan):
            if unknown and not who.home:
                break
            copy = copy or self._another(now, first.delivery, plan[number:])
            if copy is None:
                break
            self.left.append(name)
            word, cost = fates[name]
            if word == "dies":
                raise Crash
            if word == "accepted":
                self._close(who, charged, refund=False)
                copy.held.amount = dict(self.rules.prices)[name] if cost is None else cost
                self._settle(who, copy, "sent", name)
                return ("sent", "sent", name)
            if word in ("unknown", "broken"):
                self._settle(who, copy, "unknown", name)
                unknown, copy = unknown or copy, None
            elif word == "refused":
                refusal = ("GatewayUnavailable", name)
            else:
                refusal = ("ServiceNameRejected" if word == "name" else "MessageRejected", name)
                if word == "name":
                    self.refused_names.add(name)
                charged.append((copy, name))
                copy = None
        refusal = refusal or ("ServiceNameRejected", names[0])  # with nobody left to ask
        self._close(who, charged, refund=unknown is None)
        if copy:
            copy.held.amount = 0
            self._uncount(copy.held)
            self._settle(who, copy, "failed", refusal[1], refund=unknown is None)
        return ("sent", "unknown", unknown.delivery.gateway) if unknown else ("failed", *refusal)

    def _another(self, now: int, first: Delivery, plan: Sequence[str]) -> _Copy | None:
        """A copy more, with money of its own; ``None`` when there is none left."""
        amount = max(price for name, price in self.rules.prices if name in plan)
        if amount > self.money.left(now):
            return None
        held = Reservation(now, amount)
        self._reserve_money(held)
        return _Copy(Delivery(first.at), held, False)

    def _close(self, who: Who, charged: list[tuple[_Copy, str]], *, refund: bool) -> None:
        """What was refused and paid for all the same."""
        for copy, name in charged:
            if refund:
                self._uncount(copy.held)
            self._settle(who, copy, "failed", name, refund=refund)

    def _settle(self, who: Who, copy: _Copy, status: str, gateway: str, *, refund: bool = False) -> None:
        pending, line = self.pending[who], self.line(who.phone)
        copy.delivery.gateway = gateway
        copy.delivery.move(status)
        if refund and copy.first:
            line.sends.remove(copy.delivery)
            pending.sends -= 1
        if status == "sent" and not copy.first:
            pending.newest = copy.delivery
        if self.crash == "settle" and copy.held.places and copy.held not in self.pumping.sends:
            # The prefix was taken back with the settlement; the country is the process's to tell, and that is gone.
            self.pumping.sends.append(Reservation(copy.held.at, 0, copy.held.places[1:]))
        self._done("settle")

    # ---------------------------------------------------------------------------------------------------- checking

    def verify(self, now: int, who: Who, code: str) -> Answer:
        """*code* is the digits of what was typed. The answer: status, tries left, seconds to wait, whether a proof."""
        answer = self._compared(now, who, code)
        if answer[0] == "verified" and self.rules.guard != "off":
            self.pumping.verified.append((now, who.places, self.pending[who].sends))
        self._done("check")
        if answer[0] == "verified":
            self.proofs.append(Proof(who, self.keys[-1], now + self.rules.proof_ttl * SECOND))
        return answer

    def _compared(self, now: int, who: Who, code: str) -> Answer:
        pending, line = self.pending.get(who), self.line(who.phone)
        if pending is None or pending.over or now >= pending.ends:
            return ("expired", 0, None, False)
        if pending.attempts >= self.attempts:
            return ("too_many_attempts", 0, None, False)
        if len(code) != LENGTH:  # it cannot be the code
            return ("wrong_code", self.attempts - pending.attempts, None, False)
        pending.attempts += 1
        left = self.attempts - pending.attempts
        if code != pending.code or pending.key not in self.keys:
            line.misses.append((now, pending.way))
            return ("wrong_code", left, None, False)
        line.misses.clear()
        for other, each in self.pending.items():
            each.over = each.over or other[:2] == who[:2]
        return ("verified", left, None, True)

    def revoke(self, now: int, phone: str) -> None:
        self.line(phone).revoked_at = now

    def redeem(self, now: int, proof: Proof, purpose: str) -> Answer:
        if purpose != proof.who.purpose or proof.key not in self.keys:
            return ("InvalidProof",)
        good = not proof.spent and now < proof.ends
        proof.spent = True
        self._done("redeem")
        return ("redeemed", proof.who.phone) if good else ("InvalidProof",)

    # ------------------------------------------------------------------------------------------------ for the machine

    def room_for_all(self, now: int, who: Who, client: str | None, trusted: bool) -> int:
        """How many sends more nothing that all phones share would refuse."""
        most = self.money.left(now) // self.rules.dearest
        if client:
            most = min(most, room(self.clients.get(client, []), quotas(self.rules.client), now))
        if self.rules.guard == "enforce" and not trusted:
            most = min(most, self.pumping.room(who.places, now))
        return 0 if self.paused else most

    def moments(self, now: int) -> list[int]:
        """When something changes by itself, of the next day, soonest first."""
        rules = self.rules
        found = {now + to_midnight(now), (now // 60_000 + 1) * 60_000, (now // 1_800_000 + 1) * 1_800_000}
        for line in self.lines.values():
            found.update(line.quiet_until.values())
            found.update(each.at + rule.window for each in line.sends for rule in quotas(rules.phone))
            found.update(at + rule.window for at, _ in line.misses for rule in quotas(rules.failures))
        for client in self.clients.values():
            found.update(each + rule.window for each in client for rule in quotas(rules.client))
        for pending in self.pending.values():
            found.update((pending.ends, pending.began + LAST_RESEND, pending.began + LIFE))
        found.update(proof.ends for proof in self.proofs)
        return sorted(each for each in found if each > now)


def kind_of(way: str) -> str:
    """All networks are one kind of asker."""
    return "unknown" if way.startswith("from") else way


def _seconds(ms: int) -> int:
    return -(-ms // SECOND)
