"""What a careful reader of the settings would say: shown by Django's checks and by ``uzotp doctor`` alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from uzotp.errors import ConfigurationError
from uzotp.http.client import is_loopback
from uzotp.policy import Purpose
from uzotp.settings.build import build_gateway
from uzotp.settings.config import Config
from uzotp.sms.parts import describe, guilty, parts
from uzotp.sms.prices import price_rows
from uzotp.sms.templates import template_text
from uzotp.sms.texts import compose

#: Shorter keys than this (in bytes) can be guessed (NIST SP 800-107: as long as the security strength, 128 bits).
MIN_KEY = 16


@dataclass(frozen=True)
class Advice:
    """One finding. ``id`` is stable (``uzotp.E001``, ``uzotp.W004``); ``error`` means: this cannot go live."""

    id: str
    message: str
    hint: str
    error: bool = False


def advise(config: Config, *, production: bool) -> Iterator[Advice]:
    """Everything worth saying about *config*; nothing is asked of any server."""
    yield from _required(config, production)
    yield from _about_gateways(config, production)
    yield from _about_devsms(config, production)
    yield from _about_getsms(config)
    yield from _about_own_texts(config)
    yield from _about_money(config, production)
    yield from _about_store(config, production)
    yield from _about_codes(config, production)


def _required(config: Config, production: bool) -> Iterator[Advice]:
    try:
        build_gateway(config, production=production and "console" not in config.gateways)
    except ConfigurationError as error:
        yield Advice("uzotp.E001", str(error), "The README's settings table says what each one is.", True)
    if not config.secret_keys:
        yield Advice("uzotp.E002", "SECRET_KEYS is missing", "A list of long random texts, oldest first.", True)
    if any(len(key) < MIN_KEY for key in config.secret_keys):
        yield Advice(
            "uzotp.W001",
            "a key of SECRET_KEYS is short enough to be guessed",
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )


def _about_gateways(config: Config, production: bool) -> Iterator[Advice]:
    if production and "console" in config.gateways:
        yield Advice(
            "uzotp.E003",
            "GATEWAYS names the console gateway, which prints codes instead of sending them",
            'Use "devsms" outside of development.',
            True,
        )


def _about_devsms(config: Config, production: bool) -> Iterator[Advice]:
    if "devsms" not in config.gateways:
        return
    address = urlsplit(config.devsms_base_url)
    # In development plain http to this machine is the sandbox.
    if address.scheme == "http" and (production or not is_loopback(address.hostname or "")):
        yield Advice(
            "uzotp.W002", "DEVSMS_BASE_URL is plain http: token and codes can be read on the way", "Use https."
        )
    if not config.callback_base_url:
        yield Advice(
            "uzotp.W003",
            "CALLBACK_BASE_URL is not set: deliveries are known only after `uzotp poll`",
            'Set it to the public address of the mount, like "https://shop.uz/otp".',
        )
    elif config.callback_base_url.startswith("http://"):
        yield Advice("uzotp.W004", "CALLBACK_BASE_URL is plain http: its tokens can be read on the way", "Use https.")
    if config.service_name and config.devsms_type == "universal_otp":
        longest = max(parts(template_text(why, config.service_name, "0" * config.code_length)) for why in Purpose)
        if longest > 1:
            yield Advice(
                "uzotp.W005",
                f"with this SERVICE_NAME a message takes up to {longest} SMS parts, and costs as many times more",
                "A name in Latin letters keeps every message in one part.",
            )

    unlisted = sorted(_named_countries(config) - {row.iso2 for row in price_rows()})
    if unlisted:
        yield Advice(
            "uzotp.W013",
            f"COUNTRIES names {', '.join(unlisted)}, to which devsms sends nothing: its price table has no such row",
            "Take it out, or add a gateway that sends there. `uzotp prices` shows the table.",
        )


def _named_countries(config: Config) -> set[str]:
    """None where ``COUNTRIES`` is ``"*"``, which names no country."""
    return set() if config.policy.countries == "*" else set(config.policy.countries)


def _about_getsms(config: Config) -> Iterator[Advice]:
    address = urlsplit(config.getsms_base_url)
    # On this machine it is the sandbox, or the near end of a tunnel.
    if "getsms" in config.gateways and address.scheme == "http" and not is_loopback(address.hostname or ""):
        yield Advice(
            "uzotp.W014",
            "GETSMS_BASE_URL is plain http: login, password and codes can be read, and answers forged, on the way",
            "Use https or a tunnel where you have one, and a password that nothing else uses.",
        )


def _about_own_texts(config: Config) -> Iterator[Advice]:
    if "getsms" not in config.gateways and ("devsms" not in config.gateways or config.devsms_type == "universal_otp"):
        return
    texts = {
        (purpose, language): compose(
            purpose,
            language,
            "0" * config.code_length,
            config.service_name,
            autofill_host=config.autofill_host,
            android_hash=config.android_hash,
        )
        for purpose in config.policy.purposes
        for language in config.languages
    }
    (purpose, language), longest = max(texts.items(), key=lambda each: parts(each[1]))
    if parts(longest) > 1:
        culprit = guilty(longest)
        why = f"{describe(culprit[0])} at position {culprit[1]} leaves 70 characters to a part. " if culprit else ""
        yield Advice(
            "uzotp.W015",
            f"own texts take up to {parts(longest)} SMS parts ({purpose} in {language}), and cost as many times more",
            f"{why}`uzotp text` shows them all: shorten SERVICE_NAME or AUTOFILL_HOST, or use Latin letters.",
        )


def _about_money(config: Config, production: bool) -> Iterator[Advice]:
    if not production or "console" in config.gateways:
        return
    if config.guard != "enforce" and _named_countries(config) != {"UZ"}:
        yield Advice(
            "uzotp.W016",
            f"COUNTRIES goes beyond UZ while GUARD is {config.guard}: pumping traffic abroad is not stopped",
            'Set GUARD to "enforce", or COUNTRIES to the countries where your users are.',
        )
    if config.daily_budget is None:
        yield Advice(
            "uzotp.W017",
            "DAILY_BUDGET is not set: what a day of SMS may cost has no ceiling",
            "Set it to whole so'm, some times what a good day costs.",
        )


def _about_store(config: Config, production: bool) -> Iterator[Advice]:
    if config.store == "memory://" and production:
        yield Advice(
            "uzotp.W006",
            "STORE is memory://: limits and codes are not shared between workers and are lost at a restart",
            "Use a database or Redis with more than one process.",
        )
    if config.store.startswith("sqlite") and production:
        yield Advice(
            "uzotp.W007",
            "STORE is SQLite: right on one machine, one writer at a time",
            "Use PostgreSQL for more traffic or more machines.",
        )


def _about_codes(config: Config, production: bool) -> Iterator[Advice]:
    if config.code_length < 6:
        yield Advice(
            "uzotp.W008",
            f"CODE_LENGTH is {config.code_length}: such codes are easier to guess than NIST and OWASP allow",
            "Use 6 digits or more (NIST SP 800-63B-4 3.1.3.2).",
        )
    if config.test_numbers and production:
        yield Advice(
            "uzotp.W009",
            f"TEST_NUMBERS lets {len(config.test_numbers)} number(s) in with a fixed code in production",
            "Keep it as short as a store review needs, and take it out after.",
        )
    today = datetime.now(timezone.utc).date()
    if any(test.until < today for test in config.policy.test_numbers.values()):
        yield Advice("uzotp.W010", "TEST_NUMBERS holds a number whose time is over", "Take it out.")
