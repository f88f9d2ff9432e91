"""Delivery callbacks, sent as devsms sends them: one POST of JSON an event, 5 seconds, never again (D:212)."""

from __future__ import annotations

import threading

import requests

from uzotp.ports.clock import Clock
from uzotp.sandbox.sms import InboxSms, wire_time

#: Seconds that a receiver has to answer.
TIMEOUT = 5.0
#: How many messages may have callbacks under way; those of further ones are dropped, as in a real outage.
_ROOM = threading.BoundedSemaphore(1000)


def tell(sms: InboxSms, clock: Clock, stopping: threading.Event) -> None:
    """Tell ``sms.callback_url`` from a thread that it is sent, now, and how it settled, when it has.

    When *stopping* is set no further request is made; one under way ends by itself, in five seconds at most.
    """
    if _ROOM.acquire(blocking=False):
        threading.Thread(target=_work, args=(sms, clock, stopping), daemon=True).start()


def _work(sms: InboxSms, clock: Clock, stopping: threading.Event) -> None:
    try:
        for event in ("sent", sms.ending):
            while clock.time() < sms.reached_at(event) and not stopping.wait(0.05):
                pass  # again and again, for the clock may be a test's
            if stopping.is_set():
                return
            sms.callbacks.append((event, _post(sms, event)))
    finally:
        _ROOM.release()


def _post(sms: InboxSms, event: str) -> str:
    """What came of it: the receiver's HTTP status, or the kind of failure."""
    ids = {"sms_id": sms.id, "request_id": sms.request_id, "phone": sms.phone}
    body = {**ids, "status": event, **sms.times(event), "timestamp": wire_time(sms.reached_at(event))}  # WIRE Q9
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the developer's machine has no part in this
        try:
            # The reply's body is of no interest and of no known size.
            with session.post(
                sms.callback_url, json=body, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as reply:
                return str(reply.status_code)
        except requests.Timeout:
            return "no answer in 5 s"
        except requests.ConnectionError:
            return "not reachable"
        except (requests.RequestException, ValueError) as error:
            return type(error).__name__
