"""What is asked about one number: why no code comes, let it in, whom it knows, erase it."""

from __future__ import annotations

from uzotp import events
from uzotp.codes import Devices, Keyring
from uzotp.policy import Policy
from uzotp.ports.store import Store
from uzotp.privacy import veiled
from uzotp.results import Trace
from uzotp.sending.core import Core
from uzotp.sending.counters import Journal


class Support:
    """A part of :class:`~uzotp.verification.Verifier`."""

    store: Store
    policy: Policy
    keys: Keyring
    journal: Journal
    _core: Core
    _devices: Devices

    def trace(self, phone: object) -> Trace:
        """What became of the newest messages to a number, what is left of its quotas, and what keeps it out until when:
        support's question. Nothing is charged.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nobody knows.
        """
        phone = veiled(phone)
        number = self.policy.read_phone(phone)
        self.journal.write()
        return Trace.of(number, self.store.phone(self.keys.fingerprint(number), self._core.now()), self.policy)

    def known_device(self, phone: object, device: object) -> bool:
        """Whether *device*, as :meth:`send_code` takes it, has proved *phone* in the last 180 days: a host may skip the
        code then. Whoever holds the token has shown no more than that.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nobody knows.
        """
        phone, device = veiled(phone), veiled(device)
        fingerprint = self.keys.fingerprint(self.policy.read_phone(phone))
        proved_at = self._devices.proved_at_ms(device, fingerprint)
        return proved_at is not None and proved_at > self.store.revoked_at(fingerprint, self._core.now())

    def revoke_devices(self, phone: object) -> None:
        """No browser and no app is known any more that has proved *phone* until now: after a theft, say.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nothing was decided.
        """
        phone = veiled(phone)
        self.store.revoke(self.keys.fingerprint(self.policy.read_phone(phone)), self._core.now())

    def unlock(self, phone: object) -> bool:
        """Let a number in: its wrong codes, its cooldown and its counted sends are cleared; codes that are out stay,
        with the tries that they have. ``True``, and a ``PhoneUnlocked``, where there was anything to clear.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nobody knows.
        """
        phone = veiled(phone)
        number = self.policy.read_phone(phone)
        cleared = self.store.unlock(self.keys.fingerprint(number))
        if cleared:
            self._core.emit(events.PhoneUnlocked(number))
        return cleared

    def forget(self, phone: object) -> int:
        """Erase a number: its counters, codes, proofs and deliveries; returns how many rows that were. So its quotas
        begin anew, and its devices are not known any more: the moment of that is all that is kept. ``PhoneForgotten``
        tells of it in any case: who listens may keep something of their own.

        :raises InvalidPhone: the number is none. :raises StoreUnavailable: nobody knows.
        """
        phone = veiled(phone)
        number = self.policy.read_phone(phone)
        rows = self.store.forget(self.keys.fingerprint(number), self._core.now())
        self._core.emit(events.PhoneForgotten(number, rows))
        return rows
