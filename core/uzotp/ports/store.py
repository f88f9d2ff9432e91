"""The store port: what the core asks of a store, and the values that pass.

A store makes a handful of whole decisions, each atomic and committed before its answer is known; it is never
asked to get and then to set. Times are integers, milliseconds since the epoch (UTC); ``now=None`` means "use your
own clock", which is what production does; tests pass theirs.

All ids and hashes are lower-case base32 text of 128 bits (26 characters): the same under every collation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from uzotp.policy import Limit, Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport, DeliveryStatus
from uzotp.ports.ledger import Ledger
from uzotp.ports.money import Money


@dataclass(frozen=True)
class Suspicion:
    """What the pumping guard saw: at *level* (``prefix`` or ``country``), in *window* (``hour`` or ``day``), so many
    sends not yet verified against a limit that so many verified ones earned."""

    level: str
    window: str
    unverified: int
    verified: int
    limit: int


class RefusalKind(str, Enum):
    """Why a store says no."""

    PAUSED = "paused"
    RATE_LIMITED = "rate_limited"
    SUSPICIOUS = "suspicious"
    BUDGET = "budget"
    LOCKED = "locked"
    COOLDOWN = "cooldown"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Refusal:
    """A store's "no". ``retry_after_ms`` is ``None`` where time does not help."""

    kind: RefusalKind
    quota: str
    retry_after_ms: int | None
    suspicion: Suspicion | None = None


@dataclass(frozen=True)
class GuardRule:
    """The pumping guard's limits (P8). It refuses only when it *enforces* and nobody vouches (*trusted*)."""

    enforce: bool
    trusted: bool
    prefix_floor: int
    country_floor: int
    ratio: float


#: So many sends, and so many verified ones.
Counts = tuple[int, int]

#: The mark of a send that comes from no public network: see :mod:`uzotp.rules.devices`.
NOWHERE = "___"

#: The switch that stops every send.
PAUSE = "pause"


@dataclass(frozen=True)
class Switch:
    """Something a person has to know of and to clear: ``pause``, or a blocked (gateway, service name)."""

    name: str
    note: str
    since_ms: int


@dataclass(frozen=True)
class ReserveGlobal:
    """The part of a send that all phones share: the pause, the client's networks, the guard, the day's money.

    ``entry_id`` names this reservation so that it can be taken back. Without a ``client`` there is no client quota, nor
    one of the ``wider`` network that it may be in, whose limits are for all clients in it; without a ``guard`` nothing
    is counted for the prefix; without a ``budget`` no money is. Money is whole so'm. Of ``switches`` the reservation
    tells which are on.

    The country's tally is read and not written, for every send of the country would wait for it. ``untallied`` is what
    this process has yet to :meth:`Store.tally` of the prefix and of the country: sends, and verified ones.
    """

    entry_id: str
    client: str | None
    client_limits: tuple[Limit, ...]
    wider: str | None = None
    wider_limits: tuple[Limit, ...] = ()
    prefix: str = ""
    country: str = ""
    guard: GuardRule | None = None
    untallied: tuple[Counts, Counts] = ((0, 0), (0, 0))
    amount: int = 0
    budget: int | None = None
    switches: tuple[str, ...] = ()
    now: int | None = None

    @property
    def network(self) -> str | None:
        """The widest one of the client's."""
        return self.wider or self.client


@dataclass(frozen=True)
class GlobalReservation:
    """Granted: what :meth:`Store.adjust` corrects and takes back.

    ``prefix`` and ``country`` are empty where the guard counted nothing, ``day`` where no money was reserved;
    ``wider`` is there with a ``client`` only.
    ``suspicion`` is what the guard would have refused, had it been enforcing or had nobody vouched.
    """

    entry_id: str
    client: str | None
    at_ms: int
    prefix: str = ""
    country: str = ""
    amount: int = 0
    day: str = ""
    switches_on: frozenset[str] = frozenset()
    suspicion: Suspicion | None = None
    wider: str | None = None

    @classmethod
    def of(
        cls, request: ReserveGlobal, at_ms: int, day: str, switches_on: Iterable[str], suspicion: Suspicion | None
    ) -> GlobalReservation:
        client = request.client if request.client_limits else None
        areas = (request.prefix, request.country) if request.guard else ("", "")
        amount, on = request.amount if day else 0, frozenset(switches_on)
        wider = request.wider if client else None
        return cls(request.entry_id, client, at_ms, *areas, amount, day, on, suspicion, wider)


