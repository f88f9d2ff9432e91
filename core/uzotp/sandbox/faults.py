"""The failures that a service of the sandbox can be told to play: their names, and what each does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``accepted``: the work is done, a message sent or a number rented, and charged, although the answer tells
    nothing of it. ``services`` are those that can play it, none for all."""

    name: str
    group: str
    title: str
    accepted: bool = False
    services: tuple[str, ...] = ()


_REFUSED, _DOWN = "It refuses", "It is down"
_LOST, _STRANGE = "The answer is lost", "The answer is strange"

#: Every fault by its name, in the order of the panel.
FAULTS = {
    kind.name: kind
    for kind in (
        Kind(
            "blocked_name",
            _REFUSED,
            "service name blocked: charged, not sent (universal_otp only)",
            services=("devsms",),
        ),
        Kind("no_balance", _REFUSED, "not enough money"),
        Kind("http_401", _REFUSED, "401, the token is wrong"),
        Kind("http_403", _REFUSED, "403, no permission"),
        Kind("http_404", _REFUSED, "404, not found"),
        Kind("http_429", _REFUSED, "429, too many requests"),
        Kind("http_500", _DOWN, "500, nothing done"),
        Kind("http_500_after", _DOWN, "500, but the work is done", accepted=True),
        Kind("http_503", _DOWN, "503, nothing done"),
        Kind("html", _DOWN, "200 with an HTML page, nothing done"),
        Kind("reset_before", _DOWN, "connection reset, nothing done"),
        Kind("timeout_before", _DOWN, "never answers, nothing done"),
        Kind("timeout", _LOST, "never answers, but the work is done", accepted=True),
        Kind("reset_after", _LOST, "connection reset, but the work is done", accepted=True),
        Kind("slow_drip", _LOST, "answers one byte at a time", accepted=True),
        Kind("half_json", _LOST, "the JSON breaks off in the middle", accepted=True),
        Kind("empty", _LOST, "200 with an empty body", accepted=True),
        Kind("notice_before_json", _STRANGE, "a PHP notice before the JSON", accepted=True),
        Kind("invalid_utf8", _STRANGE, "bytes that are no UTF-8 in the JSON", accepted=True),
        Kind("big", _STRANGE, "ten megabytes of JSON", accepted=True),
        # socgrow's only id is a string already
        Kind("ids_as_strings", _STRANGE, "ids are strings", accepted=True, services=("devsms", "getsms", "sms-man")),
        Kind("missing_ids", _STRANGE, "success, but without ids", accepted=True),
        Kind("redirect", _STRANGE, "302 to a page that fakes a success"),
    )
}


def faults_of(service: str) -> dict[str, Kind]:
    """Those of :data:`FAULTS` that *service* can play."""
    return {name: kind for name, kind in FAULTS.items() if not kind.services or service in kind.services}
