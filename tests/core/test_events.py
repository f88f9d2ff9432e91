"""Events, the tree of errors, and what is made safe to log."""

from __future__ import annotations

import copy
import logging
import pickle
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uzotp import errors
from uzotp.errors import GatewayError, OutcomeUnknown, Refused, redact
from uzotp.events import CodeVerified, Event, emit
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.money import Money
from uzotp.ports.store import AttemptStatus

PHONE = Phone("+998901238190", "UZ")
EVENT = CodeVerified(PHONE, Purpose.LOGIN)


def test_an_event_goes_to_the_sink_and_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Event] = []
    with caplog.at_level(logging.DEBUG, "uzotp"):
        emit(seen.append, EVENT)
        emit(None, EVENT)
    assert seen == [EVENT]
    assert [record.getMessage() for record in caplog.records] == [repr(EVENT)] * 2
    assert str(PHONE) not in caplog.text


def test_a_broken_sink_is_logged_by_its_kind_alone_and_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(event: Any) -> None:
        raise RuntimeError(f"cannot store {event.phone}")

    emit(broken, EVENT)
    assert [record.getMessage() for record in caplog.records] == [
        "the listener failed on CodeVerified: RuntimeError"
    ]  # fmt: skip
    assert str(PHONE) not in caplog.text


def test_a_broken_sink_does_not_break_a_sign_up(make_site: Any) -> None:
    site = make_site(events=lambda _event: 1 / 0)
    site.send()
    assert site.verify()


def test_a_phone_in_an_event_is_usable_and_masked() -> None:
    assert EVENT.phone == "+998901238190"
    assert repr(EVENT) == (
        "CodeVerified(phone=<Phone +998 90 *** ** 90>, purpose=<Purpose.LOGIN: 'login'>)"
    )  # fmt: skip


@pytest.mark.parametrize("word", [*AttemptStatus, *DeliveryStatus, *Purpose])
def test_the_words_of_the_contract_are_texts(word: Any) -> None:
    assert f"{word}" == str(word) == word.value == word
    assert word.value == word.value.lower()


def test_deliveries_move_forward_only_to_their_ends() -> None:
    ranks = [DeliveryStatus(name).rank for name in ("pending", "unknown", "sent", "delivered", "failed")]
    assert ranks == [0, 1, 2, 3, 3]
    assert [status.value for status in DeliveryStatus if status.final] == ["delivered", "failed"]


def test_money_says_its_currency() -> None:
    assert str(Money(Decimal(50))) == "50 UZS"


# ------------------------------------------------------------------------------------------------------ errors


def test_the_tree_is_the_documented_one() -> None:
    """The drawing at the top of ``errors`` against the classes."""
    drawn: dict[str, str] = {}
    branch = "UzotpError"
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    (│   )?[├└]── (\w+)", line)
        if found:
            drawn[found[2]] = branch if found[1] else "UzotpError"
            branch = branch if found[1] else found[2]
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.UzotpError) and kind is not errors.UzotpError
    }
    assert drawn == real
    assert not issubclass(errors.ConfigurationError, errors.UzotpError)
    assert issubclass(errors.InvalidServiceName, errors.ConfigurationError)
    assert issubclass(errors.InvalidCode, errors.ConfigurationError)


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidPhone("empty", "no number was given"), errors.CountryNotAllowed("KZ"), errors.InvalidProof(),
        errors.InvalidServiceName("not allowed", "'", 2), errors.InvalidCode("short"), errors.StoreUnavailable("away"),
        errors.RateLimited(5, "phone 5/hour"), errors.SendingPaused(),
        OutcomeUnknown("devsms", "HTTP 500", sent=None, charged=None),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])
def test_errors_survive_pools_and_queues(error: errors.UzotpError, copied: Any) -> None:
    again = copied(error)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_refusal_carries_when_and_which() -> None:
    refusal = errors.RateLimited(5, "phone 5/hour")
    assert isinstance(refusal, Refused)
    assert (refusal.retry_after, refusal.quota) == (5, "phone 5/hour")
    assert str(refusal) == "not sent (phone 5/hour); try again in 5 s"
    assert str(errors.SendingPaused()) == "not sent (SendingPaused)"


def test_a_gateway_error_carries_what_became_of_message_and_money() -> None:
    error = OutcomeUnknown("devsms", "HTTP 500", sent=None, charged=None, retryable=False)
    assert (error.gateway, error.sent, error.charged, error.retryable) == ("devsms", None, None, False)
    assert (str(error), error.detail) == ("devsms: HTTP 500", "HTTP 500")
    assert str(errors.GatewayUnavailable("devsms")) == "devsms: GatewayUnavailable"


@pytest.mark.parametrize("told", ["998901238190", "+998 (90) 123-81-90", "90.123.81.90", "٩٩٨٩٠١٢٣٨١٩٠", "code 4930"])
def test_r43_what_a_gateway_says_is_redacted(told: str) -> None:
    error = GatewayError("devsms", f"no route to {told}!")
    for text in (str(error), repr(error), error.detail):
        assert not re.search(r"\d{4}|\d\d\W+\d\d", text)
        assert "***" in text


@pytest.mark.parametrize("forging", ["\n", "\r", "\r\n", "\x1b[2J", "\u2028", "\u202e", "\x00", "\x85", "\b"])
def test_what_a_gateway_says_is_one_line_that_can_be_printed(forging: str) -> None:
    error = GatewayError("devsms", f"no route{forging}ERROR root: all is lost")
    for text in (str(error), error.detail, str(error.args[0])):
        assert text.isprintable()
        assert "no route" in text


def test_short_numbers_are_kept_and_long_texts_cut() -> None:
    assert redact("HTTP 500 after 10 s") == "HTTP 500 after 10 s"
    assert len(redact("x" * 5000)) == 200


@given(st.text("0123456789 -().ab", max_size=60))
def test_r43_no_run_of_four_digits_survives(text: str) -> None:
    assert not re.search(r"\d(?:[\s\-().]*\d){3}", redact(text))


def test_invalid_phone_and_country_say_what_is_wrong_without_the_number() -> None:
    with pytest.raises(errors.InvalidPhone) as caught:
        Phone.parse("+998 71 200 81 90")
    assert "200" not in str(caught.value)
    assert str(errors.CountryNotAllowed("KZ")) == "SMS to KZ are not allowed by COUNTRIES"
    assert str(errors.CountryNotAllowed("")) == "SMS to numbers of no country are not allowed by COUNTRIES"
