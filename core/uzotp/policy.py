"""How uzotp behaves: lengths, times, quotas, countries, as one frozen value with the defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Any

from uzotp.errors import ConfigurationError, InvalidCode, InvalidPhone
from uzotp.phones import Phone


class Purpose(str, Enum):
    """Why a code is asked for: exactly devsms's ``template_type`` (D:69)."""

    OPERATION = "operation"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    REGISTRATION = "registration"
    LOGIN = "login"

    @property
    def template_type(self) -> int:
        """1 operation, 2 password reset, 3 registration, 4 login (WIRE Q24, Q29: an integer)."""
        return list(Purpose).index(self) + 1

    def __str__(self) -> str:
        return self.value


_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_LIMIT = re.compile(r"\s*(\d{1,6})\s*/\s*(\d{0,4})\s*(second|minute|hour|day)s?\s*")


@dataclass(frozen=True)
class Limit:
    """At most :attr:`count` in any :attr:`window` seconds: a sliding window, not a calendar one."""

    count: int
    window: int

    def __str__(self) -> str:
        for unit, seconds in reversed(_UNITS.items()):
            if self.window % seconds == 0:
                times = self.window // seconds
                return f"{self.count}/{unit}" if times == 1 else f"{self.count}/{times} {unit}s"
        raise AssertionError("a window is whole seconds")  # pragma: no cover


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


#: The longest a test number may stay valid, in days from today (R60).
TEST_NUMBER_DAYS = 90
#: The longest a code may live, whatever is configured (NIST SP 800-63B-4 3.1.3.2, ASVS 6.5.5): seconds.
MAX_LIFE = 600
#: With less than this left of those ten minutes a resend begins a new challenge: a person needs time to type.
MIN_LEFT = 60


