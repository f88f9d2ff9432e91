"""``SEND_IN_BACKGROUND``: the gateway is not waited for, and what became of the message is told afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.slow import Slow
from tests.web.browser import PHONE
from tests.web.contract import is_problem
from tests.web.sites import Site
from uzotp.errors import GatewayUnavailable
from uzotp.sending.workers import QUEUE


@pytest.fixture
def slow(site: Site) -> Iterator[Slow]:
    site.outbox = gateway = Slow()
    site.use()
    site.configure(SEND_IN_BACKGROUND=True, CLIENT_QUOTA="")
    yield gateway
    gateway.go.set()
    site.verifier.close()


def status(site: Site, challenge: str) -> str:
    return str(site.post_json("delivery", {"challenge": challenge}).json()["status"])


def test_p7_the_answer_does_not_wait_for_the_gateway_and_delivery_tells_the_rest(site: Site, slow: Slow) -> None:
    challenge = site.token()
    assert status(site, challenge) == "pending"
    slow.go.set()
    site.verifier.close()
    assert status(site, challenge) == "sent"
    assert site.verify(challenge).status == 200


def test_p7_a_failure_is_told_by_delivery(site: Site, slow: Slow) -> None:
    slow.fail_with(GatewayUnavailable("outbox", "down"))
    slow.go.set()
    challenge = site.token()
    site.verifier.close()
    assert status(site, challenge) == "failed"


def test_p5_where_too_many_wait_the_answer_is_503_and_costs_the_visitor_nothing(site: Site, slow: Slow) -> None:
    for number in range(QUEUE):
        assert site.send(f"+9989012382{number:02}", ip=f"198.51.100.{number}").status == 202
    for _ in range(2):
        is_problem(site.send(PHONE), 503, "gateway_unavailable")


def test_the_pages_do_not_wait_either(site: Site, slow: Slow) -> None:
    assert site.browser().begin(PHONE, "login").status == 200
    assert not slow.messages


def test_the_helper_does_not_wait_either(site: Site, slow: Slow) -> None:
    challenge = site.in_a_request(lambda api, request: api.send_code(PHONE, "login", request=request))
    assert challenge.delivery.status == "pending"