@dataclass(frozen=True)
class OpenChallenge:
    """Open a challenge, or extend the live one of the same handle, under the phone's quotas.

    ``nonce``, ``digest`` and ``key_id`` (a mark of what made the code, six characters at most) are what a *new*
    challenge gets. A live one keeps its own if that mark is among ``live_keys``; a code that cannot be made again is
    exchanged for the new one, under the same tries and the same end.

    ``phone_limits`` and ``failure_limits`` are what all unknown devices share, the resend ladder too; of the limits one
    ``network``, a mark of three characters, has half at most. Where that is used up, who is ``vouched`` for has a
    fifth more. A device that proved the number, with a token of the moment ``device_at_ms``, has all of it for itself,
    unless that token was revoked since (P3: :mod:`uzotp.rules.devices`).
    """

    handle: str
    fingerprint: str
    purpose: Purpose
    prefix: str
    country: str
    nonce: str
    digest: str
    key_id: str
    live_keys: frozenset[str]
    delivery_id: str
    ttl_ms: int
    max_attempts: int
    resend_after: tuple[int, ...]
    phone_limits: tuple[Limit, ...]
    failure_limits: tuple[Limit, ...]
    booked: int | None = None
    network: str = NOWHERE
    device_at_ms: int | None = None
    vouched: bool = False
    now: int | None = None


@dataclass(frozen=True)
class Opened:
    """The challenge that this send belongs to. ``attempts`` and ``sends`` are counts so far.

    ``previous_delivery`` is the challenge's before this one, for a resend to go another way. ``mark`` is whom the send
    was counted for.
    """

    nonce: str
    key_id: str
    delivery_id: str
    attempts: int
    sends: int
    expires_at_ms: int
    resend_at_ms: int
    previous_delivery: DeliveryRecord | None = None
    mark: str = NOWHERE


@dataclass(frozen=True)
class Admitted:
    """A send that may leave: what all phones share, and its challenge."""

    reservation: GlobalReservation
    opened: Opened


@dataclass(frozen=True)
class Correction:
    """What a reservation came to: *spent* whole so'm on its own day; when nothing was *sent*, the guard's count of its
    prefix is taken back too. The client's quota stays spent (P5)."""

    reservation: GlobalReservation
    spent: int
    sent: bool

    @property
    def change(self) -> int:
        """Whole so'm more than were reserved."""
        return self.spent - self.reservation.amount if self.reservation.day else 0

    @property
    def uncounts(self) -> str:
        """The prefix whose count is taken back."""
        return "" if self.sent else self.reservation.prefix


@dataclass(frozen=True)
class AddDelivery:
    """One more copy of a challenge's code is about to leave, by another gateway (P7).

    It counts as created when the delivery it is a copy *of* was: nobody may learn from a time that there are two (P9).
    """

    of: str
    delivery_id: str
    handle: str
    fingerprint: str
    purpose: Purpose
    prefix: str
    country: str
    booked: int | None = None
    now: int | None = None


@dataclass(frozen=True)
class Settlement:
    """How a send ended. ``refund`` gives the phone's quota back (a certain failure, P5) to whom it was counted for, the
    ``mark``, empty for a copy that was not counted, and with a ``handle`` the challenge's count of sends; without a
    refund the ``handle`` makes this delivery its challenge's newest. ``booked`` is whole so'm; ``None`` leaves what was
    booked when it began."""

    fingerprint: str
    delivery_id: str
    status: DeliveryStatus
    gateway: str
    refund: bool = False
    mark: str = NOWHERE
    handle: str | None = None
    gateway_id: str | None = None
    cost: Money | None = None
    booked: int | None = None
    parts: int | None = None
    now: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One submitted code: ``digests`` has a candidate for each live key.

    ``proof_id`` is what a success writes down, to be redeemed once within ``proof_ttl_ms``. A miss is kept among the
    phone's as long as ``failure_limits`` ask for it; they refuse no attempt, for sends bound guesses (P3).
    """

    handle: str
    fingerprint: str
    purpose: Purpose
    digests: tuple[str, ...]
    proof_id: str
    proof_ttl_ms: int
    max_attempts: int
    failure_limits: tuple[Limit, ...]
    now: int | None = None


@dataclass(frozen=True)
class VerifiedDelivery:
    """The message whose code was accepted, and when."""

    fingerprint: str
    delivery_id: str
    at_ms: int


class AttemptStatus(str, Enum):
    """What became of an attempt; the words of the library's and the HTTP contract.

    No attempt is ``locked`` any more: a lock refuses the next challenge, not a code of an open one.
    """

    VERIFIED = "verified"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    LOCKED = "locked"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Checked:
    """The answer to an attempt. ``sends`` and ``delivery``, the newest, are the verified challenge's: what the caller
    owes to :meth:`Store.tally`. ``failures`` are the phone's after a wrong code: a log."""

    status: AttemptStatus
    attempts_left: int = 0
    sends: int = field(default=0, compare=False)
    delivery: VerifiedDelivery | None = field(default=None, compare=False)
    failures: str = field(default="", compare=False)


