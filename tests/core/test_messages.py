"""The service-name rule and the counting of SMS parts."""

from __future__ import annotations

import unicodedata
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.errors import ConfigurationError, InvalidServiceName, UzotpError
from uzotp.policy import Purpose
from uzotp.sms.parts import GSM7, GSM7_EXTENSION, describe, fold_apostrophes, guilty, parts
from uzotp.sms.templates import TEMPLATES, check_service_name, template_text

# ------------------------------------------------------------------------------------------------ service names


@pytest.mark.parametrize(
    "name",
    ["TechShop", "My Shop", "1C", "a.b", "Bozor-24", "Toshkent. Savdo - 2", "Дўкон", "مغازه", "店铺", "A" * 50, "ab"],
)
def test_names_that_devsms_takes(name: str) -> None:
    assert check_service_name(name) == name


@pytest.mark.parametrize(
    ("name", "guilty", "says"),
    [
        ("O'zbek", "'", "APOSTROPHE, U+0027"),
        ("O‘zbek", "‘", "LEFT SINGLE QUOTATION MARK, U+2018"),
        ("O’zbek", "’", "RIGHT SINGLE QUOTATION MARK, U+2019"),
        ("Oʻzbek", "ʻ", "MODIFIER LETTER TURNED COMMA, U+02BB"),
        ("Oʼzbek", "ʼ", "MODIFIER LETTER APOSTROPHE, U+02BC"),
        ("O`zbek", "`", "GRAVE ACCENT, U+0060"),
        ("O´zbek", "´", "ACUTE ACCENT, U+00B4"),
        ("O＇zbek", "＇", "FULLWIDTH APOSTROPHE, U+FF07"),
        ("Oꞌzbek", "ꞌ", "LATIN SMALL LETTER SALTILLO, U+A78C"),
    ],
)
def test_q26_no_kind_of_apostrophe_passes_and_the_cure_is_named(name: str, guilty: str, says: str) -> None:
    with pytest.raises(InvalidServiceName, match="write Uzbek o' and g' as plain o and g") as caught:
        check_service_name(name)
    assert (caught.value.character, caught.value.position) == (guilty, 2)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "guilty", "position"),
    [
        ("my_shop", "_", 3), ("Tom & Co", "&", 5), ("TechShop\n", "\n", 9), ("Tech\tShop", "\t", 5),
        ("TechShop\r", "\r", 9), ("Shop😀", "😀", 5), ("Shop٣", "٣", 5), ("Shop３", "３", 5), ("Shop²", "²", 5),
        ("Shopé", "\u0301", 6), ("Tech\u00a0Shop", "\u00a0", 5), ("Tech\u200bShop", "\u200b", 5), ("Tech–Shop", "–", 5),
        ("Shop\x00", "\x00", 5), ("Shop\ud800", "\ud800", 5), ('"Shop"', '"', 1), ("Shop!", "!", 5), ("ShopⅧ", "Ⅷ", 5),
        ("{service}", "{", 1), ("Shop™", "™", 5), ("Shop\u202e", "\u202e", 5), ("_" * 51, "_", 1),
    ],
)  # fmt: skip
def test_the_guilty_character_is_named_with_its_place(name: str, guilty: str, position: int) -> None:
    name = unicodedata.normalize("NFD", name) if guilty == "\u0301" else name
    with pytest.raises(InvalidServiceName) as caught:
        check_service_name(name)
    assert (caught.value.character, caught.value.position) == (guilty, position)
    assert f"U+{ord(guilty):04X}" in str(caught.value)
    assert f"position {position}" in str(caught.value)
    assert "Uzbek" not in str(caught.value)
    str(caught.value).encode()  # it can be written to any log


@pytest.mark.parametrize(
    ("name", "says"), [("", "0 characters"), ("A", "1 characters"), ("A" * 51, "51 characters"), ("..", "no letter"),
                       (" - ", "no letter"), (" Shop", "begins or ends"), ("Shop ", "begins or ends")]
)  # fmt: skip
def test_length_emptiness_and_edges(name: str, says: str) -> None:
    with pytest.raises(InvalidServiceName, match=says):
        check_service_name(name)


def test_a_space_at_an_end_is_pointed_at() -> None:
    for name, position in ((" Shop", 1), ("Shop ", 5)):
        with pytest.raises(InvalidServiceName) as caught:
            check_service_name(name)
        assert (caught.value.character, caught.value.position) == (" ", position)


