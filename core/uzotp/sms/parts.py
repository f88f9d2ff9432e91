"""How many parts a text takes, and the characters that decide it."""

from __future__ import annotations

import unicodedata


def describe(char: str) -> str:
    """A character so that nobody mistakes it: ``"'" (APOSTROPHE, U+0027)``."""
    name = unicodedata.name(char, "a control character")
    shown = char if char.isprintable() else "?"
    return f'"{shown}" ({name}, U+{ord(char):04X})'


def is_apostrophe(char: str) -> bool:
    return char in "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032\ua78b\ua78c\uff07"


def fold_apostrophes(text: str) -> str:
    """Every apostrophe that Uzbek is written with, as the ASCII one: for comparing, and to stay in GSM-7."""
    return "".join("'" if is_apostrophe(char) else char for char in text)


# 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1: the default alphabet, and what needs an escape before it.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM7_ALL = GSM7 | GSM7_EXTENSION


def guilty(text: str) -> tuple[str, int] | None:
    """The first character that is not in GSM-7, and its place counted from 1; ``None`` when there is none.

    One is enough to make the whole text UCS-2, and up to three times as many parts. :func:`describe` names it.
    """
    if _GSM7_ALL.issuperset(text):
        return None
    return next((char, place) for place, char in enumerate(text, 1) if char not in _GSM7_ALL)


def parts(text: str) -> int:
    """How many SMS parts *text* takes: GSM-7 160 then 153 septets each, else UCS-2 70 then 67 units (3GPP 23.040).

    Extension characters take two septets and surrogate pairs two units; neither is split between parts.
    """
    gsm7 = guilty(text) is None
    if gsm7 and len(text) <= 160 and GSM7_EXTENSION.isdisjoint(text):  # nearly every text of a code
        return 1
    if gsm7:
        costs, single, each = [2 if char in GSM7_EXTENSION else 1 for char in text], 160, 153
    else:
        costs, single, each = [2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67
    if sum(costs) <= single:
        return 1
    count, room = 1, each
    for cost in costs:
        if cost > room:
            count, room = count + 1, each
        room -= cost
    return count
