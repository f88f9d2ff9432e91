"""What a careful reader of the settings would say: shown by Django's checks and by ``uzotp doctor`` alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from uzotp.errors import ConfigurationError
from uzotp.gateways.base import Advice as Advice
from uzotp.policy import GuardMode
from uzotp.settings.build import build_gateway
from uzotp.settings.config import Config
from uzotp.settings.keys import guessable, short
from uzotp.sms.parts import describe, guilty, parts
from uzotp.sms.texts import compose

#: What is fine while developing and nowhere else: the console, plain http to and from gateways, such keys.
FOR_DEVELOPMENT = frozenset(f"uzotp.{id}" for id in ("E003", "E010", "W001", "W002", "W004", "W014"))


def advise(config: Config, *, production: bool) -> Iterator[Advice]:
    """Everything worth saying about *config*; nothing is asked of any server."""
    yield from _required(config, production)
    for gateway in config.in_use:
        yield from gateway.advise(config, production=production)
    yield from _about_own_texts(config)
    yield from _about_values(config, production)


def _required(config: Config, production: bool) -> Iterator[Advice]:
    try:
        build_gateway(config, production=production and not config.development)
    except ConfigurationError as error:
        yield Advice("uzotp.E001", str(error), "The README's settings table says what each one is.", True)
    if not config.secret_keys:
        yield Advice("uzotp.E002", "SECRET_KEYS is missing", "A list of long random texts, oldest first.", True)
    live = production and not config.development
    weak = guessable(config) if live else short(config)
    if weak:
        yield Advice(
            "uzotp.E010" if live else "uzotp.W001",
            f"a key of {' and of '.join(weak)} can be guessed: it is short{', or printed somewhere' if live else ''}",
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"',
            live,
        )


def _about_own_texts(config: Config) -> Iterator[Advice]:
    if not any(gateway.own_texts for gateway in config.in_use):
        return
    policy = config.policy
    code = "0" * policy.code_length
    texts = {
        (purpose, language): compose(purpose, language, code, config.service_name, **policy.text_lines)
        for purpose in policy.purposes
        for language in policy.languages
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


def _about_values(config: Config, production: bool) -> Iterator[Advice]:
    policy, live = config.policy, production and not config.development
    if live and policy.guard != GuardMode.ENFORCE and policy.named_countries != {"UZ"}:
        yield Advice(
            "uzotp.W016",
            f"COUNTRIES goes beyond UZ while GUARD is {policy.guard}: pumping traffic abroad is not stopped",
            'Set GUARD to "enforce", or COUNTRIES to the countries where your users are.',
        )
    if live and policy.daily_budget is None:
        yield Advice(
            "uzotp.W017",
            "DAILY_BUDGET is not set: what a day of SMS may cost has no ceiling",
            "Set it to whole so'm, some times what a good day costs.",
        )
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
    if policy.code_length < 6:
        yield Advice(
            "uzotp.W008",
            f"CODE_LENGTH is {policy.code_length}: such codes are easier to guess than NIST and OWASP allow",
            "Use 6 digits or more (NIST SP 800-63B-4 3.1.3.2).",
        )
    if policy.test_numbers and production:
        yield Advice(
            "uzotp.W009",
            f"TEST_NUMBERS lets {len(policy.test_numbers)} number(s) in with a fixed code in production",
            "Keep it as short as a store review needs, and take it out after.",
        )
    today = datetime.now(timezone.utc).date()
    if any(test.until < today for test in policy.test_numbers.values()):
        yield Advice("uzotp.W010", "TEST_NUMBERS holds a number whose time is over", "Take it out.")