@pytest.mark.parametrize("name", [None, 5, b"Shop", ["Shop"]])
def test_a_name_that_is_no_text(name: object) -> None:
    with pytest.raises(InvalidServiceName, match="is text") as caught:
        check_service_name(name)
    assert isinstance(caught.value, UzotpError)
    assert isinstance(caught.value, ConfigurationError)


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_an_invalid_one(text: str) -> None:
    try:
        name = check_service_name(text)
    except InvalidServiceName:
        return
    assert name == text
    assert 2 <= len(name) <= 50
    assert all(char.isalpha() or char in " .-0123456789" for char in name)


def test_characters_are_described_so_that_nobody_mistakes_them() -> None:
    assert describe("'") == '"\'" (APOSTROPHE, U+0027)'
    assert describe("\n") == '"?" (a control character, U+000A)'


def test_apostrophes_fold_into_the_ascii_one() -> None:
    assert fold_apostrophes("to‘lov to’lov toʻlov toʼlov to`lov to'lov") == " ".join(["to'lov"] * 6)
    assert parts(fold_apostrophes("Ro‘yxatdan o’tish " * 4)) == 1


# -------------------------------------------------------------------------------------------------------- parts


def test_the_alphabet_is_that_of_the_standard() -> None:
    ascii_places = {chr(code) for code in range(0x20, 0x7F)} - set("[\\]^`{|}~") | {"\n", "\r"}
    greek = {chr(code) for code in (0x393, 0x394, 0x398, 0x39B, 0x39E, 0x3A0, 0x3A3, 0x3A6, 0x3A8, 0x3A9)}
    latin = (0xA1, 0xA3, 0xA4, 0xA5, 0xA7, 0xBF, 0xC4, 0xC5, 0xC6, 0xC7, 0xC9, 0xD1, 0xD6, 0xD8, 0xDC, 0xDF, 0xE0, 0xE4,
             0xE5, 0xE6, 0xE8, 0xE9, 0xEC, 0xF1, 0xF2, 0xF6, 0xF8, 0xF9, 0xFC)  # fmt: skip
    assert ascii_places | greek | set(map(chr, latin)) == GSM7
    assert len(GSM7) == 127, "128 places, one of them the escape"
    assert set("\x0c[\\]^{|}~\u20ac") == GSM7_EXTENSION
    assert not GSM7 & GSM7_EXTENSION


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None), ("Ro'yxatdan o'tish", None), ("{€}^", None), ("Ro\u2018yxatdan", ("\u2018", 3)), ("a`b", ("`", 2)),
        ("Tech Дўкон", ("Д", 6)), ("ok 😀 Д", ("😀", 4)), ("ç", ("ç", 1)), ("a\tb", ("\t", 2)), ("a\x1bb", ("\x1b", 2)),
    ],
)  # fmt: skip
def test_the_character_that_makes_a_text_dear_is_named(text: str, found: tuple[str, int] | None) -> None:
    assert guilty(text) == found


@given(st.text(max_size=200))
def test_a_text_is_guilty_exactly_when_it_is_ucs2(text: str) -> None:
    culprit = guilty(text)
    if culprit is None:
        assert all(char in GSM7 | GSM7_EXTENSION for char in text)
    else:
        char, position = culprit
        assert text[position - 1] == char
        assert guilty(text[: position - 1]) is None
        assert parts(char + "a" * 70) == 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("a" * 459, 3), ("a" * 460, 4),
        ("ш" * 70, 1), ("ш" * 71, 2), ("ш" * 134, 2), ("ш" * 135, 3), ("ш" * 201, 3), ("ш" * 202, 4),
        ("a" * 69 + "ш", 1), ("a" * 70 + "ш", 2), ("a" * 160 + "’", 3),
        ("€" * 80, 1), ("€" * 80 + "a", 2), ("a" * 158 + "€", 1), ("a" * 159 + "€", 2),
        ("😀" * 35, 1), ("😀" * 35 + "a", 2), ("a" * 69 + "😀", 2), ("a" * 68 + "😀", 1),
        ("\n" * 160, 1), ("`" * 71, 2), ("ß" * 160, 1), ("ç" * 71, 2), ("Ç" * 160, 1),
    ],
)  # fmt: skip
def test_r52_parts_at_their_edges(text: str, count: int) -> None:
    assert parts(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("€" * 152, 2), ("€" * 153, 3), ("a" * 152 + "€" + "a" * 151, 2), ("a" * 152 + "€" + "a" * 152, 3),
        ("😀" * 66, 2), ("😀" * 67, 3), ("a" * 66 + "😀" + "a" * 65, 2), ("a" * 66 + "😀" + "a" * 66, 3),
    ],
)  # fmt: skip
def test_r52_neither_an_escape_nor_a_surrogate_pair_is_split(text: str, count: int) -> None:
    assert parts(text) == count


