"""Delivery callbacks: anybody may post anything there, and it is a hint or nothing (P10, P12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from uzotp.ports.delivery import DeliveryReport
from uzotp.testing.gateway_contract.hooks import GatewayHooks
from uzotp.testing.gateway_contract.replies import GARBAGE, odd_ones

#: The endpoint lets no more than this through.
_MOST = 16 * 1024

_HOSTILE = (
    b"",
    b" ",
    b"=",
    b"&" * _MOST,
    b"status",
    b"status=delivered",
    b"id=%00&status=%ff",
    b"[" * _MOST,
    b'{"status": 1}',
    b'{"id": [1], "status": {}}',
    b'{"id": "' + b"9" * 5000 + b'", "status": "delivered"}',
    b"<xml/>",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"x" * _MOST,
    *GARBAGE,
)


class CallbackTests(GatewayHooks):
    def test_a_callback_of_the_service_is_a_report(self) -> None:
        parse = self._parser()
        assert self.callback, "say in callback how your service reports a delivery"
        report = parse(self.callback)
        assert report is not None
        assert report.id
        self.assert_report(report, self.make("http://127.0.0.1:9").name)

    def test_p12_any_bytes_are_a_report_or_nothing(self) -> None:
        parse = self._parser()
        name = self.make("http://127.0.0.1:9").name
        cuts = (self.callback[:end] for end in range(0, len(self.callback), 3))
        for body in (*_HOSTILE, *cuts, *odd_ones(self.callback)):
            try:
                report = parse(body[:_MOST])
            except Exception as error:
                pytest.fail(f"parse_callback({body[:40]!r}) raised a {type(error).__name__}")
            if report is not None:
                self.assert_report(report, name)

    def _parser(self) -> Callable[[bytes], DeliveryReport | None]:
        parse: Callable[[bytes], DeliveryReport | None] | None = getattr(
            self.make("http://127.0.0.1:9"), "parse_callback", None
        )
        if parse is None:
            pytest.skip("this gateway reads no callbacks")
        return parse
