"""devsms.uz: verification codes through its approved templates, its delivery reports and its account."""

from __future__ import annotations

from decimal import Decimal

from uzotp.errors import ConfigurationError, MessageRejected
from uzotp.gateways.devsms import MessageType, wire
from uzotp.http import parse
from uzotp.http.service import Service, check_text, settled
from uzotp.ports.delivery import DeliveryReport
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Balance, Money
from uzotp.sms.parts import parts
from uzotp.sms.prices import PriceColumn, price_for
from uzotp.sms.templates import check_service_name

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
        account: str = PriceColumn.LOCAL,
        allow_insecure_http: bool = False,
    ) -> None:
        rule = "DEVSMS_TOKEN is the token of your devsms.uz account, printable ASCII as it is shown there"
        check_text(token, rule, ascii=True)
        self.type = MessageType.of("DEVSMS_TYPE", type)
        self.account = PriceColumn.of("DEVSMS_ACCOUNT", account)
        if self.type == MessageType.UNIVERSAL_OTP:
            check_service_name(service_name)
        if not isinstance(sender, str) or not sender.strip():
            raise ConfigurationError("DEVSMS_SENDER is text; the default is 4546")
        self.service_name = service_name
        self.sender = sender
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
        if objection or price_for(message.phone) is None:
            raise MessageRejected(self.name, objection or _NOT_LISTED)
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

    def status(self, id: str | int, *, timeout: float | None = None) -> DeliveryReport:
        """Where the message with this ``id`` of a receipt stands (Q22).

        :raises MessageRejected: there is no such message. :raises GatewayError: the question failed.
        """
        answer = self._service.get("get_status.php", {"sms_id": str(id)}, timeout)
        return settled(wire.read_answer(answer, wire.read_report, "the status has no message id"))

    def history(
        self, limit: int = 50, offset: int = 0, status: str | None = None, *, timeout: float | None = None
    ) -> list[DeliveryReport]:
        """One page of the account's messages: at most 200, whatever *limit* is (D:101, Q20).

        *status* keeps the rows of that page that have it. It is not put to devsms, which knows three of its own
        words (Q19). The order is not documented; the page moves while messages are sent (Q21).
        """
        if limit < 1 or offset < 0:
            raise ValueError("limit is 1 or more, offset is 0 or more")
        asked = {"limit": min(limit, MAX_PAGE), "offset": offset}
        answer = self._service.get("get_history.php", asked, timeout)
        rows = settled(wire.read_answer(answer, wire.read_rows, "the reply has no history"))
        reports = [wire.read_report(row) for row in rows[: asked["limit"]]]  # whatever it was asked for (Q20)
        wanted = parse.status(status, wire.STATUSES)
        return [it for it in reports if it and it.id and (status is None or it.status is wanted)]

    def balance(self, *, timeout: float | None = None) -> Balance:
        """The account's money, the price of one part at home, and the counters. :raises GatewayError:"""
        answer = self._service.get("get_balance.php", timeout=timeout)
        return settled(wire.read_answer(answer, wire.read_balance, "the reply has no balance"))

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        """Read a delivery callback; ``None`` for anything else. It is not signed: treat it as a hint (Q12)."""
        return wire.read_callback(body)
