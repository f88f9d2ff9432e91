"""The tables of :class:`~django_uzotp.store.DjangoStore`, as models to look at.

Decisions do not go through them: the store runs the statements of :mod:`uzotp.stores.sql.store`. Columns that end
in ``_at`` are milliseconds since the epoch; beside each is a property that gives the aware datetime. No table holds
a phone number: a keyed fingerprint finds it again, and the prefix leaves its last four digits out.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField


class KeyField(_CharField):
    """``char(n)``, which PostgreSQL gives no second index for LIKE."""

    def db_type(self, connection: Any) -> str:
        return f"char({self.max_length})"


class HashField(KeyField):
    """26 characters of base32, always."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 26
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs


class PurposeChoice(models.IntegerChoices):
    """Purposes by devsms's number (``Purpose.template_type``)."""

    OPERATION = 1, _("operation")
    PASSWORD_RESET = 2, _("password reset")
    REGISTRATION = 3, _("registration")
    LOGIN = 4, _("login")


class StatusChoice(models.TextChoices):
    PENDING = "pending", _("pending")
    UNKNOWN = "unknown", _("unknown")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")


class Phone(models.Model):
    """What is counted for a number across purposes: sends, wrong codes, the cooldown."""

    fingerprint = HashField(_("fingerprint"), primary_key=True)
    sends = models.TextField(_("sends"))
    failures = models.TextField(_("failures"))
    resend_at = models.BigIntegerField(_("no send before (ms)"))
    expires_at = models.BigIntegerField(_("kept until (ms)"))

    class Meta:
        db_table = "uzotp_phone"
        verbose_name = _("phone counter")
        verbose_name_plural = _("phone counters")

    def __str__(self) -> str:
        return self.fingerprint[:8]

    @property
    def resend(self) -> datetime:
        return _utc(self.resend_at)

    @property
    def expires(self) -> datetime:
        return _utc(self.expires_at)


class Client(models.Model):
    """What is counted for a client's network."""

    client = HashField(_("fingerprint"), primary_key=True)
    log = models.TextField(_("sends"))
    expires_at = models.BigIntegerField(_("kept until (ms)"))

    class Meta:
        db_table = "uzotp_client"
        verbose_name = _("client counter")
        verbose_name_plural = _("client counters")

    def __str__(self) -> str:
        return self.client[:8]

    @property
    def expires(self) -> datetime:
        return _utc(self.expires_at)


class Challenge(models.Model):
    """One pending code. The code is not in here: it is derived, and the digest is keyed outside the database."""

    handle = HashField(_("handle"), primary_key=True)
    fingerprint = HashField(_("phone fingerprint"))
    purpose = models.SmallIntegerField(_("purpose"), choices=PurposeChoice.choices)
    prefix = models.CharField(_("number prefix"), max_length=16)
    nonce = HashField(_("nonce"))
    digest = HashField(_("digest"))
    key_id = models.CharField(_("key"), max_length=6)
    started_at = models.BigIntegerField(_("started (ms)"))
    expires_at = models.BigIntegerField(_("expires (ms)"))
    attempts = models.IntegerField(_("attempts"))
    sends = models.IntegerField(_("sends"))
    used = models.BooleanField(_("used"))
    delivery_id = HashField(_("newest delivery"))

    class Meta:
        db_table = "uzotp_challenge"
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")
        indexes = [models.Index(fields=["fingerprint"], name="uzotp_challenge_phone")]

    def __str__(self) -> str:
        return f"{self.prefix}**** {self.get_purpose_display()}"

    @property
    def started(self) -> datetime:
        return _utc(self.started_at)

    @property
    def expires(self) -> datetime:
        return _utc(self.expires_at)