def in_the_air(char: str, wide: bool) -> int:
    """Bits of one character: two octets for each UTF-16 unit, else a septet, with its escape where it needs one."""
    return 8 * len(char.encode("utf-16-be", "surrogatepass")) if wide else 14 if char in "\x0c[\\]^{|}~€" else 7


def fewest_parts(text: str, wide: bool) -> int:
    """The slow way: of all places where parts may end, the best; a character is never cut (3GPP 23.040 9.2.3.24.1).

    A message is 140 octets; each of several begins with a header of 6.
    """
    bits = [in_the_air(char, wide) for char in text]
    if sum(bits) <= 140 * 8:
        return 1
    fewest = [0] + [len(bits)] * len(bits)
    for end in range(1, len(bits) + 1):
        begin, size = end - 1, bits[end - 1]
        while begin >= 0 and size <= (140 - 6) * 8:
            fewest[end] = min(fewest[end], fewest[begin] + 1)
            begin -= 1
            size += bits[begin]
    return fewest[-1]


narrow_texts = st.text("aé'[€\x0c", max_size=500)
wide_texts = st.tuples(st.text("aш€😀\ud800", max_size=300), st.integers(0, 300)).map(
    lambda drawn: drawn[0][: drawn[1]] + "ў" + drawn[0][drawn[1] :]
)


@given(narrow_texts)
def test_r52_parts_of_gsm7_agree_with_the_slow_way(text: str) -> None:
    assert parts(text) == fewest_parts(text, wide=False)


@given(wide_texts)
def test_r52_parts_of_ucs2_agree_with_the_slow_way(text: str) -> None:
    assert parts(text) == fewest_parts(text, wide=True)


@given(st.integers(60, 480), st.integers(0, 480), st.sampled_from([*permutations("a€[", 2), *permutations("aш😀", 2)]))
def test_r52_long_runs_agree_with_the_slow_way(length: int, turn: int, chars: tuple[str, str]) -> None:
    text = (chars[0] * turn + chars[1] * length)[:length]
    assert parts(text) == fewest_parts(text, wide=bool(set(text) & set("ш😀")))


# ---------------------------------------------------------------------------------------------------- templates


@pytest.mark.parametrize(
    ("purpose", "fixed"),
    [(Purpose.OPERATION, 57), (Purpose.PASSWORD_RESET, 68), (Purpose.REGISTRATION, 70), (Purpose.LOGIN, 59)],
)
def test_templates_are_as_long_as_the_document_s(purpose: Purpose, fixed: int) -> None:
    assert len(template_text(purpose, "", "")) == fixed
    assert set(TEMPLATES[purpose]) - set("{}_") <= GSM7


@pytest.mark.parametrize("purpose", Purpose)
def test_a_latin_name_always_takes_one_part(purpose: Purpose) -> None:
    assert parts(template_text(purpose, "A" * 50, "12345678")) == 1


@pytest.mark.parametrize(("purpose", "longest"), [(Purpose.OPERATION, 13), (Purpose.LOGIN, 11)])
def test_q35_a_cyrillic_name_doubles_the_price_beyond_a_length(purpose: Purpose, longest: int) -> None:
    name = "Ш" * (longest - 6)
    assert parts(template_text(purpose, name, "123456")) == 1
    assert parts(template_text(purpose, name + "Ш", "123456")) == 2


@pytest.mark.parametrize("purpose", [Purpose.PASSWORD_RESET, Purpose.REGISTRATION])
def test_q35_a_cyrillic_name_always_doubles_the_long_templates(purpose: Purpose) -> None:
    assert parts(template_text(purpose, "ШШ", "1234")) == 2
    assert parts(template_text(purpose, "Ш" * 50, "12345678")) == 2


def test_a_name_is_filled_in_as_it_is() -> None:
    text = template_text(Purpose.LOGIN, "{otp_code}", "042042")
    assert text == "MyService tizimi: {otp_code} xizmatiga kirish uchun tasdiqlash kodi: 042042"
