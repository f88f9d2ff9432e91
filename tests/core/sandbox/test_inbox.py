"""The inbox: its JSON (a contract) and its page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from uzotp.sandbox.sms import code_in
from uzotp.sandbox.state import CAPACITY


def send(call, phone="998901234567", message="kod 493021"):
    assert call("send_sms.php", {"phone": phone, "message": message}).status_code == 200


def test_inbox_json_is_the_contract(call, client, otp):
    call("send_sms.php", otp(otp_code="0042"))
    send(call, "12025551234", "no code here")
    reply = client.get("/inbox.json")
    assert reply.mimetype == "application/json"
    assert reply.get_json() == {
        "messages": [
            {
                "phone": "12025551234",
                "text": "no code here",
                "code": None,
                "gateway": "devsms",
                "status": "sent",
                "sent_at": "2026-03-09T05:30:00.000Z",
                "cost": 140,
            },
            {
                "phone": "998901234567",
                "text": "MyService tizimi: TechShop xizmatida amaliyotni tasdiqlash kodi: 0042",
                "code": "0042",
                "gateway": "devsms",
                "status": "sent",
                "sent_at": "2026-03-09T05:30:00.000Z",
                "cost": 50,
            },
        ]
    }


@pytest.mark.parametrize("typed", ["998901234567", "+998901234567", "%2B998901234567", "+998 90 123-45-67"])
def test_inbox_json_by_phone(call, client, typed):
    send(call)
    send(call, "998931112233")
    send(call, "901234567")
    rows = client.get(f"/inbox.json?phone={typed}").get_json()["messages"]
    assert [row["phone"] for row in rows] == ["998901234567"]


@pytest.mark.parametrize("typed", ["998", "nobody"])
def test_inbox_json_finds_whole_numbers_only(call, client, typed):
    send(call)
    assert client.get(f"/inbox.json?phone={typed}").get_json() == {"messages": []}


def test_inbox_json_delete_empties(call, client, state):
    send(call)
    assert client.delete("/inbox.json").status_code == 204
    assert client.get("/inbox.json").get_json() == {"messages": []}
    assert state.accounts["devsms"].spent == 50
    send(call)
    assert state.messages()[0].id == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("order 1234, code 998877", "998877"),
        ("call 998901234567", None),
        ("123", None),
        ("G-493021 is it", "493021"),
        ("@shop.uz #0042", "0042"),
        ("123456789", None),
        ("١٢٣٤", None),
    ],
)
def test_the_code_is_the_last_run_of_four_to_eight_digits(text, code):
    assert code_in(text) == code


def test_only_the_newest_thousand_are_kept(call, client):
    for n in range(CAPACITY + 5):
        call("send_sms.php", {"phone": "998901234567", "message": f"n{n}"})
    rows = client.get("/inbox.json").get_json()["messages"]
    assert (len(rows), rows[0]["text"], rows[-1]["text"]) == (1000, "n1004", "n5")
    assert "newest 100 of 1000" in client.get("/").get_data(as_text=True)


def test_no_repr_holds_a_code_or_a_number(call, otp, state):
    call("send_sms.php", otp(otp_code="493021", callback_url="http://127.0.0.1:1/secret"))
    call("send_sms.php", otp(service_name="Blocked"))
    shown = repr(state.messages()) + repr(state.journal())
    assert not re.search("493021|901234567|secret", shown)


class Page(HTMLParser):
    """What a page loads and runs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.loads += [given[key] for key in ("src",) if key in given]
        if tag == "link":
            self.loads.append(given["href"])
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [key for key in given if key == "style" or key.startswith("on")]


@pytest.mark.parametrize("path", ["/", "/panel"])
def test_pages_load_nothing_from_elsewhere_and_hold_nothing_inline(call, client, path):
    send(call)
    reply = client.get(path)
    policy = reply.headers["Content-Security-Policy"]
    page = Page(reply.get_data(as_text=True))
    assert page.inline == []
    assert page.loads
    for address in page.loads:
        assert address.startswith("/static/")
        with client.get(address) as reply:
            assert reply.status_code == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_shows_the_message_and_sets_the_code_apart(call, client, otp):
    call("send_sms.php", otp(template_type=3, otp_code="493021"))
    html = client.get("/").get_data(as_text=True)
    assert "+998 90 123 45 67" in html
    assert "<mark>493021</mark>" in html
    assert '<output id="code-1">493021</output>' in html
    for word in ("devsms", "universal_otp · registration", "sent", "1 part", "50\u00a0so&#39;m", "10:30:00"):
        assert word in html
    assert "99\u202f950\u00a0so&#39;m" in html


def test_text_is_escaped(call, client):
    send(call, message="<script>alert(1)</script> 1234")
    html = client.get("/").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_the_empty_page_tells_the_three_settings(client):
    html = client.get("/", base_url="http://127.0.0.1:8025").get_data(as_text=True)
    for setting in ('DEVSMS_BASE_URL = "http://127.0.0.1:8025/api"', "DEVSMS_TOKEN", "SERVICE_NAME"):
        assert setting in html
    for path in ("GETSMS_BASE_URL={}/smsgateway/", "SOCGROW_BASE_URL={}/sms/v2", "SMSMAN_BASE_URL={}/control/"):
        assert path.format("http://127.0.0.1:8025") in html


def test_the_page_filters_by_a_part_of_the_number(call, client):
    send(call)
    send(call, "998931112233", "kod 777000")
    html = client.get("/?phone=12 33").get_data(as_text=True)
    assert "no messages" not in html
    assert "Nothing for 12 33" in html
    html = client.get("/?phone=1112233").get_data(as_text=True)
    assert "777000" in html
    assert "493021" not in html
    assert "/inbox/live?phone=1112233" in html


def test_the_live_part_is_the_page_s_own(call, client):
    send(call)
    live = client.get("/inbox/live").get_data(as_text=True)
    assert live in client.get("/").get_data(as_text=True)
    assert "<html" not in live


def test_the_clear_button_works_without_javascript(call, client):
    send(call)
    reply = client.post("/inbox/clear")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/")
    assert "No messages yet" in client.get("/").get_data(as_text=True)


def test_the_page_shows_why_a_request_was_refused(call, client, otp):
    call("send_sms.php", otp(), token=None)
    assert "Bearer token yuborilmadi" in client.get("/").get_data(as_text=True)


def test_another_day_s_message_shows_its_date(call, client, clock):
    send(call)
    clock.now += 86400
    assert "09.03.2026 10:30" in client.get("/").get_data(as_text=True)
