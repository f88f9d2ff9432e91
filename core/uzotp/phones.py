"""Phone numbers: every way people write one, one way to keep it (E.164, ITU-T)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from uzotp.errors import InvalidPhone
from uzotp.privacy import calling_code, mask

#: Longer input than this is no phone number in anybody's notation; it is refused before any parsing.
MAX_INPUT = 64

#: What people put between digits. Invisible marks come along when a number is pasted from a chat, a contact card or a
#: PDF; U+202E is not among them, for it shows digits in another order than they are in.
_SEPARATORS = frozenset(
    " \t-().,/\u00a0\u00ad\u00b7\u061c\u2007\u2009\u200b\u200c\u200d\u200e\u200f"
    "\u202a\u202b\u202c\u202d\u202f\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212")
#: What comes along from the sentence or the list that a number was copied from.
_AROUND = ";:!?'\"<>«»“”„‘’"
_TEL = re.compile(r"[^\w+]*tel:(.*)", re.IGNORECASE | re.DOTALL)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


class Phone(str):
    """A mobile number in E.164, ``+998901234567``: a ``str`` that hides itself in ``repr``.

    Being a ``str`` it can be saved, compared and sent as one; its ``repr``, and so the ``repr`` of everything
    that holds it, shows the mask only. Make one with :meth:`parse`.
    """

    country: str

    def __new__(cls, e164: str, country: str = "") -> Phone:
        self = super().__new__(cls, e164)
        self.country = country
        return self

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # two arguments, for pickle and copy
        return (str(self), self.country)

    def __repr__(self) -> str:
        return f"<Phone {self.masked}>"

    @classmethod
    def parse(cls, value: object, default_region: str = "UZ", countries: Collection[str] = ()) -> Phone:
        """Read what a person typed or pasted.

        Accepts ``90 123 45 67``, ``998901234567``, ``+998 (90) 123-45-67``, full-width and Arabic-Indic digits,
        foreign numbers with and without the plus, ``tel:`` links, a country code that was there and was typed again,
        and objects with an ``as_e164`` (django-phonenumber-field).
        *default_region* (ISO 3166-1 alpha-2) is where a number without a country code is at home. With RU or KZ among
        *countries*, or with ``"*"``, ``8 952 666-66-66`` is read as it is dialled there.

        :raises InvalidPhone: with a ``reason``; landlines, premium and shared-cost numbers are refused too.
        """
        if isinstance(value, cls) and value.country:
            return value
        try:
            return cls._read(getattr(value, "as_e164", value), default_region, countries)
        except Exception as error:
            refused = error.with_traceback(None)
        del value  # neither this frame nor those below may show the number in a traceback's locals (R43)
        raise refused

    @classmethod
    def example(cls, region: str) -> Phone | None:
        """A mobile number as *region* (ISO 3166-1 alpha-2) has them; ``None`` where it has none."""
        import phonenumbers

        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        return cls(_in_e164(number), region) if number else None

    @classmethod
    def _read(cls, value: object, region: str, countries: Collection[str]) -> Phone:
        if not isinstance(value, str):
            raise InvalidPhone("not_a_number", "a phone number is text")
        number = _number(*_clean(value), region, countries)
        return cls(_in_e164(number), _country(number))

    @property
    def wire(self) -> str:
        """Digits only, as the gateways want it: ``998901234567`` (D:16)."""
        return self[1:]

    @property
    def prefix(self) -> str:
        """All but the last four digits: what stores may keep (P1), and what the pumping guard counts by."""
        return self[:-4]

    @property
    def spaced(self) -> str:
        """Whole, as people write it: ``+998 90 123 45 67``. For who has typed it, and nobody else."""
        import phonenumbers

        number = phonenumbers.parse(self)
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))

    @property
    def masked(self) -> str:
        """For whoever did not type it: ``+998 90 *** ** 67``. Other countries: ``+1 *** ** 34``."""
        return mask(self)


def not_sendable(phone: object) -> str | None:
    """Why a gateway cannot send to *phone*, the last look at a number before it leaves; ``None`` when it can.

    Nine national digits would be a foreigner's number, at a foreign price: only whole numbers pass (WIRE Q30). A
    reason and no exception, so that no frame that knows the number is in a traceback.
    """
    with suppress(InvalidPhone):
        if isinstance(phone, Phone) and _E164.fullmatch(phone) and Phone.parse(phone) == phone:
            return None
    return "the phone is not a valid mobile number in E.164: make one with Phone.parse"


def _clean(value: str) -> tuple[bool, str]:
    """(was there a plus, ASCII digits), or InvalidPhone for anything that is no notation of a number."""
    if len(value) > MAX_INPUT:
        raise InvalidPhone("too_long", f"a phone number has at most 15 digits, this text has {len(value)} characters")
    if value[:1] == "+" and value.isascii() and value[1:].isdigit() and len(value) <= 18:  # E.164 already
        return True, value[1:]
    text = unicodedata.normalize("NFKC", value)
    if link := _TEL.match(text):
        text = _dialled(link[1])
    kept = [char for char in text if not (char in _SEPARATORS or char in _DASHES or char.isspace())]
    before, plus, digits = "".join(map(_digit_or_plus, "".join(kept).strip(_AROUND))).rpartition("+")
    if before and re.sub(r"^(\+|00)", "", before) != calling_code(digits[:3]):
        raise _not_a_number()
    if not digits:
        raise InvalidPhone("empty", "no phone number was given")
    if len(digits.removeprefix("00")) > 17:  # 15 of E.164, and two of a country code that is there twice
        raise InvalidPhone("too_long", "a phone number has at most 15 digits (E.164)")
    return bool(plus), digits


def _dialled(link: str) -> str:
    """The number of a ``tel:`` link (RFC 3966), with the country code that may be in its context."""
    number, *parameters = unquote(link).split(";")
    given = {name.strip().lower(): value for name, _, value in (text.partition("=") for text in parameters)}
    if given.get("ext"):
        raise InvalidPhone("not_mobile", "a number with an extension is not a mobile one: it cannot be sent an SMS")
    context = given.get("phone-context", "")
    return context + number if context.startswith("+") and "+" not in number else number


def _digit_or_plus(char: str) -> str:
    decimal = unicodedata.decimal(char, None)
    if decimal is None and char != "+":
        raise _not_a_number()
    return char if decimal is None else str(int(decimal))


def _not_a_number() -> InvalidPhone:
    return InvalidPhone("not_a_number", "a phone number holds digits, spaces, hyphens, brackets and a leading plus")


def _number(plus: bool, digits: str, region: str, countries: Collection[str]) -> Any:
    """The parsed number that these digits mean, checked against the numbering plan and for its type."""
    import phonenumbers  # at first use: its metadata is not an import-time cost

    if not plus and region == "UZ" and len(digits) == 10 and digits[0] == "8":
        raise InvalidPhone("trunk_prefix", "Uzbek numbers are no longer dialled with 8: write 90 123 45 67")
    types = phonenumbers.PhoneNumberType
    for number in _readings(plus, digits, region, countries):
        kind = phonenumbers.number_type(number)
        if kind == types.UNKNOWN:  # no such number in the numbering plan
            continue
        if kind not in (types.MOBILE, types.FIXED_LINE_OR_MOBILE):
            raise InvalidPhone("not_mobile", "this number is not a mobile one: it cannot be sent an SMS")
        return number
    raise InvalidPhone("invalid", "there is no such phone number")


def _readings(plus: bool, digits: str, region: str, countries: Collection[str]) -> Iterator[Any]:
    """What these digits may mean, the likeliest first."""
    import phonenumbers

    home = plus or region == "UZ"
    if home and len(digits) == 12 and digits.startswith("998"):  # nothing to find out: the plan has nine digits
        yield phonenumbers.PhoneNumber(country_code=998, national_number=int(digits[3:]))
        return
    texts: list[tuple[str, str | None]] = [] if plus else [(digits, region)]
    if plus or region != "UZ" or len(digits) != 9:  # nine digits are a home number or a slip, never abroad (WIRE Q30)
        texts.append(("+" + digits, None))
    if not plus and len(digits) == 11 and digits[0] == "8" and (countries == "*" or {"RU", "KZ"} & set(countries)):
        texts.append((digits, "RU"))  # Kazakhstan has the same 8, and the same country code
    again: list[str] = []
    for text, default in texts:
        with suppress(phonenumbers.NumberParseException):
            number = phonenumbers.parse(text, default, _check_region=default is not None)
            yield number
            again += _without_second_code(number)
    for text in again:
        with suppress(phonenumbers.NumberParseException):
            yield phonenumbers.parse(text)


def _without_second_code(number: Any) -> list[str]:
    """A number again, where it begins with its country's code twice: the code was there, and was typed.

    A second 7 may also be the slip of a person whose number is whole without the last digit: that one stays wrong.
    """
    import phonenumbers

    code, rest = str(number.country_code), str(number.national_number)
    if not rest.startswith(code) or (len(code) == 1 and phonenumbers.truncate_too_long_number(number)):
        return []
    return ["+" + rest]


def _in_e164(number: Any) -> str:
    import phonenumbers

    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"


def _country(number: Any) -> str:
    import phonenumbers

    region: str = phonenumbers.region_code_for_number(number) or ""
    return region if region.isalpha() else ""  # satellites and other numbers of no country are in region 001
