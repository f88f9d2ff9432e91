"""Reading phone numbers."""

from __future__ import annotations

import copy
import pickle

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp.errors import InvalidPhone
from uzotp.phones import MAX_INPUT, Phone, not_sendable


@pytest.mark.parametrize(
    "typed",
    [
        "90 123 45 67", "901234567", "(90) 123-45-67", "90.123.45.67", "90/123/45/67",
        "998901234567", "998 90 123 45 67", "+998901234567", "+998 (90) 123-45-67", "(+998) 90 123 45 67",
        "00998901234567", "00 998 90 123 45 67",
        " \t+998 90 123 45 67\r\n", "90\u00a0123\u202f45\u200967", "\u202a+998 90 123 45 67\u202c", "\ufeff901234567",
        "90‐123–45—67", "90−123−45−67",
        "＋９９８９０１２３４５６７", "９０ １２３ ４５ ６７", "٩٠١٢٣٤٥٦٧", "۹۰۱۲۳۴۵۶۷", "९०१२३४५६७",
        "\u202b+998 90 123 45 67\u202c", "\u2067901234567\u2069", "\u061c901234567", "90·123·45·67", "﹢998901234567",
        "998901234567;", "+998901234567,", "90 123 45 67.", "901234567 ;", "998901234567!", "901234567:", "901234567…",
        "'998901234567", '"+998 90 123 45 67"', "«901234567»", "<+998901234567>",
        "tel:+998901234567", "TEL:+998-90-123-45-67", "Tel: 90 123 45 67", "\u202atel:+998901234567\u202c",
        "ｔｅｌ：＋９９８９０１２３４５６７", "tel:+998%2090%20123%2045%2067", "tel:%2B998901234567",
        "tel:901234567;phone-context=+998", "tel:901234567;phone-context=example.uz",
        "tel:901234567;Phone-Context=+998", "tel:+998901234567;",
        "tel:+998901234567;phone-context=+7", "tel:+998901234567;isub=1411;x=y", "tel:+998901234567;ext=",
        "+998 998901234567", "998998901234567", "00998998901234567", "+998 +998901234567", "+998 (+998) 90 123 45 67",
        "998+998901234567", "00998 +998901234567", "+998 00998901234567", "tel:+998998901234567",
    ],
)  # fmt: skip
def test_r36_every_notation_of_a_number_is_the_same_number(typed: str) -> None:
    phone = Phone.parse(typed)
    assert phone == "+998901234567"
    assert phone.country == "UZ"


@pytest.mark.parametrize(
    ("typed", "e164", "country"),
    [
        ("12025551234", "+12025551234", "US"),
        ("+1 (202) 555-1234", "+12025551234", "US"),
        ("+7 701 123 45 67", "+77011234567", "KZ"),
        ("77011234567", "+77011234567", "KZ"),
        ("+7 916 123 45 67", "+79161234567", "RU"),
        ("+39 312 345 6789", "+393123456789", "IT"),
    ],
)
def test_foreign_numbers_with_and_without_the_plus(typed: str, e164: str, country: str) -> None:
    phone = Phone.parse(typed)
    assert (str(phone), phone.country) == (e164, country)


