"""How uzotp behaves: lengths, times, quotas, countries, as one frozen value with the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from uzotp.declare import Choice, require, setting
from uzotp.errors import ConfigurationError, InvalidCode, InvalidPhone
from uzotp.phones import Phone


class Purpose(Choice):
    """Why a code is asked for: exactly devsms's ``template_type`` (D:69)."""

    OPERATION = "operation"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    REGISTRATION = "registration"
    LOGIN = "login"

    @property
    def template_type(self) -> int:
        """1 operation, 2 password reset, 3 registration, 4 login (WIRE Q24, Q29: an integer)."""
        return list(Purpose).index(self) + 1


class Failover(Choice):
    """Whose second copy the next gateway sends when nobody knows whether the first left (P7)."""

    HOME = "home"
    NEVER = "never"
    ALWAYS = "always"


class GuardMode(Choice):
    """What the pumping guard (P8) does about a crowd: nothing, report it, or refuse it."""

    OFF = "off"
    RECORD = "record"
    ENFORCE = "enforce"


_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LIMIT = re.compile(r"\s*(\d{1,6})\s*/\s*(\d{0,4})\s*(second|minute|hour|day)s?\s*")


@dataclass(frozen=True)
class Limit:
    """At most :attr:`count` in any :attr:`window` seconds: a sliding window, not a calendar one."""

    count: int
    window: int

    def __str__(self) -> str:
        unit, seconds = next(each for each in reversed(_UNITS.items()) if self.window % each[1] == 0)
        times = self.window // seconds
        return f"{self.count}/{unit}" if times == 1 else f"{self.count}/{times} {unit}s"


def parse_limits(text: str | Sequence[Limit]) -> tuple[Limit, ...]:
    """``"5/hour,10/day"`` as limits; ``"3/10 minutes"`` works too, and ``""`` means no limit.

    :raises ConfigurationError: for anything else.
    """
    if not isinstance(text, str):
        if not all(isinstance(limit, Limit) for limit in text):
            raise ConfigurationError('a quota is text like "5/hour,10/day", or Limit values')
        return tuple(text)
    limits = []
    for part in filter(None, map(str.strip, text.split(","))):
        match = _LIMIT.fullmatch(part)
        if not match:
            raise ConfigurationError(f'{part!r} is not a quota: write "5/hour", "10/day" or "3/10 minutes"')
        window = int(match[2] or 1) * _UNITS[match[3]]
        if not window:
            raise ConfigurationError(f"{part!r}: a window of no time limits nothing")
        limits.append(Limit(int(match[1]), window))
    return tuple(limits)


@dataclass(frozen=True)
class TestNumber:
    """A number that always gets the same code and never reaches a gateway, until a day (App Store review, CI)."""

    __test__ = False  # not for pytest

    code: str = field(repr=False)
    until: date

    def is_code_of(self, length: int) -> bool:
        return len(self.code) == length and self.code.isascii() and self.code.isdigit()


#: The longest a test number may stay valid, in days from today (R60).
TEST_NUMBER_DAYS = 90
#: The longest a code may live, whatever is configured (NIST SP 800-63B-4 3.1.3.2, ASVS 6.5.5): seconds.
MAX_LIFE = 600
#: With less than this left of those ten minutes a resend begins a new challenge: a person needs time to type.
MIN_LEFT = 60
#: How long a browser or an app that has proved a number is known by its token: seconds.
DEVICE_LIFE = 180 * 86_400
#: So many times a client's quota is that of the wider network it is in, an IPv6 /48 (R35).
WIDER = 10


