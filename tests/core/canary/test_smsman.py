"""What sms-man is asked, and what its answers mean."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from tests.core.canary import samples
from tests.core.gateways.canned import URL, canned
from uzotp.canary import smsman as wire
from uzotp.canary.provider import Application, Availability, NumberError, NumberPrice, Rental, Sms, judge
from uzotp.canary.smsman import SMSMan
from uzotp.errors import AuthenticationFailed, ConfigurationError, GatewayError, GatewayUnavailable, OutcomeUnknown
from uzotp.http.client import MAX_BODY
from uzotp.http.service import Answer, Reply
from uzotp.phones import Phone
from uzotp.testing.faults import FaultServer, answer

TOKEN = "tok-5f9c2b7e41d84aa0"
RENTAL = Rental("sms-man", "1", Phone("+79002415539"))


def client(url: str) -> SMSMan:
    return SMSMan(TOKEN, url + "/control/", 5)


def outcome(call: str, body: bytes, *args: object, status: int = 200) -> object:
    """What a call returns, or the error it raises."""
    with canned(body, status=status):
        try:
            return getattr(client(URL), call)(*args)
        except GatewayError as error:
            return error


def rent(body: bytes, status: int = 200) -> object:
    return judge(Answer("sms-man", Reply(status, body)), wire.read_rental, wire.complain)


# --------------------------------------------------------------------------------------------------------- requests

CALLS = [
    ("balance", (), samples.SMSMAN_BALANCE, "get-balance", {}),
    ("limits", (), samples.SMSMAN_LIMITS, "limits", {}),
    ("limits", (0, 0), samples.SMSMAN_LIMITS, "limits", {"country_id": "0", "application_id": "0"}),
    ("rent", (0, 3), samples.SMSMAN_RENTED, "get-number", {"country_id": "0", "application_id": "3"}),
    ("read", ("1",), samples.SMSMAN_SMS, "get-sms", {"request_id": "1"}),
    ("set_status", (1, "close"), samples.SMSMAN_STATUS_SET, "set-status", {"request_id": "1", "status": "close"}),
    ("prices", (), samples.SMSMAN_PRICES, "get-prices", {}),
    ("prices", (0,), samples.SMSMAN_PRICES, "get-prices", {"country_id": "0"}),
    ("countries", (), samples.SMSMAN_COUNTRIES, "countries", {}),
    ("applications", (), samples.SMSMAN_APPLICATIONS, "applications", {}),
]


@pytest.mark.parametrize(("call", "args", "body", "path", "fields"), CALLS)
def test_q74_q93_everything_is_a_post_with_country_0_and_without_the_token_in_its_url(
    call: str, args: tuple[object, ...], body: bytes, path: str, fields: dict[str, str]
) -> None:
    with FaultServer(answer(body)) as server:
        getattr(client(server.url), call)(*args)
    [request] = server.requests
    assert (request.method, request.target) == ("POST", f"/control/{path}")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.body.decode(), strict_parsing=True)) == fields | {"token": TOKEN}


@pytest.mark.parametrize("ids", [(None, 1), (1, None), (None, None)])
def test_q76_an_arbitrary_number_is_not_bought(ids: tuple[int, int]) -> None:
    with FaultServer(answer(samples.SMSMAN_RENTED)) as server, pytest.raises(TypeError):
        client(server.url).rent(*ids)
    assert server.requests == []


@pytest.mark.parametrize("id", [-1, "1", True, 1.0])
def test_ids_are_whole_numbers(id: object) -> None:
    with FaultServer(answer(samples.SMSMAN_RENTED)) as server:
        smsman = client(server.url)
        for call in (smsman.prices, smsman.limits, lambda it: smsman.rent(it, 1), lambda it: smsman.rent(1, it)):
            with pytest.raises(ValueError):
                call(id)  # type: ignore[operator]
    assert server.requests == []


@pytest.mark.parametrize("status", ["Ready", "cancel", "", None, "$status"])
def test_a_status_that_is_none_is_refused_here(status: object) -> None:
    with FaultServer(answer(samples.SMSMAN_STATUS_SET)) as server, pytest.raises(ValueError, match="ready, close"):
        client(server.url).set_status(1, status)  # type: ignore[arg-type]
    assert server.requests == []


@pytest.mark.parametrize("id", ["", None, True, [1]])
def test_a_request_id_that_is_none(id: object) -> None:
    with FaultServer(answer(samples.SMSMAN_SMS)) as server, pytest.raises(ValueError):
        client(server.url).read(id)  # type: ignore[arg-type]
    assert server.requests == []


# ---------------------------------------------------------------------------------------------------------- samples


PRICES = {
    0: {1: NumberPrice(Decimal("15"), 6455), 2: NumberPrice(Decimal("50"), 124)},
    1: {3: NumberPrice(Decimal("6"), 1000)},
}
APPLICATIONS = {1: Application("Vkontakte", "vk"), 2: Application("WeChat", "wb"), 3: Application("Telegram", "tg")}


@pytest.mark.parametrize(
    ("call", "args", "body", "expected"),
    [
        ("balance", (), samples.SMSMAN_BALANCE, Decimal("799.70")),
        ("limits", (), samples.SMSMAN_LIMITS, [Availability(1, 1, 32302), Availability(2, 1, 3494)]),
        ("rent", (1, 1), samples.SMSMAN_RENTED, RENTAL),
        ("read", (1,), samples.SMSMAN_SMS, Sms("1243")),
        ("read", (1,), samples.SMSMAN_WAITING, None),
        ("set_status", (1, "ready"), samples.SMSMAN_STATUS_SET, None),
        ("prices", (), samples.SMSMAN_PRICES, PRICES),
        ("countries", (), samples.SMSMAN_COUNTRIES, {0: "Russia", 3: "China"}),
        ("applications", (), samples.SMSMAN_APPLICATIONS, APPLICATIONS),
    ],
)
def test_samples(call: str, args: tuple[object, ...], body: bytes, expected: object) -> None:
    result = outcome(call, body, *args)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize("call", [call for call in CALLS if call[0] != "set_status"], ids=lambda call: call[3])
@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("body", [samples.SMSMAN_WRONG_TOKEN, samples.SMSMAN_WRONG_TOKEN_OBJECT])
def test_q68_q83_wrong_token_in_both_forms_whatever_the_status(body: bytes, status: int, call: tuple) -> None:
    error = outcome(call[0], body, *call[1], status=status)
    assert type(error) is AuthenticationFailed
    assert (error.gateway, error.charged, error.retryable) == ("sms-man", False, False)
    assert error.detail.endswith("Wrong token!")


def test_q72_two_objects_glued_together() -> None:
    assert type(outcome("set_status", samples.SMSMAN_STATUS_ERRORS, 1, "ready")) is AuthenticationFailed
    second = samples.SMSMAN_STATUS_ERRORS[samples.SMSMAN_STATUS_ERRORS.index(b"}{") + 1 :]
    error = outcome("set_status", second, 1, "ready")
    assert isinstance(error, NumberError)
    assert (error.word, error.retryable) == ("wrong_status", False)


def test_q72_prices_that_lack_a_brace_are_no_prices() -> None:
    """Half a table would read as another country's."""
    assert type(outcome("prices", samples.SMSMAN_PRICES_AS_PRINTED)) is GatewayUnavailable


