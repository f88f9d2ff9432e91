"""The operator's view: read-only, the number's prefix instead of the number, never a code, a nonce or a digest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Delivery
from uzotp.errors import InvalidPhone
from uzotp.phones import Phone

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class _ReadOnlyAdmin(_Admin):
    """Look, do not touch: a changed counter would be a limit that does not hold."""

    #: Shown, though no field is ever searched as typed: a full number is, by its fingerprint.
    search_fields = ("prefix",)
    search_help_text = _("A full phone number, or the first digits of one with its plus")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A full number is found by its fingerprint; anything shorter is taken for a prefix."""
        term = search_term.strip()
        if not term:
            return queryset, False
        verifier = get_verifier()
        condition = Q(prefix__startswith=term)
        try:
            phone = Phone.parse(term, verifier.policy.default_region)
            condition = Q(fingerprint=verifier.keys.fingerprint(phone))
        except InvalidPhone:
            pass
        return queryset.filter(condition), False

    @admin.display(description=_("number"), ordering="prefix")
    def number(self, row: Challenge | Delivery) -> str:
        return f"{row.prefix}****"


@admin.register(Challenge)
class ChallengeAdmin(_ReadOnlyAdmin):
    list_display = ("number", "purpose", "begun", "ends", "attempts", "sends", "used")
    list_filter = ("purpose", "used")
    ordering = ("-started_at",)
    fields = ("number", "purpose", "begun", "ends", "attempts", "sends", "used")
    readonly_fields = fields

    @admin.display(description=_("started"), ordering="started_at")
    def begun(self, row: Challenge) -> datetime:
        return row.started

    @admin.display(description=_("expires"), ordering="expires_at")
    def ends(self, row: Challenge) -> datetime:
        return row.expires


@admin.register(Delivery)
class DeliveryAdmin(_ReadOnlyAdmin):
    list_display = ("number", "country", "purpose", "gateway", "status", "price", "parts", "begun", "moved")
    list_filter = ("status", "gateway", "purpose", "country")
    ordering = ("-created_at",)
    fields = (
        "number", "country", "purpose", "gateway", "gateway_id", "status", "price", "parts", "begun", "moved",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("cost"), ordering="cost")
    def price(self, row: Delivery) -> str | None:
        return None if row.cost is None else f"{row.cost.normalize():f} {row.currency}"

    @admin.display(description=_("created"), ordering="created_at")
    def begun(self, row: Delivery) -> datetime:
        return row.created

    @admin.display(description=_("updated"), ordering="updated_at")
    def moved(self, row: Delivery) -> datetime:
        return row.updated
