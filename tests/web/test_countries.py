"""The names of countries are those that Unicode's CLDR has for them: written by a script, not by hand."""

from __future__ import annotations

import pytest

from uzotp.i18n import LANGUAGES, locale


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_names_are_those_of_cldr(language: str) -> None:
    babel = pytest.importorskip("babel.core", reason="Babel is not installed")
    from tools.countries import CLDR, LOCALES, ODD, SHORT, names, text

    if (version := babel.get_cldr_version()) != CLDR:
        pytest.skip(f"this Babel has CLDR {version}, and the files are of {CLDR}")
    assert (LOCALES / language / "countries.json").read_text("utf-8") == text(language)
    assert locale(language)["countries"] == names(language)
    known = babel.Locale.parse(language).territories
    ours = {**SHORT[language], **ODD[language]}
    assert {code for code, name in ours.items() if known[code] == name} == set(), "an exception that is none any more"
