"""The page of figures in the admin: for whoever may view deliveries, in the look of any admin site."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import translation

from django_uzotp.admin import DeliveryAdmin, InsightAdmin
from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Count, Delivery, Insight, Phone, Switch, Tally
from tests.core.histories import Plain, Told, Wealthy, traffic, troubled_store
from tests.core.shop import Broken
from tests.core.shown import cards_in, cards_of, check_strict, tables_in, tables_of
from uzotp.i18n import LANGUAGES
from uzotp.insight.collect import PERIODS, look
from uzotp.insight.page import page
from uzotp.ports.ledger import History
from uzotp.sending.router import Router
from uzotp.settings.build import overrides
from uzotp.tashkent import day_of
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

PAGE = "/admin/uzotp/insight/"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def rich(clock: FakeClock) -> Iterator[None]:
    gateway = Router([Wealthy(), Plain("getsms")])
    overrides.set(gateway=gateway, store=troubled_store(int(clock.time() * 1000)), clock=clock)
    settings = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop", "DAILY_BUDGET": 60_000}
    with override_settings(ROOT_URLCONF="tests.django_app.admin_urls", UZOTP=settings):
        yield
    overrides.set(gateway=None, store=None, clock=None)


@pytest.fixture
def log_in() -> Iterator[Callable[..., Client]]:
    users = []

    def make(*permissions: str, staff: bool = True, superuser: bool = False) -> Client:
        name = f"user {len(users)}"
        user = get_user_model().objects.create_user(name, is_staff=staff, is_superuser=superuser)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        users.append(user)
        client = Client()
        client.force_login(user)
        return client

    yield make
    for user in users:
        user.delete()


# -------------------------------------------------------------------------------------------------------- who may look


def test_it_is_for_staff_who_may_view_deliveries(log_in: Callable[..., Client]) -> None:
    assert log_in("view_delivery").get(PAGE).status_code == 200
    assert log_in("change_delivery").get(PAGE).status_code == 200
    assert log_in(superuser=True).get(PAGE).status_code == 200
    assert log_in().get(PAGE).status_code == 403
    assert log_in("view_challenge", "view_insight").get(PAGE).status_code == 403
    for client in (log_in("view_delivery", staff=False), Client()):
        answer = client.get(PAGE)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/")


def test_it_has_no_permission_of_its_own() -> None:
    assert not Permission.objects.filter(codename__contains="insight").exists()


def test_the_index_and_the_list_lead_to_it_where_one_may(log_in: Callable[..., Client]) -> None:
    link = f'href="{PAGE}"'
    for client in (log_in("view_delivery"), log_in(superuser=True)):
        assert link in client.get("/admin/").content.decode()
        assert link in client.get("/admin/uzotp/delivery/").content.decode()
        assert 'href="/admin/uzotp/delivery/"' in client.get(PAGE).content.decode()
    assert link not in log_in("view_challenge").get("/admin/").content.decode()


def test_it_is_never_changed_and_never_stored(log_in: Callable[..., Client]) -> None:
    client = log_in(superuser=True)
    assert "no-store" in client.get(PAGE)["Cache-Control"]
    for address in (f"{PAGE}add/", f"{PAGE}1/change/", f"{PAGE}1/delete/"):
        assert client.get(address).status_code == 404


# -------------------------------------------------------------------------------------------------------- what it shows


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_shows_the_figures_of_the_report(log_in: Callable[..., Client], language: str) -> None:
    client = log_in("view_delivery")
    for days in PERIODS:
        with translation.override(language):
            html = client.get(PAGE, {"days": days}).content.decode()
        found = page(look(get_verifier(), days), language)
        assert tables_in(html) == tables_of(found)
        assert cards_in(html) == cards_of(found)
        check_strict(html)
        assert f'lang="{language}"' in html


def test_another_language_is_answered_in_english(log_in: Callable[..., Client]) -> None:
    client = log_in("view_delivery")
    with translation.override("de"):
        html = client.get(PAGE).content.decode()
    assert tables_in(html) == tables_of(page(look(get_verifier()), "en"))
    assert '<div class="uzotp-insight" lang="en">' in html


def test_a_period_that_is_not_offered_is_the_default(log_in: Callable[..., Client]) -> None:
    client = log_in("view_delivery")
    usual = client.get(PAGE).content.decode()
    for days in ("0", "30", "<script>", "7&days=1e9"):
        assert tables_in(client.get(PAGE, {"days": days}).content.decode()) == tables_in(usual)
    assert tables_in(client.get(PAGE, {"days": "1"}).content.decode()) != tables_in(usual)


@override_settings(USE_THOUSAND_SEPARATOR=True, LANGUAGE_CODE="ru")
def test_the_site_s_own_formats_do_not_reach_into_the_drawings(log_in: Callable[..., Client]) -> None:
    with translation.override("ru"):
        check_strict(log_in("view_delivery").get(PAGE, {"days": 31}).content.decode())


def test_hostile_names_stay_words(log_in: Callable[..., Client], clock: FakeClock) -> None:
    name, today = '<b>&"', day_of(int(clock.time() * 1000))
    found = History((traffic(today, 3, gateway=name, cost="1", currency="<u>"),), (), {name: {1: 1}}, {})
    store = Told(found)
    store.switch_on("blocked:<b>&:<i>", "<u>")
    overrides.set(gateway=Router([Plain(name)]), store=store, clock=clock)
    html = log_in("view_delivery").get(PAGE).content.decode()
    check_strict(html)
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in html
    assert "&lt;b&gt;&amp;&quot;" in html


def test_a_store_that_is_away_is_a_word(log_in: Callable[..., Client], clock: FakeClock) -> None:
    client = log_in("view_delivery")
    overrides.set(gateway=Router([Wealthy()]), store=Broken(), clock=clock)  # type: ignore[arg-type]
    answer = client.get(PAGE)
    assert answer.status_code == 503
    assert "The store does not answer" in answer.content.decode()


# ----------------------------------------------------------------------------------------------------- the real store


@pytest.fixture
def outbox(clock: FakeClock) -> Iterator[Outbox]:
    outbox = Outbox()
    overrides.set(gateway=outbox, store=None, clock=clock)
    yield outbox
    for model in (Challenge, Count, Delivery, Phone, Switch, Tally):
        model.objects.all().delete()


def test_r43_a_real_day_is_shown_without_a_number_or_a_code(outbox: Outbox, log_in: Callable[..., Client]) -> None:
    verifier = get_verifier()
    verifier.send_code("90 123 81 90", "login", client_ip=None, binding="x")
    assert verifier.verify_code("90 123 81 90", outbox[-1].code, "login", binding="x")
    html = log_in("view_delivery").get(PAGE).content.decode()
    assert ["+99890123****", "1", "0%", "0%", "100%"] in dict(tables_in(html))["By number prefix, the busiest 1"]
    assert outbox[-1].code not in html
    assert "8190" not in html
    assert Delivery.objects.get().fingerprint not in html


@pytest.mark.parametrize(("days", "most"), [(31, 9), (1, 13)])
def test_the_page_asks_the_database_few_questions(
    outbox: Outbox, log_in: Callable[..., Client], clock: FakeClock, days: int, most: int
) -> None:
    """The session and the user; switches, four of the past, the books; and the four of the month where the period
    does not hold it."""
    clock.advance(15 * 86_400)
    client = log_in(superuser=True)
    get_verifier().send_code("90 123 81 90", "login", client_ip=None, binding="x")
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PAGE, {"days": days}).status_code == 200
    asked = [query["sql"] for query in queries if query["sql"].lstrip().upper().startswith("SELECT")]
    assert len(asked) <= most, "\n".join(asked)


# ------------------------------------------------------------------------------------------------- a site of one's own


class ShopSite(django_admin.AdminSite):
    site_header = "The shop's own admin"


@pytest.mark.parametrize("with_insight", [True, False])
def test_a_site_of_the_host_s_own_has_it_where_it_registers_it(
    log_in: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, with_insight: bool
) -> None:
    site, urls = ShopSite(name="shop"), ModuleType("shop_urls")
    site.register(Delivery, DeliveryAdmin)
    if with_insight:
        site.register(Insight, InsightAdmin)
    urls.urlpatterns = [path("office/", site.urls)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_urls", urls)
    with override_settings(ROOT_URLCONF="shop_urls"):
        client = log_in("view_delivery")
        listed = client.get("/office/uzotp/delivery/").content.decode()
        assert ('href="/office/uzotp/insight/"' in listed) is with_insight
        answer = client.get("/office/uzotp/insight/")
        assert answer.status_code == (200 if with_insight else 404)
        if with_insight:
            assert "The shop&#x27;s own admin" in answer.content.decode()
            assert 'href="/office/uzotp/delivery/"' in answer.content.decode()
