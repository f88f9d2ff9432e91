"""What a host site does with uzotp: helpers in its own views, signals, templates of its own, keys that change."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.web.browser import PHONE, Answer, Browser
from tests.web.sites import KEY, OTHER_PHONE, Site
from uzotp.errors import InvalidPhone, InvalidProof


def post(visitor: Browser, path: str, **payload: Any) -> Answer:
    return visitor.request("POST", f"/host/{path}", json.dumps(payload).encode(), "application/json")


# -------------------------------------------------------------------------------------------------------- helpers


def test_a_view_of_the_host_sends_and_verifies(site: Site) -> None:
    visitor = site.browser()
    assert post(visitor, "send", phone="90 123 81 90", purpose="operation").json() == {"phone": PHONE, "sends": 1}
    result = post(visitor, "verify", phone=PHONE, purpose="operation", code=str(site.outbox.last.code)).json()
    assert result["status"] == "verified"
    assert site.in_a_request(lambda api, request: api.redeem(result["proof"], "operation")) == PHONE


def test_r22_the_session_is_the_binding(site: Site) -> None:
    mine, other = site.browser(), site.browser()
    post(mine, "send", phone=PHONE, purpose="login")
    code = str(site.outbox.last.code)
    post(other, "send", phone=OTHER_PHONE, purpose="login")  # it has a binding of its own

    assert post(other, "verify", phone=PHONE, purpose="login", code=code).json()["status"] == "expired"
    assert post(site.browser(), "verify", phone=PHONE, purpose="login", code=code).json()["status"] == "expired"
    assert post(mine, "verify", phone=PHONE, purpose="login", code=code).json()["status"] == "verified"


def test_a_second_send_of_a_session_is_its_resend(site: Site) -> None:
    visitor = site.browser()
    post(visitor, "send", phone=PHONE, purpose="login")
    site.clock.advance(61)
    assert post(visitor, "send", phone=PHONE, purpose="login").json()["sends"] == 2
    assert site.outbox[0].code == site.outbox[1].code


def test_the_request_tells_client_and_language(site: Site) -> None:
    seen: list[str | None] = []

    def note(phone: str, purpose: str, client_ip: str | None) -> None:
        seen.append(client_ip)

    site.configure(RISK=note)
    site.browser("198.51.100.9").request(
        "POST", "/host/send", json.dumps({"phone": PHONE, "purpose": "login"}).encode(), "application/json",
        {"Accept-Language": "ru"},
    )  # fmt: skip
    assert seen == ["198.51.100.9"]
    assert site.outbox.last.language == "ru"


def test_what_is_given_by_name_goes_before_the_request(site: Site) -> None:
    seen: list[str | None] = []

    def note(phone: str, purpose: str, client_ip: str | None) -> None:
        seen.append(client_ip)

    site.configure(RISK=note)

    def work(api: Any, request: Any) -> Any:
        api.send_code(PHONE, "login", request=request, client_ip=None, binding="mine", language="en")
        assert not api.verify_code(PHONE, site.outbox.last.code, "login", request=request)
        return api.verify_code(PHONE, site.outbox.last.code, "login", binding="mine")

    assert site.in_a_request(work)
    assert seen == [None]
    assert site.outbox.last.language == "en"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "client_ip"),
        ({"client_ip": None}, "binding"),
        ({"binding": ""}, "client_ip"),
        ({"language": "uz"}, "client_ip"),
    ],
)
def test_a_send_with_nobody_asking_is_a_type_error(site: Site, given: dict[str, Any], missing: str) -> None:
    with pytest.raises(TypeError, match=missing):
        site.in_a_request(lambda api, request: api.send_code(PHONE, "login", **given))
    assert not site.outbox


def test_a_check_with_nobody_asking_is_a_type_error(site: Site) -> None:
    with pytest.raises(TypeError, match="binding"):
        site.in_a_request(lambda api, request: api.verify_code(PHONE, "123456", "login"))


def test_without_a_request_both_are_said(site: Site) -> None:
    def work(api: Any, request: Any) -> Any:
        api.send_code(PHONE, "login", client_ip=None, binding="")
        return api.verify_code(PHONE, site.outbox.last.code, "login", binding="")

    assert site.in_a_request(work)


def test_helpers_raise_what_the_library_raises(site: Site) -> None:
    with pytest.raises(InvalidPhone):
        site.in_a_request(lambda api, request: api.send_code("12", "login", request=request))
    with pytest.raises(InvalidProof):
        site.in_a_request(lambda api, request: api.redeem("forged", "login"))


def test_nobody_is_verified_before_the_pages(site: Site) -> None:
    assert post(site.browser(), "account", purpose="login").json() == {"phone": None}


def test_a_proof_in_the_session_outlives_its_time_as_none(site: Site) -> None:
    visitor = site.browser()
    visitor.begin()
    visitor.submit("code", code=str(site.outbox.last.code))
    site.clock.advance(601)
    assert post(visitor, "account", purpose="registration").json() == {"phone": None}


# -------------------------------------------------------------------------------------------------------- signals


def test_signals_tell_what_happens(site: Site) -> None:
    heard: list[tuple[str, Any]] = []
    site.configure(CALLBACK_BASE_URL="https://shop.uz/otp")
    names = ["code_sent", "send_refused", "code_verified", "code_rejected", "delivery_changed"]

    def listen(name: str) -> Any:
        return site.on_signal(name, lambda sender, event, **kwargs: heard.append((name, event)))

    held = [listen(name) for name in names]
    challenge = site.token()
    site.send()
    url = site.outbox.last.callback_url
    assert url is not None
    site.call("POST", url.removeprefix("https://shop.uz/otp/"), site.outbox.mark("delivered"))
    site.verify(challenge, site.wrong_code())
    site.verify(challenge)

    assert [name for name, _ in heard] == [
        "code_sent",
        "send_refused",
        "delivery_changed",
        "code_rejected",
        "code_verified",
    ]
    assert heard[0][1].phone == PHONE
    assert heard[1][1].reason == "CooldownActive"
    assert str(site.outbox.last.code) not in repr(heard)
    assert PHONE not in repr(heard)
    assert len(held) == len(names)


def test_a_receiver_that_fails_harms_nobody(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []

    def broken(sender: Any, event: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"about {event.phone!s}")

    held = [site.on_signal("code_sent", broken), site.on_signal("code_verified", broken)]
    held.append(site.on_signal("code_verified", lambda sender, event, **kwargs: heard.append(event)))
    with caplog.at_level(logging.ERROR, "uzotp"):
        challenge = site.token()
        assert site.verify(challenge).status == 200

    assert len(heard) == 1
    ours = [record.getMessage() for record in caplog.records if record.name == "uzotp"]
    assert len(ours) == 2
    assert all("RuntimeError" in line and PHONE not in line for line in ours)
    assert held


# ------------------------------------------------------------------------------------------------------- templates

BASE = """<!doctype html><html lang="{{ language }}"><head><title>{% block title %}{% endblock %} · TechShop</title>
<link rel="stylesheet" href="{{ css_url }}"></head><body><header>TechShop</header>
{% block content %}{% endblock %}</body></html>"""
PHONE_PAGE = """{% extends "uzotp/base.html" %}{% block brand %}<b>TechShop</b>{% endblock %}
{% block content %}<form method="post">{{ csrf_field }}<input name="phone" value="{{ typed }}"></form>{% endblock %}"""


def test_a_host_puts_its_own_layout_around_the_pages(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "uzotp"
    folder.mkdir()
    (folder / "base.html").write_text(BASE, encoding="utf-8")
    site.override_template(str(tmp_path))

    visitor = site.browser()
    page = visitor.get("/otp/")
    assert "<header>TechShop</header>" in page.text
    assert "uzotp-card" not in page.text
    page = visitor.submit("phone", phone=PHONE)
    assert "· TechShop</title>" in page.text
    assert visitor.submit("code", follow=False, code=str(site.outbox.last.code)).status == 303


def test_a_host_replaces_one_page_and_one_block(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "uzotp"
    folder.mkdir()
    (folder / "phone.html").write_text(PHONE_PAGE, encoding="utf-8")
    site.override_template(str(tmp_path))

    visitor = site.browser()
    page = visitor.get("/otp/")
    assert "<b>TechShop</b>" in page.text
    assert "uzotp-brand" not in page.text
    assert page.find("main", **{"class": "uzotp-card"})
    page.find("form")["action"] = "/otp/"
    answer = visitor.post("/otp/", page.form("phone").fields | {"phone": PHONE})
    assert answer.status == 303


def test_the_base_has_the_blocks_that_a_host_would_override(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "uzotp"
    folder.mkdir()
    blocks = ["title", "head", "brand", "content", "footer"]
    filled = "".join(f"{{% block {name} %}}<i>{name} of TechShop</i>{{% endblock %}}" for name in blocks)
    (folder / "phone.html").write_text('{% extends "uzotp/base.html" %}' + filled, encoding="utf-8")
    site.override_template(str(tmp_path))

    text = site.browser().get("/otp/").text
    places = [text.index(f"{name} of TechShop") for name in blocks]
    assert places == sorted(places)


# ------------------------------------------------------------------------------------------------------------ keys

OLD, NEW = KEY, "a younger key, and just as long as the checks want it: 0123456789"


def test_r08_codes_and_tokens_survive_a_rotation_of_secret_key(site: Site) -> None:
    challenge = site.token(purpose="login")
    code = str(site.outbox.last.code)
    proof = site.verify(site.token(phone=OTHER_PHONE, purpose="login")).json()["proof"]
    site.configure(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD])

    assert site.in_a_request(lambda api, request: api.redeem(proof, "login")) == OTHER_PHONE
    site.clock.advance(61)
    answer = site.post_json("resend", {"challenge": challenge})
    assert answer.status == 202
    assert site.outbox.last.code == code  # the key that made it is remembered
    assert site.verify(answer.json()["challenge"], code).status == 200


def test_r08_the_newest_key_signs(site: Site) -> None:
    site.configure(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD])
    challenge = site.token()
    site.configure(SECRET_KEY=NEW)
    # The code too was derived from the newest key; only the lookup (FINGERPRINT_KEY) came from the oldest.
    assert site.verifier.tokens("challenge").load(challenge, 3600) is not None
    site.configure(SECRET_KEY=OLD)
    assert site.verifier.tokens("challenge").load(challenge, 3600) is None


def test_r08_frameworks_list_the_newest_first_and_uzotp_the_oldest(site: Site) -> None:
    site.configure(SECRET_KEY="newest 0123 " * 9, SECRET_KEY_FALLBACKS=["older 0123 " * 9, "oldest 0123 " * 9])
    from_framework = site.verifier.keys
    site.configure(SECRET_KEYS=["oldest 0123 " * 9, "older 0123 " * 9, "newest 0123 " * 9])
    by_name = site.verifier.keys

    assert from_framework.newest == by_name.newest
    assert from_framework.token_keys("proof") == by_name.token_keys("proof")
    assert from_framework.fingerprint(site.verifier.read_phone(PHONE)) == by_name.fingerprint(
        site.verifier.read_phone(PHONE)
    )


def test_r06_neither_session_nor_answers_hold_a_code(site: Site) -> None:
    visitor = site.browser()
    answers = [visitor.get("/otp/"), visitor.submit("phone", phone=PHONE, follow=False), visitor.get("/otp/code")]
    answers += [site.send(OTHER_PHONE), site.send(OTHER_PHONE)]
    for answer in answers:
        for message in site.outbox:
            assert message.code not in answer.text
            assert message.code not in repr(answer.headers)
