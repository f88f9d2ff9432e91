"""Phone verification by SMS code for Django.

::

    INSTALLED_APPS = [..., "django_uzotp"]
    UZOTP = {"DEVSMS_TOKEN": "...", "SERVICE_NAME": "TechShop"}
    urlpatterns = [..., path("otp/", include("django_uzotp.urls"))]

Names load at first use: importing this package imports no model and no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader, moved

if TYPE_CHECKING:
    from django_uzotp.conf import get_verifier as get_verifier
    from django_uzotp.helpers import begin as begin
    from django_uzotp.helpers import known_device as known_device
    from django_uzotp.helpers import redeem as redeem
    from django_uzotp.helpers import redeem_from as redeem_from
    from django_uzotp.helpers import remember_device as remember_device
    from django_uzotp.helpers import send_code as send_code
    from django_uzotp.helpers import verified_phone as verified_phone
    from django_uzotp.helpers import verify_code as verify_code
else:
    __getattr__ = loader(
        globals(),
        {
            "django_uzotp.conf": "get_verifier",
            "django_uzotp.helpers": (
                "begin known_device redeem redeem_from remember_device send_code verified_phone verify_code"
            ),
        },
    )

for _name in ("allauth", "drf", "drf.schema", "two_factor"):
    moved(f"django_uzotp.{_name}", f"django_uzotp.contrib.{_name}")
