"""``text`` and ``prices``: what people read, what it costs; nobody is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.core.shop import SOUND_SETTINGS, Done, Shop
from uzotp.cli import main
from uzotp.errors import ConfigurationError
from uzotp.settings.config import Config


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run one command without any settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UZOTP_CONFIG", raising=False)

    def alone(*argv: str) -> Done:
        capsys.readouterr()
        status = main(argv)
        return Done(status, *capsys.readouterr())

    return alone


class Unreadable:
    """A project whose settings cannot be read: what needs none must not ask for them."""

    production = True

    @property
    def config(self) -> Config:
        raise ConfigurationError("TTL is a whole number")

    verifier: Any = config


def with_settings(make_site: Callable[..., Any], **changes: Any) -> Shop:
    return Shop(make_site().verifier, Config.from_mapping(SOUND_SETTINGS | changes))


# --------------------------------------------------------------------------------------------------------- text


def test_text_shows_every_text_with_its_parts_and_price(run: Callable[..., Done]) -> None:
    done = run("text")
    assert (done.status, done.err) == (0, "")
    templates, own = done.out.split("Own texts, for plain SMS:\n")
    assert templates.startswith("devsms's approved templates, always in Uzbek")
    assert templates.count("uz, GSM-7, 1 part, devsms 50 so'm\n      MyService tizimi: TechShop ") == 4
    assert own.count(", 1 part, devsms 50 so'm\n") == 12
    assert own.count(", uz, GSM-7, ") == own.count(", en, GSM-7, ") == own.count(", ru, UCS-2, ") == 4
    assert "  login, en, GSM-7, 1 part, devsms 50 so'm\n      Your TechShop login code: 000000. Do not " in own


def test_text_names_the_character_that_makes_it_dear(run: Callable[..., Done]) -> None:
    out = run("text", "--purpose", "login", "--language", "ru").out
    assert '    not GSM-7: "в" (CYRILLIC SMALL LETTER VE, U+0432) at position 11\n' in out
    out = run("text", "--purpose", "login", "--language", "uz", "--name", "Дўкон савдо марказлари ва бозор").out
    assert "UCS-2, 2 parts, devsms 100 so'm\n      MyService" in out
    assert "UCS-2, 1 part, devsms 50 so'm\n      Дўкон савдо" in out
    assert '"Д" (CYRILLIC CAPITAL LETTER DE, U+0414) at position 1\n' in out
    assert "not GSM-7" not in run("text", "--language", "en").out


def test_text_without_settings_needs_a_name(alone: Callable[..., Done]) -> None:
    done = alone("text", "--name", "Bozor")
    assert (done.status, done.out.count("Bozor"), done.err) == (0, 16, "")
    done = alone("text")
    assert (done.status, done.out, done.err) == (2, "", "uzotp: SERVICE_NAME is missing: set it, or give --name\n")
    assert alone("text", "--gateway", "getsms").out.count("\n      Your login code: 000000.") == 1


def test_text_refuses_a_name_that_devsms_would_charge_for(alone: Callable[..., Done]) -> None:
    done = alone("text", "--name", "Do'kon")
    assert (done.status, done.out) == (2, "")
    assert "APOSTROPHE" in done.err
    done = alone("text", "--name", "Doʻkon", "--gateway", "getsms", "--language", "uz", "--purpose", "login")
    assert (done.status, "      Do'kon xizmatiga kirish uchun kod: 000000." in done.out) == (0, True)


def test_text_for_one_gateway(run: Callable[..., Done], make_site: Any) -> None:
    shop = with_settings(make_site, GETSMS_PRICE=85, CODE_LENGTH=8)
    done = run("text", "--language", "ru", "--name", "Toshkent Savdo", shop=shop)
    assert "  registration, ru, UCS-2, 1 part, devsms 50 so'm, getsms 85 so'm\n" in done.out
    assert "00000000" in done.out
    out = run("text", "--gateway", "getsms", shop=shop).out
    assert "devsms" not in out
    assert out.count(", getsms 85 so'm") == 12
    out = run("text", "--gateway", "devsms", shop=shop).out
    assert (out.count("MyService"), "Own texts" in out, "getsms" in out) == (4, False, False)
    shop = with_settings(make_site, DEVSMS_TYPE="eskiz")
    out = run("text", "--gateway", "devsms", shop=shop).out
    assert ("MyService" in out, out.count("devsms 50 so'm")) == (False, 12)


def test_text_keeps_to_the_languages_of_the_settings_but_for_one_that_is_asked(
    run: Callable[..., Done], make_site: Any
) -> None:
    shop = with_settings(make_site, LANGUAGES=["ru", "uz"])
    out = run("text", "--gateway", "getsms", "--purpose", "login", shop=shop).out
    assert [line.split(",")[1] for line in out.splitlines() if "login," in line] == [" ru", " uz"]
    assert "login, en," in run("text", "--language", "en", "--purpose", "login", shop=shop).out


def test_text_shows_the_lines_that_machines_read(run: Callable[..., Done], make_site: Any) -> None:
    shop = with_settings(make_site, AUTOFILL_HOST="shop.uz", ANDROID_HASH="FA+9qCX9VSu", LANGUAGES=["en"])
    out = run("text", "--gateway", "getsms", "--purpose", "login", "--language", "en", shop=shop).out
    assert "with anyone.\n      FA+9qCX9VSu\n      @shop.uz #000000\n" in out


@pytest.mark.parametrize("more", [["--language", "kk"], ["--purpose", "marketing"], ["--gateway", "x"], ["extra"]])
def test_text_takes_what_it_knows(alone: Callable[..., Done], more: list[str]) -> None:
    assert alone("text", *more).status == 2


# ------------------------------------------------------------------------------------------------------- prices


def test_prices_shows_the_whole_table_without_settings(run: Callable[..., Done]) -> None:
    done = run("prices", shop=Unreadable())
    assert (done.status, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split()[-2:] == ["local", "foreign"]
    assert len(rows) == 101
    assert rows[0].split() == ["UZ", "Uzbekistan", "+998", "50", "50"]
    assert "KZ  Kazakhstan" in done.out
    assert len({len(line) for line in [head, *rows]}) == 1, "the columns stand under their names"
    report = run("prices", "--json", shop=Unreadable()).report
    assert (len(report["prices"]), report["unlisted"]) == (101, [])
    assert report["prices"][0] == {
        "country": "Uzbekistan", "iso2": "UZ", "prefix": "998", "local": 50, "foreign": 50,
    }  # fmt: skip


def test_prices_of_what_is_asked(run: Callable[..., Done]) -> None:
    done = run("prices", "kz", "90 123 81 90", "+358412345678", "CA", shop=Unreadable())
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["KZ", "UZ", "FI", "CA"]
    assert "1238190" not in done.out.replace(" ", "")


@pytest.mark.parametrize(("account", "price"), [("local", 10398), ("foreign", 12062)])
def test_prices_of_one_account(run: Callable[..., Done], account: str, price: int) -> None:
    report = run("prices", "RU", "--account", account, "--json", shop=Unreadable()).report
    assert report["prices"] == [{"country": "Russia", "iso2": "RU", "prefix": "7", account: price}]
    assert run("prices", "RU", "--account", account, shop=Unreadable()).out.split()[-1] == str(price)


def test_q31_q33_prices_of_a_country_that_cannot_be_served(run: Callable[..., Done]) -> None:
    done = run("prices", "VN", "+18762101234", "UZ", shop=Unreadable())
    assert done.status == 1
    assert "UZ  Uzbekistan" in done.out
    for country in ("VN", "JM"):
        assert f"{country}: not in devsms's table, so nothing can be sent there\n" in done.out
    assert "2101234" not in done.out
    assert run("prices", "vn", "--json", shop=Unreadable()).report == {"prices": [], "unlisted": ["VN"]}
    assert run("prices", "vn", shop=Unreadable()).out.count("\n") == 1


def test_prices_of_what_is_neither(run: Callable[..., Done]) -> None:
    done = run("prices", "Narnia", shop=Unreadable())
    assert (done.status, done.out) == (2, "")
    assert "'Narnia' is neither a phone number nor an ISO 3166-1 code" in done.err
    done = run("prices", "71 200 11 22", "--json", shop=Unreadable())
    assert (done.status, done.report["error"]) == (1, "invalid_phone")
    assert "2001122" not in (done.out + done.err).replace(" ", "")
