"""What happens to messages after they left, and what is let go of in the end."""

from __future__ import annotations

from uzotp import events
from uzotp.codes import Keyring
from uzotp.errors import GatewayError
from uzotp.ports.delivery import DeliveryReport
from uzotp.ports.store import Store
from uzotp.privacy import Secret, Veiled
from uzotp.sending.core import Core
from uzotp.sending.counters import Journal
from uzotp.sending.receipts import parse_callback
from uzotp.sending.router import Router


class Upkeep:
    """A part of :class:`~uzotp.verification.Verifier`."""

    store: Store
    keys: Keyring
    router: Router
    journal: Journal
    _core: Core

    def receive_callback(self, token: str, body: bytes) -> bool:
        """Take a gateway's delivery callback as a hint. ``False`` only for a token that is not ours (P10)."""
        token, body = Secret(token), Veiled(body)
        named = self.keys.read_delivery_token(token)
        if named is None:
            return False
        report = next(filter(None, (parse_callback(gateway, body) for gateway in self.router.gateways)), None)
        if report is not None:
            self._record(*named, report)
        return True

    def poll(self, limit: int = 200) -> int:
        """Ask the gateways about deliveries that callbacks missed; returns how many moved (P10).

        A question that fails is left for the next round.
        """
        moved, asked = 0, {gateway.name: getattr(gateway, "status", None) for gateway in self.router.gateways}
        for record in self.store.unfinished(limit, self._core.now()):
            status = asked.get(record.gateway)
            if status is None:
                continue
            try:
                report = status(str(record.gateway_id))
            except Exception as error:  # one that cannot be answered must not keep the others waiting
                why = error if isinstance(error, GatewayError) else type(error).__name__
                events.logger.warning("status of delivery %s: %s", record.id, why)
                continue
            moved += self._record(record.fingerprint, record.id, report)
        self.journal.write()
        return moved

    def _record(self, fingerprint: str, delivery_id: str, report: DeliveryReport) -> bool:
        """Whether that moved the delivery."""
        record = self.store.record(fingerprint, delivery_id, report, self._core.now())
        if record is not None:
            self._core.emit(events.DeliveryChanged(record.id, record.gateway, record.status.value))
        return record is not None

    def purge(self, keep_deliveries_days: int = 30) -> int:
        """Delete expired challenges, spent proofs, idle counters and old deliveries; returns how many rows (R44).

        Deliveries are kept for *keep_deliveries_days*; a day's counts and its money for 400 days; challenges and proofs
        until their end, counters until they are idle. Memory and Redis let go of all that by themselves, and of
        deliveries after a day.
        """
        self.journal.write()
        return self.store.purge(keep_deliveries_days * 86_400_000, self._core.now())
