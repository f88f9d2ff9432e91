"""Values that hide themselves: no traceback's locals, no log line and no ``repr`` shows them (R43)."""

from __future__ import annotations

from typing import Any

from uzotp.phones import Phone


class Secret(str):
    """A ``str`` that a traceback's locals or a log line cannot show."""

    def __repr__(self) -> str:
        return "<secret>"


def veiled(typed: object) -> Phone | Secret | None:
    """What a stranger gave, so that no traceback's locals show it (R43); ``None`` for what is no text at all."""
    typed = getattr(typed, "as_e164", typed)
    if isinstance(typed, str):
        return typed if isinstance(typed, Phone) else Secret(typed)
    return None


class Veiled(bytes):
    """A body that a traceback's locals cannot show: it holds a number and a code."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class VeiledFields(dict[str, Any]):
    """A stranger's JSON object, which a traceback's locals cannot show: it may echo what it was sent."""

    def __repr__(self) -> str:
        return f"<{len(self)} fields>"
