"""People who sign up while a store suffers, and the books that tell afterwards what became of each of them.

The books hold only what callers saw, and what reached the gateway. :meth:`Traffic.audit` asks the same verifier again,
when the store is well, and counts what the store forgot of it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.waiting import until
from uzotp.errors import RateLimited, StoreUnavailable
from uzotp.policy import Policy
from uzotp.ports.gateway import Message, Receipt
from uzotp.results import Verification
from uzotp.tashkent import day_of
from uzotp.verification import Verifier

PRICE = 50
QUOTA = 3
TRIES = 5
#: No refusal may take longer than this: seconds.
BOUNDED = 10.0
_numbers = count()


class Postbox:
    """A gateway that takes everything, and remembers the code and the moment of each message."""

    name = "postbox"

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        self.moments: list[float] = []
        self._lock = threading.Lock()

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        with self._lock:
            self.moments.append(time.monotonic())
            self.codes[message.phone] = str(message.code)
            self.counts[message.phone] += 1
            return Receipt(self.name, str(len(self.moments)))


@dataclass
class Person:
    """Somebody with a number of his own, and what he was told."""

    phone: str
    sent: bool = False
    wrong: int = 0
    accepted: int = 0
    #: Codes that he gave in and got no answer to, right ones and wrong ones: they may count, or not.
    unanswered_right: int = 0
    unanswered_wrong: int = 0


def new_person() -> Person:
    number = next(_numbers)
    return Person(f"+99890{1_000_000 + number * 7919 % 9_000_000}")


def make_verifier(store: Any, postbox: Any = None, **options: Any) -> Verifier:
    rules = {
        "resend_after": (0,), "phone_quota": f"{QUOTA}/hour", "client_quota": "", "max_attempts": TRIES,
        "daily_budget": 10**9,
    } | options  # fmt: skip
    clock = rules.pop("clock", None)
    return Verifier(postbox or Postbox(), store, ["a key of the tests"], Policy(**rules), clock=clock)


@dataclass(frozen=True)
class Audit:
    """What a store turned out to have kept, of people who were there before the fault and during it.

    The first four must be nought wherever the store keeps what it acknowledged. ``quotas_passed`` and ``money_lost``
    (so'm) are counted against the messages that reached the gateway; ``tries_lost`` are wrong codes that somebody was
    told of and that no longer count.
    """

    accepted_twice: int = 0
    tries_lost: int = 0
    quotas_passed: int = 0
    money_lost: int = 0
    #: Codes that had been sent, and are accepted still or no longer.
    codes_kept: int = 0
    codes_lost: int = 0
    #: Codes that had been accepted, and are refused.
    used_kept: int = 0
    #: The most messages that one number got.
    most_messages: int = 0

    @property
    def nothing_lost(self) -> bool:
        return not (self.accepted_twice or self.tries_lost or self.quotas_passed or self.money_lost or self.codes_lost)


@dataclass
class _Worker:
    served: int = 0
    refused: int = 0
    people: int = 0
    failures: list[str] = field(default_factory=list)


class Traffic:
    """Threads that send and verify with one verifier, again and again, until told to stop."""

    def __init__(self, store: Any, threads: int = 3, **options: Any) -> None:
        self.store = store
        self.postbox = Postbox()
        self.verifier = make_verifier(store, self.postbox, **options)
        self.people: list[Person] = []
        self.slowest_refusal = 0.0
        self.last_refusal = 0.0
        self._stopping = threading.Event()
        self._workers = [_Worker() for _ in range(threads)]
        self._days = {day_of(int(time.time() * 1000))}
        self._threads = [threading.Thread(target=self._work, args=(worker,)) for worker in self._workers]

    # ------------------------------------------------------------------------------------------------ while it runs

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def served(self) -> int:
        return sum(worker.served for worker in self._workers)

    @property
    def refused(self) -> int:
        return sum(worker.refused for worker in self._workers)

    @property
    def failures(self) -> list[str]:
        """What a caller got that was neither an answer nor ``StoreUnavailable``."""
        return [failure for worker in self._workers for failure in worker.failures]

    def wait_for_people(self, more: int) -> None:
        """Until every thread has served so many people more, from beginning to end."""
        targets = [worker.people + more for worker in self._workers]
        until(
            lambda: self.failures or all(w.people >= t for w, t in zip(self._workers, targets, strict=True)), "people"
        )

    def wait_for_refusals(self) -> None:
        """Until every thread was refused once more."""
        before = [worker.refused for worker in self._workers]
        until(
            lambda: self.failures or all(w.refused > b for w, b in zip(self._workers, before, strict=True)), "refusals"
        )

    def _work(self, worker: _Worker) -> None:
        try:
            while not self._stopping.is_set():
                person = new_person()
                self.people.append(person)
                self._sign_up(person, worker)
                worker.people += 1
        except _Stopped:
            pass
        except Exception as error:
            worker.failures.append(f"{type(error).__name__}: {error}")
        finally:
            self.store.release_thread()

    def _sign_up(self, person: Person, worker: _Worker) -> None:
        """Half give in their code, twice; the others stop before, after a miss or two."""
        try:
            while not person.sent:
                person.sent = self._call(worker, lambda: self._send(person)) is not None
        except RateLimited:  # sends without an answer may have counted
            return
        misses, finishes = worker.people % 3, worker.people % 2
        for _ in range(misses):
            self._guess(person, worker)
        if finishes:
            while not person.accepted and not self._submit(person, worker):
                pass
            self._submit(person, worker)

    def _send(self, person: Person) -> Any:
        return self.verifier.send_code(person.phone, "login", client_ip=None, binding="a browser")

    def _verify(self, person: Person, *, right: bool) -> Verification:
        code = self.postbox.codes.get(person.phone, "")
        wrong = "000000" if code != "000000" else "111111"
        return self.verifier.verify_code(person.phone, code if right else wrong, "login", binding="a browser")

    def _guess(self, person: Person, worker: _Worker) -> None:
        answer = self._call(worker, lambda: self._verify(person, right=False))
        if answer is None:
            person.unanswered_wrong += 1
        else:
            person.wrong += answer.status == "wrong_code"

    def _submit(self, person: Person, worker: _Worker) -> bool:
        """Whether there was an answer."""
        answer = self._call(worker, lambda: self._verify(person, right=True))
        if answer is None:
            person.unanswered_right += 1
        elif answer:
            person.accepted += 1
        return answer is not None

    def _call(self, worker: _Worker, call: Callable[[], Any]) -> Any:
        """The answer; ``None`` for ``StoreUnavailable``. Any other error ends the thread."""
        began = time.monotonic()
        try:
            answer = call()
        except StoreUnavailable:
            self.last_refusal = time.monotonic()
            self.slowest_refusal = max(self.slowest_refusal, self.last_refusal - began)
            worker.refused += 1
            if self._stopping.wait(0.005):
                raise _Stopped from None
            return None
        worker.served += 1
        return answer

    # ------------------------------------------------------------------------------------------------ afterwards

    def audit(self, most: int = 24) -> Audit:
        """Ask again about *most* people at most, and about all the money."""
        money = sum(self.postbox.counts.values()) * PRICE - self.money()
        found: Counter[str] = Counter(money_lost=max(0, money))
        for person in self._sample(most):
            found.update(self._ask(person))
        found["most_messages"] = max(self.postbox.counts.values(), default=0)
        return Audit(**found)

    def money(self) -> int:
        """The so'm that the store knows to be reserved or spent, since the traffic began."""
        self._days.add(day_of(int(time.time() * 1000)))
        return sum(map(self.store.money_used, self._days))

    def _sample(self, most: int) -> Iterator[Person]:
        """Those who saw a refusal first: a fault hit them."""
        sent = [person for person in self.people if person.sent]
        sent.sort(key=lambda person: not (person.unanswered_right or person.unanswered_wrong))
        step = max(1, len(sent) // most)
        yield from [*sent[: most // 3], *sent[most // 3 :: step]][:most]

    def _ask(self, person: Person) -> Counter[str]:
        found: Counter[str] = Counter()
        if person.accepted:
            found["accepted_twice"] = person.accepted - 1
            again = self._verify(person, right=True)
            found["accepted_twice" if again else "used_kept"] += 1
        else:
            answer = self._verify(person, right=False)
            if answer.status == "wrong_code":
                found["tries_lost"] = max(0, answer.attempts_left - (TRIES - person.wrong - 1))
            if self._verify(person, right=True):
                found["codes_kept"] = 1
            else:
                found["codes_lost"] = not person.unanswered_right
        found["quotas_passed"] = self._sends_beyond(person)
        return found

    def _sends_beyond(self, person: Person) -> int:
        """Whether the phone gets more than its quota in all."""
        for _ in range(QUOTA + 1):
            try:
                self._send(person)
            except RateLimited:
                break
        return max(0, self.postbox.counts[person.phone] - QUOTA)


class _Stopped(Exception):
    """The traffic ends while the store is away."""
