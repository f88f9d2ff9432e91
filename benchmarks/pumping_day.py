"""A simulated day at a site: genuine users, an SMS pumping attack, and who is sent a code.

The day is played through the real ``Verifier`` on the memory store, by a clock that is set and a gateway that charges
devsms's table price; or, far quicker, through :class:`Books`, a plain model of the guard's counting.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from itertools import accumulate, zip_longest
from typing import Protocol

import phonenumbers

from uzotp.errors import InvalidPhone, Suspicious
from uzotp.events import Event, GuardDecision
from uzotp.phones import Phone
from uzotp.policy import Policy
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.sms.prices import price_for
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.verification import Verifier

HOUR, DAY = 3600, 86_400
#: Midnight in Tashkent, in seconds since the epoch.
MIDNIGHT = int(datetime(2026, 3, 1, 19, tzinfo=timezone.utc).timestamp())
#: Mobile codes of Uzbekistan; each has a thousand prefixes of ten thousand numbers.
CODES = (20, 33, 50, 77, 88, 90, 91, 93, 94, 95, 97, 98, 99)
#: Of a thousand genuine users so many live abroad; the others at home.
ABROAD = {"RU": 25, "KZ": 10, "KR": 8, "TR": 7, "KG": 3, "TJ": 3, "AE": 2, "US": 1, "AZ": 1}
#: The digits of a foreign mobile number that stay as they are in the numbering library's example.
FIXED = {"RU": 1, "US": 3}
#: How busy each hour of a day is: a quiet night, a ramp from six to nine, an evening.
BUSY = (2, 2, 1, 1, 1, 2, 4, 8, 12, 14, 14, 14, 12, 12, 12, 12, 12, 14, 14, 14, 12, 10, 8, 4)

# ------------------------------------------------------------------------------------------------------- people


@dataclass(frozen=True)
class Person:
    """Somebody who asks for a code. ``asks``: seconds to wait before each request, and after it until the code comes
    back, ``None`` for never. ``known``: the host can vouch for them."""

    at: int
    phone: Phone
    asks: tuple[tuple[int, int | None], ...] = ((0, None),)
    known: bool = False
    attacker: bool = False


class Crowd:
    """Draws people, each number once. A prefix is as popular as a log-normal draw (sigma 1) made it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.prefixes = {country: list(self._prefixes(country)) for country in ["UZ", *ABROAD]}
        self._popular = {
            country: list(accumulate(self.rng.lognormvariate(0, 1) for _ in prefixes))
            for country, prefixes in self.prefixes.items()
        }
        self._taken: set[str] = set()

    def _prefixes(self, country: str) -> Iterator[str]:
        """All of Uzbekistan's, 400 of another country."""
        if country == "UZ":
            yield from (f"+998{code}{rest:03}" for code in CODES for rest in range(1000))
            return
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        assert example is not None
        digits, found = str(example.national_number), set[str]()
        while len(found) < 400:
            kept = digits[: FIXED.get(country, 2)]
            middle = "".join(self.rng.choices("0123456789", k=len(digits) - len(kept) - 4))
            prefix = f"+{example.country_code}{kept}{middle}"
            if prefix not in found and _country(prefix) == country:
                found.add(prefix)
                yield prefix

    def _phone(self, country: str, prefix: str) -> Phone:
        while True:
            number = f"{prefix}{self.rng.randrange(10_000):04}"
            if number not in self._taken:
                self._taken.add(number)
                return Phone(number, country)

    def genuine(
        self, moments: Sequence[int], *, prefix: str = "", first: float = 0.7, delivered: Sequence[bool] = ()
    ) -> list[Person]:
        """A user for each moment. *first* of them return the first code in 10 to 60 s; of the others a third ask again
        after 60 to 180 s, and half of those return that one: 75 % in all. *delivered*: whether codes arrive then."""
        countries, weights = ["UZ", *ABROAD], [1000 - sum(ABROAD.values()), *ABROAD.values()]
        people = []
        for at, arrives in zip_longest(moments, delivered, fillvalue=True):
            country = "UZ" if prefix else self.rng.choices(countries, weights)[0]
            popular = self._popular[country]
            where = prefix or self.rng.choices(self.prefixes[country], cum_weights=popular)[0]
            luck, (lag, again, later) = self.rng.random(), (self.rng.randint(*span) for span in _SPANS)
            asks: tuple[tuple[int, int | None], ...] = ((0, None),)
            if luck < first:
                asks = ((0, lag),)
            elif luck < first + (1 - first) / 3:
                asks = ((0, None), (again, later if luck < first + (1 - first) / 6 else None))
            if not arrives:
                asks = tuple((wait, None) for wait, _ in asks)
            people.append(Person(at, self._phone(country, where), asks, known=self.rng.random() < 0.6))
        return people

    def moments(self, count: int) -> list[int]:
        """When so many users come in one day."""
        hours = self.rng.choices(range(24), BUSY, k=count)
        return [MIDNIGHT + hour * HOUR + self.rng.randrange(HOUR) for hour in hours]

    def attack(self, requests: int, targets: dict[str, int], begin: int, end: int) -> list[Person]:
        """So many requests over so many prefixes of each country, from hour *begin* to *end*; none is verified."""
        chosen = [(land, each) for land, n in targets.items() for each in self.rng.sample(self.prefixes[land], n)]
        people = []
        for number in range(requests):
            at = MIDNIGHT + self.rng.randrange(begin * HOUR, end * HOUR)
            people.append(Person(at, self._phone(*chosen[number % len(chosen)]), attacker=True))
        return people


