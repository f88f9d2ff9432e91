"""Write ``core/uzotp/locale/<language>/countries.json``: the names of countries as Unicode's CLDR has them, by Babel.

``python tools/countries.py`` after Babel brought another CLDR, or for another language; ``tests/web/test_countries.py``
says when a file is not what this would write.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import phonenumbers
from babel import Locale
from babel.core import get_cldr_version

LOCALES = Path(__file__).parents[1] / "core/uzotp/locale"
#: The files are of this release of CLDR.
CLDR = "49"
#: Where CLDR has a shorter name too, which Babel leaves out: the one that fits beside a number.
SHORT = {
    "uz": {"HK": "Gonkong", "MM": "Myanma", "MO": "Makao", "PS": "Falastin", "US": "AQSH"},
    "ru": {"HK": "Гонконг", "MM": "Мьянма", "MO": "Макао", "PS": "Палестина", "US": "США"},
    "en": {"HK": "Hong Kong", "MM": "Myanmar", "MO": "Macao", "PS": "Palestine"},
}
#: Where CLDR's name is odd here: the apostrophe of two Uzbek ones reads as that of oʻ, the state itself says Кыргызстан
#: in Russian, and the islands of SH other than St. Helena are countries of their own in this list.
ODD = {"uz": {"AC": "Askension oroli", "CI": "Kot-Divuar"}, "ru": {"KG": "Кыргызстан"}, "en": {"SH": "St. Helena"}}


def names(language: str) -> dict[str, str]:
    """The countries that have telephone numbers, by ISO code."""
    known = {**Locale.parse(language).territories, **SHORT.get(language, {}), **ODD.get(language, {})}
    # Babel's Uzbek has oʻ and gʻ with a quotation mark in places
    return {code: known[code].replace("\u2018", "\u02bb") for code in sorted(phonenumbers.SUPPORTED_REGIONS)}


def text(language: str) -> str:
    return json.dumps(names(language), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    if get_cldr_version() != CLDR:
        sys.exit(f"This Babel has CLDR {get_cldr_version()}: look at what changes, and say so in CLDR")
    for folder in sorted(LOCALES.iterdir()):
        (folder / "countries.json").write_text(text(folder.name), "utf-8")
