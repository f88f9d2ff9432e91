"""What people read, in Uzbek, Russian and English."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

_LOCALES = Path(__file__).with_name("locale")
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


@lru_cache(maxsize=8)
def locale(language: str) -> MappingProxyType[str, Any]:
    """All texts of one language: ``errors`` (code to title and detail), ``pages`` and ``units``."""
    return MappingProxyType(json.loads(_LOCALES.joinpath(language, "web.json").read_text("utf-8")))


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
    units = locale(language)["units"]
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{-(-seconds // size)} {units[unit]}"
    return f"{max(1, seconds)} {units['s']}"


def error_text(code: str, language: str, **values: Any) -> tuple[str, str]:
    """Title and detail of an error code. ``retry_after`` (seconds) is offered to the text as ``wait``."""
    title, detail = locale(language)["errors"][code]
    values["wait"] = duration(values.get("retry_after") or 1, language)
    return title, detail.format(**values)