@dataclass(frozen=True)
class Policy:
    """Every rule in one place. Times are whole seconds; quotas are written ``"5/hour,10/day"``.

    :raises InvalidCode: for a code length or lifetime outside the rules.
    :raises ConfigurationError: for anything else that cannot work.
    """

    code_length: int = setting(6, "codes", "4-8 digits")
    allow_short_codes: bool = setting(False, "codes", "under 6 only if you insist")
    ttl: int = setting(300, "codes", "seconds a code lives, 600 at most")
    max_attempts: int = setting(5, "codes", "tries per code; a resend keeps the count")
    max_failures: str | tuple[Limit, ...] = setting(
        "15/hour,30/day",
        "codes",
        "wrong codes for one phone, over all its codes, purposes and browsers, of which one network has half at most; "
        "then no code is sent for a time",
        read="quota",
    )
    proof_ttl: int = setting(600, "codes", "seconds a proof can be redeemed")
    purposes: tuple[Purpose, ...] = setting(tuple(Purpose), "codes", "those that you use")
    #: As the settings have it: ``{"+998…": {"code": "000000", "until": "2027-01-01"}}``, or ``TestNumber`` values.
    test_numbers: Mapping[str, Any] = setting(
        {}, "codes", "[for an app store's review](../howto/review-numbers.md)", secret=True
    )

    resend_after: tuple[int, ...] = setting(
        (60, 60, 120, 300), "quotas", "seconds between messages to one phone; the last one repeats"
    )
    phone_quota: str | tuple[Limit, ...] = setting(
        "5/hour,10/day",
        "quotas",
        "messages to one phone, of which one network has half at most; "
        '[known devices](../howto/devices.md) have as many of their own. `"3/10 minutes"` works too; `""` is no limit',
        read="quota",
    )
    client_quota: str | tuple[Limit, ...] = setting(
        "60/hour,300/day",
        "quotas",
        "messages for one IPv4 address or IPv6 /64; for all of an IPv6 /48 ten times as many. Carriers put thousands "
        "behind one address",
        read="quota",
    )
    countries: tuple[str, ...] | str = setting(("UZ",), "quotas", 'ISO codes, or `"*"`')
    default_region: str = setting("UZ", "quotas", "where a number without a country code is at home")

    failover_on_unknown: Failover | str = setting(
        Failover.HOME,
        "sending",
        "whether the next gateway sends what may have arrived: `home` (to Uzbek numbers), `never`, `always`",
    )
    deadline: float = setting(10.0, "sending", "seconds one send may take, whatever happens")
    max_concurrent_sends: int | None = setting(
        None,
        "sending",
        "sends under way at once, per process, a quarter of them for one network; in the background 16 unless set",
    )
    send_in_background: bool = setting(
        False,
        "sending",
        "pages, endpoints and helpers answer before the gateway does: "
        "[a slow gateway](../howto/workers.md#a-gateway-that-is-slow)",
    )
    callback_base_url: str | None = setting(
        None,
        "sending",
        "public address of the mount, `https://shop.uz/otp`: [callbacks](../howto/nginx.md)",
        read="web_address",
    )

    daily_budget: int | None = setting(None, "money", "so'm a day of Asia/Tashkent, at most; none is no ceiling")
    low_balance: int | None = setting(
        10_000, "money", "so'm under which a gateway's balance is an event; 0 for none", read="integer"
    )
    guard: GuardMode | str = setting(
        GuardMode.RECORD,
        "money",
        "the pumping guard: `off`, `record`, `enforce`: [with a CAPTCHA](../howto/captcha.md)",
    )
    guard_floor: int | Sequence[int] = setting(
        (10, 100),
        "money",
        "messages not yet verified that are always allowed: to a prefix, to a country; one number is both",
        read="integer_or_integers",
    )
    guard_ratio: float = setting(2.0, "money", "messages not yet verified that each verified one allows")

    languages: tuple[str, ...] = setting(
        ("uz", "ru", "en"), "words", "of pages, errors and our texts, in the order of preference", read="languages"
    )
    autofill_host: str | None = setting(
        None, "words", "ends our texts with `@shop.uz #493021`: browsers offer the code on that site only"
    )
    android_hash: str | None = setting(
        None, "words", "11 characters: the line by which Android's SMS Retriever finds your app"
    )

    # The quotas as limits, parsed once.
    phone_limits: tuple[Limit, ...] = field(init=False, repr=False)
    client_limits: tuple[Limit, ...] = field(init=False, repr=False)
    wider_limits: tuple[Limit, ...] = field(init=False, repr=False)
    failure_limits: tuple[Limit, ...] = field(init=False, repr=False)
    #: The guard's floors: a number prefix's, a country's.
    guard_floors: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("phone_limits", parse_limits(self.phone_quota))
        put("client_limits", parse_limits(self.client_quota))
        put("wider_limits", tuple(Limit(limit.count * WIDER, limit.window) for limit in self.client_limits))
        put("failure_limits", parse_limits(self.max_failures))
        put("resend_after", tuple(self.resend_after))
        put("languages", tuple(self.languages))
        put("purposes", _purposes(self.purposes))
        put("countries", _countries(self.countries))
        put("default_region", _region("DEFAULT_REGION", self.default_region))
        put("test_numbers", _test_numbers(self.test_numbers, self))
        put("guard_floors", _floors(self.guard_floor))
        put("guard", GuardMode.of("GUARD", self.guard))
        put("failover_on_unknown", Failover.of("FAILOVER_ON_UNKNOWN", self.failover_on_unknown))
        self._check()

    def _check(self) -> None:
        at_once, waits = self.max_concurrent_sends, self.resend_after
        require(
            (4 <= self.code_length <= 8, f"CODE_LENGTH is {self.code_length}; devsms sends 4 to 8 digits"),
            (
                self.code_length >= 6 or self.allow_short_codes,
                f"CODE_LENGTH is {self.code_length}; under 6 digits a code is too easy to guess "
                "(NIST SP 800-63B-4 3.1.3.2). Set ALLOW_SHORT_CODES to insist.",
            ),
            (1 <= self.ttl <= MAX_LIFE, f"TTL is {self.ttl} s; a code lives 1 to {MAX_LIFE} s (ASVS 6.5.5)"),
            (
                all(test.is_code_of(self.code_length) for test in self.test_numbers.values()),
                f"TEST_NUMBERS: each code must be {self.code_length} digits, as CODE_LENGTH says",
            ),
            error=InvalidCode,
        )
        require(
            (self.max_attempts >= 0, "MAX_ATTEMPTS cannot be negative"),
            (
                waits and all(0 <= wait <= 86400 for wait in waits),
                "RESEND_AFTER is a list of seconds, none over a day: [60, 60, 120, 300]",
            ),
            (1 <= self.proof_ttl <= 86400, "PROOF_TTL is seconds, 1 to 86400"),
            (0.1 <= self.deadline <= 120, "DEADLINE is seconds, 0.1 to 120"),
            (at_once is None or at_once >= 1, "MAX_CONCURRENT_SENDS is 1 or more, or None for no cap"),
            (self.languages and self.purposes, "LANGUAGES and PURPOSES need one entry at least"),
            (_is_amount(self.daily_budget), "DAILY_BUDGET is whole so'm, 0 or more, or None"),
            (_is_amount(self.low_balance), "LOW_BALANCE is whole so'm, 0 or more, or None"),
            (0 <= self.guard_ratio <= 1000, "GUARD_RATIO is a number, 0 or more"),
        )

    @property
    def text_lines(self) -> dict[str, str | None]:
        """What ends our texts, as :mod:`uzotp.sms.texts` takes it."""
        return {"autofill_host": self.autofill_host, "android_hash": self.android_hash}

    @property
    def named_countries(self) -> set[str]:
        """Empty where ``COUNTRIES`` is ``"*"``, which names no country."""
        return set() if self.countries == "*" else set(self.countries)

    def read_phone(self, typed: object) -> Phone:
        """*typed* as people of this site mean it, of whatever country. :raises InvalidPhone:"""
        return Phone.parse(typed, self.default_region, self.countries)

    def allows(self, phone: Phone) -> bool:
        """Whether this number's country is on the list."""
        return self.countries == "*" or phone.country in self.countries


