"""R5, P3, P5, P6, P8: the clock steps back. No quota, budget or limit gets room by it.

What does happen: whoever waited waits so much longer; a code that had ended of itself is good again until the clock
comes to its end once more, with the tries that it had left; and so is a proof. What was used stays used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.failures import stores
from tests.failures.traffic import PRICE, TRIES, Person, Postbox, make_verifier, new_person
from uzotp.errors import BudgetExhausted, CooldownActive, InvalidProof, Locked, RateLimited, Refused, Suspicious
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock
from uzotp.verification import Verifier

HOUR, DAY = 3600, 86400
BACK = [59, 3 * DAY]
KINDS = ["MemoryStore", "SQLStore sqlite", "SQLStore postgres", "SQLStore mariadb", "DjangoStore sqlite", "RedisStore"]


_terms = count()


class Site:
    """A verifier and a clock that the test moves; everything else is real."""

    IP = "203.0.113.7"

    def __init__(self, store: Any) -> None:
        self.store, self.clock, self.postbox = store, FakeClock(), Postbox()
        self.clock.advance(next(_terms) * 40 * DAY)  # nothing is kept that long, but the days' money

    def verifier(self, **options: Any) -> Verifier:
        return make_verifier(self.store, self.postbox, clock=self.clock, **options)

    def send(self, verifier: Verifier, person: Person, ip: str | None = None) -> Any:
        return verifier.send_code(person.phone, "login", client_ip=ip, binding="a browser")

    def submit(self, verifier: Verifier, person: Person, *, right: bool = True) -> Any:
        code = self.postbox.codes[person.phone]
        wrong = "000000" if code != "000000" else "111111"
        return verifier.verify_code(person.phone, code if right else wrong, "login", binding="a browser")

    def sends_until_refused(self, verifier: Verifier, person: Callable[[], Person], ip: str | None = None) -> Refused:
        for _ in range(20):
            try:
                self.send(verifier, person(), ip)
            except Refused as error:
                return error
        raise AssertionError("nothing refuses")


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    kind, _, service = request.param.partition(" ")
    store = stores.new(kind, service, str(tmp_path_factory.mktemp("clock") / "uzotp.db"))
    yield store
    stores.close(store)


@pytest.fixture
def site(store: Any) -> Site:
    return Site(store)


@pytest.mark.parametrize("back", BACK)
def test_p5_p6_p8_no_room_is_made(site: Site, back: int) -> None:
    """Full quotas of a phone, a client, the guard and the day stay full, and refuse before anything leaves."""
    person = new_person()
    phone = site.verifier(phone_quota="2/hour,4/day")
    client = site.verifier(client_quota="2/hour,5/day")
    guard = site.verifier(guard="enforce", guard_floor=(2, 8), guard_ratio=0)
    assert isinstance(site.sends_until_refused(phone, lambda: person), RateLimited)
    assert isinstance(site.sends_until_refused(client, new_person, Site.IP), RateLimited)
    assert isinstance(site.sends_until_refused(guard, new_person), Suspicious)
    day = day_of(int(site.clock.time() * 1000))
    poor = site.verifier(daily_budget=site.store.money_used(day))
    before = site.postbox.counts.total()
    site.clock.advance(-back)
    waits = []
    for verifier, kind, who, ip in (
        (phone, Refused, person, None), (client, RateLimited, new_person(), Site.IP),
        (guard, Suspicious, new_person(), None),
    ):  # fmt: skip
        with pytest.raises(kind) as caught:
            site.send(verifier, who, ip)
        waits.append(caught.value.retry_after)
    assert min(waits) >= back, "they wait longer by what the clock lost"
    if day_of(int(site.clock.time() * 1000)) == day:
        with pytest.raises(BudgetExhausted):
            site.send(poor, new_person())
    assert site.postbox.counts.total() == before


def test_p6_a_day_that_comes_twice_has_one_budget(site: Site) -> None:
    verifier = site.verifier(daily_budget=2 * PRICE)
    for days in (0, 1, -1, 1, -1):
        site.clock.advance(days * DAY)
        assert isinstance(site.sends_until_refused(verifier, new_person), BudgetExhausted)
    assert site.postbox.counts.total() == 4


def test_r5_r32_the_cooldown_is_longer_by_what_the_clock_lost(site: Site) -> None:
    """So no resend after a step back can move the end of a code."""
    verifier, person = site.verifier(resend_after=(60,)), new_person()
    site.send(verifier, person)
    site.clock.advance(-HOUR)
    with pytest.raises(CooldownActive) as caught:
        site.send(verifier, person)
    assert caught.value.retry_after == 60 + HOUR
    site.clock.advance(HOUR + 60)
    assert site.send(verifier, person).sends == 2


@pytest.mark.parametrize("back", BACK)
def test_p3_a_lock_is_not_opened_and_tries_stay_spent(site: Site, back: int) -> None:
    verifier, person, other = site.verifier(max_failures=f"{TRIES}/hour"), new_person(), new_person()
    site.send(verifier, person)
    for _ in range(TRIES):
        site.submit(verifier, person, right=False)
    site.send(verifier, other)
    site.submit(verifier, other, right=False)
    site.clock.advance(-back)
    assert site.submit(verifier, person).status == "too_many_attempts"
    assert site.submit(verifier, other, right=False).attempts_left == TRIES - 2
    with pytest.raises(Locked) as caught:
        site.send(verifier, person)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= HOUR


@pytest.mark.parametrize("back", BACK)
def test_p2_what_was_used_stays_used(site: Site, back: int) -> None:
    verifier, person = site.verifier(), new_person()
    site.send(verifier, person)
    proof = site.submit(verifier, person).proof
    verifier.redeem(proof, "login")
    site.clock.advance(-back)
    assert site.submit(verifier, person).status == "expired"
    with pytest.raises(InvalidProof):
        verifier.redeem(proof, "login")


def test_r5_a_code_that_ended_of_itself_lives_again_until_its_end_comes_again(site: Site) -> None:
    """The documented limit: only the clock knows that it ended. Its tries are those that it had left."""
    verifier, person, late = site.verifier(), new_person(), new_person()
    site.send(verifier, person)
    site.send(verifier, late)
    site.submit(verifier, person, right=False)
    site.clock.advance(300)
    assert site.submit(verifier, person).status == "expired"
    site.clock.advance(-1)
    assert site.submit(verifier, person, right=False).attempts_left == TRIES - 2
    assert site.submit(verifier, person)
    assert site.submit(verifier, person).status == "expired"
    site.clock.advance(1)
    assert site.submit(verifier, late).status == "expired"
