"""The adapters: both real clients behind the canary's port, over real sockets."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from tests.core.canary import samples
from tests.core.conftest import Site
from tests.core.gateways.canned import URL, canned
from uzotp.canary.provider import NumberError, Rental
from uzotp.canary.providers import LISTS_KEPT, SMSManNumbers, SocGrowNumbers, english_name
from uzotp.canary.run import CanaryReport, canary
from uzotp.canary.smsman import SMSMan
from uzotp.canary.socgrow import SocGrow
from uzotp.phones import Phone
from uzotp.ports.money import Money
from uzotp.testing import faults
from uzotp.testing.faults import Connection, FaultServer, answer

NUMBER = "+998901238190"
NOT_A_LOOKUP = ("get-number", "get-sms", "set-status", "get-balance")


class Service:
    """A provider's side of the wire: ``reply(request)`` answers, and every second reply may be lost."""

    def __init__(self, reply: Callable[[str, dict[str, str]], bytes], lose: Callable[[int], bool]) -> None:
        self.reply, self.lose = reply, lose
        self.calls: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def served(self) -> Iterator[str]:
        def script(connection: Connection) -> bool | None:
            request = server.requests[-1]
            fields = dict(parse_qsl(request.body.decode()))
            path = request.target.rpartition("/")[2]
            self.calls.append((fields.pop("action", path), fields))
            body = self.reply(*self.calls[-1])
            if self.lose(len(self.calls)):
                return faults.reset(connection)
            return answer(body)(connection)

        with FaultServer(script) as server:
            yield server.url

    def count(self, call: str) -> int:
        return sum(name == call for name, _ in self.calls)


def never(count: int) -> bool:
    return False


def socgrow_replies(site: Site) -> Callable[[str, dict[str, str]], bytes]:
    def reply(action: str, fields: dict[str, str]) -> bytes:
        if action == "getsms":
            if not site.outbox.messages:
                return samples.SOCGROW_WAITING
            return samples.SOCGROW_SMS.replace(b"29399", site.outbox.last.code.encode())
        rented = samples.SOCGROW_RENTED.replace(b"+998901234567", NUMBER.encode())
        return {"getBalance": samples.SOCGROW_BALANCE, "countries": samples.SOCGROW_COUNTRIES, "getnum": rented}[action]

    return reply


COUNTRIES = b"""[{'id':0,'title':"Russia"}, {'id':40,'title':"Uzbekistan "}]"""
PRICES = b'{"40":{"3":{"cost":"15.50","count":3},"2":{"cost":"50","count":0}},"0":{"3":{"cost":"1","count":9}}}'


def smsman_replies(site: Site | None = None) -> Callable[[str, dict[str, str]], bytes]:
    def reply(path: str, fields: dict[str, str]) -> bytes:
        if path == "get-sms":
            if site is None or not site.outbox.messages:
                return samples.SMSMAN_WAITING
            row = {"request_id": 77, "number": NUMBER[1:], "sms_code": site.outbox.last.code}
            return json.dumps(row).encode()
        return {
            "get-balance": samples.SMSMAN_BALANCE,
            "countries": COUNTRIES,
            "applications": samples.SMSMAN_APPLICATIONS.replace(b'"vk"', b'""'),
            "get-prices": PRICES,
            "get-number": json.dumps({"request_id": 77, "number": NUMBER[1:]}).encode(),
            "set-status": b'{"request_id":77,"success":true}',
        }[path]

    return reply


def run(site: Site, provider: SocGrowNumbers | SMSManNumbers) -> CanaryReport:
    return canary(
        site.verifier, provider, country="uz", max_price=Decimal(11780), sleep=lambda it: site.clock.advance(it)
    )


# ----------------------------------------------------------------------------------------------------- whole canaries


@pytest.mark.parametrize("odd", [0, 1])
def test_canary_on_socgrow_with_every_second_reply_lost(site: Site, odd: int) -> None:
    """Whichever replies are lost, one number is bought: if it is the purchase's, the canary stops there."""
    service = Service(socgrow_replies(site), lambda count: count % 2 == odd)
    with service.served() as url:
        report = run(site, SocGrowNumbers(SocGrow("key", url), "telegram"))
    assert service.count("getnum") == 1
    bought = {"key": "key", "code": "uz", "service": "telegram"}
    assert ("getnum", bought) in service.calls
    lost = service.lose(1 + next(i for i, (name, _) in enumerate(service.calls) if name == "getnum"))
    assert report.ok is not lost
    assert report.number_cost == (None if lost else Money(Decimal("11780.00")))
    assert ("compare the balances" in report.detail) is lost
    assert report.balance_after == Money(Decimal("50000.5"))


def test_canary_on_socgrow_loses_each_call_once(make_site: Callable[..., Site]) -> None:
    """Both outcomes of the test above do occur, and no call but the purchase minds."""
    endings = []
    for lost in range(1, 8):
        site = make_site()
        service = Service(socgrow_replies(site), lambda count, lost=lost: count == lost)
        site.outbox.clear()
        with service.served() as url:
            report = run(site, SocGrowNumbers(SocGrow("key", url)))
        assert service.count("getnum") == 1
        endings.append(report.ok)
        site.clock.advance(7200)
    assert endings == [True, True, False, True, True, True, True]