# ----------------------------------------------------------------------------------------------------------- quirks


def test_q69_the_field_that_is_needed_decides() -> None:
    body = samples.SMSMAN_SMS.replace(b"}", b', "success": false, "error_code": "wait_sms"}')
    assert outcome("read", body, 1) == Sms("1243")


def test_q69_a_token_that_is_part_of_the_waiting_marker_spoils_nothing() -> None:
    with canned(samples.SMSMAN_WAITING):
        assert SMSMan("wait", URL + "/control/", 5).read(1) is None


@pytest.mark.parametrize("code", ["sms_not_found", "wrong_request", "no_numbers", "WAIT", "wait_sms_2"])
def test_q81_any_other_code_ends_the_matter(code: str) -> None:
    error = outcome("read", samples.SMSMAN_WAITING.replace(b"wait_sms", code.encode()), 1)
    assert type(error) is NumberError
    assert (error.word, error.retryable) == (code, False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"success":false,"error_code":"no_numbers","error_msg":"No numbers"}', "no_numbers"),
        (b'{"error_code":"not_enough_balance"}', "not_enough_balance"),
        (b'{"success":false}', None),
        (b'{"error_msg":{"country_id":["is required"]}}', None),
    ],
)
def test_a_purchase_refused_in_undocumented_words(body: bytes, code: str | None) -> None:
    error = rent(body)
    assert type(error) is NumberError
    assert (error.word, error.charged, error.retryable) == (code, None, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"request_id":1,"number":""}',
        b'{"number":"79002415539"}',
        b'{"success":true}',
        b"[]",
        b"[" + samples.SMSMAN_RENTED + b"]",
        samples.SMSMAN_RENTED[:-1],
        b"Warning: x " + samples.SMSMAN_WRONG_TOKEN,
        b"",
    ],
)
def test_q89_q90_a_purchase_without_id_or_number_is_unknown(body: bytes) -> None:
    error = rent(body)
    assert type(error) is OutcomeUnknown
    assert error.charged is None


@pytest.mark.parametrize(
    "body",
    [
        b'[{"id":0,"title":"Russia"},{"id":"3","title":"China"}]',
        b'{"0":{"id":"0","title":"Russia"},"3":{"title":"China"}}',
        b"{'0': {'title': 'Russia'}, '3': {'name': 'China'}}",
        b'\xef\xbb\xbf [{"id":0,"name":"Russia"},{"id":3.0,"title":"China"},{"title":"None"},null]',
        b'Notice [7] {closure}: [{"id":0,"title":"Russia"},{"id":3,"title":"China"}] <br>',
    ],
)
def test_q70_q80_lists_in_every_notation(body: bytes) -> None:
    assert outcome("countries", body) == {0: "Russia", 3: "China"}