@pytest.mark.parametrize("home", ["US", "KZ"])
def test_the_default_region_is_where_a_short_number_is_at_home(home: str) -> None:
    national = {"US": "202 555 1234", "KZ": "701 123 45 67"}[home]
    assert Phone.parse(national, home).country == home


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"), ("   ", "empty"), ("+", "empty"), ("()-", "empty"),
        ("+998 71 200 11 22", "not_mobile"), ("71 234 56 78", "not_mobile"),
        ("+1 900 555 1234", "not_mobile"), ("+44 844 000 0000", "not_mobile"), ("+44 909 879 0000", "not_mobile"),
        ("+44 7600 123456", "not_mobile"), ("+31 880 000 000", "not_mobile"),
        ("+998 00 000 00 00", "invalid"), ("+998 90 123 45 6", "invalid"), ("+998 90 123 45 678", "invalid"),
        ("+999 90 123 45 67", "invalid"), ("112", "invalid"), ("+0", "invalid"), ("1234", "invalid"),
        ("8 90 123 45 67", "trunk_prefix"), ("8901234567", "trunk_prefix"),
        ("9" * 18, "too_long"), ("+" + "9" * 18, "too_long"), ("9" * (MAX_INPUT + 1), "too_long"),
        ("phone", "not_a_number"), ("90 123 45 6o", "not_a_number"), ("++998901234567", "not_a_number"),
        ("90+1234567", "not_a_number"), ("tel: my number", "not_a_number"), ("90\x001234567", "not_a_number"),
        ("tel:", "empty"), (";", "empty"), ("++", "empty"), ("tel:;ext=5", "not_mobile"),
        ("tel:+998901234567;ext=12", "not_mobile"),
        ("tel:+998901234567;isub=1;EXT=12", "not_mobile"), ("tel:tel:+998901234567", "not_a_number"),
        ("tel:901234567;phone-context=+9989", "invalid"), ("sms:+998901234567", "not_a_number"),
        ("+998901234567;ext=12", "not_a_number"), ("90 123 45 67 ext 12", "not_a_number"),
        ("901234567;912345678", "not_a_number"), ("+998901234567 +998912345678", "not_a_number"),
        ("+998901234567+998901234567", "not_a_number"), ("+998901234567,+998912345678", "not_a_number"),
        ("901234567 912345678", "too_long"), ("901234567, 912345678", "too_long"),
        ("+7 +998901234567", "not_a_number"), ("+99 +998901234567", "not_a_number"), ("+998 +", "not_a_number"),
        ("+998 ++998901234567", "not_a_number"), ("+998 +998 +998901234567", "not_a_number"),
        ("+998 +77011234567", "not_a_number"), ("+998 998 71 200 11 22", "not_mobile"),
        ("90 123 45\u202e67", "not_a_number"),
        ("998 998 90 123 45 6", "invalid"), ("998 998 90 123 45 678", "invalid"), ("998 998 998 901234567", "too_long"),
        ("90 123 45 67; DROP TABLE", "not_a_number"), ("\ud800", "not_a_number"), ("90 123 45 67 😀", "not_a_number"),
        (None, "not_a_number"), (901234567, "not_a_number"), (b"901234567", "not_a_number"), ([], "not_a_number"),
    ],
)  # fmt: skip
def test_r55_what_cannot_receive_an_sms_is_refused_with_a_reason(typed: object, reason: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        Phone.parse(typed)
    assert caught.value.reason == reason


@pytest.mark.parametrize("typed", ["376312345", "298211234", "687751234", "37 631 23 45"])
def test_q30_nine_digits_never_become_a_foreign_number(typed: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        Phone.parse(typed)
    assert caught.value.reason == "invalid"
    assert Phone.parse("+" + typed).country != "UZ", "with a plus it is what it says"


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("+7 79161234567", "+79161234567"),
        ("+7 +79161234567", "+79161234567"),
        ("+7 77011234567", "+77011234567"),
        ("+7 +77771234567", "+77771234567"),
        ("+44 447400123456", "+447400123456"),
        ("+44 00447400123456", "+447400123456"),
        ("+971971501234567", "+971501234567"),
        ("00971971501234567", "+971501234567"),
        ("+1 12025551234", "+12025551234"),
        ("+49 +4915123456789", "+4915123456789"),
    ],
)
def test_a_country_code_that_was_there_and_was_typed_again_counts_once(typed: str, e164: str) -> None:
    assert Phone.parse(typed) == e164


def outcome(typed: str, region: str = "UZ") -> str:
    """The number, or the reason why there is none."""
    try:
        return str(Phone.parse(typed, region))
    except InvalidPhone as error:
        return error.reason


def test_the_code_of_any_country_may_be_there_twice() -> None:
    landlines = {"DE", "ID", "XK"}  # where such digits are another's
    for region in phonenumbers.SUPPORTED_REGIONS - {"TA"}:  # Tristan da Cunha has no mobile numbers
        phone, code = Phone.example(region), phonenumbers.country_code_for_region(region)
        assert outcome(f"+{code} {phone}") == phone
        if region != "KZ":  # its example is a number with a digit too many, too
            assert outcome(f"+{code} {phone[1:]}") == ("not_mobile" if region in landlines else phone)


@pytest.mark.parametrize(
    ("typed", "region", "read"),
    [
        ("998901234", "UZ", "+998998901234"),
        ("+998 99 890 12 34", "UZ", "+998998901234"),
        ("+7 771 234 56 78", "UZ", "+77712345678"),
        ("+7 777 123 45 67", "UZ", "+77771234567"),
        ("77 712 34 56", "UZ", "+998777123456"),
        ("+91 91987 65432", "UZ", "+919198765432"),
        ("9198765432", "IN", "+919198765432"),
        ("+49 4915123456789", "UZ", "not_mobile"),  # a landline of Germany has digits like these
        ("+7 777 123 45 67 8", "UZ", "invalid"),  # one digit too many, not +7 771 234 56 78
        ("+7 777 123 445 67", "UZ", "invalid"),
    ],
)
def test_a_number_that_may_be_meant_as_it_stands_is_not_mended(typed: str, region: str, read: str) -> None:
    assert outcome(typed, region) == read


