"""What people will read and what it will cost; nobody is asked."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from typing import Any

from uzotp.cli.project import Project, argument, command, part_count, plain, report
from uzotp.errors import ConfigurationError, InvalidServiceName
from uzotp.gateways import base
from uzotp.i18n import LANGUAGES
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.sms.parts import describe, guilty, parts
from uzotp.sms.prices import HOME_PRICE, Price, PriceColumn, price_rows, row_for
from uzotp.sms.templates import check_service_name, template_text
from uzotp.sms.texts import compose


@command("Say whether devsms takes a service name, and what it costs.", argument("name", metavar="NAME"))
def check_name(_project: Project, options: Namespace) -> bool:
    """The rule, and every text that people would get."""
    try:
        name = check_service_name(options.name)
    except InvalidServiceName as error:
        print(plain(str(error)))
        return False
    print(f"{name}: OK")
    for purpose in Purpose:
        text = template_text(purpose, name, "000000")
        count = parts(text)
        print(f"{purpose.value:<15} {part_count(count)}, {count * HOME_PRICE} so'm: {text}")
    return True


def _gateway(name: str) -> str:
    try:
        names = [each.gateway for each in base.every().values() if not each.development]
    except ConfigurationError as error:  # of a distribution whose gateway cannot be imported
        raise ArgumentTypeError(str(error)) from None
    if name not in names:
        raise ArgumentTypeError(f"{name!r} is not one of {', '.join(names)}")
    return name


@command(
    "Show every text that people get, its parts and its price at home.",
    argument("--language", choices=LANGUAGES),
    argument("--purpose", choices=[purpose.value for purpose in Purpose]),
    argument("--name", help="a service name to try; default SERVICE_NAME"),
    argument("--gateway", type=_gateway, metavar="NAME", help="only what this one sends: devsms, getsms, …"),
)
def text(project: Project, options: Namespace) -> bool:
    """devsms's templates where these settings send them, and our own texts, with what each costs at home."""
    config = project.config
    name = options.name or config.service_name
    purposes = [Purpose(options.purpose)] if options.purpose else list(Purpose)
    code = "0" * config.policy.code_length
    devsms = options.gateway == "devsms" or (options.gateway is None and "devsms" in config.gateways)
    templates = devsms and not config.of("devsms").own_texts
    if templates:
        if not name:
            raise ConfigurationError("SERVICE_NAME is missing: set it, or give --name")
        check_service_name(name)
        print("devsms's approved templates, always in Uzbek (DEVSMS_TYPE is universal_otp):")
        for purpose in purposes:
            _show(f"{purpose}, uz", template_text(purpose, name, code), {"devsms": HOME_PRICE})
        if options.gateway == "devsms":
            return True
    names = [options.gateway] if options.gateway else [*base.built_in(), *(each.gateway for each in config.in_use)]
    known = {each: config.of(each).home_price for each in names}
    prices = {each: price for each, price in known.items() if price is not None}
    print("Own texts, for plain SMS:")
    for purpose in purposes:
        for language in [options.language] if options.language else config.policy.languages:
            own = compose(purpose, language, code, name, **config.policy.text_lines)
            _show(f"{purpose}, {language}", own, prices)
    return True


def _show(what: str, text: str, prices: dict[str, int]) -> None:
    """*prices* are whole so'm for a part at home, by gateway, where they are known without asking."""
    count, culprit = parts(text), guilty(text)
    costs = [f"{name} {count * price} so'm" for name, price in prices.items()]
    print(f"  {', '.join([what, 'UCS-2' if culprit else 'GSM-7', part_count(count), *costs])}")
    for line in text.split("\n"):
        print(f"      {plain(line)}")
    if culprit:
        print(f"    not GSM-7: {describe(culprit[0])} at position {culprit[1]}")


@command(
    "Show what devsms charges for one part.",
    argument("asked", nargs="*", metavar="COUNTRY|PHONE", help="an ISO code or a number; default all"),
    argument("--account", choices=[column.value for column in PriceColumn], help="the column; default both"),
    reports=True,
)
def prices(_project: Project, options: Namespace) -> bool:
    """devsms's table, or the rows of what is asked; a country without a row is not served."""
    answers = [_looked_up(asked) for asked in options.asked]
    found = [row for _, row in answers if row] if options.asked else price_rows()
    unlisted = [country for country, row in answers if row is None]
    columns = [options.account] if options.account else [column.value for column in PriceColumn]
    rows: list[dict[str, Any]] = [
        {"country": row.country, "iso2": row.iso2, "prefix": row.prefix}
        | {column: row.for_account(column) for column in columns}
        for row in found
    ]
    table = [("so'm for one part, by account", columns)] if rows else []
    for row in rows:
        label = f"{row['iso2']}  {row['country']:<28}+{row['prefix']}"
        table.append((label, [row[column] for column in columns]))
    lines = [f"{label:<43}" + "".join(f"{value:>9}" for value in values) for label, values in table]
    lines += [f"{country}: not in devsms's table, so nothing can be sent there" for country in unlisted]
    report(options, {"prices": rows, "unlisted": unlisted}, lines)
    return not unlisted


def _looked_up(asked: str) -> tuple[str, Price | None]:
    """The country that *asked* names or is a number of, with its row. :raises InvalidPhone, ConfigurationError:"""
    if any(char.isdigit() for char in asked):
        phone = Phone.parse(asked)
        return phone.country or phone.masked, row_for(phone)
    iso2 = asked.upper()
    if not (len(asked) == 2 and asked.isascii() and asked.isalpha()):
        raise ConfigurationError(f"{asked!r} is neither a phone number nor an ISO 3166-1 code like KZ")
    return iso2, next((row for row in price_rows() if row.iso2 == iso2), None)
