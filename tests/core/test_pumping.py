"""An hour of SMS pumping among genuine users, small enough to count by hand (P8).

Each minute one genuine user comes from a prefix of their own, and three of four verify; then four requests of the
attack come, three to Tajikistan and one home, each over its one prefix, from one address each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from uzotp import errors, events
from uzotp.phones import Phone
from uzotp.sms.prices import price_for

TAJIK, HOME = ("+99291712", "+99291713", "+99291714"), "+99893123"
#: A prefix's and a country's.
FLOORS = (4, 10)


@dataclass
class Hour:
    """What became of it: messages to the attack by country, and the quotas that refused genuine users."""

    sent: dict[str, int] = field(default_factory=lambda: {"TJ": 0, "UZ": 0})
    burnt: int = 0
    refused: list[str] = field(default_factory=list)


def play(site: Any, *, vouching: bool = False) -> Hour:
    hour, clients = Hour(), iter(range(1000))

    def ask(phone: str, **options: Any) -> None:
        site.send(phone, client_ip=f"2001:db8:0:{next(clients):x}::1", **options)

    def genuine(phone: str) -> None:
        try:
            ask(phone, trusted=vouching)
        except errors.Suspicious as refusal:
            hour.refused.append(refusal.quota)

    for minute in range(60):
        genuine(f"+99890{100 + minute}1234")
        if minute == 50:
            genuine("+992917159999")
            genuine(f"{HOME}9999")
        for prefix in (*TAJIK, HOME):
            phone = Phone.parse(f"{prefix}{minute:04}")
            try:
                ask(phone)
            except errors.Suspicious:
                continue
            hour.sent[phone.country] += 1
            hour.burnt += price_for(phone) or 0
        site.clock.advance(30)
        if minute % 4 != 3:
            site.verify(phone=f"+99890{100 + minute}1234")
        site.clock.advance(30)
    return hour


@pytest.fixture
def at(make_site: Callable[..., Any]) -> Callable[..., Any]:
    def make(guard: str, **rules: Any) -> Any:
        rules = {"guard_floor": FLOORS, "guard_ratio": 1.0} | rules
        return make_site(guard=guard, countries="*", **rules)

    return make


def reported(site: Any) -> dict[str, int]:
    """How many decisions of the guard were about the attack, and how many about genuine users."""
    decisions = site.happened(events.GuardDecision)
    attack = sum(event.phone.prefix in (*TAJIK, HOME) and not event.phone.endswith("9999") for event in decisions)
    return {"attack": attack, "genuine": len(decisions) - attack}


def test_p8_off_and_record_send_everything(at: Callable[..., Any]) -> None:
    for guard in ("off", "record"):
        site = at(guard)
        site.clock.advance(86_400)  # the sites share their clock and their phones' quotas
        assert play(site) == Hour({"TJ": 180, "UZ": 60}, 180 * 10_705 + 60 * 50, [])


def test_p8_record_reports_what_went_over_the_floors(at: Callable[..., Any]) -> None:
    site = at("record")
    play(site)
    # Home's books fill with the attack that is let pass: from the ninth minute on every genuine user is reported.
    assert reported(site) == {"attack": 240 - 10 - 4, "genuine": 52 + 2}
    assert not any(event.refused for event in site.happened(events.GuardDecision))


def test_r57_enforce_stops_the_attack_at_the_floors_and_not_the_users_beside_it(at: Callable[..., Any]) -> None:
    site = at("enforce")
    hour = play(site)
    assert (hour.sent, hour.burnt) == ({"TJ": 10, "UZ": 4}, 10 * 10_705 + 4 * 50), "a country's floor, and a prefix's"
    assert hour.refused == ["guard country day", "guard prefix day"], "only where the attack is"
    assert reported(site) == {"attack": 240 - 14, "genuine": 2}


def test_p8_whom_the_host_vouches_for_nobody_refuses(at: Callable[..., Any]) -> None:
    hour = play(at("enforce"), vouching=True)
    assert hour == Hour({"TJ": 10, "UZ": 4}, 10 * 10_705 + 4 * 50, [])


def test_p8_a_patient_attack_gets_a_country_s_floor_a_day(at: Callable[..., Any]) -> None:
    site, sent = at("enforce"), []
    for day in range(3):
        sent.append(0)
        for number in range(48):
            try:
                site.send(f"{TAJIK[number % 3]}{day:02}{number:02}", client_ip=f"2001:db8:{day:x}:{number:x}::1")
                sent[-1] += 1
            except errors.Suspicious:
                pass
            site.clock.advance(1800)
    assert sent == [10, 10, 10]


@pytest.mark.parametrize(("ratio", "sent"), [(0.5, 6), (1.0, 60)])
def test_p8_who_returns_two_of_three_codes_is_refused_below_a_ratio_of_one(
    at: Callable[..., Any], ratio: float, sent: int
) -> None:
    """The guard cannot tell an attacker who reads the messages himself from a user."""
    site, count = at("enforce", guard_floor=(2, 2), guard_ratio=ratio), 0
    for number in range(60):
        phone = f"{HOME}{number:04}"
        try:
            site.send(phone, client_ip=f"2001:db8:0:{number:x}::1")
        except errors.Suspicious:
            continue
        count += 1
        if number % 3 != 2:
            site.verify(phone=phone)
    assert count == sent
