"""When the tests of a store happen, in milliseconds."""

from __future__ import annotations

#: The moment at which they begin, since the epoch: one o'clock in the afternoon in Tashkent.
T0 = 1_800_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: The day of T0 in Tashkent, the next, and the moment between them.
TODAY, TOMORROW = "2027-01-15", "2027-01-16"
MIDNIGHT = T0 + 11 * HOUR
