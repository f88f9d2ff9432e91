"""What every failure of a gateway comes to, for the visitor and for the money: one Markdown table a route.

Each line is one send by a whole ``Verifier`` over HTTP to a sandbox of its own that plays the fault, always the first
gateway's, for as long as the send lasts. The last lines of devsms lose its history too. Held replies make a send last;
the lines are played some at a time, so that the whole takes less than a minute.
"""

from __future__ import annotations

import argparse
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from uzotp import DevSMS, GetSMS, MemoryStore, Policy, Verifier
from uzotp.errors import GatewayError
from uzotp.events import Event
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway
from uzotp.sandbox import State, running
from uzotp.sandbox.services import SERVICES
from uzotp.tashkent import day_of
from uzotp.testing import FakeClock

#: The gateways in the order of use.
ROUTES = {"devsms": ("devsms",), "getsms": ("getsms",), "devsms, then getsms": ("devsms", "getsms")}
SOUND = "sound"
#: A fault with this is played for questions as well: the history cannot be looked through.
BLIND = ", history lost too"

_BLIND = ("timeout", "reset_after", "http_500_after", "half_json", "missing_ids")
#: They hold the send until its time is over.
HOLDING = ("timeout", "timeout_before", "slow_drip")

PHONE = "+998901238190"
_BUDGET = 1000


@dataclass(frozen=True)
class Ending:
    """How one send ended.

    :attr outcome: the gateway that accepted it, the refusal's class, or ``unknown``.
    :attr messages: how many are in the inbox, by gateway.
    :attr counted: so'm of the day's budget that are gone; ``charged`` is what the gateways took.
    :attr open: whether the challenge takes codes; ``verifies``: whether it accepts the one that arrived, ``None`` when
        none did.
    :attr events: what was told, in order.
    :attr seconds: until ``send_code`` came back.
    """

    outcome: str
    messages: dict[str, int]
    counted: int
    charged: int
    open: bool
    verifies: bool | None
    events: tuple[Event, ...]
    seconds: float


def faults(route: str) -> list[str]:
    """What the first gateway of *route* can suffer, ``sound`` first."""
    first = ROUTES[route][0]
    return [SOUND, *SERVICES[first].faults, *(name + BLIND for name in _BLIND if first == "devsms")]


def play(route: str, fault: str, deadline: float) -> Ending:
    """One send along *route* with *fault* in its first gateway, and *deadline* seconds for all of it."""
    clock = FakeClock()
    state, events = State(clock=clock), list[Event]()
    name = fault.removesuffix(BLIND)
    if name != SOUND:
        state.fail(ROUTES[route][0], name, times=None, on="all" if fault.endswith(BLIND) else "send")
    with running(state=state) as sandbox:
        verifier = Verifier(
            [_gateway(name, sandbox.url) for name in ROUTES[route]],
            MemoryStore(),
            ["a key of the benchmarks"],
            Policy(daily_budget=_BUDGET, deadline=deadline),
            clock=clock,
            events=events.append,
        )
        started = time.perf_counter()
        try:
            delivery = verifier.send_code(PHONE, "login", client_ip=None, binding="browser").delivery
            outcome = "unknown" if delivery.status is DeliveryStatus.UNKNOWN else delivery.gateway
        except GatewayError as error:
            outcome = type(error).__name__
        seconds = time.perf_counter() - started
    inbox = state.messages(PHONE.lstrip("+"))
    codes = {sms.code for sms in inbox}
    wrong, *answers = (
        verifier.verify_code(PHONE, code, "login", binding="browser")
        for code in ("000000" if "000000" not in codes else "111111", *codes)
    )
    return Ending(
        outcome=outcome,
        messages={gateway: sum(sms.gateway == gateway for sms in inbox) for gateway in ROUTES[route]},
        counted=verifier.store.money_used(day_of(int(clock.time() * 1000))),
        charged=sum(state.accounts[gateway].spent for gateway in ROUTES[route]),
        open=wrong.status != "expired",
        verifies=all(answers) if answers else None,
        events=tuple(events),
        seconds=seconds,
    )


def _gateway(name: str, url: str) -> Gateway:
    if name == "devsms":
        return DevSMS("a token", "TechShop", base_url=f"{url}/api")
    return GetSMS("login", "password", base_url=f"{url}/smsgateway/", service_name="TechShop", price=60)


def _line(fault: str, ending: Ending) -> str:
    known = ending.outcome in ending.messages
    outcome = f"accepted by {ending.outcome}" if known else ending.outcome
    verifies = {True: "yes", False: "NO", None: "–"}[ending.verifies]
    messages = " + ".join(map(str, ending.messages.values()))
    money = f"{ending.counted} | {ending.charged}"
    return f"| {fault} | {outcome} | {messages} | {money} | {verifies} | {ending.seconds:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deadline", type=float, default=1.0, help="seconds for one send (DEADLINE)")
    parser.add_argument("--threads", type=int, default=4, help="lines played at the same time")
    options = parser.parse_args()
    logging.getLogger("uzotp").setLevel(logging.CRITICAL)  # the table says it
    play("devsms, then getsms", SOUND, 10)  # loading the HTTP client is no part of a send
    with ThreadPoolExecutor(options.threads) as pool:
        for route, gateways in ROUTES.items():
            names = faults(route)
            endings = pool.map(lambda fault, route=route: play(route, fault, options.deadline), names)
            print(f"**{route}** (deadline {options.deadline:g} s)\n")
            print(
                f"| fault of {gateways[0]} | outcome | messages {' + '.join(gateways)} | so'm counted "
                "| so'm charged | the code that arrived verifies | seconds |"
            )
            print("|---|---|---:|---:|---:|---|---:|")
            for fault, ending in zip(names, endings, strict=True):
                print(_line(fault, ending), flush=True)
            print()


if __name__ == "__main__":
    main()
