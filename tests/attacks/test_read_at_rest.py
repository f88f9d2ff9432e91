"""To read codes, numbers or proofs in what is kept: the store, sessions, logs, events, the admin's texts."""

from __future__ import annotations

import json
import logging
import pickle
from typing import Any

import pytest

from tests.web.browser import PHONE
from tests.web.sites import Site


def kept(site: Site) -> str:
    """Every row of the store, as it is and as it would be written."""
    store: Any = site.store
    tables = [table for table in vars(store).values() if hasattr(table, "items")]
    return repr([(key, getattr(row, "__dict__", row)) for table in tables for key, row in dict(table).items()])


def test_the_store_holds_no_code_no_number_and_no_proof(site: Site) -> None:
    challenge = site.token()
    code = str(site.outbox.last.code)
    before = kept(site)
    proof = site.verify(challenge, code).json()["proof"]
    for text in (before, kept(site)):
        assert site.verifier.read_phone(PHONE).prefix in text, "all but the last four digits is kept"
        assert PHONE[1:] not in text
        assert PHONE[4:] not in text
        assert f"'{code}'" not in text
        assert challenge not in text
        assert proof not in text


def test_a_dump_and_the_newest_code_do_not_lead_to_it_without_the_key(site: Site) -> None:
    """The thief has the store and the program, and not the key: none of a million codes gives the digest."""
    site.token()
    right = str(site.outbox.last.code)
    site.configure(SECRET_KEY="the thief's own key, of fifty random characters 01234")
    thief = site.verifier
    (challenge,) = site.store.challenges.values()
    phone, purpose = thief.read_phone(PHONE), thief.read_purpose("registration")
    for code in (right, "000000", "493021"):
        assert challenge.digest not in thief.keys.digests(phone, purpose, "", code)


def test_logs_at_debug_and_events_show_none_of_it(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []
    names = ("code_sent", "code_verified", "code_rejected")
    held = [site.on_signal(name, lambda sender, event, **_: heard.append(event)) for name in names]
    with caplog.at_level(logging.DEBUG):
        challenge = site.token()
        code = str(site.outbox.last.code)
        site.verify(challenge, site.wrong_code())
        proof = site.verify(challenge, code).json()["proof"]
    assert len(heard) == 3, held
    told = caplog.text + repr(heard) + json.dumps([repr(vars(event)) for event in heard])
    for secret in (PHONE, PHONE[4:], code, challenge, proof):
        assert secret not in told


def test_an_event_in_a_queue_says_no_more_than_a_masked_number_to_a_reader(site: Site) -> None:
    """Whoever queues events pickles them; what is shown of one is masked all the same."""
    heard: list[Any] = []
    held = site.on_signal("code_sent", lambda sender, event, **_: heard.append(event))
    site.token()
    (event,) = (pickle.loads(pickle.dumps(each)) for each in heard)
    assert PHONE[4:] not in repr(event), held
