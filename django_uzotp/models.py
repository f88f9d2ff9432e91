"""The tables of :class:`~django_uzotp.store.DjangoStore`, as models to look at.

Decisions do not go through them: the store runs the statements of :mod:`uzotp.stores.sql.store`. The fields are the
columns of :mod:`uzotp.stores.tables`. Those that end in ``_at`` are milliseconds since the epoch; beside each is an
attribute without the ending that gives the aware datetime. No table holds a phone number: a keyed fingerprint finds it
again, and the prefix leaves its last four digits out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from django.db import models

from django_uzotp.texts import text as _
from uzotp.policy import Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.ports.kinds import MONEY_DIGITS, Kind
from uzotp.stores import tables

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class KeyField(models.CharField):
    """``char(n)``, which PostgreSQL gives no second index for LIKE."""

    def db_type(self, connection: Any) -> str:
        return f"char({self.max_length})"


class HashField(KeyField):
    """26 characters of base32, always."""

    LENGTH = 26

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = self.LENGTH
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs


#: What people read of a column, where it is not its name and its table has no other word for it.
_NAMES = {
    "fingerprint": _("phone fingerprint"),
    "resend_at": _("no send before (ms)"),
    "expires_at": _("kept until (ms)"),
    "client": _("fingerprint"),
    "log": _("sends"),
    "prefix": _("number prefix"),
    "key_id": _("key"),
    "started_at": _("started (ms)"),
    "delivery_id": _("newest delivery"),
    "gateway_id": _("gateway's id"),
    "created_at": _("created (ms)"),
    "updated_at": _("updated (ms)"),
    "verified_at": _("verified (ms)"),
    "booked": _("booked, so'm"),
    "area": _("country or prefix"),
    "minutes": _("of the hour"),
    "spans": _("of the day"),
    "since": _("since (ms)"),
}
_CHOICES = {
    "purpose": [(each.template_type, _(each.value.replace("_", " "))) for each in Purpose],
    "status": [(each.value, _(each.value)) for each in DeliveryStatus],
}
_FIELDS: dict[Kind, Callable[..., models.Field[Any, Any]]] = {
    Kind.CHAR: KeyField,
    Kind.TEXT: models.CharField,
    Kind.LOG: models.TextField,
    Kind.SMALL: models.SmallIntegerField,
    Kind.WHOLE: models.IntegerField,
    Kind.BIG: models.BigIntegerField,
    Kind.FLAG: models.BooleanField,
    Kind.AMOUNT: models.DecimalField,
}


class _Moment:
    """A column of milliseconds, read as an aware datetime."""

    def __init__(self, column: str) -> None:
        self._column = column

    def __get__(self, row: Any, _: type) -> Any:
        ms = getattr(row, self._column, None)
        return None if ms is None else _EPOCH + timedelta(milliseconds=ms)


def _table(table: tables.Table[Any], name: Any, plural: Any, permissions: Any = None, **names: Any) -> dict[str, Any]:
    """A model's body: the fields of the table's columns, the moments among them as datetimes, what it is called, and
    the *permissions* that it has of its own."""
    found: dict[str, Any] = {}
    for column in table.columns:
        options: dict[str, Any] = {"primary_key": True} if column.name == table.key else {}
        if column.null:
            options["null"] = True
        if column.kind is Kind.AMOUNT:
            options["max_digits"], options["decimal_places"] = MONEY_DIGITS
        if column.name in _CHOICES:
            options["choices"] = _CHOICES[column.name]
        field = _FIELDS[column.kind]
        if column.kind is Kind.CHAR and column.length == HashField.LENGTH:
            field = HashField
        elif column.length:
            options["max_length"] = column.length
        found[column.name] = field(names.get(column.name) or _NAMES.get(column.name) or _(column.name), **options)
        if column.name.endswith("_at"):
            found[column.name.removesuffix("_at")] = _Moment(column.name)
    meta = {
        "db_table": table.name,
        "verbose_name": name,
        "verbose_name_plural": plural,
        "indexes": [models.Index(fields=among, name=index) for index, among in table.indexes.items()],
    }
    if permissions:
        meta["permissions"] = permissions
    return {**found, "Meta": type("Meta", (), meta)}


class _Row(models.Model):
    class Meta:
        abstract = True

    if TYPE_CHECKING:  # what _table makes
        created: datetime
        updated: datetime
        started: datetime
        expires: datetime
        verified: datetime | None

        def __getattr__(self, name: str) -> Any: ...

    def __str__(self) -> str:
        return str(self.pk)[:8]


class Phone(_Row):
    """What is counted for a number across purposes: sends, wrong codes, the cooldown."""

    vars().update(
        _table(
            tables.PHONE,
            _("phone counter"),
            _("phone counters"),
            permissions=[("unlock_phone", "Can let a number in")],
            fingerprint=_("fingerprint"),
        )
    )


class Client(_Row):
    """What is counted for a client's network."""

    vars().update(_table(tables.CLIENT, _("client counter"), _("client counters")))


class Challenge(_Row):
    """One pending code. The code is not in here: it is derived, and the digest is keyed outside the database."""

    vars().update(_table(tables.CHALLENGE, _("challenge"), _("challenges"), expires_at=_("expires (ms)")))

    def __str__(self) -> str:
        return f"{self.prefix}**** {self.get_purpose_display()}"


class Delivery(_Row):
    """One message's life."""

    vars().update(_table(tables.DELIVERY, _("delivery"), _("deliveries"), handle=_("challenge")))

    def __str__(self) -> str:
        return f"{self.prefix}**** {self.get_status_display()}"


class Insight(Delivery):
    """The page of figures in the admin, which lists models: no table and no permission of its own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("SMS insight")
        verbose_name_plural = _("SMS insight")


class Tally(_Row):
    """What the pumping guard counted of a country, or of a number prefix: by the minute and by the half-hour."""

    vars().update(_table(tables.TALLY, _("guard tally"), _("guard tallies")))

    def __str__(self) -> str:
        return str(self.area.strip())


class Budget(_Row):
    """What a day of Asia/Tashkent has cost or may yet cost, in whole so'm."""

    vars().update(_table(tables.BUDGET, _("day's money"), _("days' money"), used=_("reserved and spent, so'm")))

    def __str__(self) -> str:
        return str(self.day)


class Switch(_Row):
    """What a person has to know of and to clear: the pause, a blocked service name."""

    vars().update(_table(tables.SWITCH, _("switch"), _("switches")))

    def __str__(self) -> str:
        return str(self.name)


class Count(_Row):
    """How often something was refused on a day of Asia/Tashkent, and what else the deliveries do not show."""

    vars().update(_table(tables.COUNT, _("count"), _("counts")))

    def __str__(self) -> str:
        return f"{self.day} {self.name}"
