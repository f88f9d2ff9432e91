"""The one line between Flask and the sandbox's state, so that a service's module needs no more than itself."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from uzotp.sandbox.state import State

_KEY = "uzotp.sandbox"


def attach(app: Flask, state: State) -> None:
    app.extensions[_KEY] = state


def current_state() -> State:
    """The state of the sandbox that is answering this request."""
    return cast(State, current_app.extensions[_KEY])