_SPANS = ((10, 60), (60, 180), (10, 60))


def _country(prefix: str) -> str:
    try:
        return Phone.parse(f"{prefix}1234").country
    except InvalidPhone:
        return ""


# ------------------------------------------------------------------------------------------------ a day is played


class Desk(Protocol):
    def ask(self, person: Person, number: int, now: int, trusted: bool) -> int | None:
        """The whole so'm that this person's message cost, ``None`` when it was refused."""
        ...

    def verify(self, person: Person, number: int, now: int, sends: int) -> None: ...


class Site:
    """The real ``Verifier``. Each person comes from a network of their own."""

    name = "till"

    def __init__(self, policy: Policy, store: MemoryStore | None = None) -> None:
        self.clock, self.flagged = FakeClock(), Counter[bool]()
        self._codes: dict[Phone, str] = {}
        self._attackers: set[Phone] = set()
        self._verifier = Verifier(
            self,
            store or MemoryStore(200_000),
            ["a key of the benchmark"],
            policy,
            clock=self.clock,
            events=self._watch,
        )

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """The gateway's part: take the money, keep the code."""
        price = price_for(message.phone)
        assert price is not None
        self._cost, self._codes[message.phone] = price, message.code
        return Receipt(self.name, str(len(self._codes)), cost=Money(Decimal(price)))

    def _watch(self, event: Event) -> None:
        if isinstance(event, GuardDecision) and not event.refused:
            self.flagged[event.phone in self._attackers] += 1

    def ask(self, person: Person, number: int, now: int, trusted: bool) -> int | None:
        self.clock.set(now)
        if person.attacker:
            self._attackers.add(person.phone)
        client = f"2a00:{number >> 16:x}:{number & 0xFFFF:x}::1"  # a /48 each
        try:
            self._verifier.send_code(
                person.phone, "registration", client_ip=client, binding=f"{number}", trusted=trusted
            )
        except Suspicious:
            return None
        return self._cost

    def verify(self, person: Person, number: int, now: int, sends: int) -> None:
        self.clock.set(now)
        code = self._codes[person.phone]
        assert self._verifier.verify_code(person.phone, code, "registration", binding=f"{number}")


