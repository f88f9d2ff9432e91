"""What every service of the sandbox does alike: refuse in its own words, and play the fault that it is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from uzotp.sandbox.context import current_state
from uzotp.sandbox.faults import FAULTS
from uzotp.sandbox.replies import Reply, play

#: The one key, token or password that getsms, socgrow and sms-man do not take here; devsms takes any token.
WRONG = "wrong"

#: Faults that strike in the middle of the work; all others spoil the reply.
_IN_THE_WORK = ("blocked_name", "no_balance")
_IDS = ("ids_as_strings", "missing_ids")
_AT_THE_DOOR = tuple(name for name in FAULTS if name not in _IN_THE_WORK)


class Refusal(Exception):
    """A request that a service answers with an error: its *reply*, and for the sandbox's journal *why* and the *phone*
    that the request named."""

    def __init__(self, reply: Reply, why: str, phone: str = "") -> None:
        super().__init__(why)
        self.reply, self.why, self.phone = reply, why, phone


@dataclass(frozen=True)
class Service:
    """One service: its account's name in the state, and what its faults need to know."""

    name: str
    #: The name that people know it by, and what it does for them.
    title: str
    job: str
    #: The settings of a project that shall use it; a path is one of the sandbox's.
    settings: Mapping[str, str]
    #: The fields that ``ids_as_strings`` and ``missing_ids`` spoil.
    ids: tuple[str, ...]
    #: Words an HTTP error status as the service does.
    refusal: Callable[[int], Reply]
    #: The success that the ``redirect`` fault leads to, and that no careful client ever sees.
    decoy: Any

    def respond(self, work: Callable[[], Reply], *, sending: bool = False) -> Response:
        """The response to a request. *work* does it, or raises a :class:`Refusal`; *sending* says that it would send a
        message or rent a number."""
        state = current_state()

        def answer() -> Reply:
            try:
                return work()
            except Refusal as refused:
                state.record(self.name, refused.why, refused.phone)
                return refused.reply

        fault = state.take_fault(self.name, _AT_THE_DOOR, sending=sending)
        if fault is None:
            return answer().response()
        if fault in _IDS:
            state.record(self.name, f"{fault}: {FAULTS[fault].title} (on purpose)")
            reply = answer()
            return Reply(self._spoil_ids(reply.body, drop=fault == "missing_ids"), reply.status).response()
        return play(state, self.name, fault, answer, self.refusal)

    def out_of_money(self) -> bool:
        """Whether this message or number shall find no money, by the ``no_balance`` fault."""
        return current_state().take_fault(self.name, ("no_balance",), sending=True) is not None

    def lines(self, url: str) -> list[str]:
        """Its settings for a sandbox at *url*, as they stand in an environment file."""
        return [f"{name}={url if value.startswith('/') else ''}{value}" for name, value in self.settings.items()]

    def _spoil_ids(self, value: Any, *, drop: bool) -> Any:
        """*value* with every id in it made a string, or left out."""
        if isinstance(value, list):
            return [self._spoil_ids(item, drop=drop) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {key: item for key, item in value.items() if not (drop and key in self.ids)}
        return {key: str(item) if key in self.ids else self._spoil_ids(item, drop=drop) for key, item in kept.items()}
