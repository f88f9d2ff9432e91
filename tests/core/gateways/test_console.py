"""The console gateway: the code where the developer looks, and never in production."""

from __future__ import annotations

import pytest

from uzotp import Console
from uzotp.errors import ConfigurationError
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.gateway import Gateway, Message, ReportingGateway
from uzotp.privacy import Secret


def test_code_is_printed_framed_with_a_masked_phone(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    receipt = console.send(Message(Phone.parse("+998901234567"), Secret("493021"), Purpose.LOGIN), timeout=1)
    out, err = capsys.readouterr()
    assert out == ""
    above, line, below, _ = err.split("\n")
    assert line == "| uzotp console | to +998 90 *** ** 67 | login: 493021 |"
    assert above == below
    assert len(above) == len(line)
    assert (receipt.gateway, receipt.status, receipt.cost) == ("console", DeliveryStatus.SENT, None)


def test_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    Console().send(Message.text_only("+998901234567", "Salom!"))
    assert "text: Salom! |" in capsys.readouterr().err


def test_each_message_has_its_own_id() -> None:
    message = Message.text_only("+998901234567", "Salom!")
    assert len({Console().send(message).id for _ in range(20)}) == 20


def test_production_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match="DEVSMS_TOKEN"):
        Console(production=True)


def test_it_is_a_gateway_that_reports_nothing() -> None:
    assert isinstance(Console(), Gateway)
    assert not isinstance(Console(), ReportingGateway)
    assert repr(Console()) == "<Console>"
