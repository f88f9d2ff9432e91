"""What devsms is asked: the bodies, and what is refused before anything leaves."""

from __future__ import annotations

import json

import pytest

from tests.core.gateways import samples
from uzotp.errors import ConfigurationError, InvalidServiceName
from uzotp.gateways.devsms import MessageType, wire
from uzotp.gateways.devsms.client import DevSMS
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message
from uzotp.privacy import Secret

UZBEK = Phone.parse("+998901234567")
AMERICAN = Phone.parse("+12025551234")


def build(message: Message, type: str = "universal_otp", service_name: str | None = "TechShop") -> dict:
    type = wire.type_of(message, type)
    assert wire.objection(message, type, service_name) is None
    return json.loads(json.dumps(wire.build_send(message, type, service_name, "4546")))


def refusal(message: Message, type: str = "universal_otp", service_name: str | None = "TechShop") -> str:
    reason = wire.objection(message, wire.type_of(message, type), service_name)
    assert reason is not None
    return reason


def test_the_sample_of_the_page() -> None:
    body = build(Message(UZBEK, "5678", Purpose.OPERATION))
    assert body == {**samples.OTP_REQUEST, "from": "4546"}


def test_q23_callback_url_and_from_are_sent_along() -> None:
    url = "https://shop.uz/otp/callback/abc"
    body = build(Message(UZBEK, "5678", Purpose.OPERATION, callback_url=url))
    assert body == {**samples.OTP_REQUEST, "from": "4546", "callback_url": url}


@pytest.mark.parametrize(
    ("purpose", "number"), [("operation", 1), ("password_reset", 2), ("registration", 3), ("login", 4)]
)
def test_q24_template_numbers_follow_the_meanings(purpose: str, number: int) -> None:
    assert build(Message(UZBEK, "123456", Purpose(purpose)))["template_type"] == number


def test_q29_code_is_text_with_its_zeros_and_template_is_an_integer() -> None:
    body = build(Message(UZBEK, Secret("0042"), Purpose.OPERATION))
    assert body["otp_code"] == "0042"
    assert body["template_type"] == 1
    assert type(body["template_type"]) is int


@pytest.mark.parametrize(
    "code", ["", "123", "123456789", "12345\n", "١٢٣٤٥٦", "１２３４５６", "12 456", "-1234", 123456]
)
def test_q28_a_code_is_four_to_eight_ascii_digits(code: object) -> None:
    assert "4 to 8 digits" in refusal(Message(UZBEK, code, Purpose.LOGIN))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "phone",
    [
        "+998901234567",
        "998901234567",
        "931234567",
        Phone("931234567"),
        Phone("+931234567"),
        Phone("931234567", "UZ"),
        Phone("998901234567", "UZ"),
        Phone("+998901234567\n", "UZ"),
        Phone("+٩٩٨٩٠١٢٣٤٥٦٧", "UZ"),
        None,
        998901234567,
    ],
)
def test_q30_only_a_validated_full_number_leaves(phone: object) -> None:
    for type in MessageType:
        message = Message(phone, "5678", Purpose.LOGIN, text="Salom")  # type: ignore[arg-type]
        assert "E.164" in refusal(message, type)


def test_q30_a_number_without_its_country_is_validated_again() -> None:
    assert build(Message(Phone("+998901234567"), "5678", Purpose.LOGIN))["phone"] == "998901234567"


def test_international_numbers_go_by_template_and_by_eskiz() -> None:
    assert build(Message(AMERICAN, "5678", Purpose.LOGIN))["phone"] == "12025551234"
    assert build(Message(AMERICAN, text="Hello from Uzbekistan!"), "eskiz")["message"] == "Hello from Uzbekistan!"


def test_q18_simple_goes_to_uzbekistan_only() -> None:
    assert build(Message(UZBEK, text="Salom!"), "simple")["type"] == "simple"
    assert "Uzbek" in refusal(Message(AMERICAN, text="Hello!"), "simple")