@dataclass(frozen=True)
class Policy:
    """Every rule in one place. Times are whole seconds; quotas are written ``"5/hour,10/day"``.

    :raises InvalidCode: for a code length or lifetime outside the rules.
    :raises ConfigurationError: for anything else that cannot work.
    """

    code_length: int = 6
    allow_short_codes: bool = False
    ttl: int = 300
    max_attempts: int = 5
    resend_after: tuple[int, ...] = (60, 60, 120, 300)
    phone_quota: str | tuple[Limit, ...] = "5/hour,10/day"
    client_quota: str | tuple[Limit, ...] = "60/hour,300/day"
    max_failures: str | tuple[Limit, ...] = "15/hour,30/day"
    countries: tuple[str, ...] | str = ("UZ",)
    default_region: str = "UZ"
    purposes: tuple[Purpose, ...] = tuple(Purpose)
    languages: tuple[str, ...] = ("uz", "ru", "en")
    proof_ttl: int = 600
    #: Whole so'm a day of Asia/Tashkent, by the estimates; ``None`` for no ceiling (P6).
    daily_budget: int | None = None
    #: A gateway's balance under this many so'm is an event; ``None`` for never.
    low_balance: int | None = 10_000
    #: ``home``, ``never`` or ``always``: whose copy goes to the next gateway when nobody knows whether the first left.
    failover_on_unknown: str = "home"
    #: The pumping guard (P8): ``off``, ``record`` or ``enforce``.
    guard: str = "record"
    #: Sends not yet verified that are always allowed: one number for both, or a number prefix's and a country's.
    guard_floor: int | Sequence[int] = (10, 100)
    #: Sends not yet verified that each verified one allows.
    guard_ratio: float = 2.0
    #: Own texts end with ``@host #code`` (WICG), so that browsers fill the code in on this site only.
    autofill_host: str | None = None
    #: Own texts hold this hash of an Android app (SMS Retriever), 11 characters.
    android_hash: str | None = None
    #: Total seconds for one send, whatever happens (P7).
    deadline: float = 10.0
    #: How many sends may be under way in this process; ``None`` for no cap (in the background: 16).
    max_concurrent_sends: int | None = None
    #: Whether pages, endpoints and helpers answer before the gateway does; ``Verifier.send_code`` never does.
    send_in_background: bool = False
    callback_base_url: str | None = None
    #: As the settings have it: ``{"+998…": {"code": "000000", "until": "2027-01-01"}}``, or ``TestNumber`` values.
    test_numbers: Mapping[str, Any] = field(default_factory=dict)

    # The quotas as limits, parsed once.
    phone_limits: tuple[Limit, ...] = field(init=False, repr=False)
    client_limits: tuple[Limit, ...] = field(init=False, repr=False)
    failure_limits: tuple[Limit, ...] = field(init=False, repr=False)
    #: The guard's floors: a number prefix's, a country's.
    guard_floors: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("phone_limits", parse_limits(self.phone_quota))
        put("client_limits", parse_limits(self.client_quota))
        put("failure_limits", parse_limits(self.max_failures))
        put("resend_after", tuple(self.resend_after))
        put("languages", tuple(self.languages))
        put("purposes", _purposes(self.purposes))
        put("countries", _countries(self.countries))
        put("default_region", _region("DEFAULT_REGION", self.default_region))
        put("test_numbers", _test_numbers(self.test_numbers, self))
        put("guard_floors", _floors(self.guard_floor))
        self._check_code_rules()
        self._check_numbers()
        self._check_money()

    def _check_code_rules(self) -> None:
        if not 4 <= self.code_length <= 8:
            raise InvalidCode(f"CODE_LENGTH is {self.code_length}; devsms sends 4 to 8 digits")
        if self.code_length < 6 and not self.allow_short_codes:
            raise InvalidCode(
                f"CODE_LENGTH is {self.code_length}; under 6 digits a code is too easy to guess "
                "(NIST SP 800-63B-4 3.1.3.2). Set ALLOW_SHORT_CODES to insist."
            )
        if not 1 <= self.ttl <= MAX_LIFE:
            raise InvalidCode(f"TTL is {self.ttl} s; a code lives 1 to {MAX_LIFE} s (ASVS 6.5.5)")
        for test in self.test_numbers.values():
            if len(test.code) != self.code_length or not (test.code.isascii() and test.code.isdigit()):
                raise InvalidCode(f"TEST_NUMBERS: each code must be {self.code_length} digits, as CODE_LENGTH says")

    def _check_numbers(self) -> None:
        if self.max_attempts < 0:
            raise ConfigurationError("MAX_ATTEMPTS cannot be negative")
        if not self.resend_after or not all(0 <= wait <= 86400 for wait in self.resend_after):
            raise ConfigurationError("RESEND_AFTER is a list of seconds, none over a day: [60, 60, 120, 300]")
        if not 1 <= self.proof_ttl <= 86400:
            raise ConfigurationError("PROOF_TTL is seconds, 1 to 86400")
        if not 0.1 <= self.deadline <= 120:
            raise ConfigurationError("DEADLINE is seconds, 0.1 to 120")
        if self.max_concurrent_sends is not None and self.max_concurrent_sends < 1:
            raise ConfigurationError("MAX_CONCURRENT_SENDS is 1 or more, or None for no cap")
        if not self.languages or not self.purposes:
            raise ConfigurationError("LANGUAGES and PURPOSES need one entry at least")

    def _check_money(self) -> None:
        for name in ("daily_budget", "low_balance"):
            amount = getattr(self, name)
            if amount is not None and (not isinstance(amount, int) or amount < 0):
                raise ConfigurationError(f"{name.upper()} is whole so'm, 0 or more, or None")
        if self.failover_on_unknown not in ("home", "never", "always"):
            raise ConfigurationError("FAILOVER_ON_UNKNOWN is home, never or always")
        if self.guard not in ("off", "record", "enforce"):
            raise ConfigurationError("GUARD is off, record or enforce")
        if not 0 <= self.guard_ratio <= 1000:
            raise ConfigurationError("GUARD_RATIO is a number, 0 or more")

    def allows(self, phone: Phone) -> bool:
        """Whether this number's country is on the list."""
        return self.countries == "*" or phone.country in self.countries


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
        return {Phone.parse(number, policy.default_region): _test_number(test) for number, test in numbers.items()}
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
