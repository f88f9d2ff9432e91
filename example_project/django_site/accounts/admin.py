from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin

from accounts.models import User


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    ordering = ("-date_joined",)
    list_display = ("name", "phone", "is_staff", "date_joined")
    search_fields = ("name", "phone")
    # The number is a credential: it changes by a code to the new one, never by hand.
    readonly_fields = ("phone", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("phone", "name", "password")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def has_add_permission(self, request) -> bool:
        """Accounts begin with a verified phone, or with ``manage.py createsuperuser``."""
        return False
