"""uzotp as it is measured: through ``Verifier``, with a gateway that keeps the messages in place of sending them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from benchmarks.figures.timing import Call
from uzotp import Policy, Verifier
from uzotp.testing import Outbox

KEYS = ["a key of the benchmarks"]
PURPOSE = "login"


def numbers(first: int = 0) -> Iterator[str]:
    """Mobile numbers of Uzbekistan in E.164, no two alike, over many number prefixes."""
    for number in count(first):
        yield f"+99890{1_000_000 + number * 7919 % 9_000_000}"


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def make(store: Any, **policy: Any) -> Verifier:
    return Verifier(Outbox(), store, KEYS, Policy(**policy))


class Codes:
    """Fresh challenges of one verifier. Each is opened by the number in national form and checked by its E.164 form."""

    def __init__(self, verifier: Verifier, verify: Callable[..., Any] | None = None, first: int = 0) -> None:
        self.verifier = verifier
        self._verify = verify or verifier.verify_code
        self._numbers = numbers(first)

    def open(self) -> tuple[str, str]:
        """A number in E.164 and the code that was sent to it."""
        number = next(self._numbers)
        outbox: Any = self.verifier.gateway
        self.verifier.send_code(number[4:], PURPOSE, client_ip=None, binding="")
        code = str(outbox.last.code)
        outbox.clear()
        return number, code

    def right(self, calls: int) -> Sequence[Call]:
        return [self.call(number, code) for number, code in (self.open() for _ in range(calls))]

    def wrong(self, calls: int) -> Sequence[Call]:
        return [self.call(number, wrong(code)) for number, code in (self.open() for _ in range(calls))]

    def call(self, number: str, code: str) -> Call:
        verify = self._verify
        return lambda: verify(number, code, PURPOSE, binding="").status.value
