"""What the two fields take and give: a number to be corrected, its country, a whole SMS in place of a code."""

from __future__ import annotations

import pytest

from tests.web.reading import UZ, code_of
from tests.web.sites import Site
from uzotp.codes import MAX_MESSAGE, read_code

# ------------------------------------------------------------------------------------------------------ the number


def test_a_number_that_was_typed_is_there_to_be_corrected(site: Site) -> None:
    visitor, other = site.browser(), site.browser()
    page = visitor.begin(phone="90 123 81 90")
    change = page.find("a", **{"class": "uzotp-link"})["href"]
    assert visitor.get(change).find("input", name="phone")["value"] == "90 123 81 90"
    assert other.get(change).find("input", name="phone")["value"] == ""
    page = visitor.get(visitor.page.find("a", hreflang="ru")["href"])  # type: ignore[union-attr]
    assert page.find("input", name="phone")["value"] == "90 123 81 90"

    site.clock.advance(600)  # whoever sits there next
    assert visitor.get(change).find("input", name="phone")["value"] == ""


def test_a_number_is_forgotten_when_it_is_verified(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    visitor.submit("code", code=code_of(site))
    assert visitor.get("/otp/").find("input", name="phone")["value"] == ""


@pytest.mark.parametrize("typed", ["correct horse", "1" * 33, "90\t1"])
def test_what_is_no_number_is_not_kept(site: Site, typed: str) -> None:
    visitor = site.browser()
    visitor.get("/otp/")
    visitor.submit("phone", phone=typed)
    assert visitor.get("/otp/").find("input", name="phone")["value"] == ""


def test_the_countries_are_those_that_are_served(site: Site) -> None:
    field = site.browser().get("/otp/").find("input", name="phone")
    assert (field["data-uzotp-countries"], field["data-uzotp-home"]) == ("UZ/998//2-3-2-2/Oʻzbekiston", "UZ")

    site.configure(COUNTRIES=["KZ", "GE"], DEFAULT_REGION="UZ")
    page = site.browser().get("/otp/", accept_language="en")
    rows = [row.split("/") for row in page.find("input", name="phone")["data-uzotp-countries"].split(";")]
    assert [(region, code, name) for region, code, _, _, name in rows] == [
        ("KZ", "7", "Kazakhstan"), ("RU", "7", ""), ("GE", "995", "Georgia"), ("UZ", "998", ""),
    ]  # fmt: skip
    assert "other countries with +" in page.text


def test_every_country_has_a_name_and_numbers_that_its_groups_fit(site: Site) -> None:
    import phonenumbers

    site.configure(COUNTRIES="*")
    text = site.browser().get("/otp/", accept_language="ru").find("input", name="phone")["data-uzotp-countries"]
    rows = {row.split("/")[0]: row.split("/") for row in text.split(";")}
    assert set(rows) >= phonenumbers.SUPPORTED_REGIONS
    for region, (_, _, _, groups, name) in rows.items():
        assert name != region
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number:
            digits = phonenumbers.national_significant_number(number)
            assert sum(map(int, groups.split("-"))) == len(digits), region
    assert len(text.encode()) < 12_000


def test_the_hint_shows_a_number_of_the_home_country(site: Site) -> None:
    assert UZ["pages"]["phone_hint"].format(example="90 123 45 67") in site.browser().get("/otp/").text
    site.configure(COUNTRIES=["KZ"], DEFAULT_REGION="KZ")
    assert "For example +7 7" in site.browser().get("/otp/", accept_language="en").text


# ---------------------------------------------------------------------------------------------------- a whole SMS


SMS = [
    "TechShop xizmatiga kirish uchun kod: 493021. Kodni hech kimga aytmang.",
    "MyService tizimi: Shop 24 xizmatiga ro'yxatdan o'tish uchun tasdiqlash kodi: 493021",
    "Shop 123456: регистрация. Код: 493021. Никому не сообщайте.",
    "Your 111111 login code: 493-021.",
    "493021 is your code",
    "Your code is 493 021, do not call 998712000000",
    "Kod: 493021.\n\n@shop.uz #493021",
    "Kod: 111111.\n@shop.uz #493021\n",
    "Kod: 493021.@shop.uz #493021",
    "<#> Kod: 493021.\nFA+9qCX9VSu",
]
NOT_SMS = [
    "",
    "no code here",
    "1234567 is too long",
    "12345 is too short",
    "+998901238190 is a number",
    "x" * 701,
    "kod",
]


@pytest.mark.parametrize("text", SMS)
def test_the_code_is_taken_out_of_a_whole_message(text: str) -> None:
    assert read_code(text, 6) == "493021"


@pytest.mark.parametrize("text", [*NOT_SMS, "49302", "4930211"])
def test_no_code_is_made_up(text: str) -> None:
    assert read_code(text, 6) == ""


@pytest.mark.parametrize("text", ["kod" * 233, "kod " * 175, "1 " * 350 + "a", "1-" * 349 + "a", "#" * 700])
def test_p12_looking_for_a_code_takes_no_time(text: str) -> None:
    from time import process_time

    begun = process_time()
    read_code(text, 8)
    assert process_time() - begun < 0.2


def test_a_whole_message_may_be_pasted_without_a_script(site: Site) -> None:
    visitor = site.browser()
    page = visitor.begin()
    assert int(page.find("input", name="code")["maxlength"]) == MAX_MESSAGE
    message = f"TechShop xizmatiga kirish uchun kod: {code_of(site)}. Kodni hech kimga aytmang."
    assert visitor.submit("code", follow=False, code=message).status == 303
