"""Who can keep an owner out of their own number, for how long, and what it costs the site (P3): a simulated day.

Strangers ask for one number's codes from 1, 2 and 10 networks, every ten seconds, through the real ``Verifier``, and
guess or do not. At every minute the phone's own rule is asked, without a trace, whether its owner would get a code.
Nothing is drawn: the same table every time.

``python benchmarks/lockout.py`` prints the table as Markdown; ``--write`` also writes lockout.md beside this file.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from uzotp import MemoryStore, errors
from uzotp.policy import Purpose
from uzotp.ports.store import OpenChallenge, Refusal, RefusalKind
from uzotp.rules import challenges
from uzotp.sms.prices import price_rows
from uzotp.stores.tables import PHONE
from uzotp.testing import FakeClock, Outbox
from uzotp.verification import Verifier

PHONE_NUMBER, MINUTE, STEP = "+998901238190", 60, 10
HOME = next(row.local for row in price_rows() if row.country == "Uzbekistan")
#: Who the owner may be, and what a request of theirs says.
OWNERS = {
    "new device": {"network": "own"},
    "new device at the strangers' address": {},
    "new device, vouched for": {"network": "own", "vouched": True},
    "known device": {"network": "own", "device_at_ms": 1},
}


@dataclass
class Day:
    """Messages that the strangers were sent, and the minutes in which an owner was refused: of cooldowns, and all."""

    messages: int
    waits: Counter[str]
    out: Counter[str]
    right: bool


class Seen:
    """A store that remembers the newest request, to ask the phone's rule about one like it."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.opening = store, None

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    def admit(self, wanted: object, opening: OpenChallenge) -> object:
        self.opening = opening
        return self.store.admit(wanted, opening)

    def refusal(self, **who: object) -> Refusal | None:
        row = self.store.kept[PHONE].get(self.opening.fingerprint, self.opening.now)
        asked = replace(self.opening, device_at_ms=None, vouched=False)
        answer = challenges.refuse(row or PHONE.record(), replace(asked, **who), who["now"])
        return answer if isinstance(answer, Refusal) else None


def play(networks: int, guesses: bool, *, nameless: bool = False) -> Day:
    """A day; *nameless*: the site sees no addresses, as behind a proxy that it was not told of."""
    clock, outbox = FakeClock(), Outbox()
    store = Seen(MemoryStore())
    verifier = Verifier(outbox, store, ["key"], clock=clock)  # type: ignore[arg-type]
    day = Day(0, Counter(), Counter(), True)
    for asked, second in enumerate(range(0, 24 * 60 * MINUTE, STEP)):
        address = None if nameless else f"198.51.100.{asked % networks}"
        try:
            verifier.send_code(PHONE_NUMBER, "login", client_ip=address, binding=f"stranger {asked}")
        except errors.Refused:
            pass
        else:
            day.messages += 1
            wrong = "111111" if outbox.last.code != "111111" else "222222"
            for _ in range(5 if guesses else 0):
                verifier.verify_code(PHONE_NUMBER, wrong, Purpose.LOGIN, binding=f"stranger {asked}")
        if second % MINUTE == 0:
            for name, who in OWNERS.items():
                refusal = store.refusal(now=int(clock.time() * 1000), **who)
                day.waits[name] += refusal is not None and refusal.kind is RefusalKind.COOLDOWN
                day.out[name] += refusal is not None
        clock.advance(STEP)
    verifier.send_code(PHONE_NUMBER, "login", client_ip="203.0.113.7", binding="owner", trusted=True)
    day.right = bool(verifier.verify_code(PHONE_NUMBER, outbox.last.code, "login", binding="owner"))
    return day


def table() -> list[str]:
    rows = [
        f"| strangers | messages | so'm | {' | '.join(f'{name}: minutes out' for name in OWNERS)} |",
        f"|---|---:|---:|{'---:|' * len(OWNERS)}",
    ]
    for guesses in (False, True):
        for networks in (1, 2, 10, 0):
            day = play(networks or 1, guesses, nameless=not networks)
            whence = f"{networks} network{'s' * (networks > 1)}" if networks else "addresses unknown to the site"
            what = "ask and guess" if guesses else "ask"
            cells = [f"{day.out[name]:,} ({day.waits[name]} of a cooldown)" for name in OWNERS]
            rows.append(f"| {what}, {whence} | {day.messages} | {day.messages * HOME:,} | {' | '.join(cells)} |")
            assert day.right, "a right code was refused"
    return rows


TEXT = """\
# Who can keep an owner out, and for how long

Made by `python benchmarks/lockout.py --write`, with the default quotas. A day has 1,440 minutes. Strangers ask for one
number's codes every ten seconds; who guesses types five wrong codes for each. "Out" is a minute in which the owner
would get no code, a cooldown of at most five minutes included. A code that the owner has already got is right all day:
a lock refuses the next code, never a comparison.

{table}

One network has half of what unknown devices share, so the owner on another one has the other half; behind the
strangers' own address, a carrier's say, there is none. Two networks and more use all of it up. Then who is vouched for
has a fifth more, and a device that has proved the number has its own.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write lockout.md beside this file")
    write = parser.parse_args().write
    text = TEXT.format(table="\n".join(table()))
    print(text)
    if write:
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
