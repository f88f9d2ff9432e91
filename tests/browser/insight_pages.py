"""The operator's page with a rich month on it, in Django's admin and in Flask, for a browser to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.browser.driving import show
from tests.core.histories import Plain, Wealthy, troubled_store
from tests.web.sites import SITES, Site, flask_app
from uzotp.sending.breaker import TRIP_AFTER
from uzotp.sending.router import Router
from uzotp.settings.build import overrides
from uzotp.testing.clock import FakeClock

PATHS = {"django": "/admin/uzotp/insight/", "flask": "/ops/sms/"}
_BUDGET = 60_000


def site_of(framework: str) -> Site:
    """A host site whose every visitor is the operator, in a month in which much went wrong."""
    site = SITES[framework]()
    clock, gateway = FakeClock(), Router([Wealthy("devsms", amount=9_400), Plain("getsms")])
    for _ in range(TRIP_AFTER):
        gateway.breakers["getsms"].note(False)
    overrides.set(gateway=gateway, store=troubled_store(int(clock.time() * 1000)), clock=clock)
    if framework == "django":
        _into_the_admin(site)
    else:
        from flask_uzotp.insight import insight

        app = flask_app({"DAILY_BUDGET": _BUDGET})
        app.register_blueprint(insight(lambda: True), url_prefix="/ops/sms")
        site.app = app  # type: ignore[attr-defined]
    return site


def _into_the_admin(site: Any) -> None:
    from django.conf import settings

    middleware = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware", f"{__name__}.everybody"]
    site.override(ROOT_URLCONF="tests.django_app.admin_urls", MIDDLEWARE=middleware)
    site.configure(DAILY_BUDGET=_BUDGET)


def everybody(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A middleware of Django: whoever asks is the operator. No database is needed for that."""
    from django.contrib.auth import get_user_model

    operator = get_user_model()(username="operator", is_staff=True, is_superuser=True)

    def respond(request: Any) -> Any:
        request.user = operator
        return get_response(request)

    return respond


def open_page(driver: Any, address: str, framework: str, language: str, theme: str, width: int, days: int = 7) -> None:
    """The page in a language: by the cookie of Django, by its own address in Flask."""
    show(driver, width, theme)
    if framework == "django":
        driver.get(f"{address}/static/uzotp/insight.css")  # a cookie is set on a page of the site
        driver.add_cookie({"name": "django_language", "value": language})
    driver.get(f"{address}{PATHS[framework]}?days={days}&lang={language}")


def unfold(driver: Any) -> None:
    driver.execute_script("document.querySelectorAll('.uzotp-insight details').forEach((one) => { one.open = true; })")
