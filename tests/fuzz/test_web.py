"""The endpoints and pages answer any request with 2xx, 3xx or 4xx, in Django and in Flask (P12, R10)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.inputs import CODE, PHONE, changed, flipped, fuzz, write
from tests.fuzz.web import API, Front

_text = st.text(max_size=60)
_header = st.text(max_size=60) | st.sampled_from(
    ["", "*", "uz;q=0.5, ru;q=1.000", "ru-RU-x-a" * 60, ",;=," * 100, "q=1;" * 200, "en;q=٠.٥",
     "application/json; charset=utf-16",
     "application/json;charset=\u0130", "application/json\t; =", "APPLICATION/JSON",
     "multipart/form-data; boundary=" + "a" * 300,
     "multipart/form-data", "text/plain", "application/x-www-form-urlencoded; charset=utf-7", "203.0.113.9, ::1",
     "[::1]:80",
     "1.2.3.4:5, " * 50, "a=b; " * 100, "sessionid=x; session=x; csrftoken=x", "session=.eJw; sessionid=.eJw:1:x",
     "uzotp_visit=.; uzotp_device=~~",
     "\ud800"]
)  # fmt: skip
_names = st.sampled_from(
    ["Accept-Language", "Content-Type", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Cookie", "Origin",
     "Referer", "Authorization", "Range", "If-None-Match", "Transfer-Encoding", "X-HTTP-Method-Override",
     "Content-Length",
     "Content-Encoding", "Accept", "User-Agent", "X-Requested-With", "X-CSRFToken"]
)  # fmt: skip


def test_p12_fuzz_requests_with_the_right_names(front: Front) -> None:
    requests = [
        {"phone": PHONE, "purpose": "login", "language": "ru"},
        {"challenge": front.challenge},
        {"challenge": front.challenge, "code": CODE},
    ]

    @fuzz(150)
    @given(endpoint=st.sampled_from(API), value=changed(requests, most=3))
    def run(endpoint: str, value: Any) -> None:
        front.endpoint(endpoint, write(value).encode("utf-8", "surrogatepass"))

    run()


def test_p12_fuzz_headers(front: Front) -> None:
    token = {"challenge": front.challenge}
    bodies = {"send": {"phone": PHONE, "purpose": "login"}, "verify": {**token, "code": CODE}}

    @fuzz(120)
    @given(
        endpoint=st.sampled_from(API),
        headers=st.dictionaries(_names, _header, max_size=4),
        method=st.sampled_from(["POST", "POST", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    )
    def run(endpoint: str, headers: dict[str, str], method: str) -> None:
        headers.pop("Content-Length", None)  # a server has read the body by it; see the next test
        front.endpoint(endpoint, write(bodies.get(endpoint, token)).encode(), headers, method)

    run()


def test_p12_a_length_that_is_none_is_a_clear_answer(front: Front) -> None:
    for length in ("", "x", "-1", "0", "5", "99999999999999999999", "1e3", "0x10", " 7 ", "٧", "+2"):
        front.endpoint("send", b'{"phone": "12", "purpose": "login"}', {"Content-Length": length})


def test_p12_fuzz_challenges_with_a_character_changed(front: Front) -> None:
    @fuzz(100)
    @given(endpoint=st.sampled_from(["resend", "verify", "delivery"]), seed=st.integers(0, 2**32))
    def run(endpoint: str, seed: int) -> None:
        forged = flipped(front.challenge, seed)
        front.endpoint(endpoint, write({"challenge": forged, "code": CODE}).encode())
        front.endpoint(endpoint, write({"challenge": front.challenge, "code": forged}).encode())

    run()


def test_p10_fuzz_callbacks_over_http(front: Front) -> None:
    """204 for a genuine token whatever the body, 404 for any other."""

    @fuzz(150)
    @given(
        token=_text | st.integers(0, 2**32).map(lambda seed: flipped(front.callback, seed)),
        body=st.binary(max_size=200),
        kind=_header,
    )
    def run(token: str, body: bytes, kind: str) -> None:
        path = token.encode("utf-8", "surrogatepass").decode("latin-1")
        front.calls_back(path, body, kind)
        front.calls_back(front.callback, body, kind)

    run()


def test_p12_fuzz_forms_sent_from_their_pages(front: Front) -> None:
    field = _text | st.sampled_from(
        [PHONE, CODE, "resend", "login", "/next?a=1", "//evil", "/\\evil", "/" + "я" * 400, "9" * 5000, "{{x}}"]
    )

    @fuzz(150)
    @given(
        path=st.sampled_from(["", "code"]),
        fields=st.dictionaries(
            st.sampled_from(["phone", "purpose", "next", "code", "action", "lang", "", "x"]), field, max_size=6
        ),
    )
    def run(path: str, fields: dict[str, str]) -> None:
        front.visits(path, fields)

    run()


def test_p12_fuzz_pages(front: Front) -> None:
    @fuzz(100)
    @given(
        path=st.sampled_from(["", "code", "done"]),
        query=_text.map(lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1")),
        headers=st.dictionaries(_names.filter(lambda name: not name.startswith("Content")), _header, max_size=3),
    )
    def run(path: str, query: str, headers: dict[str, str]) -> None:
        front.looks(path, query, headers)

    run()
