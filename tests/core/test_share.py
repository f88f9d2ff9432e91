"""Nobody takes all the places: one network holds a quarter of them at most, at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from tests.core.slow import AtOnce, Slow
from tests.waiting import until
from uzotp import errors
from uzotp.events import SendFailed, SendSuppressed
from uzotp.rules.clients import widest_network
from uzotp.sending.workers import QUEUE, WORKERS, Background, Places, share

PHONES = [f"+99890124{number}" for number in range(1000, 1000 + 2 * QUEUE)]
HIDDEN = "+998901238190"
ONE, ANOTHER = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def slow() -> Iterator[Slow]:
    gateway = Slow()
    yield gateway
    gateway.go.set()


def refused(site: Any) -> list[str]:
    return [event.reason for event in site.happened(SendFailed)]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("192.168.0.7", None),
        ("nowhere", None),
        (None, None),
    ],
)
def test_r35_a_network_is_the_widest_that_a_client_s_quota_counts(address: str | None, network: str | None) -> None:
    assert widest_network(address) == network


@pytest.mark.parametrize(("most", "one"), [(1, 1), (2, 2), (3, 2), (11, 2), (12, 3), (16, 4), (64, 16)])
def test_a_share_is_a_quarter_and_two_at_least(most: int, one: int) -> None:
    assert share(most) == one


def test_r35_of_one_network_s_sends_at_once_a_quarter_is_queued(
    make_site: Callable[..., Any], slow: Slow, race: Callable[..., list[Any]], round_: int
) -> None:
    site = make_site(gateway=slow, client_quota="", phone_quota="1/hour")
    clients = ["2001:db8:1:%x::1", "2001:db8:1:f%x::9"]  # of one /48

    def ask(number: int) -> str:
        return str(site.send_later(PHONES[number], client_ip=clients[number % 2] % number).delivery.status)

    answers = race(ask, 48)
    assert answers.count("pending") == share(QUEUE) == 16
    assert sum(isinstance(answer, errors.GatewayUnavailable) for answer in answers) == 32
    assert refused(site) == ["QueueFull"] * 32
    assert site.happened(SendFailed)[0].detail == "64 messages are waiting or under way, or 16 for one network"
    for phone, client_ip in zip(PHONES[48:], ["2001:db8:2::1", ONE, None, *["192.168.0.7"] * 45], strict=False):
        assert site.send_later(phone, client_ip=client_ip).delivery.status == "pending"
    slow.go.set()
    site.finish()
    nobody = [PHONES[number] for number, answer in enumerate(answers) if answer != "pending"]
    assert [site.send(phone).delivery.status for phone in nobody] == ["sent"] * 32, "they had spent nothing"


def test_r35_r46_of_one_network_s_sends_a_quarter_is_under_way(make_site: Callable[..., Any], slow: Slow) -> None:
    site = make_site(gateway=slow, client_quota="", phone_quota="1/hour", max_concurrent_sends=8)
    senders = [
        threading.Thread(target=site.send, args=(phone,), kwargs={"client_ip": ip})
        for phone, ip in zip(PHONES, (ONE, ONE, ANOTHER, None, None, None), strict=False)
    ]
    for sender in senders:
        sender.start()
        assert slow.asked.acquire(timeout=30)
    for _ in range(3):
        with pytest.raises(errors.GatewayUnavailable) as caught:
            site.send()
        assert (caught.value.sent, caught.value.retryable) == (False, True)
    assert [(event.reason, event.detail) for event in site.happened(SendFailed)] == [
        ("Overloaded", "MAX_CONCURRENT_SENDS are under way, or a quarter of them for one network")
    ] * 3
    slow.go.set()
    for sender in senders:
        sender.join(30)
    assert [site.send(phone).delivery.status for phone in (site.PHONE, *PHONES[6:12])] == ["sent"] * 7


def test_of_those_who_come_at_once_a_share_gets_a_place(race: Callable[..., list[Any]], round_: int) -> None:
    places = Places(64)
    crowd = race(lambda number: places.take((ONE, ANOTHER, None)[number % 3]), 96)
    assert [sum(map(bool, crowd[each::3])) for each in range(3)] == [16, 16, 32]
    assert places.take("198.51.100.1") is None, "they are all taken"
    for leave in crowd:
        if leave:
            leave()
            leave()  # once more gives nothing more
    assert sum(map(bool, race(lambda _: places.take(ONE), 32))) == 16


def test_r35_a_place_is_given_back_however_a_send_ends(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", max_concurrent_sends=4, countries=("UZ",))
    for number, end in enumerate([errors.GatewayUnavailable("outbox"), RuntimeError(), None] * 2):
        if end:
            site.outbox.fail_with(end)
        with suppress(errors.GatewayUnavailable, RuntimeError):
            site.send(PHONES[number])
        with pytest.raises(errors.CountryNotAllowed):
            site.send("+77019012381")
    assert "Overloaded" not in refused(site)


def test_r35_a_place_in_the_queue_is_given_back_where_nobody_sends_any_more(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="")
    site.finish()
    for phone in PHONES[: share(QUEUE) + 1]:
        with pytest.raises(errors.GatewayUnavailable):
            site.send_later(phone)
    assert {event.detail for event in site.happened(SendFailed)} == {""}, "each had a place, and no thread"


def test_a_forked_child_begins_with_all_places_and_its_parent_s_take_none() -> None:
    background, work = Background(4), list[str]()
    before = [background.enter(ONE) for _ in range(16)]
    with background.place(ONE) as held:
        assert held
        background.renew()
        with background.place(ONE) as held_again:
            assert held_again
            after = [background.enter(ONE) for _ in range(16)]
            assert all(before + after)
            for leave in before:
                leave and leave()
            assert background.enter(ONE) is None
    leave = background.enter(ANOTHER)
    assert leave
    assert background.submit(lambda: work.append("done"), ANOTHER, leave)
    background.close()
    assert work == ["done"]


def test_one_network_s_messages_have_a_quarter_of_the_threads(make_site: Callable[..., Any], slow: Slow) -> None:
    """The others of it wait for theirs, and nobody waits behind them."""
    site = make_site(gateway=slow, client_quota="")
    for phone in PHONES[: share(QUEUE)]:
        site.send_later(phone)
    for _ in range(share(WORKERS)):
        assert slow.asked.acquire(timeout=30)
    assert not slow.asked.acquire(timeout=0.05)
    for phone in PHONES[20:32]:
        site.send_later(phone, client_ip=None)
    for _ in range(12):
        assert slow.asked.acquire(timeout=30)
    assert not slow.asked.acquire(timeout=0.05), "sixteen threads have one each"
    slow.go.set()
    site.finish()
    assert {message.phone for message in slow} == {*PHONES[:16], *PHONES[20:32]}
    assert not refused(site)


def test_work_that_breaks_stops_nobody() -> None:
    background, go, passed, done = Background(4), threading.Event(), threading.Event(), list[int]()

    def work(number: int) -> None:
        assert go.wait(30)
        done.append(number)
        raise ValueError

    for network, each in [*((ONE, partial(work, number)) for number in range(12)), (None, passed.set)]:
        leave = background.enter(network)
        assert leave
        assert background.submit(each, network, leave)
    assert passed.wait(30), "who is of no network passes those who wait for their turn"
    go.set()
    background.close()
    assert sorted(done) == list(range(12))
    assert all(background.enter(ONE) for _ in range(16))


# ------------------------------------------------------------------------------------------ with SHOULD_SEND set, P9


@pytest.mark.parametrize("crowd", [[ONE] * 16, [None] * 64], ids=["its network's share", "all places"])
def test_p9_where_there_is_no_place_known_and_unknown_numbers_are_refused_alike(
    make_site: Callable[..., Any], slow: Slow, crowd: list[str | None]
) -> None:
    site = make_site(gateway=slow, client_quota="", phone_quota="1/hour", should_send=lambda phone, _: phone != HIDDEN)
    for phone, client_ip in zip(PHONES, crowd, strict=False):
        assert site.send_later(phone, client_ip=client_ip).delivery.status == "sent"
    told = []
    for phone in (PHONES[-1], HIDDEN) * 2:
        with pytest.raises(errors.GatewayUnavailable) as caught:
            site.send_later(phone)
        told.append((str(caught.value), vars(caught.value)))
    assert told[1:] == told[:-1]
    assert refused(site) == ["QueueFull"] * 4
    slow.go.set()
    site.finish()
    assert {message.phone for message in slow} == set(PHONES[: len(crowd)])
    assert not site.happened(SendSuppressed)
    assert [site.send(phone).delivery.status for phone in (PHONES[-1], HIDDEN)] == ["sent"] * 2, "nothing was spent"


@pytest.mark.parametrize("hidden", [False, True], ids=["known", "unknown"])
def test_p9_a_place_is_taken_as_long_by_a_message_that_does_not_leave(
    make_site: Callable[..., Any], slow: Slow, hidden: bool
) -> None:
    """Else whoever fills the places with numbers that are known could see whether one more has left the queue."""
    site = make_site(gateway=slow, client_quota="", should_send=lambda phone, _: phone != HIDDEN or not hidden)
    site.send_later(HIDDEN)
    until(lambda: site.happened(SendSuppressed) if hidden else slow.asked.acquire(blocking=False))
    for phone in PHONES[: share(QUEUE) - 1]:
        site.send_later(phone)
    for seconds in (0, 9.9):
        site.clock.advance(seconds)
        with pytest.raises(errors.GatewayUnavailable):
            site.send_later(PHONES[20])
    slow.go.set()
    site.finish()
    assert len(slow) == 16 - hidden
    with pytest.raises(errors.GatewayUnavailable):
        site.send_later(PHONES[20])
    site.clock.advance(0.1)  # DEADLINE is over, and with it whatever a gateway may take
    assert site.send_later(PHONES[20]).delivery.status == "sent"


def test_p9_a_clock_that_steps_back_takes_no_place(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", should_send=lambda *_: False)
    site.verifier._sender.background.threads = AtOnce()
    for phone in PHONES[: share(QUEUE)]:
        site.send_later(phone)
    site.clock.advance(-1)
    assert site.send_later(PHONES[20]).delivery.status == "sent"


def test_p9_who_is_refused_takes_no_place(make_site: Callable[..., Any]) -> None:
    site = make_site(client_quota="", should_send=lambda *_: True)
    site.send()
    for _ in range(share(QUEUE) + 1):
        with pytest.raises(errors.CooldownActive):
            site.send_later()
