"""The names of a Redis store's keys, and what a person asks of one phone's."""

from __future__ import annotations

from itertools import repeat

from uzotp.policy import Purpose
from uzotp.ports.ledger import PhoneHistory
from uzotp.ports.store import ChallengeState
from uzotp.rules import devices, logs
from uzotp.rules.challenges import proofs_of
from uzotp.rules.devices import KNOWN, VOUCHED
from uzotp.stores.redis import scripts
from uzotp.stores.redis.link import Link
from uzotp.stores.redis.rows import delivery_of, names_of
from uzotp.stores.redis.words import request_of
from uzotp.stores.tables import AGE


class Support:
    """A part of :class:`~uzotp.stores.redis.store.RedisStore`.

    A phone's challenges and deliveries are in no list: every key of its server is gone through (SCAN), as for
    ``history``. That is for a person to wait for: seconds, where there are a million keys.
    """

    _link: Link
    prefix: str

    def _shared(self, *names: str) -> list[str]:
        return [f"{self.prefix}{{g}}:{name}" for name in names]

    def _of(self, fingerprint: str, *names: str) -> list[str]:
        return [f"{self.prefix}{{{fingerprint}}}:{name}" for name in names]

    def _now(self, key: str) -> int:
        (time,) = self._link.read(("TIME",), key=key)
        return int(time[0]) * 1000 + int(time[1]) // 1000

    def phone(self, fingerprint: str, now: int | None = None, *, deliveries: int = 20) -> PhoneHistory:
        ids = [name[2:] for name in self._names_of(fingerprint) if name.startswith("d:")]
        sends, failures, *keys = self._of(fingerprint, "sends", "failures", *(f"d:{each}" for each in ids))
        counted, missed, *rows = self._link.read(("GET", sends), ("GET", failures), *(("HGETALL", key) for key in keys))
        moment = self._now(sends) if now is None else now
        found = filter(None, map(delivery_of, repeat(fingerprint), ids, rows))
        newest = sorted(found, key=AGE, reverse=True)[:deliveries]
        resend_at, log = int((counted or "0")[: logs.DIGITS]), (counted or "")[logs.DIGITS :]
        return devices.history(moment, log, missed or "", resend_at, tuple(newest))

    def state(self, fingerprint: str, handle: str, purpose: Purpose, now: int | None = None) -> ChallengeState | None:
        keys = self._of(fingerprint, f"c:{handle}", f"wins:{purpose.template_type}", "sends", "devices")
        kept, won, counted, waits = self._link.read(
            ("HMGET", keys[0], *"uwkeasmp"), ("GET", keys[1]), ("GET", keys[2]), ("HGETALL", keys[3])
        )
        used, wins, key_id, expires_at, attempts, sends, mark, proofs = kept
        if used is None:
            return None
        moment = self._now(keys[0]) if now is None else now
        is_open = used == "0" and wins == (won or "") and moment < int(expires_at)
        resend_at = int(waits.get(mark, 0)) if mark in (KNOWN, VOUCHED) else int((counted or "0")[: logs.DIGITS])
        numbers = int(attempts), int(sends), int(expires_at), resend_at
        return ChallengeState(moment, is_open, key_id, *numbers, proofs_of(proofs))

    def unlock(self, fingerprint: str) -> bool:
        cleared = self._link.once("DEL", *self._of(fingerprint, "sends", "failures"))
        waits = self._link.once("HDEL", *self._of(fingerprint, "devices"), KNOWN, VOUCHED)
        return bool(cleared or waits)

    def revoke(self, fingerprint: str, now: int | None = None) -> None:
        self._link.decide(scripts.REVOKE, self._of(fingerprint, "devices"), request_of(now=now), spends=True)

    def revoked_at(self, fingerprint: str, now: int | None = None) -> int:
        return int(self._link.read(("HGET", *self._of(fingerprint, "devices"), "revoked"))[0] or 0)

    def forget(self, fingerprint: str, now: int | None = None) -> int:
        """What is written while the keys are gone through stays."""
        names = self._names_of(fingerprint)
        if names:
            self._link.once("DEL", *self._of(fingerprint, *names))
        self.revoke(fingerprint, now)
        members = [f"{fingerprint}.{name[2:]}" for name in names if name.startswith("d:")]
        if members:
            self._link.once("ZREM", *self._shared("unfinished"), *members)
        return len(members) + sum(name == "sends" or name.startswith("c:") for name in names)

    def _names_of(self, fingerprint: str) -> list[str]:
        """What :meth:`_of` makes the phone's keys of."""
        (stem,) = self._of(fingerprint, "")
        self._link.read(("EXISTS", stem))  # a cluster says here if the phone has moved to another server
        return self._link.on_server_of(stem, lambda server: names_of(server, stem))
