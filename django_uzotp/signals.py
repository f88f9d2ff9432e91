"""Django signals for what happens in uzotp. Receivers get ``event``, a value of :mod:`uzotp.events`.

::

    from django.dispatch import receiver
    from django_uzotp.signals import code_verified

    @receiver(code_verified)
    def welcome(sender, event, **kwargs):
        print(event.phone, event.purpose)
"""

from __future__ import annotations

import logging

from django.dispatch import Signal

from uzotp import events

logger = logging.getLogger("uzotp")

code_sent = Signal()
send_refused = Signal()
send_failed = Signal()
send_suppressed = Signal()
code_verified = Signal()
code_rejected = Signal()
delivery_changed = Signal()
guard_decision = Signal()
service_name_blocked = Signal()
price_mismatch = Signal()
balance_low = Signal()

_SIGNALS: dict[type[events.Event], Signal] = {
    events.CodeSent: code_sent,
    events.SendRefused: send_refused,
    events.SendFailed: send_failed,
    events.SendSuppressed: send_suppressed,
    events.CodeVerified: code_verified,
    events.CodeRejected: code_rejected,
    events.DeliveryChanged: delivery_changed,
    events.GuardDecision: guard_decision,
    events.ServiceNameBlocked: service_name_blocked,
    events.PriceMismatch: price_mismatch,
    events.BalanceLow: balance_low,
}


def dispatch(event: events.Event) -> None:
    """Send the signal of *event*. A receiver that fails is logged and stops neither the others nor the visitor."""
    for receiver, answer in _SIGNALS[type(event)].send_robust(sender=type(event), event=event):
        if isinstance(answer, Exception):
            logger.error("a receiver of %s failed: %r: %s", type(event).__name__, receiver, type(answer).__name__)
