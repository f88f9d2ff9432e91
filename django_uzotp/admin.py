"""The operator's view: read-only, the number's prefix instead of the number, never a code, a nonce or a digest.

It stays fast with millions of deliveries: no page counts them all, no filter looks for the values that there are, and
the list is in the order of an index.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language

from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Delivery, Insight
from django_uzotp.models import Phone as PhoneCounter
from django_uzotp.texts import text as _
from django_uzotp.texts import text_now
from uzotp.errors import InvalidPhone
from uzotp.insight.page import answer
from uzotp.insight.words import Words, words
from uzotp.ports.ledger import TEST_GATEWAY
from uzotp.rules import logs

#: The list can be paged through so many rows, the newest; searching and filtering find the others.
MOST_ROWS = 10_000


def _words() -> Words:
    """In the active language where it is one of ours, else in English."""
    return words((get_language() or "").partition("-")[0])


def _shown(name: str, description: Any, ordering: str | None = None) -> Any:
    """A column with the moment that a row's property *name* tells."""
    return admin.display(description=description, ordering=ordering)(lambda self, row: getattr(row, name))


class CappedPaginator(Paginator):
    """Counts :data:`MOST_ROWS` rows at most, for counting a million takes the time of reading them."""

    @cached_property
    def _found(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: MOST_ROWS + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._found, MOST_ROWS)

    @property
    def capped(self) -> bool:
        return self._found > MOST_ROWS


class _ReadOnlyAdmin(admin.ModelAdmin):
    """Look, do not touch: a changed counter would be a limit that does not hold."""

    def _nobody(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_change_permission = has_delete_permission = _nobody


class _RowsAdmin(_ReadOnlyAdmin):
    """A list that is fast however long it is, searched by number."""

    #: What begins with the text that was typed, unless that is a full number: then its fingerprint is looked for.
    search_fields = ("prefix",)
    search_help_text = _("A full phone number, or the first digits of one with its plus")
    paginator = CappedPaginator
    show_full_result_count = False
    if hasattr(admin, "ShowFacets"):  # Django 5: how many rows each filter has, which is a scan for each
        show_facets = admin.ShowFacets.NEVER

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A full number is found by its fingerprint; anything shorter is taken for the beginning of the field."""
        term = search_term.strip()
        if not term:
            return queryset, False
        verifier = get_verifier()
        try:
            phone = verifier.policy.read_phone(term)
            condition = Q(fingerprint=verifier.keys.fingerprint(phone))
        except InvalidPhone:
            condition = Q(**{f"{self.search_fields[0]}__startswith": term})
        return queryset.filter(condition), False

    @admin.display(description=_("number"), ordering="prefix")
    def number(self, row: Challenge | Delivery) -> str:
        return f"{row.prefix}****"


@admin.register(Challenge)
class ChallengeAdmin(_RowsAdmin):
    list_display = fields = readonly_fields = ("number", "purpose", "begun", "ends", "attempts", "sends", "used")
    list_filter = ("purpose", "used")
    ordering = ("-started_at",)
    begun = _shown("started", _("started"), ordering="started_at")
    ends = _shown("expires", _("expires"), ordering="expires_at")


def _counted(log: str, description: Any) -> Any:
    """A column with the number of entries that a row's *log* has."""
    return admin.display(description=description)(lambda self, row: len(logs.moments(getattr(row, log))))


@admin.register(PhoneCounter)
class PhoneAdmin(_RowsAdmin):
    """What keeps a number out, and how it is let in: with a permission of its own, on record in the admin's log."""

    list_display = fields = readonly_fields = ("__str__", "sent", "missed", "resend", "kept")
    search_fields = ("fingerprint",)
    search_help_text = _("A full phone number")
    ordering = ("fingerprint",)
    sortable_by = ()
    actions = ("let_in",)
    sent = _counted("sends", _("sends"))
    missed = _counted("failures", _("failures"))
    kept = _shown("expires", _("kept until"))

    @admin.display(description=_("no send before"))
    def resend(self, row: PhoneCounter) -> datetime | None:
        return row.resend if row.resend_at else None

    @admin.action(description=_("Let this number in"), permissions=["unlock"])
    def let_in(self, request: HttpRequest, rows: QuerySet[PhoneCounter]) -> None:
        """Nobody knows the number here, so this is no event: the admin's log has it."""
        for row in rows:
            if get_verifier().store.unlock(row.pk):
                self.log_change(request, row, text_now("Let this number in"))

    def has_unlock_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("uzotp.unlock_phone"))


class GatewayFilter(admin.SimpleListFilter):
    """By the gateways that are configured: what others there were would be a scan of the table."""

    title = _("gateway")
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = [gateway.name for gateway in get_verifier().router.gateways]
        return [(name, name) for name in (*names, TEST_GATEWAY)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


class CountryFilter(admin.SimpleListFilter):
    """By the countries of ``COUNTRIES``, and those that are none of them."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*((code, code) for code in _countries()), ("other", _("other countries"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "other":
            return queryset.exclude(country__in=_countries())
        return queryset.filter(country=self.value()) if self.value() else queryset


def _countries() -> tuple[str, ...]:
    """Where all are allowed, the home country stands for itself."""
    allowed = get_verifier().policy.countries
    return ("UZ",) if isinstance(allowed, str) else allowed


@admin.register(Delivery)
class DeliveryAdmin(_RowsAdmin):
    list_display = ("number", "country", "purpose", "gateway", "status", "price", "parts", "begun", "moved", "accepted")
    list_filter = ("status", GatewayFilter, "purpose", CountryFilter)
    ordering = ("-created_at",)
    #: The one order that has an index.
    sortable_by = ("begun",)
    fields = readonly_fields = (*list_display[:4], "gateway_id", *list_display[4:])
    begun = _shown("created", _("created"), ordering="created_at")
    moved = _shown("updated", _("updated"))
    accepted = _shown("verified", _("verified"))

    @admin.display(description=_("cost"))
    def price(self, row: Delivery) -> str | None:
        if row.cost is None:
            return f"≈ {row.booked} UZS" if row.booked else None
        return f"{row.cost.normalize():f} {row.currency}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        text = _words()
        more = {
            "insight_url": _address(self, "insight"),
            "insight_title": text["to_insight"],
            "capped_note": text["capped"].format(n=text.number(MOST_ROWS)),
        }
        return super().changelist_view(request, more | (extra_context or {}))


def _address(model_admin: admin.ModelAdmin, model: str) -> str:
    """The list of *model* on the same admin site; empty where that site has none."""
    with suppress(NoReverseMatch):
        return reverse(f"admin:uzotp_{model}_changelist", current_app=model_admin.admin_site.name)
    return ""


@admin.register(Insight)
class InsightAdmin(_ReadOnlyAdmin):
    """One page of figures, for whoever may view deliveries."""

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.insight), name="uzotp_insight_changelist")]

    def insight(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        text = _words()
        found, status = answer(get_verifier(), request.GET.get("days"), text.language)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": found.title,
            "opts": self.model._meta,
            "page": found,
            "words": text,
            "keep": "",
            "deliveries_url": _address(self, "delivery"),
        }
        return TemplateResponse(request, "admin/uzotp/insight.html", context, status=status)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """That of the deliveries: as in the admin, who may change may view."""
        return admin.ModelAdmin(Delivery, self.admin_site).has_view_permission(request)
