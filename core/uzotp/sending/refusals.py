"""Networks that this process only refuses: after so many in an hour the store is not asked for them any more."""

from __future__ import annotations

import math
import threading
from array import array

from cachetools import LRUCache

from uzotp.ports.clock import Clock

#: So many refusals in so many seconds, without a send between them; and how many networks are remembered at once.
MOST, WINDOW, NETWORKS = 120, 3600, 10_000
#: What such a refusal is called.
REFUSALS = f"refusals {MOST}/hour"


class Refusals:
    """When each network was refused since it was last sent something."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._refused: LRUCache[str, array[float]] = LRUCache(NETWORKS)

    def wait(self, network: str) -> int:
        """Whole seconds until the store is asked for this network again; 0 where it is."""
        with self._lock:
            moments = self._refused.get(network)
            if moments is None or len(moments) < MOST:
                return 0
            return max(0, math.ceil(moments[0] + WINDOW - self._clock.time()))

    def refused(self, network: str) -> None:
        """By the store, for what this network did."""
        with self._lock:
            moments = self._refused.setdefault(network, array("d"))
            moments.append(self._clock.time())
            del moments[:-MOST]

    def sent(self, network: str) -> None:
        """It is as good as new."""
        with self._lock:
            self._refused.pop(network, None)
