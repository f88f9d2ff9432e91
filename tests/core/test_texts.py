"""Our own texts: what they say, what they cost, and the lines that machines read."""

from __future__ import annotations

import re
import traceback
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.errors import ConfigurationError, InvalidServiceName
from uzotp.i18n import LANGUAGES, locale
from uzotp.policy import Policy, Purpose
from uzotp.sms.parts import GSM7, guilty, parts
from uzotp.sms.texts import RETRIEVER_BYTES, check_android_hash, check_autofill_host, check_texts, compose

EVERY = list(product(Purpose, LANGUAGES))
WARNINGS = {language: locale(language)["sms"]["warning"] for language in LANGUAGES}
HASH = "FA+9qCX9VSu"
LONG = "A" * 50

every_text = pytest.mark.parametrize(("purpose", "language"), EVERY)


def origin_bound(message: str) -> tuple[str, str] | None:
    """(host, code), by the steps of the format's section "Parsing"; an embedded host is not ours to send."""
    line = re.split(r"\r\n|\r|\n", message)[-1]
    found = re.match(r"@([^\t\n\f\r ]+) #([^\t\n\f\r ]+)", line)
    return (found[1], found[2]) if found else None


def code_read_by_people(text: str) -> str:
    """The last run of 4 to 8 digits."""
    return re.findall(r"(?<!\d)\d{4,8}(?!\d)", text)[-1]


# ------------------------------------------------------------------------------------------------- what they say


