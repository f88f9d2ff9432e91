"""A clock that stands still until a test moves it: time is an argument everywhere, so no test sleeps."""

from __future__ import annotations

from datetime import datetime, timezone

#: Where a clock begins that was told nothing: noon in Tashkent, so that a few hours either way stay within a day.
START = datetime(2026, 3, 2, 7, 0, tzinfo=timezone.utc)


class FakeClock:
    """Give one to ``Verifier(clock=…)``: it then rules codes, quotas, locks and tokens alike.

    *start* is seconds since the epoch or an aware ``datetime``.
    """

    def __init__(self, start: float | datetime = START) -> None:
        self.set(start)

    def __repr__(self) -> str:
        return f"<FakeClock {self.now().isoformat()}>"

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._time

    def now(self) -> datetime:
        """The same moment as an aware ``datetime`` in UTC, to compare with ``challenge.expires_at``."""
        return datetime.fromtimestamp(self._time, timezone.utc)

    def advance(self, seconds: float) -> None:
        """Go forward by *seconds*; a negative number goes back, as a badly kept clock does."""
        self._time += seconds

    def set(self, moment: float | datetime) -> None:
        """Jump to *moment*: seconds since the epoch, or an aware ``datetime``.

        :raises ValueError: for a naive ``datetime``, which names a different moment on every machine.
        """
        if isinstance(moment, datetime):
            if moment.tzinfo is None:
                raise ValueError("a FakeClock needs an aware datetime: add tzinfo=timezone.utc")
            moment = moment.timestamp()
        self._time = float(moment)
