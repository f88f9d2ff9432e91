"""devsms's price table (WIRE section 8) and what a message to a number costs."""

from __future__ import annotations

import csv
from importlib.resources import files

import phonenumbers
import pytest

from uzotp.phones import Phone
from uzotp.sms.prices import HOME_PRICE, price_for, price_of, price_rows, price_table, row_for

LISTED = {row.iso2 for row in price_rows()}


def example_mobiles() -> dict[str, Phone]:
    """A mobile number of every region that has one in the numbering library, by the region it was made for."""
    mobile = phonenumbers.PhoneNumberType.MOBILE
    numbers = {
        region: phonenumbers.example_number_for_type(region, mobile)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    }
    return {
        region: Phone.parse(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        for region, number in numbers.items()
        if number is not None
    }


# ---------------------------------------------------------------------------------------------------- the table


def test_the_file_is_the_document_s_table() -> None:
    lines = files("uzotp.sms").joinpath("devsms_prices.tsv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t"))
    assert len(rows) == 100
    for column in ("name", "iso2"):
        assert len({row[column] for row in rows}) == 100
    prefixes = [row["dialling_prefix"] for row in rows]
    assert [prefix for prefix in set(prefixes) if prefixes.count(prefix) > 1] == ["1"]
    assert {row["iso2"] for row in rows if row["dialling_prefix"] == "1"} == {"CA", "US"}


def test_every_row_is_of_its_country_and_a_foreign_account_pays_about_a_sixth_more() -> None:
    home, *rows = price_rows()
    assert (home.iso2, home.prefix, home.local, home.foreign) == ("UZ", "998", HOME_PRICE, HOME_PRICE)
    assert len(rows) == 100
    for row in rows:
        assert row.prefix.startswith(str(phonenumbers.country_code_for_region(row.iso2)))
        assert 1.158 < row.foreign / row.local < 1.165
        assert (row.for_account("local"), row.for_account("foreign")) == (row.local, row.foreign)


def test_q31_the_row_called_vietnam_is_the_virgin_islands() -> None:
    assert price_table()["1340"].country == "US Virgin Islands"
    assert not any(row.country == "Vietnam" for row in price_rows())


def test_q33_of_the_two_rows_of_one_prefix_the_table_by_prefix_has_the_united_states() -> None:
    assert price_table()["1"].iso2 == "US"
    assert len(price_table()) == 100


# ------------------------------------------------------------------------------------------------ what a number costs


@pytest.mark.parametrize(
    ("number", "row", "local", "foreign"),
    [
        ("+998901234567", "UZ", 50, 50),
        ("+79161234567", "RU", 10398, 12062),
        ("+12015550123", "US", 140, 163),
        ("+12423591234", "BS", 140, 163),
        ("+13406421234", "VI", 140, 163),
        ("+93701234567", "AF", 6558, 7607),
        ("+447400123456", "GB", 933, 1082),
    ],
)
def test_the_price_of_one_part(number: str, row: str, local: int, foreign: int) -> None:
    phone = Phone.parse(number)
    found = row_for(phone)
    assert found is not None
    assert found.iso2 == row
    assert (price_for(phone), price_for(phone, "local"), price_for(phone, "foreign")) == (local, local, foreign)


def test_q32_kazakhstan_s_other_prefix_is_billed_as_russia() -> None:
    for number, prefix in (("+77710009998", "77"), ("+76000000000", "7")):
        found = row_for(Phone(number, "KZ"))
        assert found is not None
        assert (found.prefix, found.local) == (prefix, 10398)


def test_q33_a_country_is_not_another_one_because_of_its_prefix() -> None:
    canada = row_for(Phone.parse("+15062345678"))
    assert canada is not None
    assert canada.iso2 == "CA"
    for number, country in (("+18762101234", "JM"), ("+18092345678", "DO"), ("+17872345678", "PR")):
        phone = Phone.parse(number)
        assert (phone.country, price_for(phone)) == (country, None)
        assert price_of(phone.wire) is price_table()["1"], "devsms would bill it as the United States"


@pytest.mark.parametrize(("number", "country", "price"), [("+358412345678", "AX", 1584), ("+447781123456", "GG", 933)])
def test_q34_mobiles_outside_their_country_s_listed_prefix_pay_the_neighbour_s_price(
    number: str, country: str, price: int
) -> None:
    assert price_for(Phone(number, country)) == price
    assert price_for(Phone("+35818123456", "AX")) == 1530


def test_q34_jersey_has_no_row_though_its_prefix_is_britain_s() -> None:
    assert price_for(Phone.parse("+447797712345")) is None


def test_q31_q35_countries_without_a_row_have_no_price() -> None:
    for number, country in (("+84912345678", "VN"), ("+27711234567", "ZA"), ("+56221234567", "CL")):
        assert price_for(Phone(number, country)) is None
    assert price_for(Phone("+88213123456", "")) is None, "a number of no country"


def test_q35_every_country_has_a_price_exactly_when_it_is_listed() -> None:
    phones = example_mobiles()
    assert set(phones) >= LISTED
    for phone in phones.values():
        found = row_for(phone)
        assert (found is not None) == (phone.country in LISTED)
        assert (price_for(phone, "foreign") is None) == (found is None)
        assert found is None or phone.wire.startswith(found.prefix)
    nowhere = [region for region, phone in phones.items() if price_of(phone.wire) is None]
    assert len(nowhere) == 116
    assert all(price_for(phones[region]) is None for region in nowhere)
