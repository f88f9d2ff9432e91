"""The operator's view of the devices: a number is typed once, and masked ever after."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Field
from django.forms import Field as FormField
from django.http import HttpRequest

from django_uzotp.forms import PhoneField
from django_uzotp.otp.models import UzOTPDevice
from django_uzotp.texts import text as _
from uzotp.errors import InvalidPhone


@admin.register(UzOTPDevice)
class UzOTPDeviceAdmin(admin.ModelAdmin):
    list_display = ("user", "name", "masked", "confirmed", "created_at", "last_used_at")
    list_filter = ("confirmed",)
    search_fields = ("name", f"user__{get_user_model().USERNAME_FIELD}")
    raw_id_fields = ("user",)
    readonly_fields = ("masked", "created_at", "last_used_at", "refused_until")

    def get_fields(self, request: HttpRequest, obj: UzOTPDevice | None = None) -> tuple[str, ...]:
        if obj is None:
            return "user", "name", "number", "confirmed"
        return "user", "name", "masked", "confirmed", *self.readonly_fields[1:]

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> FormField | None:
        if db_field.name == "number":
            return PhoneField(label=db_field.verbose_name)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=_("number"))
    def masked(self, row: UzOTPDevice) -> str:
        try:
            return row.phone.masked
        except InvalidPhone:  # the numbering plan has changed since
            return "***"
