"""What a store that can hold a lock reads and writes in one decision."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import Attempt, VerifiedDelivery
from uzotp.rules.challenges import ChallengeRecord
from uzotp.stores.tables import R, Table


class Transaction(ABC):
    """Reads and writes of one decision, all or nothing. What is read stays locked until the end."""

    @abstractmethod
    def get(self, table: Table[R], key: str, *, lock: bool = True) -> R | None:
        """A record, to change as one likes. A challenge needs no lock of its own."""

    @abstractmethod
    def claim(self, table: Table[R], key: str) -> R:
        """As :meth:`get`, but where there is none yet, an empty record, locked all the same."""

    @abstractmethod
    def put(self, table: Table[R], key: str, record: R, expires_at: int = 0) -> None:
        """*expires_at*, when the row is over, never moves back; 0 leaves it."""

    def claim_all(self, table: Table[R], keys: Sequence[str]) -> dict[str, R]:
        """Several at once, locked in the order of their keys."""
        return {key: self.claim(table, key) for key in sorted(keys)}

    def put_all(self, table: Table[R], records: Mapping[str, R], expires_at: int) -> None:
        for key, record in records.items():
            self.put(table, key, record, expires_at)

    @abstractmethod
    def switches_on(self, names: Iterable[str]) -> frozenset[str]:
        """Which of these switches are on; not locked."""

    @abstractmethod
    def take_money(self, day: str, amount: int, budget: int, expires_at: int) -> bool:
        """Whether *amount* more so'm of the *day* fit its *budget*; then they are used."""

    @abstractmethod
    def correct_money(self, day: str, change: int) -> None:
        """So much more, or less, is used of the *day*; never less than nothing."""

    @abstractmethod
    def tried(self, attempt: Attempt) -> tuple[str, ChallengeRecord | None, bool]:
        """The failures of an attempt's phone, locked; its challenge, to look at and not to change; and whether the
        phone may have others of the purpose."""

    @abstractmethod
    def charge(self, challenge: ChallengeRecord, attempt: Attempt, proof_until: int | None) -> None:
        """One attempt more. *proof_until* ends the challenge, and is when the attempt's proof is over."""

    @abstractmethod
    def put_failures(self, fingerprint: str, failures: str, expires_at: int) -> None:
        """For a phone that was found; *expires_at* never moves back."""

    @abstractmethod
    def end_challenges(self, fingerprint: str, purpose: Purpose, but: str) -> None:
        """A success voids the others of its phone and purpose."""

    @abstractmethod
    def take_proof(self, handle: str, fingerprint: str, proof_id: str, now: int) -> bool:
        """Whether the challenge had it, alive; it has it no more."""

    @abstractmethod
    def deliveries_of(self, fingerprint: str, limit: int) -> list[DeliveryRecord]:
        """The newest of a phone, newest first; not locked."""

    @abstractmethod
    def forget(self, fingerprint: str) -> int:
        """Delete the phone, its challenges and its deliveries; how many rows that were."""

    @abstractmethod
    def note_verified(self, deliveries: Sequence[VerifiedDelivery]) -> None:
        """Give those that are there their moments."""
