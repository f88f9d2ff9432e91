"""The last look at a number before it leaves, the same for every gateway."""

from __future__ import annotations

import re

from uzotp.errors import InvalidPhone
from uzotp.phones import Phone

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def validated(phone: object) -> Phone | None:
    """Nine national digits would be a foreigner's number, at a foreign price: only whole numbers pass (WIRE Q30)."""
    if not isinstance(phone, Phone) or not _E164.fullmatch(phone):
        return None
    try:
        return Phone.parse(phone)
    except InvalidPhone:
        return None
