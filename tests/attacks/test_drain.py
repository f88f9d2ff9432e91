"""To have the site pay for messages that nobody wants."""

from __future__ import annotations

from tests.web.sites import Site

PRICE = 50


def numbers(count: int, prefix: str = "9012") -> list[str]:
    return [f"+998{prefix}{number:05}" for number in range(count)]


def test_one_address_sends_to_no_hundred_numbers(site: Site) -> None:
    for phone in numbers(300):
        site.send(phone, ip="198.51.100.9")
    assert len(site.outbox) == site.verifier.policy.client_limits[0].count < 100


def test_one_network_of_ipv6_is_one_address(site: Site) -> None:
    for at, phone in enumerate(numbers(300)):
        site.send(phone, ip=f"2001:db8:1:2::{at + 1:x}")
    assert len(site.outbox) == site.verifier.policy.client_limits[0].count < 100


def test_a_thousand_addresses_stop_at_the_guard(site: Site) -> None:
    """None of them verifies: each prefix ends at its floor, and so does the country."""
    site.configure(GUARD="enforce")
    for at, phone in enumerate(numbers(1000)):
        site.send(phone, ip=f"198.{at // 250}.{at % 250}.9")
    assert len(site.outbox) <= 100


def test_the_day_ends_at_its_budget(site: Site) -> None:
    site.configure(DAILY_BUDGET=10 * PRICE, GUARD="off")
    for at, phone in enumerate(numbers(100)):
        site.send(phone, ip=f"198.{at // 250}.{at % 250}.9")
    assert len(site.outbox) <= 10
    assert site.send("+998935550000").json()["code"] == "budget_exhausted"


def test_numbers_that_pay_a_fraudster_are_not_served(site: Site) -> None:
    """Abroad, premium, landlines: refused before anything is asked of anybody."""
    for phone in ("+882 16 12345678", "+1 900 555 0100", "+371 90 123456", "+998 71 234 56 78", "+44 7911 123456"):
        assert site.send(phone).status in (400, 422)
    assert len(site.outbox) == 0


def test_one_solved_captcha_is_one_message(site: Site) -> None:
    site.configure(TRUST=lambda request: request.headers.get("X-Ticket"), GUARD="enforce", GUARD_FLOOR=0)
    ticket = str(site.verifier.trust_ticket())
    for at, phone in enumerate(numbers(50)):
        site.send(phone, ip=f"198.51.{at}.9", x_ticket=ticket)
    assert len(site.outbox) == 1
