"""Django signals for what happens in uzotp. Receivers get ``event``, a value of :mod:`uzotp.events`.

Each event has one, of its own name: ``code_verified`` for ``CodeVerified``.

::

    from django.dispatch import receiver
    from django_uzotp.signals import code_verified

    @receiver(code_verified)
    def welcome(sender, event, **kwargs):
        print(event.phone, event.purpose)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.dispatch import Signal

from uzotp import events
from uzotp.events import logger

if TYPE_CHECKING:

    def __getattr__(name: str) -> Signal: ...


_SIGNALS = {event: Signal() for event in events.EVENTS}
globals().update({events.signal_name(event): signal for event, signal in _SIGNALS.items()})


def dispatch(event: events.Event) -> None:
    """Send the signal of *event*. A receiver that fails is logged and stops neither the others nor the visitor."""
    for receiver, answer in _SIGNALS[type(event)].send_robust(sender=type(event), event=event):
        if isinstance(answer, Exception):
            logger.error("a receiver of %s failed: %r: %s", type(event).__name__, receiver, type(answer).__name__)