class Processes:
    """Several of one site, on one store; who asks is served by one after the other."""

    def __init__(self, policy: Policy, count: int) -> None:
        store = MemoryStore(200_000)
        self._sites = [Site(policy, store) for _ in range(count)]

    def ask(self, person: Person, number: int, now: int, trusted: bool) -> int | None:
        return self._sites[number % len(self._sites)].ask(person, number, now, trusted)

    def verify(self, person: Person, number: int, now: int, sends: int) -> None:
        self._sites[number % len(self._sites)].verify(person, number, now, sends)


class _Window:
    """Slots of one window of one area, oldest first, and their sums."""

    def __init__(self, length: int, slots: int) -> None:
        self.length, self.slots = length, slots
        self.kept: deque[list[int]] = deque()
        self.sends = self.verified = 0

    def forget(self, now: int) -> None:
        while self.kept and self.kept[0][0] <= now // self.length - self.slots:
            _, sends, verified = self.kept.popleft()
            self.sends -= sends
            self.verified -= verified

    def count(self, now: int, sends: int, verified: int) -> None:
        if not self.kept or self.kept[-1][0] != now // self.length:
            self.kept.append([now // self.length, 0, 0])
        self.kept[-1][1] += sends
        self.kept[-1][2] += verified
        self.sends += sends
        self.verified += verified


class Books:
    """The guard's counting and nothing else, enforcing."""

    def __init__(self, floors: tuple[int, int], ratio: float) -> None:
        self.floors, self.ratio = floors, ratio
        self.areas: dict[str, tuple[_Window, _Window]] = defaultdict(lambda: (_Window(60, 60), _Window(1800, 48)))
        self.prices: dict[str, int | None] = {}

    def ask(self, person: Person, number: int, now: int, trusted: bool) -> int | None:
        prefix, country = person.phone.prefix, person.phone.country
        for area, floor in zip((prefix, country), self.floors, strict=True):
            for window in self.areas[area]:
                window.forget(now)
                unverified = window.sends - window.verified
                if unverified >= floor and unverified >= int(self.ratio * window.verified) and not trusted:
                    return None
        self._count(person.phone, now, 1, 0)
        if prefix not in self.prices:
            self.prices[prefix] = price_for(person.phone)
        return self.prices[prefix]

    def verify(self, person: Person, number: int, now: int, sends: int) -> None:
        self._count(person.phone, now, 0, sends)

    def _count(self, phone: Phone, now: int, sends: int, verified: int) -> None:
        for area in (phone.prefix, phone.country):
            for window in self.areas[area]:
                window.count(now, sends, verified)


@dataclass
class Played:
    """``burnt``: moment and whole so'm of each message to an attacker; ``stopped`` and ``refused``: the moments at
    which attackers and genuine users (with their country) were refused. Who was refused goes away."""

    burnt: list[tuple[int, int]] = field(default_factory=list)
    stopped: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)

    @property
    def money(self) -> int:
        return sum(cost for _, cost in self.burnt)


def play(people: Sequence[Person], desk: Desk, *, vouching: bool = False) -> Played:
    played = Played()
    queue = [(person.at, number, 0, False) for number, person in enumerate(people)]
    heapq.heapify(queue)
    while queue:
        now, number, step, has_code = heapq.heappop(queue)
        person = people[number]
        if has_code:
            desk.verify(person, number, now, step + 1)
            continue
        cost = desk.ask(person, number, now, vouching and person.known)
        if cost is None:
            if person.attacker:
                played.stopped.append(now)
            else:
                played.refused.append((now, person.phone.country))
            continue
        if person.attacker:
            played.burnt.append((now, cost))
        lag = person.asks[step][1]
        if lag is not None:
            heapq.heappush(queue, (now + lag, number, step, True))
        elif step + 1 < len(person.asks):
            heapq.heappush(queue, (now + person.asks[step + 1][0], number, step + 1, False))
    return played
