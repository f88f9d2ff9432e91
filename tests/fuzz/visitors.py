"""Targets: everything that reads what a visitor typed, sent or forged. Each takes text and says what must hold."""

from __future__ import annotations

import ipaddress
import re
import traceback
from collections.abc import Callable
from functools import lru_cache

from uzotp.codes import Tokens, normalise_code
from uzotp.errors import InvalidPhone, InvalidProof, InvalidServiceName
from uzotp.i18n import negotiate
from uzotp.phones import MAX_INPUT, Phone
from uzotp.policy import Policy, Purpose
from uzotp.rules.clients import client_network
from uzotp.sms.parts import guilty, parts
from uzotp.sms.templates import check_service_name
from uzotp.stores.memory import MemoryStore
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox
from uzotp.verification import Verifier
from uzotp.web.pages import safe_next

BINDING = "a browser with a binding"
REASONS = {"empty", "too_long", "not_a_number", "trunk_prefix", "invalid", "not_mobile"}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@lru_cache(maxsize=1)
def verifier() -> Verifier:
    """On the memory store and a clock that stands still, with no quota that would end the fuzz."""
    policy = Policy(
        phone_quota="", client_quota="", max_failures="", resend_after=(0,), countries="*", guard="off",
        callback_base_url="https://shop.uz/otp",
    )  # fmt: skip
    return Verifier(Outbox(), MemoryStore(), ["an old key", "a new key"], policy, clock=FakeClock())


def phone(text: str) -> None:
    try:
        number = Phone.parse(text)
    except InvalidPhone as error:
        hides(text, str(error), repr(error), traceback.format_exc())
        refused = error
    else:
        is_mobile(number, text)
        return
    assert refused.reason in REASONS


def is_mobile(number: Phone, text: str) -> None:
    assert _E164.fullmatch(number)
    assert Phone.parse(str(number)) == number
    assert len(text) <= MAX_INPUT
    assert number not in repr(number)
    assert len(number.country) in (0, 2)


def hides(secret: str, *texts: str) -> None:
    """No text shows *secret*; what is too short to be one, or is a word of the language, does not count."""
    if len(re.sub(r"\D", "", secret)) >= 6:
        for text in texts:
            assert secret not in text


def code(text: str) -> None:
    normal = normalise_code(text)
    assert normal == "" or (normal.isascii() and normal.isdigit())
    assert repr(normal) == "<secret>"
    assert normalise_code(str(normal)) == normal


def submission(text: str) -> None:
    """As a number and as a code, in the calls that people make."""
    if normalise_code(text) != "000000":
        sent = verifier().send_code("+998901238190", "login", client_ip=None, binding=BINDING)
        result = verifier().verify_code(sent.phone, text, "login", binding=BINDING)
        right = verifier().gateway.last.code  # type: ignore[attr-defined]
        assert bool(result) is (normalise_code(text) == right)
        verifier().gateway.clear()  # type: ignore[attr-defined]
    try:
        verifier().verify_code(text, "123456", "login", binding=text)
        verifier().send_code(text, "login", client_ip=text, binding=text, language=text)
    except InvalidPhone as error:
        hides(text, str(error), traceback.format_exc())


def purpose(text: str) -> None:
    try:
        assert verifier().read_purpose(text) == text
    except ValueError:
        assert text not in list(Purpose)


def token(text: str) -> None:
    """No text that we did not sign is a token of any kind."""
    for kind in ("challenge", "proof"):
        assert tokens(kind).load(text, 3600) is None
    try:
        verifier().redeem(text, "login")
    except InvalidProof as error:
        hides(text, str(error), repr(error))
    else:
        raise AssertionError("a forged proof was redeemed")
    assert verifier().keys.read_delivery_token(text) is None
    assert verifier().receive_callback(text, b'{"id": "1", "status": "delivered"}') is False


def tokens(kind: str) -> Tokens:
    return verifier().tokens(kind)


def address(text: str) -> None:
    network = client_network(text)
    if network is None:
        return
    found = ipaddress.ip_network(network)
    assert found.prefixlen == (32 if found.version == 4 else 64)
    assert not found.is_loopback
    assert network in ("::/64", "64:ff9b::/64") or client_network(network.partition("/")[0]) == network


def language(text: str) -> None:
    assert negotiate(text, ("ru", "uz", "en")) in ("ru", "uz", "en")


def next_address(text: str) -> None:
    """It stays on this site: a path, which no browser reads as a host."""
    path = safe_next(text)
    assert path in ("", text)
    if path:
        assert re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", path)
        assert len(path) <= 1000


def service_name(text: str) -> None:
    try:
        assert check_service_name(text) == text
    except InvalidServiceName as error:
        refused = error
    else:
        assert 2 <= len(text) <= 50
        assert not set("'`\"<>@#\n\x00\u02bb\u02bc\u2018\u2019\ua78b\ua78c") & set(text)
        return
    assert refused.position is None or text[refused.position - 1] == refused.character
    assert len(str(refused)) < 300


def sms(text: str) -> None:
    """3GPP 23.040: never fewer parts than the units need, and at most one unit of each part is left over."""
    count = parts(text)
    if guilty(text) is None:
        units, single, each = len(text) + sum(char in "\f^{}\\[~]|€" for char in text), 160, 153
    else:
        units, single, each = sum(2 if ord(char) > 0xFFFF else 1 for char in text), 70, 67
    if units <= single:
        assert count == 1
    else:
        assert -(-units // each) <= count <= -(-units // (each - 1))


TARGETS: dict[str, Callable[[str], None]] = {
    "phone": phone, "code": code, "submission": submission, "purpose": purpose, "token": token, "address": address,
    "language": language, "next_address": next_address, "service_name": service_name, "sms": sms,
}  # fmt: skip
