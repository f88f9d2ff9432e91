"""What a store said: the answers that a test is about, and those that it takes for granted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from uzotp.ports.delivery import DeliveryRecord
from uzotp.ports.store import Checked, GlobalReservation, Opened, Refusal, ReserveGlobal, Store, Tallied
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


def sent(store: Store, request: ReserveGlobal) -> GlobalReservation | Refusal:
    """Reserve, and tally the country's send at once: a process does that a little later."""
    answer = store.reserve(request)
    if isinstance(answer, GlobalReservation) and answer.prefix:
        store.tally(Tallied({answer.country: {answer.at_ms: (1, 0)}}))
    return answer


def release(store: Store, reservation: GlobalReservation) -> None:
    """Take all of it back, as where the phone's part was refused."""
    store.adjust(reservation, 0, **WHOLE)
    if reservation.prefix:
        store.tally(Tallied({reservation.country: {reservation.at_ms: (-1, 0)}}))


def credit(store: Store, areas: Iterable[str], verified: int, now: int = T0) -> None:
    """So many sends of *areas* were verified."""
    store.tally(Tallied({area: {now: (0, verified)} for area in areas}))


def tell(store: Store, answer: Checked) -> None:
    """Give the message of an accepted code its moment, as a process does a little later; of a refused one nothing."""
    if answer.delivery:
        store.tally(Tallied({}, (answer.delivery,)))


def redeemed(store: Store, proof_id: str, now: int, phone: str = "A", of: str = "") -> bool:
    """Whether *phone* could redeem it, of its own login challenge or of that of the phone *of*."""
    return store.redeem(handle_of(of or phone), an_id("phone", phone), proof_id, now)


def newest(store: Store, phone: str = "A", now: int = T0 + 1) -> DeliveryRecord:
    """The newest delivery to *phone*."""
    found = store.delivery(an_id("phone", phone), handle_of(phone), now)
    assert found is not None
    return found
