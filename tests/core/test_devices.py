"""The owner's place: tokens of devices, and what strangers cannot use up (P3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.core.conftest import Site
from uzotp import errors
from uzotp.codes import MOST_DEVICES, with_device
from uzotp.events import DeviceKnown, PhoneLocked, SendRefused
from uzotp.phones import Phone
from uzotp.policy import DEVICE_LIFE
from uzotp.stores.memory import MemoryStore
from uzotp.verification import Verifier

OTHER = "+998911238190"
STRANGER = "198.51.100.9"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def proved(site: Any, phone: str = Site.PHONE) -> str:
    """The token of a device that has just proved *phone*."""
    site.send(phone)
    token = str(site.verify(phone=phone).device)
    site.clock.advance(600)
    return token


def attack(site: Any, networks: int = 1, hours: int = 24) -> None:
    """Strangers who ask for a phone's codes, as soon as they may, and guess."""
    for number in range(hours * 12):
        try:
            site.send(client_ip=f"198.51.100.{number % networks}", binding=f"stranger {number}")
        except errors.Refused:
            pass
        else:
            site.miss(5, binding=f"stranger {number}")
        site.clock.advance(300)


# ---------------------------------------------------------------------------------------------------- tokens


def test_p3_a_device_is_known_for_the_number_that_it_proved(site: Any) -> None:
    token = proved(site)
    known = site.verifier.known_device
    assert known(site.PHONE, token)
    assert known("90 123 81 90", token), "as one types it"
    assert not known(OTHER, token)
    for none in ("", None, "x", token[:-1], token + "x", f"~{token[1:]}", 5, "~" * 5000):
        assert not known(site.PHONE, none)
    with pytest.raises(errors.InvalidPhone):
        known("no number", token)


def test_p3_a_token_holds_no_number_and_is_no_proof(site: Any) -> None:
    import base64

    site.send()
    answer = site.verify()
    payload = base64.urlsafe_b64decode(answer.device.partition(".")[0] + "==")
    assert b"9981" not in payload
    assert site.PHONE[4:].encode() not in payload
    assert "secret" in repr(answer), "and no log shows it"
    assert str(answer.device) not in repr(answer)
    with pytest.raises(errors.InvalidProof):
        site.verifier.redeem(answer.device, "login")
    assert not site.verifier.known_device(site.PHONE, answer.proof)


def test_p3_only_a_right_code_makes_a_device_known(site: Any) -> None:
    site.send()
    assert site.miss().device is None
    assert site.verify().device
    assert site.verify().device is None, "used"


def test_p3_a_token_lives_for_180_days(site: Any) -> None:
    site.send()
    token = site.verify().device
    for passed, known in ((DEVICE_LIFE, True), (1, False)):
        site.clock.advance(passed)
        assert site.verifier.known_device(site.PHONE, token) is known


def test_p3_a_token_survives_a_key_s_rotation(store: MemoryStore, clock: Any, outbox: Any) -> None:
    def verifier(*keys: str) -> Verifier:
        return Verifier(outbox, store, keys, clock=clock, fingerprint_key="stays")

    old = verifier("old")
    old.send_code(Site.PHONE, "login", client_ip=None, binding="")
    token = old.verify_code(Site.PHONE, outbox.last.code, "login", binding="").device
    assert verifier("old", "new").known_device(Site.PHONE, token)
    assert not verifier("new").known_device(Site.PHONE, token), "until its key is gone"


def test_p3_a_browser_has_the_tokens_of_its_last_numbers() -> None:
    text = ""
    for number in range(MOST_DEVICES + 3):
        text = with_device(f"token-{number}", text)
    assert text.split("~") == [f"token-{number}" for number in range(MOST_DEVICES + 2, 2, -1)]


@pytest.mark.parametrize("junk", ["a b", "é", "\u20ac", "\ud800", '"', "\r\nSet-Cookie: a=b", "x" * 201, ";", ","])
def test_p3_what_can_be_no_token_is_not_given_back(junk: str) -> None:
    assert with_device("new", f"{junk}~old~{junk}") == "new~old"


def test_p3_several_tokens_are_read_as_one(site: Any) -> None:
    mine, others = proved(site), proved(site, OTHER)
    for text in (f"{mine}~{others}", f"{others}~x~{mine}"):
        assert site.verifier.known_device(site.PHONE, text)
        assert site.verifier.known_device(OTHER, text)


@pytest.mark.parametrize("way", ["forget", "revoke_devices"])
def test_p3_a_number_s_devices_can_be_revoked(site: Any, way: str) -> None:
    token, others = proved(site), proved(site, OTHER)
    getattr(site.verifier, way)(site.PHONE)
    assert not site.verifier.known_device(site.PHONE, token)
    assert site.verifier.known_device(OTHER, others)
    site.clock.advance(1)
    assert site.verifier.known_device(site.PHONE, proved(site)), "one that proves it anew"


def test_p3_an_unlocked_number_knows_its_devices(site: Any) -> None:
    token = proved(site)
    site.verifier.unlock(site.PHONE)
    assert site.verifier.known_device(site.PHONE, token)