@pytest.mark.parametrize(
    "body",
    [
        b"[{'id':0,'title':__import__('os')}]",
        b"[{'id':0,'title':open('x')}]",
        b"{{country.title}}",
        b"[{'id':0,'title':'Russia'}",
        b"-" * 200_000 + b"1",
        b"[" * 100_000,
        b"[" + b"1," * 200_000 + b"]",
        b"9" * 200_000,
        b"1" + b"+1j" * 50_000,
        b"[{'id':" + b"0" * MAX_BODY,
        b"{[]: 1}",
        b"\0",
        b"'Russia'",
        b"[1, 2]",
        b"",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_q70_nothing_is_run_and_nothing_takes_long(body: bytes) -> None:
    assert type(outcome("countries", body)) is GatewayUnavailable


def test_q70_a_list_in_python_s_notation_is_bounded() -> None:
    row = samples.SMSMAN_COUNTRIES[:-1]
    assert outcome("countries", row + b" " * wire.MAX_LITERAL + b"]") != {0: "Russia", 3: "China"}


def test_q70_other_calls_take_json_only() -> None:
    assert type(outcome("balance", b"{'balance': '799.70'}")) is GatewayUnavailable


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'[{"1":{"cost":"15","count":6455},"2":{"cost":"50","count":124}},{"3":{"cost":"6","count":1000}}]', PRICES),
        (b'{"0":[{"cost":"1","count":2},{"cost":3.50,"count":"4"}]}',
         {0: {0: NumberPrice(Decimal(1), 2), 1: NumberPrice(Decimal("3.50"), 4)}}),
        (b"[]", {}),
        (b"{}", {}),
        (b'[{"application_id":"1","country_id":"0","cost":"15","count":1}]', {0: {1: NumberPrice(Decimal(15), 1)}}),
        (b'{"7":{"1":{"cost":"15"},"x":{"cost":"1"},"2":{"cost":"$1"},"3":{"cost":null}}}',
         {7: {1: NumberPrice(Decimal(15), None)}}),
    ],
)  # fmt: skip
def test_q77_prices_as_php_may_write_them(body: bytes, expected: object) -> None:
    assert outcome("prices", body) == expected


@pytest.mark.parametrize("call", ["limits", "prices", "countries", "applications"])
def test_q77_nothing_at_all_is_an_answer(call: str) -> None:
    assert outcome(call, b"[]") == ([] if call == "limits" else {})


@pytest.mark.parametrize("call", ["limits", "prices", "countries", "applications", "balance"])
@pytest.mark.parametrize("body", [b'{"x": 1}', b"[[1]]", b'"x"', b"<html>", b"", b'[{"x": {"y": 1}}]'])
def test_q83_an_answer_without_any_is_unreadable(call: str, body: bytes) -> None:
    error = outcome(call, body)
    assert type(error) is GatewayUnavailable
    assert error.retryable


@pytest.mark.parametrize(
    ("value", "amount"), [('"799.70"', "799.70"), ("799.70", "799.70"), ("0", "0"), ('"-1"', "-1"), ('"1 000"', "1000")]
)
def test_q78_amounts_are_bare(value: str, amount: str) -> None:
    assert outcome("balance", f'{{"balance":{value}}}'.encode()) == Decimal(amount)


@pytest.mark.parametrize("value", ['"$5"', '"5 UZS"', "null", "true", "NaN", '"free"', "[]"])
def test_q78_an_amount_with_a_currency_is_not_what_we_can_read(value: str) -> None:
    assert type(outcome("balance", f'{{"balance":{value}}}'.encode())) is GatewayUnavailable


@pytest.mark.parametrize("value", ['"0042"', '"Code: 0042"'])
def test_leading_zeros_are_kept(value: str) -> None:
    assert outcome("read", samples.SMSMAN_SMS.replace(b'"1243"', value.encode()), 1) == Sms(json.loads(value))


@pytest.mark.parametrize("value", ['""', "null", '" "', "[]"])
def test_an_empty_code_is_none(value: str) -> None:
    assert type(outcome("read", samples.SMSMAN_SMS.replace(b'"1243"', value.encode()), 1)) is GatewayUnavailable


def test_q73_ids_as_text() -> None:
    assert rent(b'{"request_id":"1","number":79002415539}') == RENTAL


def test_plain_http_must_be_allowed() -> None:
    with pytest.raises(ConfigurationError, match=r"SMSMAN_BASE_URL.*allow_insecure_http=True"):
        SMSMan(TOKEN, "http://api.sms-man.com/control/")
    assert SMSMan(TOKEN, "http://a.example/control/", allow_insecure_http=True).base_url == "http://a.example/control"


def test_a_token_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="token of sms-man"):
        SMSMan("tok en")
