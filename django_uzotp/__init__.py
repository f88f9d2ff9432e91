"""Phone verification by SMS code for Django.

::

    INSTALLED_APPS = [..., "django_uzotp"]
    UZOTP = {"DEVSMS_TOKEN": "...", "SERVICE_NAME": "TechShop"}
    urlpatterns = [..., path("otp/", include("django_uzotp.urls"))]

Names load at first use: importing this package imports no model and no HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_uzotp.conf import get_verifier as get_verifier
    from django_uzotp.helpers import redeem as redeem
    from django_uzotp.helpers import send_code as send_code
    from django_uzotp.helpers import verified_phone as verified_phone
    from django_uzotp.helpers import verify_code as verify_code

_HOME = {
    "get_verifier": "django_uzotp.conf",
    "redeem": "django_uzotp.helpers",
    "send_code": "django_uzotp.helpers",
    "verified_phone": "django_uzotp.helpers",
    "verify_code": "django_uzotp.helpers",
}

__all__ = ["get_verifier", "redeem", "send_code", "verified_phone", "verify_code"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'django_uzotp' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
