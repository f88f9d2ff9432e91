"""The pages: what stands in them, for people, phones, screen readers and a Content-Security-Policy."""

from __future__ import annotations

import re

from tests.web.browser import Answer
from tests.web.reading import code_of, title
from tests.web.sites import Site

# ---------------------------------------------------------------------------------------------------- the markup


def all_pages(site: Site) -> dict[str, Answer]:
    """Every page in every state."""
    visitor = site.browser()
    pages = {"phone": visitor.get("/otp/?next=/account"), "phone, wrong": visitor.submit("phone", phone="12")}
    pages["code"] = visitor.begin()
    pages["code, wrong"] = visitor.submit("code", code=site.wrong_code())
    pages["code, too soon"] = visitor.submit("action")
    site.clock.advance(61)
    pages["code, again"] = visitor.submit("action")
    pages["done"] = visitor.submit("code", code=code_of(site))
    assert [page.status for page in pages.values()] == [200, 422, 200, 400, 429, 200, 200]
    return pages


def test_r54_the_code_has_one_field_that_phones_can_fill(site: Site) -> None:
    page = site.browser().begin()
    visible = [have for tag, have in page.elements if tag == "input" and have.get("type") != "hidden"]
    assert [field["name"] for field in visible] == ["code"]
    wanted = {"type": "text", "inputmode": "numeric", "autocomplete": "one-time-code"}
    assert wanted.items() <= visible[0].items()
    assert "pattern" not in visible[0]
    assert page.find("label", **{"for": visible[0]["id"]}) == {"for": visible[0]["id"]}


def test_r54_the_number_has_one_field_that_phones_can_fill(site: Site) -> None:
    page = site.browser().get("/otp/")
    visible = [have for tag, have in page.elements if tag == "input" and have.get("type") != "hidden"]
    assert [field["name"] for field in visible] == ["phone"]
    assert {"type": "tel", "inputmode": "tel", "autocomplete": "tel"}.items() <= visible[0].items()
    assert page.find("label", **{"for": visible[0]["id"]})
    assert visible[0]["aria-describedby"] in [have.get("id") for tag, have in page.elements if tag == "p"]


def test_pages_work_under_a_strict_content_security_policy(site: Site) -> None:
    for name, page in all_pages(site).items():
        for tag, attributes in page.elements:
            assert tag not in ("style", "iframe", "object", "embed", "base"), name
            assert not [key for key in attributes if key == "style" or key.startswith("on")], (name, tag)
            for key in ("src", "href", "action", "xlink:href", "data", "poster", "srcset"):
                assert re.fullmatch(r"/(?!/).*|(?!.)", attributes.get(key, "")), (name, tag, attributes)
        assert not re.search(r"<script[^>]*>[^<]", page.text), name


def test_the_static_files_are_where_the_pages_say(site: Site) -> None:
    page = site.browser().get("/otp/")
    links = page.find("link", rel="stylesheet")["href"], page.find("script")["src"]
    for address, kind in zip(links, ("text/css", "text/javascript"), strict=True):
        status, headers, body = fetch(site, address)
        assert (status, headers["content-type"].partition(";")[0]) == ("200 OK", kind)
        assert b"uzotp" in body
        assert b"http:" not in body
        assert b"https:" not in body
        assert b"url(" not in body


def fetch(site: Site, path: str) -> tuple[str, dict[str, str], bytes]:
    from wsgiref.util import setup_testing_defaults

    environ: dict[str, object] = {"PATH_INFO": path}
    setup_testing_defaults(environ)
    seen: list[tuple[str, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]]) -> None:
        seen.append((status, {name.lower(): value for name, value in headers}))

    reply = site.wsgi()(environ, start)
    body = b"".join(reply)
    if hasattr(reply, "close"):
        reply.close()
    return (*seen[0], body)


def test_pages_are_neither_stored_nor_framed(site: Site) -> None:
    for page in all_pages(site).values():
        assert "no-store" in page.headers["cache-control"]
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_every_page_has_one_heading_and_a_title(site: Site) -> None:
    for page in all_pages(site).values():
        assert [tag for tag, _ in page.elements].count("h1") == 1
        assert title(page).strip()
        ids = [have["id"] for _, have in page.elements if "id" in have]
        assert len(ids) == len(set(ids))


def test_no_page_holds_a_code(site: Site) -> None:
    for name, page in all_pages(site).items():
        assert code_of(site) not in page.text, name


def test_numbers_are_for_programs_whatever_the_site_does_with_them(django_site: Site) -> None:
    django_site.override(USE_THOUSAND_SEPARATOR=True, LANGUAGE_CODE="ru")  # type: ignore[attr-defined]
    django_site.configure(RESEND_AFTER=[5000])
    assert django_site.browser().begin().find("form", **{"data-uzotp-wait": "5000"})
