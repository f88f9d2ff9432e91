"""Who is asking: the client quota counts addresses that can be believed (R35)."""

from __future__ import annotations

import pytest

from tests.web.browser import PHONE
from tests.web.sites import Site
from uzotp.errors import Suspicious


def allowed(site: Site, number: int, ip: str, **headers: str) -> bool:
    """Whether this client may have another code, each time for another phone."""
    answer = site.send(f"+9989012300{number:02}", ip=ip, **headers)
    assert answer.status == 202 or answer.json()["code"] == "rate_limited", answer.body
    return answer.status == 202


def test_r35_the_client_quota_counts_addresses(site: Site) -> None:
    site.configure(CLIENT_QUOTA="1/hour")
    assert [allowed(site, n, "198.51.100.1") for n in range(3)] == [True, False, False]
    assert allowed(site, 4, "198.51.100.2")


def test_r35_of_ipv6_the_network_counts(site: Site) -> None:
    site.configure(CLIENT_QUOTA="1/hour")
    assert allowed(site, 1, "2001:db8:0:1::1")
    assert not allowed(site, 2, "2001:db8:0:1:ffff::2")
    assert allowed(site, 3, "2001:db8:0:2::1")


def test_r35_of_ipv6_the_network_that_it_is_in_counts_too(site: Site) -> None:
    site.configure(CLIENT_QUOTA="1/hour")
    assert [allowed(site, n, f"2001:db8:7:{n}::1") for n in range(12)] == [True] * 10 + [False] * 2
    assert allowed(site, 12, "2001:db8:8::1")


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.1.2.3", "::1", ""])
def test_a_private_peer_has_no_client_quota(site: Site, ip: str) -> None:
    site.configure(CLIENT_QUOTA="1/hour")
    assert all(allowed(site, n, ip) for n in range(4))


def test_r35_a_header_of_the_client_is_not_believed(site: Site) -> None:
    site.configure(CLIENT_QUOTA="1/hour")
    headers = [{name: f"192.0.2.{n}"} for n, name in enumerate(["x_forwarded_for", "x_real_ip", "forwarded"], 1)]
    assert [allowed(site, n, "198.51.100.1", **header) for n, header in enumerate(headers)] == [True, False, False]


@pytest.mark.parametrize(
    ("proxies", "header", "client"),
    [
        (0, "192.0.2.1", "198.51.100.1"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "192.0.2.66, 192.0.2.1", "192.0.2.1"),
        (1, " 192.0.2.1 ,", "192.0.2.1"),
        (1, "", "198.51.100.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (2, "192.0.2.66, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "10.0.0.1", "198.51.100.1"),
        (1, "192.0.2.1:5678", "192.0.2.1:5678"),
        (1, "unknown", "198.51.100.1"),
        (1, "192.0.2.1, unknown", "198.51.100.1"),
        (1, "192.0.2.1, 203.0.113", "198.51.100.1"),
        (2, "_hidden, 10.0.0.1", "198.51.100.1"),
        (3, "192.0.2.1, 10.0.0.1", "198.51.100.1"),
    ],
)
def test_r35_django_believes_as_many_proxies_as_it_is_told(
    django_site: Site, proxies: int, header: str, client: str
) -> None:
    seen: list[str | None] = []

    def note(phone: str, purpose: str, client_ip: str | None) -> None:
        seen.append(client_ip)

    django_site.configure(TRUSTED_PROXIES=proxies, RISK=note)
    assert django_site.send(PHONE, ip="198.51.100.1", x_forwarded_for=header).status == 202
    visitor = django_site.browser("198.51.100.1")
    visitor.get("/otp/")
    assert visitor.page is not None
    visitor.post("/otp/", visitor.page.form("phone").fields | {"phone": PHONE}, x_forwarded_for=header)
    assert seen == [client, client]


def test_r35_a_header_that_cannot_be_read_frees_nobody_of_the_quota(django_site: Site) -> None:
    django_site.configure(TRUSTED_PROXIES=1, CLIENT_QUOTA="1/hour")
    headers = ["unknown", "203.0.113", "192.0.2.1, _hidden", ""]
    sent = [allowed(django_site, n, "198.51.100.1", x_forwarded_for=header) for n, header in enumerate(headers)]
    assert sent == [True, False, False, False]


@pytest.mark.parametrize(
    ("hops", "header", "client"),
    [
        (1, "192.0.2.66, 192.0.2.1", "192.0.2.1"),
        (2, "192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (1, "", "198.51.100.1"),
        (2, "192.0.2.1", "198.51.100.1"),
        (1, "unknown", "198.51.100.1"),
        (1, "192.0.2.1, 203.0.113", "198.51.100.1"),
    ],
)
def test_r35_flask_believes_werkzeugs_proxy_fix(flask_site: Site, hops: int, header: str, client: str) -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    seen: list[str | None] = []

    def note(phone: str, purpose: str, client_ip: str | None) -> None:
        seen.append(client_ip)

    flask_site.configure(RISK=note)
    app = flask_site.app  # type: ignore[attr-defined]
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops)
    assert flask_site.send(PHONE, ip="198.51.100.1", x_forwarded_for=header).status == 202
    assert seen == [client]


