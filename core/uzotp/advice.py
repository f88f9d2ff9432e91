"""What a careful reader of the settings would say: shown by Django's checks and by ``uzotp doctor`` alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from uzotp.config import Config, build_gateway
from uzotp.errors import ConfigurationError
from uzotp.gateways._http import is_loopback
from uzotp.messages import parts, template_text
from uzotp.policy import Purpose

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
    if "devsms" not in config.gateways:
        return
    address = urlsplit(config.devsms_base_url)
    # In development plain http to this machine is the sandbox.
    if address.scheme == "http" and (production or not is_loopback(address.hostname or "")):
        yield Advice(
            "uzotp.W002",
            "DEVSMS_BASE_URL is plain http: token and codes can be read on the way",
            "Use https.",
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


def _about_store(config: Config, production: bool) -> Iterator[Advice]:
    if config.store == "memory://" and production:
        yield Advice(
            "uzotp.W006",
            "STORE is memory://: limits and codes are not shared between workers and are lost at a restart",
            "Use a database with more than one process.",
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
