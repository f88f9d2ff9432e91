"""A service name that devsms refuses while 64 people sign up at once: who is charged for, and who is served (P6, Q1).

``benchmarks/blocked_name.py`` does the same with a thousand, over HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.core.conftest import Site
from tests.core.ways import Way
from uzotp.errors import ServiceNameRejected
from uzotp.events import CodeSent, Event, SendFailed, ServiceNameBlocked
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.store import Admitted, OpenChallenge, Refusal, ReserveGlobal
from uzotp.stores.memory import MemoryStore
from uzotp.tashkent import day_of

PEOPLE = 64
#: Where they are when the first answer comes: in devsms's hands, about to go there, or not yet asked for a reservation.
IN_FLIGHT, ADMITTED, TO_COME = range(16), range(16, 32), range(32, 64)
PATIENCE = 10.0


class Moment:
    """The moment of the first answer: it comes when each person is at their place, and is then remembered."""

    def __init__(self) -> None:
        self._all_at_their_places = threading.Barrier(PEOPLE)
        self._person = threading.local()
        self._remembered = threading.Event()

    def begin(self, person: int) -> None:
        self._person.number = person

    def reached(self, people: range) -> bool:
        """Whether this is the place of the person whose thread this is. They wait for the others here, once."""
        if getattr(self._person, "number", None) not in people:
            return False
        self._person.number = None
        self._all_at_their_places.wait(PATIENCE)
        return True

    def remembered(self) -> None:
        self._remembered.set()

    def wait(self) -> None:
        assert self._remembered.wait(PATIENCE)


class HeldStore(MemoryStore):
    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._of = moment

    def admit(self, wanted: ReserveGlobal, request: OpenChallenge) -> Admitted | Refusal:
        if self._of.reached(TO_COME):
            self._of.wait()
        answer = super().admit(wanted, request)
        if self._of.reached(ADMITTED):
            self._of.wait()
        return answer


class Blocking(Way):
    """devsms: it refuses the name and charges for it. The first answer goes ahead of all others."""

    def __init__(self, moment: Moment) -> None:
        super().__init__("devsms", self._refuse, price=50)
        self._moment = moment
        self._first = threading.Lock()
        self.in_flight_at_the_first_answer = 0

    def _refuse(self, way: Way, message: Message) -> Receipt:
        self._moment.reached(IN_FLIGHT)
        if self._first.acquire(blocking=False):
            self.in_flight_at_the_first_answer = len(self.messages)
        else:
            self._moment.wait()
        raise ServiceNameRejected(self.name, "no", charged=True)


@dataclass
class Crowd:
    """64 sign-ups that began together, and what they came to."""

    site: Site
    devsms: Blocking
    getsms: Way
    events: list[Event] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    def happened(self, kind: type[Event]) -> int:
        return sum(type(event) is kind for event in self.events)


def phone(person: int) -> str:
    return f"+99890{1_238_100 + person}"


@pytest.fixture
def crowd(make_site: Callable[..., Site], race: Callable[..., list[Any]]) -> Crowd:
    moment, events = Moment(), list[Event]()

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, ServiceNameBlocked):
            moment.remembered()

    devsms, getsms = Blocking(moment), Way("getsms", price=60)
    site = make_site(
        gateway=[devsms, getsms], store=HeldStore(moment), events=hear, daily_budget=100_000, deadline=2 * PATIENCE
    )

    def sign_up(person: int) -> Any:
        moment.begin(person)
        return site.send(phone(person), "registration", client_ip=None)

    return Crowd(site, devsms, getsms, events, race(sign_up, PEOPLE))


def test_q1_a_blocked_name_reaches_devsms_no_more_once_the_first_answer_came(crowd: Crowd) -> None:
    """Neither by those who had their reservation before that, nor by those who come later."""
    assert crowd.devsms.in_flight_at_the_first_answer == len(IN_FLIGHT)
    assert len(crowd.devsms.messages) == len(IN_FLIGHT)
    assert crowd.site.send("+998931238190", client_ip=None).delivery.gateway == "getsms"
    assert len(crowd.devsms.messages) == len(IN_FLIGHT)


def test_p6_everybody_is_served_by_the_next_gateway(crowd: Crowd) -> None:
    assert [challenge.delivery.gateway for challenge in crowd.answers] == ["getsms"] * PEOPLE
    codes = {message.phone: message.code for message in crowd.getsms.messages}
    assert len(crowd.getsms.messages) == len(codes) == PEOPLE
    for person in range(PEOPLE):
        assert crowd.site.verify(codes[phone(person)], phone(person), "registration")  # type: ignore[index]


def test_p6_a_person_hears_of_it_once(crowd: Crowd) -> None:
    assert crowd.happened(ServiceNameBlocked) == 1
    assert (crowd.happened(SendFailed), crowd.happened(CodeSent)) == (len(IN_FLIGHT), PEOPLE)
    assert [switch.name for switch in crowd.site.verifier.store.switches()] == ["blocked:devsms:TechShop"]


def test_p6_the_money_of_each_charged_refusal_is_counted(crowd: Crowd) -> None:
    """60 so'm are reserved for each, the dearest gateway's price; a refusal that was charged keeps them."""
    counted = crowd.site.verifier.store.money_used(day_of(int(crowd.site.clock.time() * 1000)))
    assert counted == len(IN_FLIGHT) * 60 + PEOPLE * 60
    assert counted >= len(IN_FLIGHT) * crowd.devsms.price + PEOPLE * crowd.getsms.price
