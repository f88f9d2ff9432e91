"""Delivery callbacks, sent as devsms sends them: one POST of JSON an event, 5 seconds, never again (D:212)."""

from __future__ import annotations

import heapq
import itertools
import threading
from typing import Any

from uzotp.ports.clock import Clock
from uzotp.sandbox.sms import InboxSms, wire_time

#: Seconds that a receiver has to answer.
TIMEOUT = 5.0

_WORKERS = 4
_WAITING = 1000
#: Seconds between two looks at the clock while something is due later: the clock may be a test's.
_TICK = 0.05


def payload(sms: InboxSms, event: str) -> dict[str, Any]:
    """The body for ``sent``, ``delivered`` or ``failed``; ``timestamp`` is the event's time (WIRE Q9)."""
    return {
        "sms_id": sms.id,
        "request_id": sms.request_id,
        "phone": sms.phone,
        "status": event,
        **sms.times(event),
        "timestamp": wire_time(sms.sent_at if event == "sent" else sms.settles_at),
    }


class Callbacks:
    """Background senders. They start with the first message that asks for callbacks and end with :meth:`stop`.

    The events of one message come in order; those of several messages do not wait for one another, up to four
    slow receivers at a time. With a thousand waiting, further ones are dropped, as a real outage would.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready = threading.Condition()
        self._due: list[tuple[float, int, InboxSms, str]] = []
        self._order = itertools.count()
        self._workers: list[threading.Thread] = []

    def add(self, sms: InboxSms) -> None:
        """Tell ``sms.callback_url`` that it is sent, now, and how it settled, when it has."""
        with self._ready:
            self._push(sms.sent_at, sms, "sent")
            if not self._workers:
                self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(_WORKERS)]
                for worker in self._workers:
                    worker.start()

    def stop(self) -> None:
        """Drop what waits. A request under way ends by itself, in five seconds at most."""
        with self._ready:
            self._workers = []
            self._due.clear()
            self._ready.notify_all()

    def _push(self, at: float, sms: InboxSms, event: str) -> None:
        if len(self._due) < _WAITING:
            heapq.heappush(self._due, (at, next(self._order), sms, event))
            self._ready.notify()

    def _work(self) -> None:
        me = threading.current_thread()
        while True:
            with self._ready:
                while me in self._workers and not (self._due and self._due[0][0] <= self._clock.time()):
                    self._ready.wait(_TICK if self._due else None)
                if me not in self._workers:
                    return
                _, _, sms, event = heapq.heappop(self._due)
            sms.callbacks.append((event, _post(sms, event)))
            if event == "sent":
                with self._ready:
                    if me in self._workers:
                        self._push(sms.settles_at, sms, sms.ending)


def _post(sms: InboxSms, event: str) -> str:
    """What came of it: the receiver's HTTP status, or the kind of failure."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy of the developer's machine has no part in this
        try:
            with session.post(
                sms.callback_url or "",
                json=payload(sms, event),
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,  # the body is of no interest and of no known size
            ) as reply:
                return str(reply.status_code)
        except requests.Timeout:
            return "no answer in 5 s"
        except requests.ConnectionError:
            return "not reachable"
        except (requests.RequestException, ValueError) as error:
            return type(error).__name__