@dataclass(frozen=True)
class ChallengeState:
    """A challenge as it is at the moment ``at_ms``. ``open``: its code may still be accepted, while tries are left.
    ``key_id`` is the mark of what made the code; ``resend_at_ms`` is the end of the cooldown of whom its newest send
    was counted for; ``proofs`` has, by the id of each that is not redeemed, the moment when it is over."""

    at_ms: int
    open: bool
    key_id: str
    attempts: int
    sends: int
    expires_at_ms: int
    resend_at_ms: int
    proofs: Mapping[str, int]


@dataclass(frozen=True)
class Tallied:
    """What a process has added up since it last told its store: ``areas`` has, by the moment in milliseconds, the sends
    and the verified sends of countries, and the verified ones of prefixes; ``verified`` the messages whose codes were
    accepted."""

    areas: Mapping[str, Mapping[int, Counts]]
    verified: tuple[VerifiedDelivery, ...] = ()


class Store(Ledger, Protocol):
    """Whole decisions, and the ledger. Every method may raise :class:`~uzotp.errors.StoreUnavailable`, and then nothing
    happened that a caller could profit from."""

    def reserve(self, request: ReserveGlobal) -> GlobalReservation | Refusal:
        """Take a place in what all phones share: refused when paused, over the client's quota or its wider network's,
        suspicious or over the day's budget, in this order."""
        ...

    def adjust(self, reservation: GlobalReservation, spent: int, *, sent: bool, free_client: bool = False) -> None:
        """Write down what a reservation came to, once: *spent* whole so'm on its own day, and when nothing was
        *sent* the guard's count is taken back. The client's quota stays spent (P5), unless *free_client* gives its
        places back too: where the phone's part was refused, all of the reservation goes."""
        ...

    def open(self, request: OpenChallenge) -> Opened | Refusal:
        """Lock, cooldown and quota of the phone; then a new challenge or the live one; a pending delivery."""
        ...

    def admit(self, wanted: ReserveGlobal, request: OpenChallenge) -> Admitted | Refusal:
        """:meth:`open` and :meth:`reserve` in one decision and one commit, or with nothing left of either (P4). What
        the phone refuses is told first. Where the phone and what all share cannot be in one decision (a cluster) what
        was reserved is taken back."""
        ...

    def add(self, request: AddDelivery) -> None:
        """A pending delivery more for a challenge."""
        ...

    def settle(self, settlement: Settlement, correction: Correction | None = None) -> bool:
        """Write down how a send ended, and what it came to, in one commit; never moves a delivery backward (P10).
        ``True`` the first time only, and only then is anything corrected.

        It may be answered before it has reached the disk where losing it is the safe side: nothing is given back then,
        and the delivery stays pending.
        """
        ...

    def check(self, attempt: Attempt) -> Checked:
        """Charge one attempt and compare it, in one decision (P2, P3), which touches rows of its phone alone (P4)."""
        ...

    def state(self, fingerprint: str, handle: str, purpose: Purpose, now: int | None = None) -> ChallengeState | None:
        """How a challenge stands, while it is kept. Nothing is charged."""
        ...

    def redeem(self, handle: str, fingerprint: str, proof_id: str, now: int | None = None) -> bool:
        """Consume a proof of a challenge: ``True`` exactly once while it lives, also when another challenge has come
        in that one's place."""
        ...

    def tally(self, tallied: Tallied) -> None:
        """Add to the guard's tallies of areas (P8), and give the verified deliveries their moments."""
        ...

    def record(
        self, fingerprint: str, delivery_id: str, report: DeliveryReport, now: int | None = None
    ) -> DeliveryRecord | None:
        """Move a phone's delivery forward. ``None`` when nothing changed: unknown id, foreign report, not forward."""
        ...

    def delivery(self, fingerprint: str, handle: str, now: int | None = None) -> DeliveryRecord | None:
        """The newest delivery of a challenge that is still kept."""
        ...

    def known_ids(self, fingerprint: str, gateway: str) -> set[str]:
        """The gateway's ids that deliveries of this phone have already."""
        ...

    def switch_on(self, name: str, note: str = "", now: int | None = None) -> bool:
        """``True`` when it was off. The first 200 characters of *note* are kept."""
        ...

    def switch_off(self, name: str) -> bool:
        """``True`` when it was on."""
        ...

    def switches(self) -> Iterable[Switch]:
        """Those that are on, oldest first."""
        ...

    def release_thread(self) -> None:
        """A thread of the background has done its work: give back what this store holds for it."""
        ...
