"""To keep an owner out of their own number."""

from __future__ import annotations

from tests.web.sites import PHONE, Site


def test_the_tries_of_a_stranger_are_not_the_owner_s(site: Site) -> None:
    owner = site.token()
    code = str(site.outbox.last.code)
    site.clock.advance(60)
    stranger = site.token(ip="198.51.100.9")
    for number in range(9):
        site.verify(stranger, f"00000{number}", ip="198.51.100.9")
    assert site.verify(owner, code).status == 200


def test_one_network_cannot_use_up_a_number(site: Site) -> None:
    """Of its messages it has half, all day long."""
    for _ in range(24 * 6):
        site.send(ip="198.51.100.9")
        site.clock.advance(600)
    assert site.send(ip="203.0.113.7").status == 202


def test_ten_networks_do_not_reach_a_device_that_has_proved_it(site: Site) -> None:
    device = site.verify(site.token()).json()["device"]
    for network in range(30):
        site.clock.advance(61)
        site.send(ip=f"198.51.{network}.9")
    assert site.send(ip="192.0.2.1").status == 429, "a new device waits"
    known = site.post_json("send", {"phone": PHONE, "purpose": "login", "device": device}, "192.0.2.1")
    assert known.status == 202


def test_a_lock_refuses_no_code_that_the_owner_has(site: Site) -> None:
    site.configure(MAX_FAILURES="3/hour")
    owner = site.token()
    code = str(site.outbox.last.code)
    for network in range(4):
        site.clock.advance(61)
        answer = site.send(ip=f"198.51.{100 + network}.9")
        if answer.status == 202:
            for number in range(5):
                site.verify(answer.json()["challenge"], f"00000{number}")
    assert site.verify(owner, code).status == 200
