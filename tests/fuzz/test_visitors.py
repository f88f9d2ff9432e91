"""What a visitor can type or forge: numbers, codes, tokens, purposes, addresses (P12, R10, R22, R35)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import visitors
from tests.fuzz.inputs import CODE, ODD, PHONE, flipped, fuzz
from uzotp.errors import InvalidPhone, InvalidProof
from uzotp.phones import Phone
from uzotp.rules.clients import client_network

#: What people and machines write around digits, and what only looks like digits.
_near = st.text(
    alphabet=st.sampled_from("0123456789+-() .٠٩०９Ⅷ½²\u202e\u200b\x00\ud800:[]%/,;=qруuzen*@#'ʻ€^{}\\|~"), max_size=80
)
_about = st.sampled_from(
    [PHONE, CODE, "203.0.113.7", "2001:db8::1", "::ffff:8.8.8.8", "uz;q=0.5", "/a?b=c", "TechShop", "login"]
)


@st.composite
def _typed(draw: st.DrawFn) -> str:
    """Odd text, or something right with something odd in it."""
    if draw(st.booleans()):
        return draw(st.text(max_size=200) | _near)
    text, odd = draw(_about), draw(_near | st.text(max_size=3))
    at = draw(st.integers(0, len(text)))
    return text[:at] + odd + text[at + draw(st.integers(0, 2)) :]


#: What somebody would try, or paste, on purpose.
TRICKY = [
    "//evil.example", "/\\evil.example", "/\t/evil", "/a\r\nSet-Cookie: a=b", "Gʻisht", "a\ua78cb", "O‘zbek", "a@b #12",
    "😀" * 40,
    "€" * 90, "+998" + "0" * 9, "8 90 123 81 90", "+1 900 123 4567", "٠٩٠", "::ffff:10.0.0.1", "[::1]", "203.0.113.7%1",
    "login\n",
    "..", "a.b", "a.b.c", "a" * 26 + "." + "b" * 26 + "." + "é" * 26, "." * 80, ".eJw.x.y", "uz;q=1.0000", "*-*", "",
]  # fmt: skip


@pytest.mark.parametrize("text", TRICKY)
def test_p12_tricky_texts(text: str) -> None:
    for target in visitors.TARGETS.values():
        target(text)


@pytest.mark.parametrize("name", visitors.TARGETS)
def test_p12_fuzz_texts(name: str) -> None:
    @fuzz(150)
    @given(text=_typed())
    def run(text: str) -> None:
        visitors.TARGETS[name](text)

    run()


@pytest.mark.parametrize(
    "text", ["1" * 10**6, "\ufdfa" * 64, "\ufdfa" * 10**5, "e" + "\u0301" * 10**6, "\ud800" * 70, " " * 10**6]
)
@pytest.mark.parametrize("name", visitors.TARGETS)
def test_p12_long_and_growing_texts(name: str, text: str) -> None:
    """U+FDFA becomes eighteen characters in NFKC."""
    visitors.TARGETS[name](text)


_NO_TEXTS = [value for value in ODD if not isinstance(value, str)]


@pytest.mark.parametrize("value", _NO_TEXTS, ids=lambda value: f"{value!r}"[:20])
def test_p12_what_is_no_text_is_no_number_no_code_and_no_token(value: Any) -> None:
    verifier = visitors.verifier()
    for call in (
        lambda: Phone.parse(value),
        lambda: verifier.send_code(value, "login", client_ip=None, binding=""),
        lambda: verifier.verify_code(value, CODE, "login", binding=""),
    ):
        with pytest.raises(InvalidPhone):
            call()
    assert verifier.tokens("challenge").load(value, 3600) is None
    with pytest.raises(InvalidProof):
        verifier.redeem(value, "login")
    binding = f"{value!r}"[:50]  # each has its own five tries
    verifier.send_code(PHONE, "login", client_ip=None, binding=binding)
    assert verifier.verify_code(PHONE, value, "login", binding=binding).status == "wrong_code"


# ------------------------------------------------------------------------------------------------- forged tokens


_PAYLOAD = {"id": "abc", "phone": PHONE, "purpose": "login"}


@fuzz(150)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_r22_a_token_with_a_character_changed_is_refused(seed: int, times: int) -> None:
    """The last bits of a signature mean nothing in base64: there the same token may be written in two ways."""
    tokens = visitors.tokens("challenge")
    genuine = tokens.dump(_PAYLOAD)
    forged = genuine
    for step in range(times):
        forged = flipped(forged, seed + step)
    loaded = tokens.load(forged, 3600)
    if forged.rpartition(".")[0] == genuine.rpartition(".")[0]:
        assert loaded in (None, _PAYLOAD)
    else:
        assert loaded is None


@fuzz(100)
@given(kind=st.sampled_from(["proof", "other", "", "challenge\x00"]), cut=st.integers(0, 200))
def test_r25_a_token_of_another_kind_or_a_part_of_one_is_refused(kind: str, cut: int) -> None:
    tokens = visitors.tokens("challenge")
    assert tokens.load(visitors.tokens(kind).dump(_PAYLOAD), 3600) is None
    genuine = tokens.dump(_PAYLOAD)
    assert tokens.load(genuine[:cut], 3600) == (_PAYLOAD if cut >= len(genuine) else None)


@fuzz(120)
@given(seed=st.integers(0, 2**32))
def test_p10_a_delivery_token_with_a_character_changed_is_refused(seed: int) -> None:
    keys = visitors.verifier().keys
    genuine = keys.delivery_token(keys.fingerprint(Phone.parse(PHONE)), "szwsupi4oekwnl345e4ntpazym")
    assert keys.read_delivery_token(genuine) is not None
    visitors.token(flipped(genuine, seed))


@fuzz(150)
@given(
    token=st.text(max_size=90) | st.binary(max_size=90).map(lambda raw: raw.decode("latin-1")),
    body=st.binary(max_size=300),
)
def test_p10_fuzz_callbacks(token: str, body: bytes) -> None:
    """A token of nobody's is refused whatever the body says; with a genuine one no body is refused."""
    verifier = visitors.verifier()
    assert verifier.receive_callback(token, body) is False
    genuine = verifier.keys.delivery_token(verifier.keys.fingerprint(Phone.parse(PHONE)), "a" * 26)
    assert verifier.receive_callback(genuine, body) is True


# --------------------------------------------------------------------------------------------------- addresses


@fuzz(120)
@given(ip=st.ip_addresses(v=4) | st.ip_addresses(v=6), port=st.integers(0, 65535), zone=st.text(max_size=5))
def test_r35_an_address_is_one_client_however_it_is_written(ip: Any, port: int, zone: str) -> None:
    plain = client_network(str(ip))
    written = [f" {ip} ", f"{ip}:{port}" if ip.version == 4 else f"[{ip}]:{port}", ip.exploded]
    if ip.version == 6:
        written += [f"{ip}%eth{zone.replace('%', '').strip()}", f"[{ip}]", str(ip).upper()]
    for text in written:
        assert client_network(text) == plain, text
