"""A history of moments as text.

A *log* is text of fixed-width entries, newest first, each 13 digits of milliseconds and a tag of 3 characters, which
tells entries of one millisecond apart, or says whose they are. The n-th newest moment is a slice of it, in Python, in
SQL and in Lua alike, and that one moment answers "were there n in the last hour".
"""

from __future__ import annotations

from collections.abc import Iterable

from uzotp.policy import Limit

#: The characters of an entry: the digits of its moment, then its tag.
DIGITS, TAG = 13, 3
WIDTH = DIGITS + TAG


def entry(at: int, tag: str) -> str:
    """One log entry: *at* in milliseconds, and the first three characters of *tag*."""
    return f"{at:0{DIGITS}d}{tag[:TAG]:_<{TAG}}"


def nth_newest(log: str, n: int) -> int | None:
    """The moment of the *n*-th newest entry (1 is the newest), or ``None`` when there are fewer."""
    start = (n - 1) * WIDTH
    return int(log[start : start + DIGITS]) if 0 <= start < len(log) else None


def add(log: str, at: int, tag: str, limits: Iterable[Limit]) -> str:
    """*log* with one more entry, cut to what *limits* can ever ask for."""
    return push(log, at, tag, max([0, *(limit.count for limit in limits)]))


def push(log: str, at: int, tag: str, keep: int) -> str:
    """*log* with one more entry, cut to the *keep* newest."""
    return (entry(at, tag) + log)[: keep * WIDTH]


def tag(log: str) -> str:
    """The newest entry's."""
    return log[DIGITS:WIDTH]


def of(log: str, tag: str) -> str:
    """The entries of this *tag*."""
    return "".join([each for each in _entries(log) if each[DIGITS:] == tag])


def but(log: str, *tags: str) -> str:
    """The entries of none of these *tags*."""
    if not any(tag in log for tag in tags):
        return log
    return "".join([each for each in _entries(log) if each[DIGITS:] not in tags])


def exceeded(log: str, limits: Iterable[Limit], now: int) -> tuple[Limit, int] | None:
    """The limit that one more entry at *now* would break, with the milliseconds until it would not.

    Of several the longest wait wins. The window is half open: an entry a whole window old no longer counts.
    """
    worst: tuple[Limit, int] | None = None
    for limit in limits:
        moment = nth_newest(log, limit.count) if limit.count else now
        if moment is None:
            continue
        wait = moment + limit.window * 1000 - now
        if wait > 0 and (worst is None or wait > worst[1]):
            worst = (limit, wait)
    return worst


def _entries(log: str) -> list[str]:
    return [log[start : start + WIDTH] for start in range(0, len(log), WIDTH)]


def moments(log: str) -> tuple[int, ...]:
    """The moments of all entries, newest first."""
    return tuple(int(log[i : i + DIGITS]) for i in range(0, len(log), WIDTH))


def count_since(log: str, moment: int) -> int:
    return sum(each > moment for each in moments(log))
