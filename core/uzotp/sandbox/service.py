"""What every service of the sandbox does alike: answer its calls, refuse in its own words, and play the fault that it
is told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from uzotp.sandbox.faults import FAULTS, FaultKind, Spoilt, json_reply

if TYPE_CHECKING:
    from uzotp.sandbox.state import State

#: The one key, token or password that getsms, socgrow and sms-man do not take here; devsms takes any token.
WRONG = "wrong"

_Work = TypeVar("_Work", bound=Callable[[], Any])


class BalanceTooLow(Exception):
    """The account cannot pay for what is bought."""


class ErrorAnswer(Exception):
    """A request that a service answers with the error *body*; for the sandbox's journal *why*, and the *phone* that the
    request named."""

    def __init__(self, body: Any, why: str, *, phone: str = "", status: int = 200) -> None:
        super().__init__(why)
        self.reply, self.why, self.phone = json_reply(body, status), why, phone


def current_state() -> State:
    """The state of the sandbox that is answering this request."""
    return cast("State", current_app.extensions["uzotp.sandbox"])


@dataclass(eq=False, kw_only=True)
class StandIn:
    """One service: what it is called, how it speaks, and what its faults need to know."""

    name: str
    #: The name that people know it by, and what it does for them.
    title: str
    job: str
    #: Where its paths begin.
    prefix: str
    #: The settings of a project that shall use it; a path is one of the sandbox's.
    settings: Mapping[str, str]
    #: What its account begins with, in whole units of the currency; ``None`` where the service names none.
    balance: int = 100_000
    currency: str | None = "UZS"
    #: The methods that its calls hear of; others are Flask's to refuse.
    methods: tuple[str, ...] = ("GET", "POST")
    #: Looks at a request before any call does its work: the method, the token.
    door: Callable[[], None] = lambda: None
    #: Words an HTTP error status as the service does.
    refusal: Callable[[int], Any]
    #: The success that the ``redirect`` fault leads to, and that no careful client ever sees.
    decoy: Callable[[], Any]
    #: The fields that ``ids_as_strings`` and ``missing_ids`` spoil.
    ids: tuple[str, ...]
    #: What it can be made to play, by name, in the order of the panel.
    faults: Mapping[str, FaultKind] = field(default_factory=lambda: FAULTS)
    #: Its place on the pages; those of one place go by name.
    place: int = 100
    blueprint: Blueprint = field(init=False)

    def __post_init__(self) -> None:
        self.blueprint = Blueprint(self.name, __name__, url_prefix=self.prefix)

    def call(self, path: str, *, sends: Callable[[], bool] = lambda: False) -> Callable[[_Work], _Work]:
        """A decorator: the function does the work of *path* and returns the JSON that it answers, or raises an
        :class:`ErrorAnswer`. *sends* says whether a request would send a message or rent a number."""

        def register(work: _Work) -> _Work:
            self.blueprint.add_url_rule(path, work.__name__, partial(self._respond, work, sends), methods=self.methods)
            return work

        return register

    def _respond(self, work: Callable[[], Any], sends: Callable[[], bool]) -> Response:
        state = current_state()
        playable = [name for name, kind in self.faults.items() if kind.play]
        kind = self.faults.get(state.take_fault(self.name, playable, sending=sends()) or "")
        if kind is None or kind.play is None:
            return self._answer(work)
        state.record(self.name, f"{kind.name}: {kind.title} (on purpose)")
        with suppress(RequestEntityTooLarge):
            request.get_data()  # werkzeug waits for an unread body before it hangs up
        reply = self._answer(work) if kind.accepted else json_reply({"success": False})
        return kind.play(Spoilt(reply, self.name, self.ids, self.refusal, state.stopping))

    def _answer(self, work: Callable[[], Any]) -> Response:
        try:
            self.door()
            return json_reply(work())
        except ErrorAnswer as error:
            current_state().record(self.name, error.why, error.phone)
            return error.reply

    def lines(self, url: str) -> list[str]:
        """Its settings for a sandbox at *url*, as they stand in an environment file."""
        return [f"{name}={url if value.startswith('/') else ''}{value}" for name, value in self.settings.items()]
