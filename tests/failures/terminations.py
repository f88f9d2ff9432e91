"""A PostgreSQL connection that an administrator cuts while its statement waits for a lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.failures.traffic import TRIES, Postbox, make_verifier, new_person
from tests.waiting import until
from uzotp.errors import StoreUnavailable

_WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass(frozen=True)
class Cut:
    """How often the statement was cut, what its caller was told, and how many tries were counted."""

    times: int
    told: str
    counted: int


def terminate(store: Any, connect: Callable[[], Any], *, every: bool) -> Cut:
    """Cut a wrong code's statement once, or as often as it is tried again; then let go of the lock.

    *connect* opens a connection to the same database.
    """
    postbox = Postbox()
    verifier = make_verifier(store, postbox)
    person = new_person()
    verifier.send_code(person.phone, "login", client_ip=None, binding="b")
    wrong = "000000" if postbox.codes[person.phone] != "000000" else "111111"

    def miss() -> Any:
        try:
            return verifier.verify_code(person.phone, wrong, "login", binding="b")
        except StoreUnavailable:
            return None

    told: list[Any] = []

    def work() -> None:
        try:
            told.append(miss())
        except Exception as error:
            told.append(error)
        finally:
            store.release_thread()

    caller, times = threading.Thread(target=work), 0
    with connect() as holder, connect() as killer:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE uzotp_phone, uzotp_challenge IN EXCLUSIVE MODE")
        caller.start()
        while caller.is_alive() and (every or not times):
            until(lambda: not caller.is_alive() or killer.execute(_WAITING).fetchall(), "the statement waits")
            for (pid,) in killer.execute(_WAITING).fetchall():
                killer.execute("SELECT pg_terminate_backend(%s)", (pid,))
                times += 1
                gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
                until(lambda pid=pid, gone=gone: not killer.execute(gone, (pid,)).fetchall(), "it is gone")
        holder.execute("ROLLBACK")
    caller.join()
    after = miss()
    if isinstance(told[0], Exception):
        raise told[0]
    return Cut(
        times, str(told[0].status) if told[0] is not None else "StoreUnavailable", TRIES - 1 - after.attempts_left
    )
