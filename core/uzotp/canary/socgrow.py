"""socgrow.uz: numbers for rent, paid in so'm."""

from __future__ import annotations

from uzotp.canary import socgrow_wire as wire
from uzotp.canary.provider import Provider
from uzotp.canary.values import Country, NumberError, Rental, Sms
from uzotp.http import parse
from uzotp.ports.money import Money
from uzotp.privacy import Secret, veiled


class SocGrow(Provider):
    """A client of socgrow.uz; safe to share between threads.

    There is no call that gives a number back, none that lists what was bought, and no ceiling for a price (Q65).

    :param key: of the account.
    :param timeout: total seconds for one call.
    :param allow_insecure_http: lets ``base_url`` be plain http for another host than this machine.
    :raises ConfigurationError: for a setting that cannot work.
    """

    name = wire.NAME
    _complain = staticmethod(wire.complain)

    def __init__(
        self,
        key: str,
        base_url: str = "https://socgrow.uz/sms/v2",
        timeout: float = 10.0,
        *,
        allow_insecure_http: bool = False,
    ) -> None:
        super().__init__("key", key, base_url, timeout, allow_insecure_http)

    def balance(self, *, timeout: float | None = None) -> Money:
        """The account's money. :raises GatewayError:"""
        return self._ask(None, {"action": "getBalance"}, wire.read_balance, timeout)

    def countries(self, *, timeout: float | None = None) -> list[Country]:
        """What is on offer now, at this account's prices (V:26). :raises GatewayError:"""
        return self._ask(None, {"action": "countries"}, wire.read_countries, timeout)

    def rent(self, country: str, service: str | None = None, *, timeout: float | None = None) -> Rental:
        """Buy a number, once. The price may differ from that of :meth:`countries`, and is not given back (Q65).

        *country* is a code of :meth:`countries`, ``"uz"``; *service* what it is for, ``"telegram"`` (V:50-51).

        :raises OutcomeUnknown: the request left and no clear answer came. It may be paid for, and the number is
            lost: compare the balances, and do not simply ask again (Q89).
        :raises NumberError: no such country, or no number free; ``charged`` is ``None`` for words unknown to us.
        :raises GatewayError: any other subclass: nothing was bought.
        """
        if not isinstance(country, str) or not country.strip():
            raise ValueError('country is a code of countries(), such as "uz"')
        fields = {"action": "getnum", "code": country.strip().lower()}
        if service is not None:
            fields["service"] = service
        return self._ask(None, fields, wire.read_rental, timeout, question=False)

    def read(self, number: str, *, timeout: float | None = None) -> Sms | None:
        """The SMS that came to *number*, ``rental.phone``; ``None`` while there is none.

        Ask every 3-5 seconds, five minutes at most (V:75). A number is rented again and again, so this may be the
        SMS of whoever had it before: look for what you expect in it (Q60).

        :raises NumberError: ``code`` is ``"order_not_found"``. :raises GatewayError: the question failed.
        """
        number = Secret(parse.phone(veiled(number)) or "")  # with its plus, which this call does not take (Q59)
        if not number:
            raise ValueError("number is the phone of a rental")
        fields = {"action": "getsms", "number": Secret(number[1:])}
        try:
            return self._ask(None, fields, wire.read_sms, timeout)
        except NumberError as error:
            if error.word == wire.WAITING:
                return None
            raise
