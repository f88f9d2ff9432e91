"""Tokens of devices: what a browser or an app shows of a number that it has proved (P3)."""

from __future__ import annotations

from uzotp.codes import Tokens
from uzotp.policy import DEVICE_LIFE
from uzotp.privacy import Secret

#: Several tokens in one text, for a browser may have proved several numbers: the newest first, and so many at most.
SEPARATOR, MOST = "~", 4


class Devices:
    """Makes and reads them. A token names a number by its fingerprint and tells when it was proved, by the store's
    clock. It lives for ``DEVICE_LIFE``, as long as a key of those that sign it."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def token(self, fingerprint: str, at_ms: int) -> Secret:
        return Secret(self._tokens.dump({"of": fingerprint, "at": at_ms}))

    def proved_at_ms(self, device: str | None, fingerprint: str) -> int | None:
        """The newest moment at which one of these tokens proved the number; ``None`` where none did."""
        read = [self._tokens.load(token, DEVICE_LIFE) for token in (device or "").split(SEPARATOR)[:MOST]]
        return max([each["at"] for each in read if each and each["of"] == fingerprint], default=None)


def joined(token: str, others: str) -> str:
    """A new token before the *others* that a browser has, without the oldest of too many."""
    return SEPARATOR.join([token, *filter(None, others.split(SEPARATOR))][:MOST])
