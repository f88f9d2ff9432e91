"""Blinker signals for what happens in uzotp. Receivers get the app as sender and ``event`` of :mod:`uzotp.events`."""

from __future__ import annotations

import logging

from blinker import Namespace
from flask import Flask

from uzotp import events

logger = logging.getLogger("uzotp")

_namespace = Namespace()
code_sent = _namespace.signal("code-sent")
send_refused = _namespace.signal("send-refused")
send_failed = _namespace.signal("send-failed")
send_suppressed = _namespace.signal("send-suppressed")
code_verified = _namespace.signal("code-verified")
code_rejected = _namespace.signal("code-rejected")
delivery_changed = _namespace.signal("delivery-changed")
guard_decision = _namespace.signal("guard-decision")
service_name_blocked = _namespace.signal("service-name-blocked")
price_mismatch = _namespace.signal("price-mismatch")
balance_low = _namespace.signal("balance-low")

_SIGNALS = {
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


def dispatch(app: Flask, event: events.Event) -> None:
    """Send the signal of *event*. A receiver that fails is logged and stops neither the others nor the visitor."""
    for receiver in _SIGNALS[type(event)].receivers_for(app):
        try:
            receiver(app, event=event)
        except Exception as error:
            logger.error("a receiver of %s failed: %s", type(event).__name__, type(error).__name__)