def test_what_the_trust_hook_says_goes_to_the_core(site: Site) -> None:
    said: list[bool] = []

    def vouch(request: object) -> bool:
        return request.headers.get("X-Captcha") == "solved"  # type: ignore[attr-defined, no-any-return]

    site.configure(TRUST=vouch)
    send_code = site.verifier.send_code

    def listening(*args: object, **options: object) -> object:
        said.append(bool(options["trusted"]))
        return send_code(*args, **options)  # type: ignore[arg-type]

    site.verifier.send_code = listening  # type: ignore[assignment, method-assign]
    site.send(x_captcha="solved")
    site.send(x_captcha="no")
    assert said == [True, False]


def vouch(request: object) -> bool:
    """A host's ``TRUST`` hook: who has solved its CAPTCHA is a person."""
    return request.headers.get("X-Captcha") == "solved"  # type: ignore[attr-defined, no-any-return]


def test_p8_who_is_trusted_passes_the_guard_on_every_way_in(site: Site) -> None:
    site.configure(TRUST=vouch, GUARD="enforce", GUARD_FLOOR=0, RESEND_AFTER=[0])
    assert site.send().json()["code"] == "suspicious"
    challenge = site.send(x_captcha="solved").json()["challenge"]
    assert site.post_json("resend", {"challenge": challenge}).json()["code"] == "suspicious"
    assert site.post_json("resend", {"challenge": challenge}, x_captcha="solved").status == 202


@pytest.mark.parametrize(("captcha", "sent"), [("solved", True), ("no", False)])
def test_p8_who_is_trusted_passes_the_guard_on_the_pages(site: Site, captcha: str, sent: bool) -> None:
    site.configure(TRUST=vouch, GUARD="enforce", GUARD_FLOOR=0, RESEND_AFTER=[0])
    visitor = site.browser()
    visitor.get("/otp/?purpose=registration&next=/")
    assert visitor.page is not None
    form = visitor.page.form("phone")
    answer = visitor.post(form.action, form.fields | {"phone": PHONE}, x_captcha=captcha)
    assert (answer.status == 303, len(site.outbox) == 1) == (sent, sent)


def test_p8_who_is_trusted_may_resend_on_the_pages(site: Site) -> None:
    site.configure(TRUST=vouch, GUARD="enforce", GUARD_FLOOR=1, RESEND_AFTER=[0])
    visitor = site.browser()
    form = next(form for form in visitor.begin()._read().forms if "code" not in form.fields)
    for captcha, sent in (("no", 1), ("solved", 2)):
        visitor.post(form.action, form.fields, x_captcha=captcha)
        assert len(site.outbox) == sent


def test_p8_who_is_trusted_passes_the_guard_in_the_helpers(site: Site) -> None:
    site.configure(TRUST=lambda request: True, GUARD="enforce", GUARD_FLOOR=0)
    site.in_a_request(lambda api, request: api.send_code(PHONE, "login", request=request))
    assert len(site.outbox) == 1
    site.configure(GUARD="enforce", GUARD_FLOOR=0)
    with pytest.raises(Suspicious):
        site.in_a_request(lambda api, request: api.send_code("+998901238177", "login", request=request))
    site.in_a_request(lambda api, request: api.send_code("+998901238177", "login", request=request, trusted=True))
    assert len(site.outbox) == 2


def test_p8_a_ticket_vouches_for_one_message_however_often_it_is_sent(site: Site) -> None:
    site.configure(TRUST=lambda request: request.headers.get("X-Ticket"), GUARD="enforce", GUARD_FLOOR=0)
    ticket = str(site.verifier.trust_ticket())
    answers = [site.send(f"+9989012381{last}", x_ticket=ticket).status for last in range(10, 30)]
    assert answers == [202] + [429] * 19
    assert len(site.outbox) == 1
    assert site.send("+998901238131", x_ticket=str(site.verifier.trust_ticket())).status == 202
    assert site.send("+998901238132", x_ticket="forged").status == 429


def test_the_trust_hook_is_asked_when_a_code_is_about_to_be_sent_and_at_no_other_time(site: Site) -> None:
    asked: list[object] = []
    site.configure(TRUST=asked.append)
    challenge = site.token()
    assert len(asked) == 1
    site.verify(challenge, "000000")
    site.post_json("delivery", {"challenge": challenge})
    site.browser().request("GET", "/otp/?purpose=login")
    assert len(asked) == 1


def test_a_trust_hook_that_breaks_vouches_for_nobody_and_breaks_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: object) -> bool:
        raise RuntimeError("captcha down")

    site.configure(TRUST=broken)
    assert site.send().status == 202
    assert "the TRUST hook failed: RuntimeError" in caplog.text
