"""What the phone page knows of countries: how numbers begin and are written, and what the country is called.

The script beside it shows the country and groups the digits while a number is typed; only the server decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from uzotp.i18n import locale
from uzotp.policy import Policy


def example(policy: Policy) -> str:
    """A number as people of ``DEFAULT_REGION`` would type it."""
    return "90 123 45 67" if policy.default_region == "UZ" else mobile(policy.default_region)


def mobile(region: str) -> str:
    """A mobile number of *region* with its groups apart, ``+44 7400 123456``; empty where it has none."""
    import phonenumbers  # at first use: its metadata is not an import-time cost

    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL) if number else ""


def rows(policy: Policy, language: str) -> str:
    """The countries that the script may meet, as one line of text for an attribute.

    A row is ``region/calling code/beginning/groups/name``: ``UZ/998//2-3-2-2/Oʻzbekiston``. *beginning* is a regular
    expression for the digits after the code, where countries share one; the last of them has none. A country that is
    not served has no name: the rows hold it for being the home, or for sharing a code with one that is.
    """
    return _rows(policy.countries, policy.default_region, language)


@lru_cache(maxsize=16)
def _rows(served: tuple[str, ...] | str, home: str, language: str) -> str:
    import phonenumbers

    names = locale(language)["countries"]
    wanted = phonenumbers.SUPPORTED_REGIONS if served == "*" else {*served, home}
    codes = {phonenumbers.country_code_for_region(region) for region in wanted} - {0}
    found = []
    for code in sorted(codes):
        main, *others = phonenumbers.region_codes_for_country_code(code)
        for region in (*others, main):
            name = names.get(region, region) if served == "*" or region in served else ""
            beginning = _beginning(region) if region != main else ""
            groups = "-".join(str(len(group)) for group in re.findall(r"\d+", mobile(region))[1:])
            found.append(f"{region}/{code}/{beginning}/{groups}/{name}")
    return ";".join(found)


def _beginning(region: str) -> str:
    """How this country's numbers differ from those of others with its code: by their first digits, or as a whole."""
    import phonenumbers

    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    mobile = metadata.mobile.national_number_pattern if metadata.mobile else ""
    return re.sub(r"\s", "", metadata.leading_digits or mobile or "")