def test_there_is_a_text_for_every_purpose_in_every_language() -> None:
    assert LANGUAGES == ("uz", "ru", "en")
    assert all(set(locale(language)["sms"]) - {"warning"} == set(Purpose) for language in LANGUAGES)
    assert len({compose(purpose, language, "493021", "TechShop") for purpose, language in EVERY}) == len(EVERY)
    assert len({compose(purpose, language, "493021") for purpose, language in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    ("purpose", "language", "text"),
    [
        ("login", "uz", "TechShop xizmatiga kirish uchun kod: 049302. Kodni hech kimga aytmang."),
        ("login", "ru", "TechShop: вход в аккаунт. Код: 049302. Никому не сообщайте."),
        ("login", "en", "Your TechShop login code: 049302. Do not share it with anyone."),
        ("registration", "uz", "TechShop xizmatida ro'yxatdan o'tish uchun kod: 049302. Kodni hech kimga aytmang."),
    ],
)
def test_texts_word_for_word(purpose: str, language: str, text: str) -> None:
    assert compose(Purpose(purpose), language, "049302", "TechShop") == text


@every_text
@pytest.mark.parametrize("name", ["TechShop", "1C 2024", None])
@pytest.mark.parametrize("code", ["0000", "493021", "12345678"])
def test_the_code_follows_its_word_and_is_the_last_number(
    purpose: Purpose, language: str, name: str | None, code: str
) -> None:
    text = compose(purpose, language, code, name)
    assert re.search(rf"(?:\bkod|\bcode|\bКод): {code}\.", text)
    assert code_read_by_people(text) == code
    assert (name or "") in text
    assert text.endswith(WARNINGS[language])
    assert "{" not in text
    assert "  " not in text
    assert text[0] == text[0].upper()


def test_a_name_is_filled_in_as_it_is() -> None:
    assert compose(Purpose.LOGIN, "en", "493021", "{code}").startswith("Your {code} login code: 493021.")


def test_a_language_without_texts() -> None:
    with pytest.raises(ConfigurationError, match="no texts in 'kk': only in uz, ru, en"):
        compose(Purpose.LOGIN, "kk", "493021")


@pytest.mark.parametrize("code", ["", "123", "123456789", "12345a", "12 34", "1234\n", "٤٩٣٠٢١"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(ValueError, match="4 to 8 digits"):
        compose(Purpose.LOGIN, "uz", code)


# ----------------------------------------------------------------------------------------------- what they cost


@every_text
def test_r52_a_text_with_the_longest_name_and_code_is_one_part_where_the_alphabet_allows(
    purpose: Purpose, language: str
) -> None:
    text = compose(purpose, language, "12345678", LONG)
    assert text.endswith(WARNINGS[language]), "and there is room to say: tell nobody"
    if guilty(text) is None:
        assert parts(text) == 1
    else:
        assert (language, parts(text)) == ("ru", 2)


@every_text
def test_uzbek_and_english_are_gsm7_and_russian_is_one_part_with_a_short_name(purpose: Purpose, language: str) -> None:
    for name in ("Choyxona", "Oq-Yo.l 7", None):
        text = compose(purpose, language, "12345678", name)
        assert parts(text) == 1
        assert text.endswith(WARNINGS[language])
        assert (guilty(text) is None) == (language != "ru")


@pytest.mark.parametrize("mark", "'`´ʹʻʼ‘’‛′ꞌ＇")
def test_uzbek_apostrophes_in_a_name_are_folded_so_that_the_text_stays_in_gsm7(mark: str) -> None:
    text = compose(Purpose.LOGIN, "uz", "493021", f"O{mark}zbek do{mark}kon")
    assert text.startswith("O'zbek do'kon xizmatiga")
    assert set(text) <= GSM7


def test_the_warning_is_left_out_where_it_would_cost_a_part() -> None:
    within, beyond = (compose(Purpose.LOGIN, "ru", "493021", "Ш" * length) for length in (19, 20))
    assert (parts(within), parts(beyond)) == (1, 1)
    assert within.endswith(WARNINGS["ru"])
    assert beyond.endswith("Код: 493021.")
    dear = compose(Purpose.LOGIN, "ru", "493021", "Ш" * 50)
    assert (parts(dear), dear.endswith(WARNINGS["ru"])) == (2, True), "in a second part there is room again"


# ------------------------------------------------------------------------------------------- what machines read


@every_text
@pytest.mark.parametrize("android_hash", [HASH, None])
@pytest.mark.parametrize("name", ["TechShop", None])
def test_r51_the_last_line_is_host_and_code(
    purpose: Purpose, language: str, android_hash: str | None, name: str | None
) -> None:
    text = compose(purpose, language, "049302", name, autofill_host="shop.uz", android_hash=android_hash)
    assert text.split("\n")[-1] == "@shop.uz #049302"
    assert origin_bound(text) == ("shop.uz", "049302")
    assert code_read_by_people(text) == "049302"
    assert (text.split("\n")[-2] == HASH) == bool(android_hash)


def test_r51_the_parser_of_these_tests_reads_as_the_format_says() -> None:
    assert origin_bound("747723 is your code.\n\n@example.com #747723") == ("example.com", "747723")
    assert origin_bound("@example.com #747723 %ecommerce.example $future") == ("example.com", "747723")
    for no_message in ("something @example.com #747723", "@example.com code #747723", "@example.com  #747723", ""):
        assert origin_bound(no_message) is None


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("Shop\n@evil.uz #111111", 5), ("Shop\r@evil.uz #111111", 5), ("Shop\u2028Shop", 5), ("Shop\x85", 5),
        ("@evil.uz #111111", 1), ("Shop\x0bShop", 5), ("Shop\x00", 5), ("Shop\ud800", 5), ("Shop\u202e", 5),
    ],
)  # fmt: skip
def test_r51_a_name_that_could_forge_the_last_line_is_refused(name: str, position: int) -> None:
    with pytest.raises(InvalidServiceName) as caught:
        compose(Purpose.LOGIN, "ru", "493021", name)
    assert (caught.value.character, caught.value.position) == (name[position - 1], position)
    str(caught.value).encode()


@given(name=st.text(max_size=60), host=st.sampled_from(["shop.uz", None]), which=st.sampled_from(EVERY))
def test_r51_no_name_forges_the_last_line(name: str, host: str | None, which: tuple[Purpose, str]) -> None:
    try:
        text = compose(*which, "493021", name, autofill_host=host)
    except InvalidServiceName:
        return
    assert origin_bound(text) == ((host, "493021") if host else None)
    assert text.count("\n") == (1 if host else 0)


@pytest.mark.parametrize(
    "host", ["shop.uz", "www.shop.uz", "xn--80aswg.xn--p1ai", "a.co", "4546.uz", "my-shop.co.uz", f"{'a' * 63}.uz"]
)
def test_a_host_for_the_last_line(host: str) -> None:
    assert check_autofill_host(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "", "shop", "localhost", "Shop.uz", "https://shop.uz", "shop.uz:8000", "shop.uz/", "shop.uz.", ".shop.uz",
        "shop..uz", "-shop.uz", "shop-.uz", "shop.uz\n", "shop .uz", "сайт.рф", "127.0.0.1", "[::1]", "sh_op.uz",
        "@shop.uz", "shop.uz #111111", f"{'a' * 64}.uz", "a." * 126 + "uz", None, 5, b"shop.uz",
    ],
)  # fmt: skip
def test_a_host_that_the_format_does_not_know(host: object) -> None:
    with pytest.raises(ConfigurationError, match="AUTOFILL_HOST"):
        check_autofill_host(host)


def test_a_hash_is_eleven_characters_of_base64() -> None:
    assert check_android_hash(HASH) == HASH
    for value in ("", HASH[:-1], HASH + "u", HASH[:-1] + "=", HASH[:-1] + "-", HASH + "\n", "ф" * 11, None, 5):
        with pytest.raises(ConfigurationError, match="ANDROID_HASH"):
            check_android_hash(value)


