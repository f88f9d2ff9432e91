"""``pause``, ``resume``, ``unblock``: what a person switches takes effect at once, on every verifier of the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.core.host import Postcard
from tests.core.shop import PHONE, SOUND, Done, Named, Shop
from uzotp.errors import SendingPaused, ServiceNameRejected
from uzotp.ports.store import PAUSE
from uzotp.stores.memory import MemoryStore

# -------------------------------------------------------------------------------------------------------- pause


def test_r59_pause_and_resume_take_effect_at_once(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    running = make_site()
    running.send()
    assert run("pause", "--note", "attack").out == "sending is paused\n"
    for site in (running, make_site()):
        with pytest.raises(SendingPaused):
            site.send("+998901238199")
    assert running.verify(), "codes that are out are still good"
    done = run("send", "+998901238199", "login")
    assert (done.status, done.err) == (1, "uzotp: not sent (paused)\n")
    assert len(running.outbox) == 1
    assert run("resume").out == "sending goes on\n"
    assert running.send("+998901238199").delivery.status == "sent"


def test_pausing_twice_keeps_the_first_note_and_moment(run: Callable[..., Done], store: MemoryStore) -> None:
    run("pause", "--note", "attack")
    (before,) = store.switches()
    assert (before.name, before.note) == (PAUSE, "attack")
    done = run("pause", "--note", "again")
    assert (done.status, done.out) == (0, "sending was paused already, and stays so\n")
    assert store.switches() == [before]


def test_resuming_what_is_not_paused(run: Callable[..., Done]) -> None:
    done = run("resume")
    assert (done.status, done.out) == (0, "sending was not paused\n")


@pytest.mark.parametrize(("command", "undone"), [("pause", "paused"), ("resume", "resumed"), ("unblock", "unblocked")])
def test_r59_a_switch_that_no_other_process_would_see_is_a_mistake(
    run: Callable[..., Done], make_site: Callable[..., Any], store: MemoryStore, command: str, undone: str
) -> None:
    for name in () if command == "pause" else (PAUSE, "blocked:devsms:A"):
        store.switch_on(name)
    before = store.switches()
    done = run(command, shop=Shop(make_site().verifier, replace(SOUND, store="memory://")))
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        f"uzotp: STORE is memory://, which other processes do not see: nothing was {undone}. Use a database.\n"
    )
    assert store.switches() == before


# ------------------------------------------------------------------------------------------------------ unblock


def test_p6_unblock_lets_a_refused_name_be_tried_again(run: Callable[..., Done], make_site: Callable[..., Any]) -> None:
    gateway = Named()
    site = make_site(gateway=gateway, resend_after=(0,))
    gateway.fail_with(ServiceNameRejected("devsms", "nomaqbul"))
    for _ in range(2):
        with pytest.raises(ServiceNameRejected):
            site.send()
    assert not gateway.messages
    shop = Shop(site.verifier)
    assert run("unblock", shop=shop).out == "unblocked: devsms, 'TechShop'\n"
    assert site.send().delivery.gateway == "devsms"
    assert run("unblock", shop=shop).out == "nothing is blocked\n"


@pytest.mark.parametrize(
    ("asked", "freed"),
    [
        ([], ["devsms:A", "devsms:B: 24", "getsms:A"]),
        (["--gateway", "devsms"], ["devsms:A", "devsms:B: 24"]),
        (["--name", "A"], ["devsms:A", "getsms:A"]),
        (["--name", "B: 24"], ["devsms:B: 24"]),
        (["--gateway", "getsms", "--name", "A"], ["getsms:A"]),
    ],
    ids=" ".join,
)
def test_unblock_says_which_pairs(
    run: Callable[..., Done], store: MemoryStore, asked: list[str], freed: list[str]
) -> None:
    pairs = {"devsms:A", "devsms:B: 24", "getsms:A"}
    for pair in pairs:
        store.switch_on(f"blocked:{pair}")
    store.switch_on(PAUSE)
    done = run("unblock", *asked)
    assert done.status == 0
    said = {line.removeprefix("unblocked: ").replace(", '", ":")[:-1] for line in done.out.splitlines()}
    assert said == set(freed)
    assert {switch.name for switch in store.switches()} == {PAUSE} | {f"blocked:{pair}" for pair in pairs - set(freed)}


def test_a_pair_that_was_asked_for_and_is_not_blocked(run: Callable[..., Done], store: MemoryStore) -> None:
    store.switch_on("blocked:devsms:A")
    for asked in (["--gateway", "getsms"], ["--name", "B"], ["--gateway", "getsms", "--name", "A"]):
        done = run("unblock", *asked)
        assert (done.status, done.out) == (1, "no such pair is blocked\n")
    assert len(store.switches()) == 1
    store.switch_off("blocked:devsms:A")
    assert run("unblock").status == 0


def test_a_name_from_the_store_cannot_steer_a_terminal(run: Callable[..., Done], store: MemoryStore) -> None:
    store.switch_on("blocked:devsms:\x1b[2J")
    assert "\x1b" not in run("unblock").out


def test_none_of_them_asks_a_gateway(run: Callable[..., Done]) -> None:
    for command in ("pause", "resume", "unblock"):
        assert run(command, gateway=Postcard()).status == 0
    assert run("send", PHONE, "login").status == 0