# ------------------------------------------------------------------------------------------- the owner's place


def test_p3_a_stranger_s_eighteen_requests_keep_nobody_out(site: Any) -> None:
    """Four minutes of one network: 3 sends, 15 wrong codes."""
    site.send()
    code = site.outbox.last.code
    for number in range(3):
        site.clock.advance(60 if number < 2 else 120)
        with suppress(errors.Locked):
            site.send(client_ip=STRANGER, binding=f"stranger {number}")
        site.miss(5, binding=f"stranger {number}")
    assert site.verify(code), "the code that he has"
    site.clock.advance(300)
    site.send()
    assert site.verify(), "and the next"


@pytest.mark.parametrize("networks", [1, 2, 10])
def test_p3_a_day_of_strangers_keeps_no_known_device_out(make_site: Callable[..., Any], networks: int) -> None:
    site = make_site()
    token = proved(site)
    for _ in range(3):
        attack(site, networks)
        site.send(device=token)
        assert site.verify().device
    assert site.happened(DeviceKnown)


def test_p3_a_day_of_one_network_keeps_no_new_device_of_another_out(site: Any) -> None:
    attack(site)
    site.send()
    assert site.verify()


def test_p3_who_is_vouched_for_gets_in_where_many_networks_have_used_all_up(site: Any) -> None:
    attack(site, networks=10, hours=12)
    with pytest.raises(errors.Refused):
        site.send()
    site.send(trusted=True)
    assert site.verify()


def test_p3_a_stolen_token_gives_no_more_than_its_own(make_site: Callable[..., Any]) -> None:
    site = make_site(resend_after=(0,), client_quota="", max_failures="")
    token, sends = proved(site), 0
    for number in range(60):
        try:
            site.send(device=token, client_ip=f"198.51.100.{number}", binding=f"thief {number}")
        except errors.RateLimited:
            continue
        sends += 1
        site.clock.advance(360)
    assert sends == 10 + 9, "ten of known devices, and of the ten that all share those that the owner has left"


def test_p3_another_number_s_token_counts_for_nobody(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour", resend_after=(0,))
    token = proved(site, OTHER)
    site.send()
    with pytest.raises(errors.RateLimited):
        site.send(device=token)
    assert not site.happened(DeviceKnown)


def test_p9_a_suppressed_number_knows_its_devices_alike(make_site: Callable[..., Any]) -> None:
    """Whoever holds a token has proved the number: the answer tells nobody else anything."""
    answers = []
    for known in (True, False):
        site = make_site(phone_quota="1/hour", resend_after=(0,), should_send=lambda *_: known)  # noqa: B023
        site.clock.advance(3600)
        fingerprint = site.verifier.keys.fingerprint(Phone.parse(site.PHONE))
        token = site.verifier._devices.token(fingerprint, int(site.clock.time() * 1000) - 1)
        told = []
        for device in (None, None, token, token):
            try:
                told.append(site.send_later(device=device).delivery.status.value)
            except errors.Refused as error:
                told.append(error.quota)
        answers.append(told)
    assert answers[0] == answers[1] == ["sent", "phone 1/hour", "sent", "phone 1/hour of known devices"]


def test_p3_every_way_of_sending_takes_a_device(make_site: Callable[..., Any]) -> None:
    site = make_site(phone_quota="1/hour", resend_after=(0,))
    token = proved(site)
    site.clock.advance(3600)
    site.send()
    verifier, whose = site.verifier, {"client_ip": None, "binding": "", "device": token}
    verifier.send_code_later(site.PHONE, "login", **whose)
    site.clock.advance(3600)
    site.send()
    verifier.deliver_code(site.PHONE, "123456", "login", **whose)
    assert len(site.happened(DeviceKnown)) == 2
    site.finish()


# ----------------------------------------------------------------------------------------------------- events


def test_p3_a_lock_is_told_once_and_whose_it_is(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="5/hour", resend_after=(0,), phone_quota="")
    site.send()
    site.send(client_ip=STRANGER, binding="stranger")
    site.miss(2)
    assert not site.happened(PhoneLocked)
    site.miss(2)
    (locked,) = site.happened(PhoneLocked)
    assert (locked.phone, locked.quota, locked.retry_after) == (site.PHONE, "failures 3/hour of one network", 3600)
    site.miss(2, binding="stranger")
    assert [each.quota for each in site.happened(PhoneLocked)[1:]] == ["failures 5/hour"], "with all that is left"
    with pytest.raises(errors.Locked):
        site.send(client_ip="198.51.100.10")
    assert site.happened(SendRefused)[-1].quota == "failures 5/hour"


def test_p3_a_lock_of_a_known_device_is_its_own(make_site: Callable[..., Any]) -> None:
    site = make_site(max_failures="2/hour", resend_after=(0,), phone_quota="")
    token = proved(site)
    site.send(device=token)
    site.miss(2)
    (locked,) = site.happened(PhoneLocked)
    assert locked.quota == "failures 2/hour of known devices"
    site.send(client_ip=None)
