"""The tables and their columns, in one description: the SQL, SQLAlchemy's tables and Django's models follow from it.

A table keeps records: its columns are their fields. A delivery has the same ones in Redis. Moments are milliseconds
since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.kinds import Column, Hash, Kind, Log, Moment, Total
from uzotp.ports.money import Money
from uzotp.ports.store import Settlement
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord
from uzotp.rules.pumping import Tally

R = TypeVar("R")
_PURPOSES = tuple(Purpose)
#: The columns of what is neither text nor a number by itself. Money has one more, its ``currency``.
_COLUMNS: dict[Any, Column] = {
    Purpose: Column(Kind.SMALL),
    DeliveryStatus: Column(Kind.TEXT, 10),
    Money: Column(Kind.AMOUNT),
    bool: Column(Kind.FLAG),
}
_WRITE: dict[Any, Callable[[Any], Any]] = {
    Purpose: attrgetter("template_type"),
    DeliveryStatus: attrgetter("value"),
    Money: lambda money: str(money.amount),
}
_READ: dict[Any, Callable[[Any], Any]] = {
    Purpose: lambda number: _PURPOSES[int(number) - 1],
    Money: lambda amount: Decimal(str(amount)),
}


class _Field(NamedTuple):
    """One column, what it holds of the record's field *name*, and how that is written and read."""

    name: str
    column: Column
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None


def _field(name: str, hint: Any) -> _Field:
    args = get_args(hint)
    null = NoneType in args
    if null:
        (hint,) = (each for each in args if each is not NoneType)
    kind, column = get_args(hint) if get_origin(hint) is Annotated else (hint, _COLUMNS[hint])
    column = replace(column, name=name.removesuffix("_ms"), null=null)
    return _Field(name, column, _WRITE.get(kind), None if kind is str else _READ.get(kind, kind))


def _columns(**hints: Any) -> tuple[Column, ...]:
    return tuple(_field(name, hint).column for name, hint in hints.items())


_END = _columns(expires_at=Moment)


class Table(Generic[R]):
    """Rows of *record*, whose fields are columns, without their unit ``_ms``. The first column is the primary key.

    A record that does not tell its *key* has that before it, and after it the moment when the row is over.
    """

    def __init__(self, name: str, record: type[R], key: Sequence[Column] = (), **indexes: tuple[str, ...]) -> None:
        self.name, self.indexes, self.record = name, indexes, record
        self._has_key, self._currencies = not key, list[int]()
        self._fields: list[_Field] = []
        for each in get_type_hints(record, include_extras=True).items():
            field = _field(*each)
            self._fields.append(field)
            if field.column.kind is Kind.AMOUNT:
                currency = Column(Kind.TEXT, 3, "currency", field.column.null)
                self._currencies.append(len(self._fields))
                self._fields.append(_Field(field.name, currency, attrgetter("currency"), None))
        self._sources = [field.name for field in self._fields]
        get = attrgetter(*self._sources)
        #: A record's fields, one after another; money is there twice.
        self.values: Callable[[R], Sequence[Any]] = get if len(self._sources) > 1 else lambda record: (get(record),)
        self._frozen = record.__dataclass_params__.frozen  # type: ignore[attr-defined]
        self._writers = [(place, field.write) for place, field in enumerate(self._fields) if field.write]
        self._readers = [(place, field.read) for place, field in enumerate(self._fields) if field.read]
        self.columns = (*key, *(field.column for field in self._fields), *(_END if key else ()))
        self.names = tuple(column.name for column in self.columns)
        self.key = self.names[0]

    def copy(self, record: R) -> R:
        """One that may be changed, unless no record can be. ``dataclasses.replace`` takes twice as long."""
        return record if self._frozen else self.record(*self.values(record))

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The columns' values of those fields that are among *values*."""
        return {
            column.name: write(values[name]) if write and values[name] is not None else values[name]
            for name, column, write, _ in self._fields
            if name in values
        }

    def row(self, key: str, record: R, expires_at: int) -> list[Any]:
        """The values of all columns."""
        values = [*self.values(record)]
        for place, write in self._writers:
            if values[place] is not None:
                values[place] = write(values[place])
        return values if self._has_key else [key, *values, expires_at]

    def read(self, row: Sequence[Any]) -> R:
        """The record in the values of all columns, as a database gives them, or as text."""
        values = [*(row if self._has_key else row[1:-1])]
        for place, read in self._readers:
            if values[place] is not None:
                values[place] = read(values[place])
        if not self._currencies:
            return self.record(*values)
        for place in self._currencies:
            if values[place] is not None:  # of the two that have the field's name the later counts
                values[place] = Money(values[place - 1], values[place])
        return self.record(**dict(zip(self._sources, values, strict=True)))


_Day = Annotated[str, Column(Kind.CHAR, 10)]


@dataclass(slots=True)
class ClientRecord:
    """When a client's network asked for sends."""

    log: Log = ""


@dataclass(slots=True)
class BudgetRecord:
    """What is reserved or spent on a day, in whole so'm."""

    used: Total = 0


@dataclass(slots=True)
class SwitchRecord:
    id: Hash
    name: Annotated[str, Column(Kind.TEXT, 120)]
    note: Annotated[str, Column(Kind.TEXT, 200)]
    since: Moment


@dataclass(slots=True)
class CountRecord:
    """How often something was counted on a day."""

    day: _Day
    name: Annotated[str, Column(Kind.TEXT, 64)]
    total: Total


PHONE = Table("uzotp_phone", PhoneRecord, _columns(fingerprint=Hash))
CLIENT = Table("uzotp_client", ClientRecord, _columns(client=Hash))
CHALLENGE = Table("uzotp_challenge", ChallengeRecord, uzotp_challenge_phone=("fingerprint",))
DELIVERY = Table(
    "uzotp_delivery",
    DeliveryRecord,
    uzotp_delivery_unfinished=("status", "created_at"),
    uzotp_delivery_phone=("fingerprint",),
    uzotp_delivery_created=("created_at",),
)
#: What puts deliveries in the order of their times.
AGE = attrgetter("created_at_ms", "id")
TALLY = Table("uzotp_tally", Tally, _columns(area=Annotated[str, Column(Kind.CHAR, 16)]))
BUDGET = Table("uzotp_budget", BudgetRecord, _columns(day=_Day))
SWITCH = Table("uzotp_switch", SwitchRecord)
COUNT = Table("uzotp_count", CountRecord, _columns(id=Hash))
TABLES: Mapping[str, Table[Any]] = {
    table.name: table for table in (PHONE, CLIENT, CHALLENGE, DELIVERY, TALLY, BUDGET, SWITCH, COUNT)
}

#: These of a settlement say which delivery and which challenge, and what its status is if that is forward.
_NOT_TOLD = {"fingerprint", "handle", "status"}
_TOLD = sorted({each.name for each in fields(Settlement)} & {each.name for each in fields(DeliveryRecord)} - _NOT_TOLD)
_told = attrgetter(*_TOLD)


def outcome(settlement: Settlement) -> dict[str, Any]:
    """What a settlement tells of its delivery, but for the status, under the names that both have."""
    return {name: value for name, value in zip(_TOLD, _told(settlement), strict=True) if value or value == 0}
