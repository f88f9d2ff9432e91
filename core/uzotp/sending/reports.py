"""What gateways say of messages afterwards: callbacks, and the sweep that finds what these missed (P10)."""

from __future__ import annotations

from collections.abc import Callable

from uzotp import events
from uzotp.errors import GatewayError
from uzotp.ports.delivery import DeliveryRecord, DeliveryReport
from uzotp.ports.gateway import Gateway
from uzotp.privacy import Secret, Veiled
from uzotp.sending.core import Core


def receive(core: Core, token: Secret, body: Veiled) -> bool:
    """Take a callback as a hint. ``False`` only for a token that is not ours."""
    named = core.keys.read_delivery_token(token)
    if named is None:
        return False
    report = next(filter(None, (_read(gateway, body) for gateway in core.router.gateways)), None)
    if report is not None:
        _changed(core, core.store.record(*named, report, core.now()))
    return True


def poll(core: Core, limit: int) -> int:
    """Ask the gateways about *limit* unfinished deliveries at most; returns how many moved."""
    moved = 0
    asked = {gateway.name: getattr(gateway, "status", None) for gateway in core.router.gateways}
    for record in core.store.unfinished(limit, core.now()):
        status = asked.get(record.gateway)
        if status is None:
            continue
        try:
            report = status(str(record.gateway_id))
        except Exception as error:  # one that cannot be answered must not keep the others waiting
            why = error if isinstance(error, GatewayError) else type(error).__name__
            events.logger.warning("status of delivery %s: %s", record.id, why)
            continue
        moved += _changed(core, core.store.record(record.fingerprint, record.id, report, core.now()))
    return moved


def _changed(core: Core, record: DeliveryRecord | None) -> bool:
    if record is not None:
        core.emit(events.DeliveryChanged(record.id, record.gateway, record.status.value))
    return record is not None


def _read(gateway: Gateway, body: Veiled) -> DeliveryReport | None:
    parse: Callable[[bytes], DeliveryReport | None] | None = getattr(gateway, "parse_callback", None)
    try:
        return parse(body) if parse else None
    except Exception as error:  # a gateway of somebody else's, and bytes of anybody's
        events.logger.warning("%s could not read a callback: %s", gateway.name, type(error).__name__)
        return None
