"""What the Redis store's scripts are asked, and what their answers mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from uzotp.policy import Limit
from uzotp.ports.store import (
    AddDelivery,
    GlobalReservation,
    OpenChallenge,
    Refusal,
    RefusalKind,
    ReserveGlobal,
    Suspicion,
)
from uzotp.rules import devices
from uzotp.tashkent import DAY_MS, day_begins, day_number, day_of


def _plain(value: Any) -> Any:
    """What JSON does not know: a limit is its count and its seconds, a rule its fields."""
    if isinstance(value, Limit):
        return value.count, value.window
    return sorted(value) if isinstance(value, frozenset) else vars(value)


_json = json.JSONEncoder(separators=(",", ":"), default=_plain).encode


def request_of(**asked: Any) -> str:
    """A script's request."""
    return _json(_told(asked))


def _told(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is ``None`` is left out: for Lua a null is something."""
    return {name: value for name, value in asked.items() if value is not None}


def pending_of(request: OpenChallenge | AddDelivery) -> dict[str, Any]:
    asked = {**vars(request), "purpose": request.purpose.template_type}
    if isinstance(request, OpenChallenge):
        asked["kept"] = devices.kept(request.phone_limits, len(request.resend_after))
    return _told(asked)


def wanted_of(request: ReserveGlobal) -> dict[str, Any]:
    return _told({**vars(request), "client": request.client if request.client_limits else None})


def refused_to_phone(request: OpenChallenge, word: str, *told: int) -> Refusal:
    kind, wait = RefusalKind(word), told[-1]
    if kind is RefusalKind.COOLDOWN:
        return Refusal(kind, word, wait)
    locked = kind is RefusalKind.LOCKED
    whose, limits = ("failures", request.failure_limits) if locked else ("phone", request.phone_limits)
    return Refusal(kind, f"{whose} {devices.quota(limits, *told[:2])}", wait)


def refused_to_all(request: ReserveGlobal, *reply: Any) -> Refusal:
    networks = {"client": request.client_limits, "network": request.wider_limits}
    return _refused(*reply, networks=networks, budget=request.budget)


def reserved(
    request: ReserveGlobal, _word: str, at: int, day: str, on: list[str], seen: list[Any]
) -> GlobalReservation:
    suspicion = Suspicion(*seen[:5]) if seen else None
    return GlobalReservation.of(request, at, day_of(int(day) * DAY_MS) if day else "", on, suspicion)


def networks_of(of: ReserveGlobal | GlobalReservation) -> list[str]:
    return [f"client:{fingerprint or ''}" for fingerprint in (of.client, of.wider)]


def area_of(area: str) -> str:
    return f"tally:{area}"


def number_of(day: str) -> int:
    """A day of Tashkent, by its number since the epoch."""
    return day_number(day_begins(day))


def _refused(word: str, *told: Any, networks: dict[str, tuple[Limit, ...]], budget: int | None) -> Refusal:
    """A script's refusal; it tells the number of the limit among all of the networks', and the milliseconds to wait."""
    kind = RefusalKind(word)
    if kind is RefusalKind.RATE_LIMITED:
        names = [f"{whose} {limit}" for whose, limits in networks.items() for limit in limits]
        return Refusal(kind, names[told[0] - 1], told[1])
    if kind is RefusalKind.SUSPICIOUS:
        *seen, wait = told[0]
        suspicion = Suspicion(*seen)
        return Refusal(kind, f"guard {suspicion.level} {suspicion.window}", wait, suspicion)
    return Refusal(kind, f"budget {budget}/day" if kind is RefusalKind.BUDGET else word, *(told or [None]))