def test_text_only_goes_as_eskiz_when_templates_are_configured() -> None:
    body = build(Message.text_only("+998901234567", "Test SMS xabari"))
    assert body == {"phone": "998901234567", "type": "eskiz", "message": "Test SMS xabari", "from": "4546"}


@pytest.mark.parametrize("type", ["eskiz", "simple"])
def test_code_message_by_own_text_or_by_the_wording_of_the_template(type: str) -> None:
    own = build(Message(UZBEK, "5678", Purpose.LOGIN, text="Kod: 5678"), type)
    assert (own["message"], own["type"], "otp_code" in own) == ("Kod: 5678", type, False)
    made = build(Message(UZBEK, "5678", Purpose.LOGIN), type)
    assert made["message"] == "MyService tizimi: TechShop xizmatiga kirish uchun tasdiqlash kodi: 5678"


@pytest.mark.parametrize(
    ("message", "type", "service_name"),
    [
        (Message(UZBEK), "universal_otp", "TechShop"),
        (Message(UZBEK, text="  \n"), "eskiz", "TechShop"),
        (Message(UZBEK, "5678"), "eskiz", "TechShop"),
        (Message(UZBEK, "5678", Purpose.LOGIN), "eskiz", None),
        (Message(UZBEK, "", Purpose.LOGIN), "eskiz", "TechShop"),
        (Message(UZBEK, "", Purpose.LOGIN, text="a text, but no code"), "universal_otp", "TechShop"),
        (Message(UZBEK, "5678", "newsletter"), "universal_otp", "TechShop"),  # type: ignore[arg-type]
    ],
)
def test_nothing_to_send_is_refused(message: Message, type: str, service_name: str | None) -> None:
    assert refusal(message, type, service_name)


@pytest.mark.parametrize("name", [None, "", "O'zbekiston", "Oʻzbekiston", "Tech_Shop", "A", "x" * 51, "Shop\n", "A&B"])
def test_q26_q27_a_name_that_would_be_charged_is_refused_at_construction(name: str | None) -> None:
    with pytest.raises(InvalidServiceName):
        DevSMS("token", name)
    DevSMS("token", name, type="eskiz")


@pytest.mark.parametrize("token", ["", " ", "to\nken", "token ", "tok\u00e9n", None, 7])
def test_a_token_that_no_header_carries_is_refused(token: object) -> None:
    with pytest.raises(ConfigurationError, match="DEVSMS_TOKEN"):
        DevSMS(token, "TechShop")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "http://devsms.uz/api",
        "http://10.0.0.1/api",
        "http://localhost.evil.uz/api",
        "http://127.0.0.1.evil.uz/api",
        "ftp://devsms.uz/api",
        "devsms.uz/api",
        "//devsms.uz",
        "https://",
        "https://[::1/api",
        "https://devsms.uz:99999/",
        "https://user:word@devsms.uz/api",
        "https://devsms.uz/api?token=1",
        "https://devsms.uz/api#x",
        None,
    ],
)
def test_a_base_url_that_gives_secrets_away_is_refused(url: object) -> None:
    with pytest.raises(ConfigurationError, match="DEVSMS_BASE_URL") as caught:
        DevSMS("token", "TechShop", base_url=url)  # type: ignore[arg-type]
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8025/api/", "http://127.9.9.9/api", "http://[::1]/api", "http://localhost/api"]
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert DevSMS("token", "TechShop", base_url=url).base_url == url.rstrip("/")


def test_plain_http_elsewhere_is_for_those_who_insist() -> None:
    DevSMS("token", "TechShop", base_url="http://tunnel.internal/api", allow_insecure_http=True)


@pytest.mark.parametrize(
    "setting", [{"type": "voice"}, {"sender": ""}, {"timeout": 0}, {"timeout": -1}, {"timeout": float("nan")}]
)
def test_other_settings_that_cannot_work(setting: dict) -> None:
    with pytest.raises(ConfigurationError):
        DevSMS("token", "TechShop", **setting)