@pytest.mark.parametrize("lost", [never, lambda count: count % 2 == 1])
def test_canary_on_smsman(site: Site, lost: Callable[[int], bool]) -> None:
    service = Service(smsman_replies(site), lost)
    with service.served() as url:
        report = run(site, SMSManNumbers(SMSMan("token", url + "/control"), "tg"))
    assert service.count("get-number") == 1
    if lost is never:
        assert report
        assert (report.number_cost, report.balance_before) == (
            Money(Decimal("15.50"), ""),
            Money(Decimal("799.70"), ""),
        )
        [told] = [fields for name, fields in service.calls if name == "set-status"]
        assert told == {"token": "token", "request_id": "77", "status": "close"}
        assert [name for name, _ in service.calls if name not in NOT_A_LOOKUP] == [
            "countries", "applications", "get-prices",
        ]  # fmt: skip


def test_canary_on_smsman_rejects_a_number_on_which_nothing_came(site: Site) -> None:
    service = Service(smsman_replies(), never)
    with service.served() as url:
        assert not run(site, SMSManNumbers(SMSMan("token", url), "tg"))
    [told] = [fields for name, fields in service.calls if name == "set-status"]
    assert told["status"] == "reject"
    assert service.count("get-sms") == 76


# ----------------------------------------------------------------------------------------------------------- adapters


@pytest.mark.parametrize(("country", "price"), [("uz", 11780), ("UZ", 11780), ("RU", 9430), ("kz", None)])
def test_socgrow_quotes_by_code(country: str, price: int | None) -> None:
    with canned(samples.SOCGROW_COUNTRIES):
        quote = SocGrowNumbers(SocGrow("key", URL)).quote(country)
    assert quote == (Money(Decimal(price)) if price else None)


def test_socgrow_quotes_nothing_that_is_sold_out() -> None:
    with canned(samples.SOCGROW_COUNTRIES.replace(b"6450", b"0")):
        assert SocGrowNumbers(SocGrow("key", URL)).quote("uz") is None


def test_socgrow_releases_nothing_because_it_cannot() -> None:
    with FaultServer(answer(b"")) as server:
        numbers = SocGrowNumbers(SocGrow("key", server.url))
        numbers.release(Rental("socgrow", None, Phone(NUMBER)), received=True)
    assert server.requests == []


@pytest.mark.parametrize(
    ("application", "price"),
    [("tg", "15.50"), ("Telegram", "15.50"), ("TELEGRAM", "15.50"), ("wb", None), ("vkontakte", None)],
)
def test_q75_smsman_ids_are_looked_up(application: str, price: str | None) -> None:
    service = Service(smsman_replies(), never)
    with service.served() as url:
        numbers = SMSManNumbers(SMSMan("token", url), application)
        assert numbers.quote("uz") == (Money(Decimal(price), "") if price else None)
        assert numbers.rent("uz") == Rental("sms-man", "77", Phone(NUMBER))
    assert [service.count(name) for name in ("countries", "applications", "get-number")] == [1, 1, 1]
    id = {"wb": "2", "vkontakte": "1"}.get(application, "3")
    assert service.calls[-1][1] == {"token": "token", "country_id": "40", "application_id": id}


def test_q75_smsman_s_ids_are_kept_for_an_hour_and_its_prices_for_no_time() -> None:
    now = [0.0]
    service = Service(smsman_replies(), never)
    with service.served() as url:
        numbers = SMSManNumbers(SMSMan("token", url), "tg", timer=lambda: now[0])
        for later, lookups in ((0, 1), (LISTS_KEPT - 1, 1), (LISTS_KEPT, 2)):
            now[0] = later
            assert numbers.quote("uz")
            assert [service.count(name) for name in ("countries", "applications")] == [lookups, lookups]
    assert service.count("get-prices") == 3


def test_q74_smsman_s_country_0_is_one() -> None:
    service = Service(smsman_replies(), never)
    with service.served() as url:
        assert SMSManNumbers(SMSMan("token", url), "tg").quote("ru") == Money(Decimal(1), "")
    assert service.calls[-1] == ("get-prices", {"token": "token", "country_id": "0"})


@pytest.mark.parametrize(
    ("application", "title", "country", "words"),
    [
        ("tg", None, "kz", "no country titled 'Kazakhstan'"),
        ("tg", "O'zbekiston", "uz", 'no country titled "O.zbekiston"'),
        ("tg", None, "xx", "no country titled 'xx'"),
        ("whatsapp", None, "uz", "no application 'whatsapp': there are . names and codes, as .*telegram"),
        ("", None, "uz", "no application ''"),
    ],
)
def test_what_smsman_does_not_have_is_named(application: str, title: str | None, country: str, words: str) -> None:
    service = Service(smsman_replies(), never)
    with service.served() as url, pytest.raises(NumberError, match=words):
        SMSManNumbers(SMSMan("token", url), application, title).quote(country)


def test_a_title_of_smsman_s_own() -> None:
    service = Service(smsman_replies(), never)
    with service.served() as url:
        assert SMSManNumbers(SMSMan("token", url), "tg", title="Uzbekistan").quote("??")


@pytest.mark.parametrize(
    ("country", "name"), [("uz", "Uzbekistan"), ("RU", "Russia"), ("kz", "Kazakhstan"), ("xx", ""), ("", "")]
)
def test_english_names(country: str, name: str) -> None:
    assert english_name(country) == name


def test_every_lost_pattern_buys_once(make_site: Callable[..., Site]) -> None:
    """The first six calls lost or not, in all 64 ways."""
    for pattern in itertools.product([False, True], repeat=6):
        site = make_site()
        site.outbox.clear()
        service = Service(
            smsman_replies(site), lambda count, pattern=pattern: count <= len(pattern) and pattern[count - 1]
        )
        with service.served() as url:
            run(site, SMSManNumbers(SMSMan("token", url), "tg"))
        assert service.count("get-number") <= 1
        site.clock.advance(7200)
