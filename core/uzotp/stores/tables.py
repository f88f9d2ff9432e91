"""The tables and their columns, in one description: the SQL, SQLAlchemy's tables and Django's models follow from it.

The columns of a delivery and of a challenge are the fields of :class:`~uzotp.ports.delivery.DeliveryRecord` and
:class:`~uzotp.rules.challenges.ChallengeRecord`, a delivery's in Redis too. Moments are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from uzotp.policy import Purpose
from uzotp.ports.columns import Column, Hash, Kind, Log, Moment, Total
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.ports.money import Money
from uzotp.rules.challenges import ChallengeRecord, PhoneRecord

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
_READ: dict[Any, Callable[[Any], Any]] = {Purpose: lambda number: _PURPOSES[int(number) - 1]}


class _Field(NamedTuple):
    name: str
    kind: Any
    column: Column


def _field(name: str, hint: Any) -> _Field:
    args = get_args(hint)
    null = NoneType in args
    if null:
        (hint,) = (each for each in args if each is not NoneType)
    kind, column = get_args(hint) if get_origin(hint) is Annotated else (hint, _COLUMNS[hint])
    return _Field(name, kind, replace(column, name=name.removesuffix("_ms"), null=null))


class Fields(Generic[R]):
    """The fields of a record as columns of the same names, which leave the unit ``_ms`` out."""

    def __init__(self, record: type[R]) -> None:
        self._record = record
        self._fields = [_field(*each) for each in get_type_hints(record, include_extras=True).items()]
        self.columns: list[Column] = []
        for each in self._fields:
            self.columns.append(each.column)
            if each.kind is Money:
                self.columns.append(Column(Kind.TEXT, 3, "currency", each.column.null))
        self._names = [column.name for column in self.columns]

    def write(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The columns' values of those fields that are among *values*."""
        written = {}
        for name, kind, column in self._fields:
            if name in values:
                value = values[name]
                convert = _WRITE.get(kind)
                written[column.name] = convert(value) if convert and value is not None else value
                if kind is Money:
                    written["currency"] = value and value.currency
        return written

    def row(self, record: R) -> list[Any]:
        """All of *record*, in the order of the columns."""
        return [*self.write({each.name: getattr(record, each.name) for each in self._fields}).values()]

    def read(self, values: Mapping[str, Any]) -> R:
        """The record of these columns' values, as a database gives them or as text; what is missing is ``None``."""
        found = {}
        for name, kind, column in self._fields:
            value = values.get(column.name)
            if value is not None:
                if kind is Money:
                    value = Money(Decimal(str(value)), values["currency"])
                else:
                    value = _READ.get(kind, kind)(value)
            found[name] = value
        return self._record(**found)

    def read_row(self, row: Any) -> R:
        return self.read(dict(zip(self._names, row, strict=True)))


PHONE, CHALLENGE, DELIVERY = Fields(PhoneRecord), Fields(ChallengeRecord), Fields(DeliveryRecord)


@dataclass(frozen=True)
class Table:
    """The first column is the primary key."""

    name: str
    columns: tuple[Column, ...]
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.columns[0].name

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _columns(**hints: Any) -> tuple[Column, ...]:
    return tuple(_field(name, hint).column for name, hint in hints.items())


def _text(length: int, kind: Kind = Kind.TEXT) -> Any:
    return Annotated[str, Column(kind, length)]


_DAY, _END = _text(10, Kind.CHAR), _columns(expires_at=Moment)
TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("uzotp_phone", (*_columns(fingerprint=Hash), *PHONE.columns, *_END)),
        Table("uzotp_client", _columns(client=Hash, log=Log) + _END),
        Table("uzotp_challenge", tuple(CHALLENGE.columns), {"uzotp_challenge_phone": ("fingerprint",)}),
        Table(
            "uzotp_delivery",
            tuple(DELIVERY.columns),
            {
                "uzotp_delivery_unfinished": ("status", "created_at"),
                "uzotp_delivery_phone": ("fingerprint",),
                "uzotp_delivery_created": ("created_at",),
            },
        ),
        Table("uzotp_proof", _columns(id=Hash, fingerprint=Hash) + _END),
        Table("uzotp_tally", _columns(area=_text(16, Kind.CHAR), minutes=Log, spans=Log) + _END),
        Table("uzotp_budget", _columns(day=_DAY, used=Total) + _END),
        Table("uzotp_switch", _columns(id=Hash, name=_text(120), note=_text(200), since=Moment)),
        Table("uzotp_count", _columns(id=Hash, day=_DAY, name=_text(64), total=Total) + _END),
    )
}
