"""Codes, digests and tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.codes import Keyring, Tokens, normalise_code, random_id, read_code
from uzotp.errors import ConfigurationError
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.privacy import Secret
from uzotp.testing.clock import FakeClock

PHONE = Phone("+998901238190", "UZ")
OTHER = Phone("+998911238190", "UZ")
KEYS = Keyring(["a key of the tests"])


def derive(nonce: str, length: int = 6, keys: Keyring = KEYS, binding: str = "b", key_id: str | None = None) -> Secret:
    return keys.code(key_id or keys.newest, nonce, PHONE, Purpose.LOGIN, binding, length)


# ------------------------------------------------------------------------------------------------------- codes


def test_r1_seeding_random_changes_nothing(make_site: Callable[..., Any]) -> None:
    site = make_site()
    random.seed(1)
    state = random.getstate()
    site.send(binding="one")
    assert random.getstate() == state, "nothing was drawn from it"
    site.clock.advance(60)
    random.seed(1)
    site.send(binding="two")
    first, second = site.outbox
    assert first.code != second.code


def test_r1_randomness_is_the_operating_system_s(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(secrets, "token_bytes", lambda count: asked.append(count) or b"\x00" * count)
    assert random_id() == "a" * 26
    assert asked == [16]


def test_r3_r4_both_ends_are_reachable_and_keep_their_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, code in ((0, "000000"), (42, "000042"), (999_999, "999999"), (10**6, "000000")):
        with monkeypatch.context() as patch:
            patch.setattr(hmac, "digest", lambda *_args, number=number: number.to_bytes(32, "big"))
            assert derive("nonce") == code


def test_r3_every_value_of_a_four_digit_code_occurs() -> None:
    assert len({derive(str(nonce), 4) for nonce in range(150_000)}) == 10_000


def test_r3_codes_are_uniform_by_chi_square() -> None:
    count = 50_000
    drawn = [derive(f"nonce {number}") for number in range(count)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in drawn)
    for place in range(6):
        seen = Counter(code[place] for code in drawn)
        chi = sum((seen[digit] - count / 10) ** 2 / (count / 10) for digit in "0123456789")
        assert chi < 27.9, f"digit {place}: 9 degrees of freedom, p = 0.001"
    buckets = Counter(code[:3] for code in drawn)
    chi = sum((buckets[f"{head:03}"] - count / 1000) ** 2 / (count / 1000) for head in range(1000))
    assert 856 < chi < 1144, "999 degrees of freedom, p = 0.001 on either side"


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8])
def test_r4_a_code_has_its_length(length: int) -> None:
    assert {len(derive(str(nonce), length)) for nonce in range(200)} == {length}


def test_a_code_depends_on_everything_it_is_for() -> None:
    other = Keyring(["another key"])
    derived = {
        KEYS.code(KEYS.newest, "nonce", PHONE, Purpose.LOGIN, "b", 8),
        KEYS.code(KEYS.newest, "nonce 2", PHONE, Purpose.LOGIN, "b", 8),
        KEYS.code(KEYS.newest, "nonce", OTHER, Purpose.LOGIN, "b", 8),
        KEYS.code(KEYS.newest, "nonce", PHONE, Purpose.OPERATION, "b", 8),
        KEYS.code(KEYS.newest, "nonce", PHONE, Purpose.LOGIN, "c", 8),
        other.code(other.newest, "nonce", PHONE, Purpose.LOGIN, "b", 8),
    }
    assert len(derived) == 6


def test_fields_cannot_run_into_each_other() -> None:
    assert KEYS.handle(PHONE, Purpose.LOGIN, "ab") != KEYS.handle(Phone(PHONE + "a"), Purpose.LOGIN, "b")
    assert KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "b1", "23456") != KEYS.digest(
        KEYS.newest, PHONE, Purpose.LOGIN, "b", "123456"
    )


def test_any_binding_has_a_handle() -> None:
    assert len(KEYS.handle(PHONE, Purpose.LOGIN, "\ud800 lone, 😀, \x00")) == 26


# ----------------------------------------------------------------------------------------------------- digests


def test_r7_a_dump_and_every_code_recover_nothing() -> None:
    """All codes are tried against the digest with everything a dump holds, in the ways codes are commonly hashed."""
    nonce = random_id()
    code = derive(nonce, 4)
    digest = KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "b", code)
    known = ["", nonce, digest, KEYS.fingerprint(PHONE), KEYS.handle(PHONE, Purpose.LOGIN, "b"), KEYS.newest, PHONE]
    for number in range(10_000):
        guess = f"{number:04}".encode()
        for word in known:
            salt = word.encode()
            for raw in (
                hashlib.sha256(guess + salt).digest(),
                hashlib.sha256(salt + guess).digest(),
                hmac.digest(salt, guess, "sha256"),
            ):
                assert base64.b32encode(raw[:16]).decode().rstrip("=").lower() != digest


def test_r7_the_digest_covers_key_phone_purpose_binding_and_code() -> None:
    other = Keyring(["another key"])
    digests = {
        KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "b", "123456"),
        KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "b", "123457"),
        KEYS.digest(KEYS.newest, OTHER, Purpose.LOGIN, "b", "123456"),
        KEYS.digest(KEYS.newest, PHONE, Purpose.REGISTRATION, "b", "123456"),
        KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "c", "123456"),
        other.digest(other.newest, PHONE, Purpose.LOGIN, "b", "123456"),
    }
    assert len(digests) == 6


def test_ids_and_hashes_are_lower_case_base32_of_128_bits() -> None:
    texts = [
        random_id(), KEYS.fingerprint(PHONE), KEYS.client("203.0.113.7"), KEYS.handle(PHONE, Purpose.LOGIN, ""),
        KEYS.digest(KEYS.newest, PHONE, Purpose.LOGIN, "", ""),
    ]  # fmt: skip
    for text in texts:
        assert len(text) == 26
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len(set(texts)) == len(texts)


# -------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize("keys", [[], [""], ["a", ""], [b""], ""])
def test_a_keyring_needs_keys(keys: Any) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEYS"):
        Keyring(keys)


def test_one_key_may_be_written_without_a_list_and_as_bytes() -> None:
    assert Keyring("key").newest == Keyring(b"key").newest == Keyring(["key"]).newest


def test_r8_codes_of_the_previous_key_have_a_candidate() -> None:
    old, both = Keyring(["old"]), Keyring(["old", "new"])
    digest = old.digest(old.newest, PHONE, Purpose.LOGIN, "b", "123456")
    candidates = both.digests(PHONE, Purpose.LOGIN, "b", "123456")
    assert candidates == (both.digest(both.newest, PHONE, Purpose.LOGIN, "b", "123456"), digest)
    assert derive("nonce", keys=old) == derive("nonce", keys=both, key_id=old.newest)
    assert old.newest in both.live
    assert both.newest != old.newest


def test_adding_a_key_changes_no_fingerprint() -> None:
    assert Keyring(["old"]).fingerprint(PHONE) == Keyring(["old", "new"]).fingerprint(PHONE)
    assert Keyring(["old"]).fingerprint(PHONE) != Keyring(["new"]).fingerprint(PHONE)
    kept = Keyring(["old", "new"], "lookups"), Keyring(["new"], b"lookups")
    assert kept[0].fingerprint(PHONE) == kept[1].fingerprint(PHONE)


def test_a_dead_key_derives_nothing() -> None:
    with pytest.raises(KeyError):
        derive("nonce", key_id=Keyring(["another"]).newest)


def test_r43_a_keyring_shows_no_key() -> None:
    assert repr(Keyring(["hush", "hush 2"])) == "<Keyring of 2>"


# --------------------------------------------------------------------------------------------- what people type


@pytest.mark.parametrize(
    "typed",
    [
        "493021", " 493021\n", "493 021", "493-021", "4 9 3 0 2 1", "493–021", "493\u00a0021", "493\u200b021",
        "４９３０２１", "４９３－０２１", "٤٩٣٠٢١", "۴۹۳۰۲۱", "४९३०२१", "\ufeff493021", "\u202a493021\u202c",
    ],
)  # fmt: skip
def test_r10_a_code_is_read_as_people_write_it(typed: str) -> None:
    assert normalise_code(typed) == "493021"


@pytest.mark.parametrize("typed", ["", " ", "49302l", "+493021", "493.021", "0x493021", "4930²1a", "४९३०२१%", "-" * 65])
def test_r10_what_is_no_code_is_the_empty_one(typed: str) -> None:
    assert normalise_code(typed) == ""


@pytest.mark.parametrize("typed", [None, 493021, b"493021", ["4"], {}, True, 4.5])
def test_r10_what_is_no_text_is_the_empty_code(typed: object) -> None:
    assert normalise_code(typed) == ""


@pytest.mark.parametrize("typed", ["226888.", "226888,", "(226888)", "#226888", "Kod: 226888", "«226 888»", "226888!"])
def test_r62_a_code_is_read_with_the_marks_around_it(typed: str) -> None:
    assert read_code(typed, 6) == "226888"


@pytest.mark.parametrize(
    "typed",
    [
        "12345", "1234567", "abc", "", "-", "+998 90 123 81 90", "998901238190", "90 123 81 90", "90-12-38-190",
        "tel 90 12 34 567", "226888 226888", "1" * 701, "²" * 6,
    ],
)  # fmt: skip
def test_r62_what_is_too_short_or_too_long_is_no_code(typed: str) -> None:
    """One's own number, say, of which some digits in the middle are as many as a code's."""
    assert [read_code(typed, length) for length in (6, 8)] == ["", ""]


def test_r4_leading_zeros_are_kept() -> None:
    assert normalise_code("000 042") == "000042"


def test_a_code_as_long_as_the_bound_is_read_and_no_longer_one() -> None:
    assert normalise_code("1" * 64) == "1" * 64
    assert normalise_code("1" * 65) == ""


@given(st.text(max_size=100) | st.text("0123456789 -٤٩\u200b", max_size=70))
def test_r10_any_text_is_some_digits(text: str) -> None:
    digits = normalise_code(text)
    assert digits == "" or (digits.isascii() and digits.isdigit())
    assert normalise_code(digits) == (digits if len(digits) <= 64 else "")


def test_r43_codes_hide_themselves() -> None:
    assert repr(derive("nonce")) == repr(normalise_code("493021")) == "<secret>"


# ------------------------------------------------------------------------------------------------------ tokens


def test_p10_a_delivery_token_is_read_back_and_cannot_be_made_up() -> None:
    token = KEYS.delivery_token("phone", "delivery")
    assert KEYS.read_delivery_token(token) == ("phone", "delivery")
    assert len(KEYS.delivery_token(random_id(), random_id())) == 80
    tag = token.rpartition(".")[2]
    for forged in (
        "", ".", "..", "delivery", "phone.delivery", "phone.delivery.", f"other.delivery.{tag}", f"phone.other.{tag}",
        f"delivery.phone.{tag}", f"phonedelivery.{tag}", f".phonedelivery.{tag}", f"{token}a", f"{token}.", token[:-1],
        f"..{tag}", "ё.ё.ё", "\ud800.a.a", token.upper(), "a" * 100_000,
    ):  # fmt: skip
        assert KEYS.read_delivery_token(forged) is None
    assert Keyring(["another"]).read_delivery_token(token) is None


def test_r8_delivery_tokens_survive_the_rotation_of_keys() -> None:
    token = Keyring(["old"]).delivery_token("phone", "delivery")
    assert Keyring(["old", "new"]).read_delivery_token(token) == ("phone", "delivery")
    assert Keyring(["new"]).read_delivery_token(token) is None


def tokens(clock: FakeClock, keys: Keyring = KEYS, kind: str = "kind") -> Tokens:
    return Tokens(keys.token_keys(kind), clock)


def test_tokens_carry_a_mapping_until_they_are_too_old(clock: FakeClock) -> None:
    token = tokens(clock).dump({"a": 1})
    clock.advance(600)
    assert tokens(clock).load(token, 600) == {"a": 1}
    clock.advance(1)
    assert tokens(clock).load(token, 600) is None


def test_a_token_from_a_host_whose_clock_is_ahead_is_fine(clock: FakeClock) -> None:
    token = tokens(clock).dump({"a": 1})
    clock.advance(-2)
    assert tokens(clock).load(token, 600) == {"a": 1}


def test_r8_tokens_survive_the_rotation_of_keys(clock: FakeClock) -> None:
    token = tokens(clock, Keyring(["old"])).dump({"a": 1})
    assert tokens(clock, Keyring(["old", "new"])).load(token, 60) == {"a": 1}
    assert tokens(clock, Keyring(["new"])).load(token, 60) is None


def test_kinds_of_tokens_are_kept_apart(clock: FakeClock) -> None:
    assert tokens(clock, kind="proof").load(tokens(clock, kind="challenge").dump({"a": 1}), 60) is None


def test_a_token_that_holds_no_mapping_is_none(clock: FakeClock) -> None:
    assert tokens(clock).load(tokens(clock).dump([1]), 60) is None  # type: ignore[arg-type]


@given(
    st.text(max_size=100) | st.text("abcABC012._-", max_size=100) | st.none() | st.integers() | st.binary(max_size=9)
)
def test_p12_no_made_up_token_is_loaded_or_raises(token: object) -> None:
    assert tokens(FakeClock()).load(token, 600) is None


def test_p12_a_changed_token_is_none_wherever_it_was_changed(clock: FakeClock) -> None:
    token = tokens(clock).dump({"a": 1})
    for place in range(len(token) - 1):  # the last character of base64 has bits that mean nothing
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert tokens(clock).load(changed, 600) is None
    assert tokens(clock).load(token + "A" * 4096, 600) is None
