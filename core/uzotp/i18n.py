"""What people read: ``locale/<language>/`` has it all, in a file for each kind. Another language is another folder."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from uzotp.errors import UzotpError, retry_after
from uzotp.policy import Policy

_LOCALES = Path(__file__).with_name("locale")
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)
_folders = sorted(folder.name for folder in _LOCALES.iterdir() if folder.is_dir())
#: All that there are, those of the default first.
LANGUAGES = (*Policy.languages, *(name for name in _folders if name not in Policy.languages))


@cache
def locale(language: str) -> MappingProxyType[str, Any]:
    """All texts of one of :data:`LANGUAGES` by file: ``language`` (its name, units of time), ``errors`` (a code's title
    and detail), ``pages``, ``requests`` (what is wrong with a member), ``proofs``, ``countries``, ``sms`` and
    ``insight`` (the operator's page)."""
    files = sorted(_LOCALES.joinpath(language).glob("*.json"))
    return MappingProxyType({file.stem: json.loads(file.read_text("utf-8")) for file in files})


def negotiate(accept_language: str, languages: Sequence[str]) -> str:
    """The best of *languages* for an ``Accept-Language`` header (RFC 9110 12.5.4); the first where none fits.

    Works on the first 1000 characters: a header is no place for a novel.
    """
    best, best_quality = languages[0], 0.0
    for part in accept_language[:1000].split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            continue
        tag, quality = match[1].lower(), float(match[2] or 1)
        if tag in languages and quality > best_quality:
            best, best_quality = tag, quality
    return best


def duration(seconds: int, language: str) -> str:
    """A waiting time as people say it: ``45 s``, ``12 min``, ``3 h``; rounded up."""
    units = locale(language)["language"]["units"]
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{-(-seconds // size)} {units[unit]}"
    return f"{max(1, seconds)} {units['s']}"


def error_text(code: str, language: str, **values: Any) -> tuple[str, str]:
    """Title and detail of an error code. ``retry_after`` (seconds) is offered to the text as ``wait``."""
    title, detail = locale(language)["errors"][code]
    values["wait"] = duration(values.get("retry_after") or 1, language)
    return title, detail.format(**values)


def refusal_text(error: UzotpError, language: str) -> str:
    """What a visitor reads of one of :data:`uzotp.errors.VISITOR_ERRORS`: no quota and no gateway is named."""
    return error_text(error.code, language, retry_after=retry_after(error))[1]
