"""A stranger's reply ends as a value or a documented error, whatever its bytes, and never as a wrong one (P7, P12)."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.canary import samples as samples_numbers
from tests.core.gateways import samples, samples_getsms
from tests.fuzz import replies
from tests.fuzz.inputs import CODE, PHONE, STATUSES, TOKEN, changed, fuzz, places, write
from tests.fuzz.inputs import bodies as changed_bodies
from uzotp.errors import OutcomeUnknown
from uzotp.http.client import Reply
from uzotp.http.service import Answer
from uzotp.ports.gateway import Receipt

_flaws = st.sampled_from(["", "", "", "the reply broke off", "the reply is longer than 2 MiB"])

#: Shapes that are worth being tried on every reader, in every status.
HOSTILE = {
    "nothing": b"",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"success":true,"data":' + b"[" * 900 + b"]" * 900 + b"}",
    "as deep as is read": b'{"success":false,"data":' + b'{"a":' * 960 + b"1" + b"}" * 961,
    "many brackets": b"{[" * 200_000,
    "a long number": b'{"success":true,"data":{"sms_id":' + b"9" * 500_000 + b"}}",
    "a long text": b'{"success":false,"error":"' + b"a'" * 200_000 + b'"}',
    "a hundred thousand nothings": b"[" + b"0," * 100_000 + b"0]",
    "digits and spaces": b'{"error":1,"error_text":"' + b"1 " * 200_000 + b'"}',
    "half digits": b'{"success":0,"error":"' + b"1 (-.) 2 ) 3 x" * 20_000 + b'"}',
    "Python's depth": b"[" * 5_000 + b"]" * 5_000,
    "Python's minus": b"[" + b"-" * 50_000 + b"1]",
    "Python's sums": b"[" + b"1+1j," * 4_000 + b"1]",
    "Python's strings": b"['\\N{DIGIT ONE}', b'\\xff', u'\\ud800', '''a''', {1}, ..., {2: 0xFFFFFFFFFFFFFFFFFFFF}]",
    "UTF-16": '{"success": true, "data": {"sms_id": 1}}'.encode("utf-16"),
    "HTML": b"<html><body>502 Bad Gateway {nginx} [x]</body></html>",
    "brackets and no JSON": b"}{][" * 1000,
    "PHP's serialize": b'a:1:{s:7:"success";b:1;}',
}


@pytest.mark.parametrize("name", replies.TARGETS)
def test_p12_fuzz_replies(name: str) -> None:
    target, samples = replies.TARGETS[name]

    @fuzz(150)
    @given(status=st.sampled_from(STATUSES), body=changed_bodies(samples), flaw=_flaws)
    def run(status: int, body: bytes, flaw: str) -> None:
        target(Reply(status, b"" if flaw else body, flaw))

    run()


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", replies.TARGETS)
def test_p12_hostile_shapes_end_as_a_value_or_a_documented_error(name: str, body: bytes) -> None:
    for status in (200, 400, 500):
        replies.TARGETS[name][0](Reply(status, body))


@pytest.mark.parametrize("name", replies.TARGETS)
def test_r43_p12_what_a_reply_echoes_or_stretches_in_any_of_its_places(name: str) -> None:
    """The token, the code and the number in every place of every reply, in turn; then what no database takes."""
    target, originals = replies.TARGETS[name]
    for original in originals:
        for number in range(len(places(original))):
            value = deepcopy(original)
            container, key = places(value)[number]
            for odd, statuses in (
                (f"{PHONE}: {CODE} ({TOKEN})", (200, 400, 403, 500)),
                ("\ud800a\x00b", (200,)),
                (10**300, (200,)),
                ("123456789", (200,)),
            ):
                container[key] = odd
                for status in statuses:
                    target(Reply(status, write(value).encode()))


_SENT = [json.loads(body) for body in (samples.SENT, samples.SENT_ABROAD, samples.OTP_SENT)]


@fuzz(120)
@given(value=changed(_SENT), status=st.sampled_from(STATUSES))
def test_p7_without_an_id_devsms_has_accepted_nothing(value: Any, status: int) -> None:
    """Whatever else the reply says. With success and without an id, nobody knows."""
    data = value.get("data") if isinstance(value, dict) else None
    if isinstance(data, dict):
        value["data"] = {name: item for name, item in data.items() if name not in ("sms_id", "id")}
    elif isinstance(value, dict):
        value["data"] = data = {}
    reply = Reply(status, write(value).encode("utf-8", "surrogatepass"))
    outcome = replies.outcome_of(lambda: replies.devsms(reply).send(replies.MESSAGE))
    assert not isinstance(outcome, Receipt)
    if isinstance(value, dict) and value.get("success") is True and Answer("", reply).good:
        assert type(outcome) is OutcomeUnknown


@fuzz(120)
@given(rows=changed([json.loads(samples_getsms.SENT)]), status=st.sampled_from(STATUSES))
def test_p7_without_an_id_getsms_has_accepted_nothing(rows: Any, status: int) -> None:
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else [rows]
    for row in rows:
        if isinstance(row, dict):
            row.pop("request_id", None)
    reply = Reply(status, write(rows).encode("utf-8", "surrogatepass"))
    assert not isinstance(replies.outcome_of(lambda: replies.getsms(reply).send(replies.MESSAGE)), Receipt)


_RENTED = [json.loads(samples_numbers.SOCGROW_RENTED), json.loads(samples_numbers.SMSMAN_RENTED)]


@fuzz(100)
@given(value=changed(_RENTED), status=st.sampled_from(STATUSES))
def test_p7_without_a_number_nothing_is_said_to_be_bought_for_nothing(value: Any, status: int) -> None:
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if name not in ("phone", "number")}
    reply = Reply(status, write(value).encode("utf-8", "surrogatepass"))
    for outcome in (
        replies.outcome_of(lambda: replies.socgrow(reply).rent("uz")),
        replies.outcome_of(lambda: replies.smsman(reply).rent(0, 1)),
    ):
        assert isinstance(outcome, Exception)
        if status == 200 and isinstance(value, dict) and value.get("success") is True and "sms" not in value:
            assert outcome.charged is not False or outcome.code, outcome  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [100, 200, 202, 301, 302, 304, 408, 425, 429, 500, 502, 503, 504, 999])
@fuzz(20)
@given(body=st.binary(max_size=60).filter(lambda body: not {b"{"[0], b"["[0]} & set(body)))
def test_p7_garbage_after_the_request_was_written_is_unknown(status: int, body: bytes) -> None:
    reply = Reply(status, body)
    for outcome in (
        replies.outcome_of(lambda: replies.devsms(reply).send(replies.MESSAGE)),
        *replies.outcome_of(lambda: replies.getsms(reply).send_many(replies.MANY)),
        replies.outcome_of(lambda: replies.socgrow(reply).rent("uz")),
        replies.outcome_of(lambda: replies.smsman(reply).rent(0, 1)),
    ):
        assert type(outcome) is OutcomeUnknown


_CALLBACKS = [json.loads(samples.CALLBACK), json.loads(samples.STATUS)["data"]]


@fuzz(150)
@given(body=changed_bodies(_CALLBACKS) | st.binary(max_size=300))
def test_p12_fuzz_callbacks_as_devsms_reads_them(body: bytes) -> None:
    replies.devsms_callback(body)


@fuzz(100)
@given(text=st.text(max_size=100), pairs=st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=70))
def test_p12_fuzz_callbacks_that_are_forms(text: str, pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    replies.devsms_callback(urlencode([("status", "delivered"), ("sms_id", text), *pairs], errors="replace").encode())
    replies.devsms_callback(f"status=sent&sms_id={text}&phone={PHONE}&message={CODE}".encode("utf-8", "replace"))
