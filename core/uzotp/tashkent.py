"""The time zone of the money's days and of the services' times: Asia/Tashkent, +05:00 all year since 1992.

Moments are integers, milliseconds since the epoch (UTC); a day is text, ``"2026-11-22"``.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

TASHKENT = timezone(timedelta(hours=5), "+05")
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
#: How far Asia/Tashkent is ahead of UTC: milliseconds.
OFFSET_MS = 5 * HOUR_MS


def day_of(now_ms: int) -> str:
    """The day of Asia/Tashkent that the moment belongs to."""
    return datetime.fromtimestamp(now_ms / 1000, TASHKENT).date().isoformat()


def day_number(now_ms: int) -> int:
    """The same day, counted from the epoch's."""
    return (now_ms + OFFSET_MS) // DAY_MS


def hour_of(now_ms: int) -> int:
    """The hour of that day, 0 to 23."""
    return (now_ms + OFFSET_MS) % DAY_MS // HOUR_MS


def day_begins(day: str) -> int:
    """The first moment of a day: milliseconds."""
    return int(datetime.fromisoformat(day).replace(tzinfo=TASHKENT).timestamp()) * 1000


def until_midnight(now_ms: int) -> int:
    """Milliseconds until the next day begins."""
    return DAY_MS - (now_ms + OFFSET_MS) % DAY_MS