class Delivery(models.Model):
    """One message's life."""

    id = HashField(_("id"), primary_key=True)
    fingerprint = HashField(_("phone fingerprint"))
    handle = HashField(_("challenge"))
    purpose = models.SmallIntegerField(_("purpose"), choices=PurposeChoice.choices)
    prefix = models.CharField(_("number prefix"), max_length=16)
    country = models.CharField(_("country"), max_length=2)
    status = models.CharField(_("status"), max_length=10, choices=StatusChoice.choices)
    gateway = models.CharField(_("gateway"), max_length=32)
    gateway_id = models.CharField(_("gateway's id"), max_length=64, null=True)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=4, null=True)
    currency = models.CharField(_("currency"), max_length=3, null=True)
    parts = models.SmallIntegerField(_("parts"), null=True)
    created_at = models.BigIntegerField(_("created (ms)"))
    updated_at = models.BigIntegerField(_("updated (ms)"))
    verified_at = models.BigIntegerField(_("verified (ms)"), null=True)

    class Meta:
        db_table = "uzotp_delivery"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["status", "created_at"], name="uzotp_delivery_unfinished"),
            models.Index(fields=["fingerprint"], name="uzotp_delivery_phone"),
            models.Index(fields=["created_at"], name="uzotp_delivery_created"),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}**** {self.get_status_display()}"

    @property
    def created(self) -> datetime:
        return _utc(self.created_at)

    @property
    def updated(self) -> datetime:
        return _utc(self.updated_at)

    @property
    def verified(self) -> datetime | None:
        return None if self.verified_at is None else _utc(self.verified_at)


class Insight(Delivery):
    """The page of figures in the admin, which lists models: no table and no permission of its own."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("SMS insight")
        verbose_name_plural = _("SMS insight")


class Proof(models.Model):
    """A verified phone's single-use proof, until it is redeemed."""

    id = HashField(_("id"), primary_key=True)
    fingerprint = HashField(_("phone fingerprint"))
    expires_at = models.BigIntegerField(_("expires (ms)"))

    class Meta:
        db_table = "uzotp_proof"
        verbose_name = _("proof")
        verbose_name_plural = _("proofs")

    def __str__(self) -> str:
        return self.id[:8]

    @property
    def expires(self) -> datetime:
        return _utc(self.expires_at)


class Tally(models.Model):
    """What the pumping guard counted of a country, or of a number prefix: by the minute and by the half-hour."""

    area = KeyField(_("country or prefix"), max_length=16, primary_key=True)
    minutes = models.TextField(_("of the hour"))
    spans = models.TextField(_("of the day"))
    expires_at = models.BigIntegerField(_("kept until (ms)"))

    class Meta:
        db_table = "uzotp_tally"
        verbose_name = _("guard tally")
        verbose_name_plural = _("guard tallies")

    def __str__(self) -> str:
        return self.area.strip()


class Budget(models.Model):
    """What a day of Asia/Tashkent has cost or may yet cost, in whole so'm."""

    day = KeyField(_("day"), max_length=10, primary_key=True)
    used = models.BigIntegerField(_("reserved and spent, so'm"))
    expires_at = models.BigIntegerField(_("kept until (ms)"))

    class Meta:
        db_table = "uzotp_budget"
        verbose_name = _("day's money")
        verbose_name_plural = _("days' money")

    def __str__(self) -> str:
        return self.day


class Switch(models.Model):
    """What a person has to know of and to clear: the pause, a blocked service name."""

    id = HashField(_("id"), primary_key=True)
    name = models.CharField(_("name"), max_length=120)
    note = models.CharField(_("note"), max_length=200)
    since = models.BigIntegerField(_("since (ms)"))

    class Meta:
        db_table = "uzotp_switch"
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.name


class Count(models.Model):
    """How often something was refused on a day of Asia/Tashkent, and what else the deliveries do not show."""

    id = HashField(_("id"), primary_key=True)
    day = KeyField(_("day"), max_length=10)
    name = models.CharField(_("name"), max_length=64)
    total = models.BigIntegerField(_("total"))
    expires_at = models.BigIntegerField(_("kept until (ms)"))

    class Meta:
        db_table = "uzotp_count"
        verbose_name = _("count")
        verbose_name_plural = _("counts")

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


def _utc(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)