#: Russia's and Kazakhstan's, as they are dialled there.
WITH_8 = {"8 952 666-66-66": "+79526666666", "8 (701) 123-45-67": "+77011234567", "tel:89526666666": "+79526666666"}


@pytest.mark.parametrize("countries", [("UZ", "RU"), ("KZ",), "*"])
@pytest.mark.parametrize("home", ["UZ", "US", "IN", "RU", "KZ"])
@pytest.mark.parametrize("typed", WITH_8)
def test_an_8_before_ten_digits_is_russia_or_kazakhstan_where_they_are_served(
    typed: str, home: str, countries: tuple[str, ...] | str
) -> None:
    assert Phone.parse(typed, home, countries) == WITH_8[typed]


@pytest.mark.parametrize(
    ("typed", "home", "countries", "reason"),
    [
        ("8 952 666-66-66", "UZ", (), "invalid"),
        ("8 952 666-66-66", "UZ", ("UZ", "US"), "invalid"),
        ("+8 952 666-66-66", "UZ", "*", "invalid"),
        ("8 495 123-45-6", "UZ", "*", "trunk_prefix"),
        ("8 90 123 45 67", "UZ", "*", "trunk_prefix"),
        ("8 952 666-66-66-6", "UZ", "*", "invalid"),
        ("9 952 666-66-66", "UZ", "*", "invalid"),
        ("8 800 555-35-35", "UZ", ("RU",), "not_mobile"),
        ("8 752 666-66-66", "UZ", ("RU",), "invalid"),
    ],
)
def test_any_other_8_stays_what_it_was(typed: str, home: str, countries: tuple[str, ...] | str, reason: str) -> None:
    with pytest.raises(InvalidPhone) as caught:
        Phone.parse(typed, home, countries)
    assert caught.value.reason == reason


def test_an_uzbek_number_stays_one_whoever_else_is_served() -> None:
    assert Phone.parse("88 123 45 67", "UZ", "*") == "+998881234567"
    assert Phone.parse("0877 1234 5678", "ID", "*") == Phone.parse("877 1234 5678", "ID", "*") == "+6287712345678"


def test_a_number_of_no_country_says_so() -> None:
    satellite = Phone.parse("+870773111632")
    assert satellite.country == ""
    assert Phone.parse(satellite) == satellite


@given(st.text(max_size=200) | st.text("+0123456789 ()-٠١٢٣٤٥٦٧٨٩", max_size=30))
def test_any_text_is_a_phone_or_an_invalid_phone(text: str) -> None:
    try:
        phone = Phone.parse(text)
    except InvalidPhone:
        return
    assert phone[0] == "+"
    assert phone[1:].isascii()
    assert phone[1:].isdigit()
    assert len(phone) <= 16
    assert Phone.parse(str(phone)) == phone


@given(st.text(max_size=20))
def test_the_repr_of_any_phone_answers(text: str) -> None:
    assert repr(Phone(text)).startswith("<Phone +")


def test_a_phone_is_read_once() -> None:
    phone = Phone.parse("90 123 45 67")
    assert Phone.parse(phone) is phone


def test_objects_with_as_e164_are_read() -> None:
    class PhoneNumber:
        as_e164 = "+998901234567"

    assert Phone.parse(PhoneNumber()) == "+998901234567"


@pytest.mark.parametrize("written", ["+998998901234567", "+9989012345678", "+998712001122", "998901234567"])
def test_a_gateway_is_given_the_number_itself(written: str) -> None:
    assert not_sendable(Phone("+998901234567")) is None
    assert not_sendable(Phone(written)) is not None


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("+998901234567", "+998 90 *** ** 67"),
        ("+12025551234", "+1 *** ** 34"),
        ("+77011234567", "+7 *** ** 67"),
        ("+3725123456", "+372 *** ** 56"),
    ],
)
def test_r43_repr_shows_the_mask_only(number: str, mask: str) -> None:
    phone = Phone.parse(number)
    assert phone.masked == mask
    assert repr(phone) == f"<Phone {mask}>"
    assert repr([phone]) == f"[<Phone {mask}>]"
    assert number[1:] not in repr(phone)


def test_parts_of_a_number() -> None:
    phone = Phone.parse("90 123 45 67")
    assert phone.wire == "998901234567"
    assert phone.prefix == "+99890123"
    assert f"{phone}" == "+998901234567"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda phone: pickle.loads(pickle.dumps(phone))])
def test_copies_keep_the_country(copied) -> None:  # type: ignore[no-untyped-def]
    phone = copied(Phone.parse("+77011234567"))
    assert (phone, phone.country, type(phone)) == ("+77011234567", "KZ", Phone)
