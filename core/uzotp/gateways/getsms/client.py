"""getsms.uz: any text by SMS, one message or a hundred in a call, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from time import monotonic

from uzotp.errors import (
    AuthenticationFailed,
    ConfigurationError,
    GatewayError,
    GatewayUnavailable,
    InvalidPhone,
    MessageRejected,
)
from uzotp.gateways.getsms import wire
from uzotp.http.service import Service, check_text, settled
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.money import Money
from uzotp.privacy import veiled
from uzotp.sms.parts import parts


class GetSMS:
    """A :class:`~uzotp.ports.gateway.Gateway` over getsms.uz; safe to share between threads.

    It sends ``message.text`` and nothing else: it has no templates. It answers only calls from IP addresses that you
    told its support (G:11). Its documented address is plain http to a bare IP, where anyone on the way reads login,
    password and codes (Q50): it is refused unless you insist. Give an https address or a tunnel where you have one,
    and a password that nothing else uses.

    :param login: and *password*, as getsms gave them; sent in the body of each call.
    :param nickname: one of the account's alpha names; without one the SMS comes from a short number (G:47).
    :param base_url: where to send; the final slash may be left out.
    :param allow_insecure_http: lets ``base_url`` be plain http for another host than this machine.
    :param timeout: total seconds for one call, from the look-up of the name to the last byte.
    :param service_name: kept for whoever composes the texts; 1-50 printable characters.
    :param price: whole UZS for one part, for :meth:`quote`: getsms shows no prices.
    :raises ConfigurationError: for a setting that cannot work.
    """

    name = wire.NAME

    def __init__(
        self,
        login: str,
        password: str,
        nickname: str | None = None,
        base_url: str = "http://185.8.212.184/smsgateway/",
        allow_insecure_http: bool = False,
        timeout: float = 10.0,
        *,
        service_name: str | None = None,
        price: int | None = None,
    ) -> None:
        check_text(login, "GETSMS_LOGIN is the login that getsms.uz gave you, printable text")
        check_text(password, "GETSMS_PASSWORD is the password that getsms.uz gave you, printable text")
        if nickname is not None:
            check_text(nickname, "GETSMS_NICKNAME is one of the alpha names of your account, or left out")
        if service_name is not None:
            check_text(service_name, "the service name of getsms is text, 1 to 50 printable characters", limit=50)
        if price is not None and (type(price) is not int or price < 1):
            raise ConfigurationError("GETSMS_PRICE is whole so'm for one SMS part, 1 or more")
        self.nickname = nickname
        self.service_name = service_name
        self.price = price
        self._service = Service(
            self.name,
            base_url,
            credentials={"login": login, "password": password},
            timeout=timeout,
            allow_insecure_http=allow_insecure_http,
            setting="GETSMS_BASE_URL",
            opt_in="GETSMS_ALLOW_INSECURE_HTTP (allow_insecure_http=True)",
        )
        self.base_url = self._service.base_url
        self.timeout = timeout

    def __repr__(self) -> str:
        return f"<GetSMS at {self.base_url}>"

    # The frames below hold no code and no password in plain: replies come as values, errors are raised from here.

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Send the text of *message*, once. The receipt's ``id`` is for :meth:`status`; it shows no money.

        :raises MessageRejected: getsms, or this client before anything left, does not take the message.
        :raises OutcomeUnknown: the request left and no clear answer came. It cannot be looked for: the id was in
            the answer.
        :raises GatewayError: any other subclass: certainly not sent.
        """
        if objection := wire.objection(message):
            raise MessageRejected(self.name, objection)
        return settled(self._call([message], timeout)[0])

    def send_many(
        self, messages: Iterable[tuple[str, str]], *, timeout: float | None = None
    ) -> list[Receipt | GatewayError | InvalidPhone]:
        """Send (phone, text) pairs, each once, in calls of a hundred (G:62); *timeout* is for each call.

        The list answers the pairs in their order, a receipt or an error as a value; nothing is raised. A pair that
        cannot go is answered here, and spoils no other. A call whose answer is lost is :class:`OutcomeUnknown` for
        all of its messages (Q56), and the next one is tried all the same: never send such a list again as a whole.
        When getsms cannot be reached or does not accept the login, the rest is not tried, and has that same error.
        """
        answers: list[Receipt | GatewayError | InvalidPhone | Message] = [wire.compose(pair) for pair in messages]
        ready = [(place, message) for place, message in enumerate(answers) if isinstance(message, Message)]
        hopeless: GatewayError | None = None
        for start in range(0, len(ready), wire.MAX_CHUNK):
            places, chunk = zip(*ready[start : start + wire.MAX_CHUNK], strict=True)
            outcomes = [hopeless] * len(chunk) if hopeless else self._call(chunk, timeout)
            for place, outcome in zip(places, outcomes, strict=True):
                answers[place] = outcome
                if isinstance(outcome, (GatewayUnavailable, AuthenticationFailed)):
                    hopeless = outcome
        return [answer for answer in answers if not isinstance(answer, Message)]

    def status(
        self,
        request_id: str | int,
        *,
        message_id: str | int | None = None,
        phone: str | None = None,
        timeout: float | None = None,
    ) -> DeliveryReport:
        """Where a message stands, by the ``id`` of its receipt, or by a ``request_id``.

        A ``request_id`` alone may stand for several messages (Q45, Q46): *message_id* or *phone* say which. The
        report's ``id`` is what was asked with.

        :raises ValueError: there is no id in *request_id*. :raises InvalidPhone: of *phone*.
        :raises MessageRejected: there is no such message.
        :raises GatewayError: the question failed; ``GatewayUnavailable`` also when no one row is about the message.
        """
        phone = veiled(phone)
        wanted = None if phone is None else Phone.parse(phone)
        request_id, of_key = wire.split_key(str(request_id).strip())
        if not request_id:
            raise ValueError("status() takes the id of a receipt, or a request_id")
        message = of_key if message_id is None else str(message_id)
        started, seconds = monotonic(), self._service.seconds(timeout)
        answer = self._service.post_form("status/", wire.build_status(request_id), seconds, question=True)
        if wire.wants_spaced_key(answer):
            left = seconds - (monotonic() - started)
            answer = self._service.post_form("status/", wire.build_status(request_id, spaced=True), left, question=True)
        return settled(wire.read_status(answer, request_id, message, wanted))

    def quote(self, message: Message) -> Money | None:
        """What *message* will cost by the configured price; ``None`` without a price or a text."""
        if self.price is None or not message.text:
            return None
        return Money(Decimal(self.price * parts(message.text)))

    def _call(self, messages: Sequence[Message], timeout: float | None) -> list[Receipt | GatewayError]:
        """One call: exactly one slash ends the address, for another would be redirected (Q53)."""
        return wire.read_send(self._service.post_form("", wire.build_send(messages, self.nickname), timeout), messages)
