"""Any bytes in any field give a clear answer, never a 5xx (P12, R10). The store and the gateway are well throughout."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.browser import PHONE
from tests.web.contract import Answer, is_problem
from tests.web.sites import Site
from uzotp.stores.memory import MemoryStore

ENDPOINTS = ["send", "resend", "verify", "delivery"]
#: What the contract knows for something a client sent.
CLIENT_ERRORS = {
    "invalid_request": 400, "wrong_code": 400, "expired": 400, "too_many_attempts": 400, "payload_too_large": 413,
    "unsupported_media_type": 415, "invalid_phone": 422, "country_not_allowed": 422, "cooldown_active": 429,
    "rate_limited": 429,
}  # fmt: skip


def is_clear(answer: Answer) -> None:
    """Success, or an error that the contract names."""
    if answer.status in (200, 202):
        return
    body = answer.json()
    assert CLIENT_ERRORS[body["code"]] == body["status"] == answer.status
    assert answer.headers["content-type"] == "application/problem+json"


BAD_BODIES = {
    "nothing": b"",
    "a space": b" ",
    "a NUL": b"\x00",
    "NULs": b"\x00" * 4000,
    "invalid UTF-8": b'{"phone": "\xff\xfe", "purpose": "login"}',
    "an overlong sequence": b'{"phone": "\xc0\xaf", "purpose": "login"}',
    "a byte order mark": b'\xef\xbb\xbf{"phone": "1"}',
    "UTF-16": '{"phone": "1", "purpose": "login"}'.encode("utf-16"),
    "UTF-32": '{"phone": 1}'.encode("utf-32"),
    "cut off": b'{"phone": "+998',
    "two values": b"{}{}",
    "a list": b'[{"phone": "1"}]',
    "a text": b'"phone"',
    "a number": b"1",
    "null": b"null",
    "NaN": b"NaN",
    "Infinity": b'{"phone": -Infinity, "code": NaN}',
    "a huge whole number": b'{"phone": ' + b"9" * 15_000 + b"}",
    "a huge exponent": b'{"phone": 1e999999999}',
    "deep lists": b"[" * 16_000,
    "deep objects": b'{"a":' * 2_500 + b"1" + b"}" * 2_500,
    "deep inside a field": b'{"phone": ' + b"[" * 8_000 + b"]" * 8_000 + b"}",
    "many names": b"{" + b",".join(b'"%d":1' % n for n in range(1500)) + b"}",
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_p12_a_body_that_is_no_request_is_400(site: Site, endpoint: str, body: bytes) -> None:
    answer = site.call("POST", endpoint, body)
    is_clear(answer)
    assert answer.status in (400, 422)
    assert not site.outbox


WRONG_VALUES: list[Any] = [None, True, 0, -1, 1.5, 10**400, [], {}, ["a"], {"a": "b"}, [None]]


@pytest.mark.parametrize("value", WRONG_VALUES, ids=repr)
def test_p12_a_field_of_a_wrong_type_is_an_invalid_request(site: Site, value: Any) -> None:
    challenge = site.token()
    right: dict[str, dict[str, Any]] = {
        "send": {"phone": PHONE, "purpose": "login", "language": "uz"},
        "resend": {"challenge": challenge},
        "verify": {"challenge": challenge, "code": "123456"},
        "delivery": {"challenge": challenge},
    }
    for endpoint, payload in right.items():
        for name in payload:
            if name == "language" and value is None:
                continue  # null says nothing, and is no mistake
            answer = site.post_json(endpoint, payload | {name: value})
            assert (answer.status, answer.json()["code"]) == (400, "invalid_request"), (endpoint, name)
            if name != "language":
                missing = {key: value for key, value in payload.items() if key != name}
                assert site.post_json(endpoint, missing).json()["code"] == "invalid_request", (endpoint, name)
    assert len(site.outbox) == 1
    assert site.verify(challenge).status == 200  # none of that has cost a try


ODD_TEXTS = {
    "empty": "",
    "NUL": "\x00",
    "NUL inside": "+99890\x001238190",
    "a lone surrogate": "\ud800",
    "a surrogate and digits": "+99890123\udfff8190",
    "beyond the plane": "\U0010ffff" * 50,
    "long": "9" * 15_000,
    "right to left": "\u202e0918321098",
    "a line break": "login\n",
    "markup": "<script>alert(1)</script>",
    "a format": "{wait} %s %(x)s {0.__class__}",
    "roman numerals": "Ⅷ" * 20,
    "fractions": "½" * 6,
    "superscripts": "¹²³⁴⁵⁶",
    "thousands of marks": "e" + "\u0301" * 5_000,
    "a separator of lines": "\u2028\u2029\x85",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_p12_odd_text_in_any_field_is_a_clear_answer(site: Site, text: str) -> None:
    challenge = site.token()
    for endpoint, payload in (
        ("send", {"phone": text, "purpose": "login"}),
        ("send", {"phone": PHONE, "purpose": text}),
        ("send", {"phone": PHONE, "purpose": "login", "language": text}),
        ("resend", {"challenge": text}),
        ("delivery", {"challenge": text}),
        ("verify", {"challenge": text, "code": "123456"}),
        ("verify", {"challenge": challenge, "code": text}),
    ):
        answer = site.post_json(endpoint, payload)
        is_clear(answer)
        assert answer.status >= 400
        assert text not in answer.text or len(text) < 2


def test_p12_of_a_name_given_twice_the_last_counts(site: Site) -> None:
    body = b'{"phone": "12", "purpose": "login", "phone": "%s"}' % PHONE.encode()
    assert site.call("POST", "send", body).status == 202
    assert site.outbox.last.phone == PHONE


MISSING, NO_TEXT, UNKNOWN = "This member is missing.", "This member must be text.", "There is no such member here."
KEY, PURPOSE = "A key has 22 to 64 characters.", "This must be one of: operation, password_reset, registration, login."


@pytest.mark.parametrize(
    ("endpoint", "body", "errors"),
    [
        ("send", {}, {"#/phone": MISSING, "#/purpose": MISSING}),
        ("send", {"phone": 901238190, "purpose": None}, {"#/phone": NO_TEXT, "#/purpose": NO_TEXT}),
        ("send", {"phone": PHONE, "purpose": "login", "lang": "ru"}, {"#/lang": UNKNOWN}),
        ("send", {"phone": PHONE, "purpose": "login", "a/b~c é": 1}, {"#/a~1b~0c%20%C3%A9": UNKNOWN}),
        ("send", {"phone": PHONE, "purpose": "fun"}, {"#/purpose": PURPOSE}),
        ("send", {"phone": PHONE, "purpose": "login", "key": "k" * 21}, {"#/key": KEY}),
        ("verify", {"challenge": "x", "code": "1", "key": "k" * 65}, {"#/key": KEY}),
        ("verify", {"challenge": "x", "code": 493021}, {"#/code": NO_TEXT}),
        ("resend", {"challenge": ["x"]}, {"#/challenge": NO_TEXT}),
        ("delivery", [], {"#": "This must be a JSON object."}),
    ],
)  # fmt: skip
def test_p12_each_member_that_is_wrong_is_named(site: Site, endpoint: str, body: Any, errors: dict[str, str]) -> None:
    answer = site.post_json(endpoint, body, accept_language="en")
    is_problem(answer, 400, "invalid_request")
    assert {error["pointer"]: error["detail"] for error in answer.json()["errors"]} == errors
    assert not site.outbox


def test_p12_of_a_thousand_wrong_members_some_are_named(site: Site) -> None:
    answer = site.post_json("send", {f"{number}" * 200: 1 for number in range(10, 30)})
    is_problem(answer, 400, "invalid_request")
    assert len(answer.json()["errors"]) == 16
    assert len(answer.body) < 4096


@pytest.mark.parametrize("header", ["accept_language", "x_forwarded_for", "cookie", "content_type", "user_agent"])
@pytest.mark.parametrize(
    "value", ["", "\x7f", ",;=,", "*;q=9", "a" * 5000, "uz;q=0." + "1" * 50, "::1%eth0, [::1]:80, x", "\xff\xfe"]
)
def test_p12_odd_headers_are_a_clear_answer(site: Site, header: str, value: str) -> None:
    is_clear(site.post_json("send", {"phone": PHONE, "purpose": "login"}, **{header: value}))


# ------------------------------------------------------------------------------------------------------------ fuzz


@pytest.fixture
def fresh(site: Site) -> Site:
    """A site without quotas, so that the fuzz reaches what is behind them."""
    site.configure(PHONE_QUOTA="", CLIENT_QUOTA="", MAX_FAILURES="", RESEND_AFTER=[0], COUNTRIES=["*"])
    return site


_fuzz = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_names = st.sampled_from(["phone", "purpose", "language", "challenge", "code", ""])


@_fuzz
@given(endpoint=st.sampled_from(ENDPOINTS), body=st.binary(max_size=300))
def test_p12_fuzz_bytes(fresh: Site, endpoint: str, body: bytes) -> None:
    is_clear(fresh.call("POST", endpoint, body))


@_fuzz
@given(endpoint=st.sampled_from(ENDPOINTS), payload=st.dictionaries(_names, _json))
def test_p12_fuzz_json(fresh: Site, endpoint: str, payload: dict[str, Any]) -> None:
    is_clear(fresh.call("POST", endpoint, json.dumps(payload).encode()))


@_fuzz
@given(code=st.text())
def test_r10_fuzz_codes_are_wrong_codes(fresh: Site, code: str) -> None:
    fresh.use(store=MemoryStore())
    challenge = fresh.token()
    if "".join(filter(str.isdecimal, code)):
        code += "x"
    answer = fresh.verify(challenge, code)
    assert (answer.status, answer.json()["code"]) == (400, "wrong_code")


@_fuzz
@given(phone=st.text(alphabet=st.characters(categories=["Nd", "Zs", "Pd", "Cf", "Sm"]), max_size=20))
def test_r10_fuzz_phones(fresh: Site, phone: str) -> None:
    is_clear(fresh.send(phone))


@_fuzz
@given(path=st.sampled_from(["", "code"]), body=st.binary(max_size=300), kind=st.booleans())
def test_p12_fuzz_forms(fresh: Site, path: str, body: bytes, kind: bool) -> None:
    content_type = "multipart/form-data; boundary=x" if kind else "application/x-www-form-urlencoded"
    assert fresh.call("POST", path, body, content_type=content_type).status in (400, 403)


@_fuzz
@given(
    path=st.sampled_from(["", "code", "done"]),
    query=st.text(alphabet=st.characters(max_codepoint=0x7E, min_codepoint=0x21)),
)
def test_p12_fuzz_queries(fresh: Site, path: str, query: str) -> None:
    query = query.replace("#", "%23")
    assert fresh.browser().get(f"/otp/{path}?{query}").status in (200, 303, 400)


ODD_FORMS: list[dict[str, Any]] = [
    {"phone": text, "purpose": text, "next": text, "code": text, "action": text}
    for text in ["", "\x00", "\ufffd", "9" * 5000, "<b>&\"'", "{{ 7*7 }}{% if %}", "\u202e", "½", "\r\nSet-Cookie: a=b"]
]


@pytest.mark.parametrize("fields", ODD_FORMS, ids=lambda fields: repr(fields["phone"])[:12])
def test_p12_odd_text_in_the_forms_is_a_clear_answer(site: Site, fields: dict[str, Any]) -> None:
    visitor = site.browser()
    visitor.get("/otp/")
    answer = visitor.submit("phone", **fields)
    assert answer.status == 422
    visitor.begin()
    answer = visitor.submit("code", **fields)
    assert answer.status == 400
    visitor.page = visitor.get("/otp/code")
    assert visitor.submit("action", action=fields["action"], code="").status == 400


# ----------------------------------------------------------------------------------------------------------- forms

KINDS = [
    *(f"application/x-www-form-urlencoded; charset={name}" for name in (
        "utf-16", "utf-7", "rot13", "base64", "idna", "punycode", "undefined", "nobody", "utf-8; charset=zlib",
        "unicode_escape", "hex", "x" * 500, "", '"', "'utf-8",
    )),
    *(f"multipart/form-data{rest}" for rest in (
        "", "; boundary=", "; boundary=x", '; boundary="', "; boundary=" + "b" * 300, "; boundary=x; charset=rot13",
        "; boundary=\u00e9", "; charset=utf-16; boundary=x",
    )),
    "text/html", "application/json", "", "multipart/mixed; boundary=x",
    "multipart/form-data; boundary=x;" + "a=b;" * 300,
]  # fmt: skip
BODIES = [
    b"", b"phone=%ff%fe&code=%00", b"\xff\xfe" * 20, b"code=" + b"1" * 5000, b"&" * 3000, b"%" * 300,
    b'--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n123456\r\n--x--\r\n',
    b'--x\r\nContent-Disposition: form-data; name="code"; filename="a"\r\n\r\n123456\r\n--x--\r\n',
    b'--x\r\nContent-Type: text/plain; charset=rot13\r\nContent-Disposition: form-data; name="code"\r\n\r\n1\r\n--x--',
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: repr(kind)[:60])
def test_p12_no_charset_and_no_form_is_a_500(site: Site, kind: str) -> None:
    visitor = site.browser()
    visitor.begin()
    for path in ("/otp/", "/otp/code"):
        for body in BODIES:
            answer = visitor.request("POST", path, body, kind)
            assert answer.status in (200, 303, 400, 403, 413), (answer.status, body)
            if path == "/otp/":
                is_clear(site.call("POST", "verify", body, content_type=kind))
