"""devsms.uz: verification codes through its approved templates, its delivery reports and its account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

from uzotp.errors import ConfigurationError, MessageRejected
from uzotp.gateways.devsms import wire
from uzotp.http import parse
from uzotp.http.service import Service, check_text, settled
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.sms.parts import parts
from uzotp.sms.prices import price_for
from uzotp.sms.templates import check_service_name

T = TypeVar("T")

#: Rows of the history that devsms gives at most at once (D:101, Q20).
MAX_PAGE = 200

_NOT_LISTED = "the number's country is not in the price table: no SMS go there"  # Q35


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
        check_text(
            token,
            "DEVSMS_TOKEN is the token of your devsms.uz account, printable ASCII as it is shown there",
            ascii=True,
        )
        if type not in wire.TYPES:
            raise ConfigurationError(f"DEVSMS_TYPE is one of {', '.join(wire.TYPES)}")
        if account not in ("local", "foreign"):
            raise ConfigurationError("DEVSMS_ACCOUNT is local or foreign: the column of the price table that you pay")
        if type == "universal_otp":
            check_service_name(service_name)
        if not isinstance(sender, str) or not sender.strip():
            raise ConfigurationError("DEVSMS_SENDER is text; the default is 4546")
        self.service_name = service_name
        self.sender = sender
        self.type = type
        self.account = account
        self._service = Service(
            self.name,
            base_url,
            {"Authorization": f"Bearer {token}"},
            secrets=(token,),
            timeout=timeout,
            allow_insecure_http=allow_insecure_http,
            setting="DEVSMS_BASE_URL",
            opt_in="allow_insecure_http=True (in development, DEBUG allows it)",
        )
        self.base_url = self._service.base_url
        self.timeout = timeout

    def __repr__(self) -> str:
        return f"<DevSMS {self.type} at {self.base_url}>"

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
        body = wire.build_send(message, type, self.service_name, self.sender)
        return settled(wire.read_send(self._service.post_json("send_sms.php", body, timeout)))

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
        return self._ask("get_status.php", asked, wire.read_report, "the status has no message id", timeout)

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
        return self._ask("get_balance.php", {}, wire.read_balance, "the reply has no balance", timeout)

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        """Read a delivery callback; ``None`` for anything else. It is not signed: treat it as a hint (Q12)."""
        return wire.read_callback(body)

    def _page(self, limit: int, offset: int, timeout: float | None) -> tuple[list[DeliveryReport], int]:
        """The readable rows of a page, and how many rows it had."""
        if limit < 1 or offset < 0:
            raise ValueError("limit is 1 or more, offset is 0 or more")
        limit = min(limit, MAX_PAGE)
        asked = {"limit": limit, "offset": offset}
        rows = self._ask("get_history.php", asked, wire.read_rows, "the reply has no history", timeout)
        rows = rows[:limit]  # whatever it was asked for (Q20)
        return [report for row in rows if (report := wire.read_report(row)) and report.id], len(rows)

    def _ask(
        self,
        path: str,
        params: dict[str, Any],
        read: Callable[[dict[str, Any]], T | None],
        nothing: str,
        timeout: float | None,
    ) -> T:
        """What *read* finds in the answer to a question; *nothing* says what is missing where it finds nothing."""
        return settled(wire.read_answer(self._service.get(path, params, timeout), read, nothing))


def _has(report: DeliveryReport, status: str | None) -> bool:
    return status is None or report.status is (
        status if isinstance(status, DeliveryStatus) else parse.status(status, wire.STATUSES)
    )
