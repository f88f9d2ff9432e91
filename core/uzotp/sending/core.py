"""What one verifier's parts share, and what one request to send is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from uzotp import events
from uzotp.codes import Keyring
from uzotp.phones import Phone
from uzotp.policy import Policy, Purpose, TestNumber
from uzotp.ports.clock import Clock
from uzotp.ports.store import Store
from uzotp.privacy import Secret
from uzotp.sending.router import Router
from uzotp.sending.tallies import Tallies

#: ``should_send(phone, purpose)``: ``False`` suppresses the send, and the visitor cannot tell (P9).
ShouldSend = Callable[[Phone, Purpose], bool]
#: ``risk(phone, purpose, client_ip)``: anything true vetoes the send with ``Suspicious`` (R39).
Risk = Callable[[Phone, Purpose, "str | None"], object]


@dataclass(frozen=True, repr=False, eq=False)
class Core:
    """What a verifier was made of.

    ``clock_rules`` says that ``clock`` was given by the host and decides in the store as well; else the store goes by
    its own.
    """

    store: Store
    policy: Policy
    keys: Keyring
    router: Router
    clock: Clock
    clock_rules: bool
    listener: events.Listener | None
    tallies: Tallies
    should_send: ShouldSend | None
    risk: Risk | None

    def now(self) -> int | None:
        """The moment of the store's decisions in milliseconds; ``None`` for the store's own clock."""
        return int(self.clock.time() * 1000) if self.clock_rules else None

    @property
    def service_name(self) -> str | None:
        """The name that own texts carry: the first that a gateway was given."""
        return next(filter(None, (getattr(gateway, "service_name", None) for gateway in self.router.gateways)), None)

    def emit(self, event: events.Event) -> None:
        events.emit(self.listener, event)

    def callback_url(self, fingerprint: str, delivery_id: str) -> str | None:
        """Where a gateway may report this delivery; ``None`` without ``CALLBACK_BASE_URL``."""
        base = self.policy.callback_base_url
        return f"{base.rstrip('/')}/callback/{self.keys.delivery_token(fingerprint, delivery_id)}" if base else None

    def test_number(self, phone: Phone) -> TestNumber | None:
        """The test number that *phone* is today; ``None`` otherwise (R60)."""
        test = self.policy.test_numbers.get(phone)
        today = datetime.fromtimestamp(self.clock.time(), timezone.utc).date()
        return test if test and today <= test.until else None


@dataclass(frozen=True)
class SendRequest:
    """One request to send, read and allowed: who asks, for which number, and why.

    ``device_at_ms`` is when the asking device proved the number, by its token. ``foreign_code`` is a code that somebody
    else made and will check; without one the code is ours.
    """

    phone: Phone
    purpose: Purpose
    client_ip: str | None = field(repr=False)
    binding: Secret
    language: str | None = None
    trusted: bool = False
    device_at_ms: int | None = None
    foreign_code: Secret | None = None
