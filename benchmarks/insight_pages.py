"""What the operator's pages cost on a million deliveries over 31 days in PostgreSQL: the figures, and the list.

``python -m benchmarks.insight_pages`` makes and drops the database of :mod:`benchmarks.insight`. A request goes through
the whole of Django's admin; *queries* are those on deliveries, counts, switches and money, for the session and the
user's permissions are the host's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.figures.servers import Database, database
from benchmarks.insight import NOW, _fill

PAGES = {
    "insight, today": "/admin/uzotp/insight/?days=1",
    "insight, 7 days": "/admin/uzotp/insight/?days=7",
    "insight, 31 days": "/admin/uzotp/insight/?days=31",
    "deliveries": "/admin/uzotp/delivery/",
    "deliveries, the last page offered": "/admin/uzotp/delivery/?p=100",
    "deliveries, failed": "/admin/uzotp/delivery/?status__exact=failed",
    "deliveries, of a gateway": "/admin/uzotp/delivery/?gateway=getsms",
    "deliveries, of a gateway without any": "/admin/uzotp/delivery/?gateway=test",
    "deliveries, of a country": "/admin/uzotp/delivery/?country=UZ",
    "deliveries, of the other countries": "/admin/uzotp/delivery/?country=other",
    "deliveries, of a prefix": "/admin/uzotp/delivery/?q=%2B99890123",
    "deliveries, of a prefix without any": "/admin/uzotp/delivery/?q=%2B99877",
    "deliveries, of a number": "/admin/uzotp/delivery/?q=901234567",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.insight_pages", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="deliveries (%(default)s)")
    parser.add_argument("--calls", type=int, default=5, help="of each page (%(default)s)")
    options = parser.parse_args()
    with database("postgres") as made:
        _fill(made, options.rows)
        client = _client(made)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        print(f"\n{options.rows:,} deliveries over 31 days in PostgreSQL; milliseconds\n")
        print("| page | queries | first | median | fastest |\n|---|---|---|---|---|")
        for name, path in PAGES.items():
            spent = []
            for _ in range(options.calls):
                began = time.perf_counter()
                with CaptureQueriesContext(connection) as queries:
                    answer = client.get(path)
                spent.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, (name, answer.status_code)
            first, *later = spent
            print(
                f"| {name} | {len(queries)} | {first:.0f} | {statistics.median(later):.0f} | {min(later):.0f} |",
                flush=True,
            )
        connection.close()


def _client(made: Database) -> Any:
    """Of a site with nothing but the admin; the moment is that of the filling."""
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": made.django},
        USE_TZ=True,
        SECRET_KEY="of the benchmarks",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        STATIC_URL="/static/",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        UZOTP={"GATEWAYS": ["console"], "DAILY_BUDGET": 5_000_000, "COUNTRIES": "*"},
        DEBUG=False,
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django_uzotp",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            f"{__name__}.everybody",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
    )
    django.setup()
    from django.contrib import admin
    from django.test import Client
    from django.urls import path

    from uzotp.settings.build import overrides
    from uzotp.testing import Outbox
    from uzotp.testing.clock import FakeClock

    globals()["urlpatterns"] = [path("admin/", admin.site.urls)]
    overrides.set(gateway=Outbox(), store=None, clock=FakeClock(NOW / 1000))
    return Client()


def everybody(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A middleware: whoever asks is the operator."""
    from django.contrib.auth.models import User

    operator = User(username="operator", is_staff=True, is_superuser=True)

    def respond(request: Any) -> Any:
        request.user = operator
        return get_response(request)

    return respond


if __name__ == "__main__":
    from benchmarks import insight_pages  # by the name that the settings know

    insight_pages.main()
