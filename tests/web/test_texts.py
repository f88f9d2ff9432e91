"""The texts of the three languages: complete, filled in, and right in grammar where a number stands in them."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from uzotp.errors import PROBLEMS
from uzotp.i18n import LANGUAGES, duration, error_text, locale, negotiate
from uzotp.policy import Purpose


def leaves(texts: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(texts, str):
        yield path, texts
        return
    for key, value in texts.items() if isinstance(texts, Mapping) else enumerate(texts):
        yield from leaves(value, f"{path}.{key}")


def names(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_texts_with_the_same_gaps(language: str) -> None:
    wanted = {path: names(text) for path, text in leaves(locale("en"))}
    assert {path: names(text) for path, text in leaves(locale(language))} == wanted


def test_the_languages_are_the_folders_with_those_of_the_default_first() -> None:
    assert LANGUAGES == ("uz", "ru", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_and_purpose_has_its_text(language: str) -> None:
    assert set(locale(language)["errors"]) == set(PROBLEMS)
    assert set(locale(language)["pages"]["phone_intro"]) == {purpose.value for purpose in Purpose}


def test_uzbek_is_written_with_its_own_letter() -> None:
    visitors = {name: texts for name, texts in locale("uz").items() if name not in ("sms", "insight")}
    for path, text in leaves(visitors):
        assert not set(text) & set("'`’‘ʼ´"), path  # oʻ and gʻ have U+02BB
        assert text == text.strip()


@pytest.mark.parametrize(
    ("seconds", "uz", "ru", "en"),
    [
        (0, "1 soniya", "1 сек.", "1 s"),
        (45, "45 soniya", "45 сек.", "45 s"),
        (119, "119 soniya", "119 сек.", "119 s"),
        (120, "2 daqiqa", "2 мин.", "2 min"),
        (121, "3 daqiqa", "3 мин.", "3 min"),
        (7199, "120 daqiqa", "120 мин.", "120 min"),
        (7200, "2 soat", "2 ч.", "2 h"),
        (86_400, "24 soat", "24 ч.", "24 h"),
    ],
)
def test_a_waiting_time_is_rounded_up(seconds: int, uz: str, ru: str, en: str) -> None:
    assert [duration(seconds, language) for language in LANGUAGES] == [uz, ru, en]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uz", "Kodni 45 soniyadan keyin yana soʻrashingiz mumkin."),
        ("ru", "Запросить код снова можно через 45 сек."),
        ("en", "You can ask for a code again in 45 s."),
    ],
)
def test_a_sentence_with_a_waiting_time_reads_right(language: str, text: str) -> None:
    assert error_text("cooldown_active", language, retry_after=45)[1] == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_can_be_told(language: str) -> None:
    for code in PROBLEMS:
        title, detail = error_text(code, language, retry_after=3600, attempts_left=4, allow="POST")
        assert title
        assert detail.endswith((".", "!"))
        assert "{" not in title + detail


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "uz"),
        ("ru", "ru"),
        ("RU-ru", "ru"),
        ("uz-Latn-UZ", "uz"),
        ("en;q=0.1, ru;q=0.2", "ru"),
        ("ru;q=0, en", "en"),
        ("ru;q=0", "uz"),
        ("*", "uz"),
        ("de-DE,de;q=0.9", "uz"),
        ("en;q=2", "uz"),
        ("en;q=0.1234", "uz"),
        (" en ; q = 0.5 ", "en"),
        ("ru;level=1", "uz"),
        (",,,", "uz"),
        ("x" * 2000 + ",en", "uz"),
        ("a," * 499 + "en", "en"),
    ],
)
def test_the_language_is_negotiated(header: str, language: str) -> None:
    assert negotiate(header, LANGUAGES) == language
