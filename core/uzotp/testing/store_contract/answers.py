"""What a store said: the answers that a test is about, and those that it takes for granted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import Checked, GlobalReservation, Opened, Refusal, Store
from uzotp.testing.store_contract.hooks import T0
from uzotp.testing.store_contract.requests import WHOLE, WRONG, an_id, attempt, handle_of, opening


def opened(answer: Opened | Refusal) -> Opened:
    assert isinstance(answer, Opened), answer
    return answer


def reserved(answer: GlobalReservation | Refusal) -> GlobalReservation:
    assert isinstance(answer, GlobalReservation), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def why(answer: object) -> tuple[str, str, int | None]:
    """Why a store refused: the kind, the quota and how many milliseconds to wait."""
    refusal = refused(answer)
    return refusal.kind, refusal.quota, refusal.retry_after_ms


def granted(answers: Sequence[Opened | GlobalReservation | Refusal]) -> list[bool]:
    """Which of *answers* are no refusals."""
    assert all(isinstance(answer, (Opened, GlobalReservation, Refusal)) for answer in answers), answers
    return [not isinstance(answer, Refusal) for answer in answers]


def tally(answers: Iterable[Checked]) -> dict[str, int]:
    """How many attempts ended in which way."""
    return Counter(answer.status.value for answer in answers)


def begun(store: Store, phone: str = "A", now: int = T0) -> Opened:
    """A send to *phone* that the store allowed."""
    return opened(store.open(opening(phone, now=now)))


def missed(store: Store, times: int = 1, now: int = T0) -> list[Checked]:
    """*times* wrong codes for the phone ``A``, a millisecond apart."""
    return [store.check(attempt(WRONG, now=now + number)) for number in range(times)]


def release(store: Store, reservation: GlobalReservation) -> None:
    """Take all of it back, as where the phone's part was refused."""
    store.adjust(reservation, 0, **WHOLE)


def newest(store: Store, phone: str = "A", now: int = T0 + 1) -> DeliveryRecord:
    """The newest delivery to *phone*."""
    found = store.delivery(an_id("phone", phone), handle_of(phone), now)
    assert found is not None
    return found
