"""devsms.uz: verification codes through its approved templates, its delivery reports and its account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from uzotp.errors import ConfigurationError, GatewayError, MessageRejected
from uzotp.gateways.devsms import wire
from uzotp.http.client import Client, check_base_url
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.privacy import Secret
from uzotp.sms.parts import parts
from uzotp.sms.prices import price_for
from uzotp.sms.templates import check_service_name

if TYPE_CHECKING:
    from requests import PreparedRequest

#: Rows of the history that devsms gives at most at once (D:101, Q20).
MAX_PAGE = 200

_NOT_LISTED = "the number's country is not in the price table: no SMS go there"  # Q35
#: What a header can carry as it is.
_TOKEN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?", re.ASCII)


class DevSMS:
    """A :class:`~uzotp.ports.gateway.ReportingGateway` over devsms.uz; safe to share between threads.

    :param token: of the account; sent as ``Authorization: Bearer``.
    :param service_name: the name people know your service by, 2-50 letters, digits, spaces, dots and hyphens. devsms
        has it moderated and **charges for a name that is refused** (Q1): required for ``universal_otp``.
    :param sender: what the SMS comes from; the templates may not heed it (Q23).
    :param timeout: total seconds for one call, from the look-up of the name to the last byte.
    :param type: ``universal_otp``, or ``eskiz`` / ``simple`` to send texts of your own (approved by devsms). For
        these a code message without a text gets the wording of the template.
    :param account: which column of the price table the account pays, ``local`` or ``foreign`` (D:239).
    :param allow_insecure_http: lets ``base_url`` be plain http for another host than this machine.
    :raises ConfigurationError: for a setting that cannot work.
    """

    name = wire.NAME

    def __init__(
        self,
        token: str,
        service_name: str | None = None,
        base_url: str = "https://devsms.uz/api",
        sender: str = "4546",
        timeout: float = 10.0,
        *,
        type: str = "universal_otp",
        account: str = "local",
        allow_insecure_http: bool = False,
    ) -> None:
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ConfigurationError(
                "DEVSMS_TOKEN is the token of your devsms.uz account, printable ASCII as it is shown there"
            )
        if type not in wire.TYPES:
            raise ConfigurationError(f"DEVSMS_TYPE is one of {', '.join(wire.TYPES)}")
        if account not in ("local", "foreign"):
            raise ConfigurationError("DEVSMS_ACCOUNT is local or foreign: the column of the price table that you pay")
        if type == "universal_otp":
            check_service_name(service_name)
        if not isinstance(sender, str) or not sender.strip():
            raise ConfigurationError("DEVSMS_SENDER is text; the default is 4546")
        if not 0 < timeout <= 120:
            raise ConfigurationError("the timeout of devsms is seconds, more than 0 and at most 120")
        self.service_name = service_name
        self.base_url = check_base_url(
            "DEVSMS_BASE_URL",
            base_url,
            allow_insecure_http=allow_insecure_http,
            opt_in="allow_insecure_http=True (in development, DEBUG allows it)",
        )
        self.sender = sender
        self.timeout = timeout
        self.type = type
        self.account = account
        self._token = Secret(token)
        self._http = Client(self.base_url, self._authorize)

    def __repr__(self) -> str:
        return f"<DevSMS {self.type} at {self.base_url}>"

    def _authorize(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = "Bearer " + self._token
        return request

    # The frames below hold no code and no token in plain: replies come as values, errors are raised from here.

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Send *message*, once. ``status`` of the receipt is ``sent``: devsms took it, no more (Q4).

        A message without a purpose is sent as text (``eskiz``) even when templates are configured.

        :raises MessageRejected: devsms, or this client before anything left, does not take the message.
        :raises OutcomeUnknown: the request left and no clear answer came: it may be on its way, and paid.
        :raises ServiceNameRejected: nothing was sent, and it was charged.
        :raises GatewayError: any other subclass: certainly not sent.
        """
        type = wire.type_of(message, self.type)
        objection = wire.objection(message, type, self.service_name)
        if objection:
            raise MessageRejected(self.name, objection)
        if price_for(message.phone) is None:
            raise MessageRejected(self.name, _NOT_LISTED)
        reply = self._http.post(
            "send_sms.php",
            _encode(wire.build_send(message, type, self.service_name, self.sender)),
            "application/json",
            self._seconds(timeout),
        )
        outcome = wire.read_send(reply, self._token)
        if isinstance(outcome, GatewayError):
            raise outcome
        return outcome

    def quote(self, message: Message) -> Money:
        """What *message* will cost by the table: an estimate, for ``total_cost`` of the receipt is the truth (Q5).

        :raises MessageRejected: the country is not in the table, so devsms would refuse it (Q35).
        """
        price = price_for(message.phone, self.account)
        if price is None:
            raise MessageRejected(self.name, _NOT_LISTED)
        return Money(Decimal(price * parts(wire.text_of(message, self.type, self.service_name))))

    def status(
        self, id: str | int | None = None, *, request_id: str | None = None, timeout: float | None = None
    ) -> DeliveryReport:
        """Where a message stands, by the receipt's ``id`` or (second best) its ``request_id``; exactly one (Q22).

        :raises MessageRejected: there is no such message. :raises GatewayError: the question failed.
        """
        if (id is None) == (request_id is None):
            raise TypeError("status() takes an id or a request_id, one of them")
        asked = {"sms_id": str(id)} if id is not None else {"request_id": str(request_id)}
        report = wire.read_report(self._read("get_status.php", asked, timeout))
        if report is None:
            raise wire.unreadable("the status has no message id")
        return report

    def history(
        self, limit: int = 50, offset: int = 0, status: str | None = None, *, timeout: float | None = None
    ) -> list[DeliveryReport]:
        """One page of the account's messages: at most 200, whatever *limit* is.

        *status* keeps the rows of that page that have it. It is not put to devsms, which knows three of its own
        words (Q19). The order is not documented; the page moves while messages are sent (Q21).
        """
        reports = self._page(limit, offset, timeout)[0]
        return [report for report in reports if _has(report, status)]

    def history_all(self, max_rows: int = 1000, status: str | None = None) -> Iterator[DeliveryReport]:
        """Every message once, page by page, until the history or *max_rows* of it are read.

        Rows that come again because the list grew meanwhile are left out (Q21).
        """
        seen: set[str | None] = set()
        offset = 0
        while offset < max_rows:
            reports, rows = self._page(min(MAX_PAGE, max_rows - offset), offset, None)
            fresh = [report for report in reports if report.id not in seen]
            if not fresh:
                return
            seen.update(report.id for report in fresh)
            offset += rows
            yield from (report for report in fresh if _has(report, status))

    def balance(self, *, timeout: float | None = None) -> Balance:
        """The account's money, the price of one part at home, and the counters. :raises GatewayError:"""
        balance = wire.read_balance(self._read("get_balance.php", {}, timeout))
        if balance is None:
            raise wire.unreadable("the reply has no balance")
        return balance

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        """Read a delivery callback; ``None`` for anything else. It is not signed: treat it as a hint (Q12)."""
        return wire.read_callback(body)

    def _page(self, limit: int, offset: int, timeout: float | None) -> tuple[list[DeliveryReport], int]:
        """The readable rows of a page, and how many rows it had."""
        if limit < 1 or offset < 0:
            raise ValueError("limit is 1 or more, offset is 0 or more")
        data = self._read("get_history.php", {"limit": min(limit, MAX_PAGE), "offset": offset}, timeout)
        rows = data.get("history")
        if not isinstance(rows, list):
            raise wire.unreadable("the reply has no history")
        rows = rows[: min(limit, MAX_PAGE)]  # whatever it was asked for (Q20)
        return [report for row in rows if (report := wire.read_report(row)) and report.id], len(rows)

    def _read(self, path: str, params: dict[str, Any], timeout: float | None) -> dict[str, Any]:
        data = wire.read_data(self._http.get(path, params, self._seconds(timeout)), self._token)
        if isinstance(data, GatewayError):
            raise data
        return data

    def _seconds(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else min(timeout, self.timeout)


def _encode(body: dict[str, str | int]) -> bytes:
    return json.dumps(body).encode()


def _has(report: DeliveryReport, status: str | None) -> bool:
    return status is None or report.status is (status if isinstance(status, DeliveryStatus) else wire.status_of(status))
