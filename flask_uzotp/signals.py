"""Blinker signals for what happens in uzotp. Receivers get the app as sender and ``event`` of :mod:`uzotp.events`.

Each event has one, of its own name: ``code_verified`` (to blinker ``"code-verified"``) for ``CodeVerified``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blinker import NamedSignal, Namespace
from flask import Flask

from uzotp import events
from uzotp.events import logger

if TYPE_CHECKING:

    def __getattr__(name: str) -> NamedSignal: ...


_namespace = Namespace()
_SIGNALS = {event: _namespace.signal(events.signal_name(event).replace("_", "-")) for event in events.EVENTS}
globals().update({events.signal_name(event): signal for event, signal in _SIGNALS.items()})


def dispatch(app: Flask, event: events.Event) -> None:
    """Send the signal of *event*. A receiver that fails is logged and stops neither the others nor the visitor."""
    for receiver in _SIGNALS[type(event)].receivers_for(app):
        try:
            receiver(app, event=event)
        except Exception as error:
            logger.error("a receiver of %s failed: %s", type(event).__name__, type(error).__name__)