def _is_amount(value: object) -> bool:
    return value is None or (isinstance(value, int) and value >= 0)


def _countries(value: Sequence[str] | str) -> tuple[str, ...] | str:
    if value == "*" or list(value) == ["*"]:
        return "*"
    if isinstance(value, str):
        value = [value]
    return tuple(_region("COUNTRIES", code) for code in value)


def _region(setting: str, code: object) -> str:
    if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
        return code.upper()
    everywhere = '; "*" allows all' if setting == "COUNTRIES" else ""
    raise ConfigurationError(f'{setting}: {code!r} is not an ISO 3166-1 code like "UZ"{everywhere}')


def _purposes(names: Sequence[str]) -> tuple[Purpose, ...]:
    try:
        return tuple(Purpose(name) for name in names)
    except ValueError:
        raise ConfigurationError(f"PURPOSES knows {', '.join(Purpose)}") from None


def _floors(value: int | Sequence[int]) -> tuple[int, int]:
    """:returns: the floors of a number prefix and of a country."""
    floors = (value, value) if isinstance(value, int) else tuple(value)
    if len(floors) != 2 or not all(isinstance(floor, int) and floor >= 0 for floor in floors):
        raise ConfigurationError("GUARD_FLOOR is a whole number, or two: a prefix's and a country's, [10, 100]")
    return floors


def _test_numbers(numbers: Mapping[str, Any], policy: Policy) -> Mapping[str, TestNumber]:
    try:
        return {policy.read_phone(number): _test_number(test) for number, test in numbers.items()}
    except InvalidPhone as error:
        raise ConfigurationError(f"TEST_NUMBERS: {error}") from None


def _test_number(entry: Any) -> TestNumber:
    if isinstance(entry, TestNumber):
        return entry
    if not isinstance(entry, Mapping) or set(entry) != {"code", "until"} or not isinstance(entry["code"], str):
        raise ConfigurationError('TEST_NUMBERS: each number has a "code" and an "until", and nothing else')
    try:
        until = _day(entry["until"])
    except (TypeError, ValueError):
        raise ConfigurationError('TEST_NUMBERS: "until" is a day like "2027-01-01"') from None
    if until > datetime.now(timezone.utc).date() + timedelta(days=TEST_NUMBER_DAYS):
        raise ConfigurationError(f'TEST_NUMBERS: "until" is at most {TEST_NUMBER_DAYS} days away')
    return TestNumber(entry["code"], until)


def _day(value: Any) -> date:
    """TOML has days and moments of its own; JSON and Python write text."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)
