"""How a number is masked, and values that no traceback's locals, no log line and no ``repr`` shows (R43)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from uzotp.phones import Phone


def mask(e164: str) -> str:
    """``+998 90 *** ** 67``; of other countries ``+1 *** ** 34``."""
    if e164.startswith("+998") and len(e164) == 13:
        return f"+998 {e164[4:6]} *** ** {e164[-2:]}"
    return f"+{calling_code(e164[1:4])} *** ** {e164[-2:]}"


@lru_cache(maxsize=64)
def calling_code(head: str) -> str:
    """What the first three digits of a number begin with, if it is a country's."""
    import phonenumbers  # at first use: its metadata is not an import-time cost

    known = map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    return next((code for code in known if head.startswith(code)), "")


class Secret(str):
    """A ``str`` that a traceback's locals or a log line cannot show."""

    def __repr__(self) -> str:
        return "<secret>"


def veiled(typed: object) -> Phone | Secret | None:
    """What a stranger gave, so that no traceback's locals show it (R43); ``None`` for what is no text at all."""
    typed = getattr(typed, "as_e164", typed)
    if isinstance(typed, str):
        return cast("Phone", typed) if hasattr(typed, "masked") else Secret(typed)
    return None


class Veiled(bytes):
    """A body that a traceback's locals cannot show: it holds a number and a code."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def hidden(value: Any) -> Any:
    """A secret setting: a text, bytes, or several of them, as something that no frame shows."""
    if isinstance(value, tuple):
        return tuple(map(hidden, value))
    if isinstance(value, str):
        return Secret(value)
    return Veiled(value) if isinstance(value, bytes) else value


class VeiledFields(dict[str, Any]):
    """A stranger's JSON object, or one of ours that holds a number and a code: a traceback's locals cannot show it."""

    def __repr__(self) -> str:
        return f"<{len(self)} fields>"

    #: Error trackers look into mappings; this is how sentry-sdk is told not to.
    __sentry_repr__ = __repr__
