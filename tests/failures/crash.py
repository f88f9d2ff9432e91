"""A worker that is killed between the reservation and the message: run as a program, it kills itself in the gateway.

``python -m tests.failures.crash <kind> <where> <phone>``, *where* as :func:`open_store` takes it, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.failures.traffic import Postbox, make_verifier, new_person
from uzotp.errors import Refused
from uzotp.ports.gateway import Message, Receipt
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock
from uzotp.verification import Verifier

ROOT = Path(__file__).parents[2]
#: One minute between two messages, at most two an hour, and money for two a day.
RULES = {"resend_after": (60,), "phone_quota": "2/hour", "daily_budget": 100}


class Deadly:
    """A gateway at whose door the process dies."""

    name = "deadly"

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


def open_store(kind: str, where: dict[str, Any]) -> Any:
    """A store that is there already: an address, or an entry of Django's ``DATABASES``."""
    if kind == "DjangoStore":
        from tests.django_app.processes import open_store as open_django

        return open_django(where, ":memory:")  # the default database, of no use here
    if kind == "RedisStore":
        from uzotp.stores.redis.store import RedisStore

        return RedisStore(where["url"], prefix=where["prefix"])
    from uzotp.stores.sql.engine import SQLStore

    return SQLStore(where["url"])


def verifier_on(store: Any, gateway: Any, clock: FakeClock) -> Verifier:
    return make_verifier(store, gateway, clock=clock, **RULES)


def send(verifier: Verifier, phone: str) -> Any:
    return verifier.send_code(phone, "login", client_ip=None, binding="a browser")


@dataclass(frozen=True)
class Aftermath:
    """What was there after a worker's death: its exit ``status``, the so'm ``counted`` and the ``cooldown``; how many
    sends the phone's challenge had with the next message, whether that code was ``verified``, what refused the next
    after it (by the phone's quota, and by the day's money), and the ``messages`` and ``seconds`` of it all."""

    status: int
    counted: int
    cooldown: str
    sends: int
    verified: bool
    quota: str
    budget: str
    messages: int
    seconds: float


def aftermath(kind: str, where: dict[str, Any], store: Any) -> Aftermath:
    """Kill a worker in the middle of a send, then go on with *store*, which is the same by another way."""
    clock, postbox, phone = FakeClock(), Postbox(), new_person().phone
    verifier = verifier_on(store, postbox, clock)
    rich = make_verifier(store, postbox, clock=clock, **{**RULES, "daily_budget": 10**6})
    status = die(kind, where, phone)
    began = time.monotonic()
    counted = store.money_used(day_of(int(clock.time() * 1000)))
    cooldown = refusal(lambda: send(verifier, phone))
    clock.advance(60)
    sends = send(verifier, phone).sends
    verified = bool(verifier.verify_code(phone, postbox.codes[phone], "login", binding="a browser"))
    clock.advance(60)
    quota, budget = refusal(lambda: send(rich, phone)), refusal(lambda: send(verifier, new_person().phone))
    seconds = time.monotonic() - began
    return Aftermath(status, counted, cooldown, sends, verified, quota, budget, sum(postbox.counts.values()), seconds)


def refusal(call: Callable[[], object]) -> str:
    """The class of what refuses, empty when nothing does."""
    try:
        call()
    except Refused as error:
        return type(error).__name__
    return ""


def die(kind: str, where: dict[str, Any], phone: str) -> int:
    """How a process ended that was to send to *phone*."""
    program = [sys.executable, "-m", "tests.failures.crash", kind, json.dumps(where), phone]
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(program, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, timeout=60).returncode


if __name__ == "__main__":
    _kind, _where, _phone = sys.argv[1:]
    send(verifier_on(open_store(_kind, json.loads(_where)), Deadly(), FakeClock()), _phone)
