"""The document at ``openapi.json``: well-formed, whole, and true.

That it is true, the whole suite proves: where jsonschema is installed, each reply of the JSON endpoints in these tests
is held against it (``conftest.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from tests.web.browser import Answer
from tests.web.conformance import Described
from tests.web.contract import is_json, is_problem
from tests.web.sites import Site
from uzotp.errors import PROBLEMS, VISITOR_ERRORS, InvalidPhone
from uzotp.policy import Policy, Purpose
from uzotp.web.openapi import document, problem_name

POLICIES = {
    "the default": Policy(),
    "one of each": Policy(
        purposes=(Purpose.LOGIN,), languages=("en",), countries=("KZ",), default_region="KZ", code_length=8,
        max_attempts=1,
    ),
    "the whole world": Policy(countries="*", code_length=4, allow_short_codes=True),
    "nowhere": Policy(countries=("XX",), default_region="XX"),
}  # fmt: skip
policies = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(child)


def responses(api: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api["paths"].items():
        for operation in methods.values():
            yield from ((path, status, response) for status, response in operation["responses"].items())


def codes_of(response: dict[str, Any]) -> set[str]:
    """The codes that a problem response lists."""
    schema = response["content"]["application/problem+json"]["schema"]
    names = {entry["$ref"].rpartition("/")[2] for entry in schema.get("oneOf", [schema])}
    return {code for code in PROBLEMS if problem_name(code) in names}


# ------------------------------------------------------------------------------------------------------ the endpoint


def test_the_document_is_at_openapi_json(site: Site) -> None:
    answer = site.call("GET", "openapi.json", content_type="")
    body = is_json(answer, 200)
    assert body == document(site.verifier.policy, "/otp")
    assert body["servers"][0]["url"] == "/otp"
    head = site.call("HEAD", "openapi.json")
    assert (head.status, head.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY"])
def test_the_document_can_only_be_read(site: Site, method: str) -> None:
    answer = site.call(method, "openapi.json", b"{}")
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert "GET, HEAD" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "QUERY"])
@pytest.mark.parametrize("path", ["send", "verify", "callback/x"])
def test_rare_methods_are_405_with_allow_too(site: Site, path: str, method: str) -> None:
    answer = site.call(method, path, b"{}")
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("token", ["a/b", "a%2Fb", "%2F", "a%0Ab", "x%0A", "%0A/%0A", "%00", "a//b", ""])
def test_whatever_stands_for_a_callback_token_the_404_is_a_problem(site: Site, token: str) -> None:
    is_problem(site.call("POST", f"callback/{token}", b"{}"), 404, "not_found")


@pytest.mark.parametrize(
    ("mount", "url"), [("/otp", "/otp"), ("/otp/", "/otp"), ("", "/"), ("/a b/{c}", "/a%20b/%7Bc%7D")]
)
def test_the_server_is_where_the_endpoints_are_mounted(mount: str, url: str) -> None:
    assert document(Policy(), mount)["servers"][0]["url"] == url


def test_the_server_is_where_this_request_found_them(site: Site) -> None:
    environ: dict[str, Any] = {"SCRIPT_NAME": "/shop", "PATH_INFO": "/otp/openapi.json", "HTTP_HOST": "elsewhere.uz"}
    setup_testing_defaults(environ)
    body = site.wsgi()(environ, lambda *args: None)
    assert json.loads(b"".join(body))["servers"][0]["url"] == "/shop/otp"
    body.close()


# ------------------------------------------------------------------------------------------------ whole and well-formed


@policies
def test_it_is_an_openapi_3_1_document(policy: Policy) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    definitions = pytest.importorskip("schemathesis.specs.openapi.definitions")
    api = document(policy, "/otp")
    jsonschema.Draft202012Validator(definitions.OPENAPI_31).validate(api)
    for name, schema in api["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema), name


@policies
def test_every_reference_leads_somewhere_and_every_part_is_used(policy: Policy) -> None:
    api = document(policy, "/otp")
    used = {node["$ref"] for node in walk(api) if "$ref" in node}
    parts = {f"#/components/{kind}/{name}" for kind, named in api["components"].items() for name in named}
    assert used == parts
    operations = [operation for methods in api["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert names == ["send", "resend", "verify", "delivery", "callback", "openapi"]
    assert all(operation["summary"] and operation["description"] for operation in operations)
    links = [link for _, _, response in responses(api) for link in response.get("links", {}).values()]
    assert {link["operationId"] for link in links} <= set(names)
    assert len(links) == 6


def test_every_error_code_is_there_under_its_status() -> None:
    seen = set()
    for _, status, response in responses(document(Policy(), "/otp")):
        if int(status) >= 400:
            codes = codes_of(response)
            assert codes, status
            assert {PROBLEMS[code].status for code in codes} == {int(status)}
            assert all(code in response["description"] for code in codes)
            seen |= codes
    assert seen == set(PROBLEMS)


def test_every_kind_of_error_that_a_visitor_can_meet_may_answer_a_send() -> None:
    api = document(Policy(), "/otp")
    sends = {kind.code for kind in VISITOR_ERRORS}
    for path, more in (("/send", sends), ("/resend", sends - {InvalidPhone.code})):
        told = [codes_of(response) for where, status, response in responses(api) if where == path and status >= "400"]
        assert more <= set().union(*told)


@policies
def test_the_examples_are_as_the_schemas_say(policy: Policy) -> None:
    pytest.importorskip("jsonschema")
    described = Described(policy)
    count = 0
    for node in walk(described.api):
        for example in node.get("examples", ()) if isinstance(node.get("type"), str | list) else ():
            described.valid(node, example, str(node)[:200])
            count += 1
    assert count > 25


def test_it_says_what_this_site_does() -> None:
    schemas = document(POLICIES["one of each"], "/otp")["components"]["schemas"]
    assert schemas["SendRequest"]["properties"]["purpose"]["enum"] == ["login"]
    assert schemas["Challenge"]["properties"]["country"]["enum"] == ["KZ"]
    assert schemas["Challenge"]["properties"]["code_length"]["const"] == 8
    assert schemas["VerifyRequest"]["properties"]["code"]["minLength"] == 8
    assert document(POLICIES["one of each"], "")["components"]["headers"]["ContentLanguage"]["schema"]["enum"] == ["en"]


# ------------------------------------------------------------------------------------------------------------ true


@pytest.mark.parametrize("settings", [{}, {"COUNTRIES": ["KZ"], "DEFAULT_REGION": "KZ"}, {"COUNTRIES": "*"}], ids=str)
def test_the_example_of_a_send_works(site: Site, settings: dict[str, Any]) -> None:
    site.configure(**settings)
    api = site.call("GET", "openapi.json").json()
    example = api["components"]["schemas"]["SendRequest"]["examples"][0]
    body = is_json(site.post_json("send", example), 202)
    assert api["components"]["schemas"]["Challenge"]["properties"]["phone"]["examples"] == [body["phone"]]


def test_the_replies_of_this_suite_are_held_against_the_document(site: Site) -> None:
    """The check is on, and can fail."""
    pytest.importorskip("jsonschema")
    assert getattr(Site.call, "checked", False)
    described = Described(site.verifier.policy)
    good = site.send()
    assert described.check("POST", "send", good)
    assert not described.check("GET", "code", good)
    body = good.json()
    for wrong in (
        replace(good, status=201),
        replace(good, status=422),
        replace(good, headers=good.headers | {"content-type": "text/html"}),
        replace(good, headers={name: value for name, value in good.headers.items() if name != "cache-control"}),
        _with(good, body | {"code": "493021"}),
        _with(good, body | {"code_length": 7}),
        _with(good, body | {"country": "KZ"}),
        _with(good, body | {"phone": "+998901238190"}),
        _with(good, {name: value for name, value in body.items() if name != "challenge"}),
    ):
        with pytest.raises(AssertionError):
            described.check("POST", "send", wrong)

    refused = site.send()
    assert described.check("POST", "send", refused)
    for wrong in (
        replace(refused, headers=refused.headers | {"retry-after": "0"}),
        replace(refused, headers=refused.headers | {"content-language": "de"}),
        _with(refused, refused.json() | {"code": "locked"}),
        _with(refused, refused.json() | {"attempts_left": 1}),
    ):
        with pytest.raises(AssertionError):
            described.check("POST", "send", wrong)


def _with(answer: Answer, body: dict[str, Any]) -> Answer:
    return replace(answer, body=json.dumps(body).encode())