def test_compose_checks_host_and_hash() -> None:
    with pytest.raises(ConfigurationError, match="AUTOFILL_HOST"):
        compose(Purpose.LOGIN, "uz", "493021", autofill_host="shop.uz:8000")
    with pytest.raises(ConfigurationError, match="ANDROID_HASH"):
        compose(Purpose.LOGIN, "uz", "493021", android_hash="short")


def strictest(text: str) -> int:
    return max(len(text.encode()), 0 if guilty(text) is None else len(text.encode("utf-16-be")))


@every_text
@pytest.mark.parametrize("host", ["shop.uz", None])
def test_r53_with_a_hash_a_message_keeps_to_android_s_limit(purpose: Purpose, language: str, host: str | None) -> None:
    name = "Shop" if language == "ru" else "A" * 30
    text = compose(purpose, language, "123456", name, android_hash=HASH, autofill_host=host)
    assert HASH in text.split("\n")
    if language != "ru" or host is None:
        assert strictest(text) <= RETRIEVER_BYTES
        assert parts(text) == 1


def test_r53_the_warning_gives_way_to_the_hash() -> None:
    room, full = (compose(Purpose.OPERATION, "en", "12345678", "A" * n, android_hash=HASH) for n in (47, 48))
    assert WARNINGS["en"] in room
    assert WARNINGS["en"] not in full
    assert strictest(room) == RETRIEVER_BYTES
    assert parts(full.replace(".", "." + WARNINGS["en"])) == 1, "the limit is Android's, not the part's"


def test_r53_settings_whose_texts_android_would_not_read_are_refused_at_start_up() -> None:
    check_texts(LONG, Policy(code_length=8, languages=("uz", "en"), android_hash=HASH))
    check_texts("TechShop", Policy(code_length=8, android_hash=HASH))
    check_texts(None, Policy(android_hash=HASH, autofill_host="shop.uz", code_length=6, languages=("uz", "en")))
    check_texts(LONG, Policy(code_length=8, autofill_host="shop.uz"))
    with pytest.raises(ConfigurationError, match=r"ANDROID_HASH: the text for operation in ru has \d+ bytes.*140"):
        check_texts("TechShop", Policy(code_length=8, android_hash=HASH, autofill_host="shop.uz"))
    with pytest.raises(ConfigurationError, match="leave ru out of LANGUAGES"):
        check_texts(LONG, Policy(code_length=8, languages=("uz", "ru"), android_hash=HASH))
    check_texts(
        "TechShop", Policy(purposes=(Purpose.LOGIN,), android_hash=HASH, autofill_host="shop.uz", code_length=6)
    )


def test_r53_the_limit_is_exact() -> None:
    fixed = len(compose(Purpose.OPERATION, "en", "12345678", "A", android_hash=HASH).replace(WARNINGS["en"], "")) - 1
    check_texts("A" * (RETRIEVER_BYTES - fixed), Policy(code_length=8, languages=("en",), android_hash=HASH))
    with pytest.raises(ConfigurationError, match="141 bytes"):
        check_texts("A" * (RETRIEVER_BYTES - fixed + 1), Policy(code_length=8, languages=("en",), android_hash=HASH))
    with pytest.raises(ConfigurationError, match="operation in ru has 142 bytes"):
        check_texts(
            "A" * 19, Policy(code_length=8, languages=("ru",), android_hash=HASH, purposes=(Purpose.OPERATION,))
        )
    check_texts("A" * 18, Policy(code_length=8, languages=("ru",), android_hash=HASH, purposes=(Purpose.OPERATION,)))


def test_settings_are_checked_without_a_hash_too() -> None:
    for name, policy in (
        ("a\nb", Policy()),
        (None, Policy(autofill_host="Shop.uz")),
        (None, Policy(languages=("kk",))),
    ):
        with pytest.raises(ConfigurationError):
            check_texts(name, policy)


def test_r43_no_traceback_shows_the_code() -> None:
    for options in ({"service_name": "a\nb"}, {"autofill_host": "Shop.uz"}, {"android_hash": "x"}, {"language": "kk"}):
        call = {"language": "uz", "code": "49" + "3021", "autofill_host": "shop.uz"} | options
        try:
            compose(Purpose.LOGIN, **call)  # type: ignore[arg-type]
        except ConfigurationError as error:
            frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
            shown = [frame.locals for frame in frames if frame.filename.endswith("texts.py") and frame.locals]
            ours = [kept for kept in shown if "frames" not in kept and "call" not in kept]
            assert ours
            assert "493021" not in str(ours)
        else:  # pragma: no cover
            pytest.fail("nothing was refused")
