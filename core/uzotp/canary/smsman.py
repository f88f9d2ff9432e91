"""sms-man.com: numbers for rent, by country and by the service that is to write to them."""

from __future__ import annotations

from decimal import Decimal

from uzotp.canary import smsman_wire as wire
from uzotp.canary.provider import Provider
from uzotp.canary.values import Application, Availability, NumberError, Price, Rental, Sms
from uzotp.http import parse


class SMSMan(Provider):
    """A client of sms-man.com (API v2.0); safe to share between threads.

    Money is a bare ``Decimal``: sms-man does not say in which currency it counts, and we do not guess (Q78). Ids
    differ from what its page suggests: look them up with :meth:`countries` and :meth:`applications` (Q75).

    :param token: of the account.
    :param timeout: total seconds for one call.
    :param allow_insecure_http: lets ``base_url`` be plain http for another host than this machine.
    :raises ConfigurationError: for a setting that cannot work.
    """

    name = wire.NAME
    _complain = staticmethod(wire.complain)

    def __init__(
        self,
        token: str,
        base_url: str = "https://api.sms-man.com/control/",
        timeout: float = 10.0,
        *,
        allow_insecure_http: bool = False,
    ) -> None:
        super().__init__("token", token, base_url, timeout, allow_insecure_http)

    def balance(self, *, timeout: float | None = None) -> Decimal:
        """The account's money, in its own currency. :raises GatewayError:"""
        return self._ask("get-balance", {}, wire.read_balance, timeout)

    def limits(
        self, country_id: int | None = None, application_id: int | None = None, *, timeout: float | None = None
    ) -> list[Availability]:
        """How many numbers there are, everywhere or for what is given. :raises GatewayError:"""
        fields = _ids(country_id=country_id, application_id=application_id)
        return self._ask("limits", fields, wire.read_limits, timeout)

    def rent(self, country_id: int, application_id: int, *, timeout: float | None = None) -> Rental:
        """Buy a number, once. Both ids are required: without one sms-man would sell any number (Q76).

        :raises OutcomeUnknown: the request left and no clear answer came. It may be paid for, and the number is
            lost: compare the balances, and do not simply ask again (Q89).
        :raises NumberError: a refusal, with sms-man's own ``code``; none is documented, so ``charged`` is ``None``.
        :raises GatewayError: any other subclass: nothing was bought.
        """
        if country_id is None or application_id is None:
            raise TypeError("rent() takes a country_id and an application_id")
        fields = _ids(country_id=country_id, application_id=application_id)
        return self._ask("get-number", fields, wire.read_rental, timeout, question=False)

    def read(self, request_id: str | int, *, timeout: float | None = None) -> Sms | None:
        """The SMS that came for a rental's ``id``; ``None`` while there is none. Keep a deadline of your own (Q82).

        :raises NumberError: any code but ``wait_sms``: do not ask again (Q81). :raises GatewayError: it failed.
        """
        try:
            return self._ask("get-sms", _request(request_id), wire.read_sms, timeout)
        except NumberError as error:
            if error.word == wire.WAITING:
                return None
            raise

    def set_status(self, request_id: str | int, status: str, *, timeout: float | None = None) -> None:
        """Tell what became of a rental: ``ready``, ``close``, ``reject`` or ``used`` (M:100).

        Saying the same twice costs nothing, so a broken connection is tried once more.

        :raises ValueError: for any other word. :raises GatewayError: it was not taken.
        """
        if status not in wire.STATUSES:
            raise ValueError(f"a status is one of {', '.join(wire.STATUSES)}")
        fields = {**_request(request_id), "status": status}  # the page's table has lost this name (Q71)
        self._ask("set-status", fields, wire.read_done, timeout)

    def prices(self, country_id: int | None = None, *, timeout: float | None = None) -> dict[int, dict[int, Price]]:
        """``{country id: {application id: (cost, count)}}``. :raises GatewayError:"""
        return self._ask("get-prices", _ids(country_id=country_id), wire.read_prices, timeout)

    def countries(self, *, timeout: float | None = None) -> dict[int, str]:
        """Titles by id, ``{0: "Russia"}``. :raises GatewayError:"""
        return self._ask("countries", {}, wire.read_countries, timeout, wire.load_list)

    def applications(self, *, timeout: float | None = None) -> dict[int, Application]:
        """What numbers are rented for, by id. :raises GatewayError:"""
        return self._ask("applications", {}, wire.read_applications, timeout, wire.load_list)


def _ids(**ids: int | None) -> dict[str, str | int]:
    """The ids that were given: 0 is a country like any other (Q74)."""
    for name, id in ids.items():
        if id is not None and (isinstance(id, bool) or not isinstance(id, int) or id < 0):
            raise ValueError(f"{name} is a whole number, 0 or more")
    return {name: id for name, id in ids.items() if id is not None}


def _request(request_id: str | int) -> dict[str, str | int]:
    word = parse.identifier(request_id)
    if word is None:
        raise ValueError("request_id is the id of a rental")
    return {"request_id": word}
