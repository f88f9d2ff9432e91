"""The list of deliveries with a million rows: nothing is counted to the end, nothing is sorted without an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from django_uzotp import admin as uzotp_admin
from django_uzotp.models import Delivery
from uzotp.policy import Purpose
from uzotp.settings.build import overrides
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

LIST = "/admin/uzotp/delivery/"
_numbers = count()


def deliver(**fields: Any) -> None:
    number = next(_numbers)
    values = {
        "id": f"{number:026}", "fingerprint": f"{number:026}", "handle": f"{number:026}",
        "purpose": Purpose.LOGIN.template_type, "prefix": "+99890123", "country": "UZ", "status": "delivered",
        "gateway": "devsms", "created_at": 1_700_000_000_000 + number, "updated_at": 1_700_000_000_000 + number,
    }  # fmt: skip
    Delivery.objects.create(**values | fields)


@pytest.fixture
def client() -> Iterator[Client]:
    overrides.set(gateway=Outbox(), store=None, clock=FakeClock())
    with override_settings(ROOT_URLCONF="tests.django_app.admin_urls"):
        user = get_user_model().objects.create_superuser("operator")
        client = Client()
        client.force_login(user)
        yield client
        user.delete()
    Delivery.objects.all().delete()
    overrides.set(gateway=None, store=None, clock=None)


def about_deliveries(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if '"uzotp_delivery"' in query["sql"]]


@pytest.mark.parametrize(
    "query", [{}, {"status": "failed"}, {"country": "UZ"}, {"gateway": "devsms"}, {"q": "+99890"}, {"purpose": "4"}]
)
def test_a_page_is_a_capped_count_and_its_rows(client: Client, query: dict[str, str]) -> None:
    deliver(status="failed")
    with CaptureQueriesContext(connection) as queries:
        assert "+99890123****" in client.get(LIST, query).content.decode()
    asked = about_deliveries(queries)
    assert len(asked) == 2, "\n".join(asked)
    assert re.search(r"COUNT\(\*\) FROM \(.* LIMIT 10001\)", asked[0])
    assert re.search(r'ORDER BY "uzotp_delivery"."created_at" DESC', asked[1])
    assert not [sql for sql in asked if "DISTINCT" in sql]


def test_more_than_can_be_paged_through_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uzotp_admin, "MOST_ROWS", 3)
    for _ in range(3):
        deliver()
    note = "Only the newest 3 are listed"
    assert note not in client.get(LIST).content.decode()
    deliver(prefix="+99899999")
    page = client.get(LIST).content.decode()
    assert note in page
    assert "+99899999****" in page, "it is the newest"
    assert note not in client.get(LIST, {"q": "+998999"}).content.decode()
    assert client.get(LIST, {"all": ""}).status_code == 200


def test_only_the_order_with_an_index_is_offered(client: Client) -> None:
    deliver()
    page = client.get(LIST).content.decode()
    assert len(re.findall(r'<th scope="col"[^>]*\bsortable\b', page)) == 1


def test_filters_offer_what_is_configured(client: Client) -> None:
    deliver(gateway="outbox")
    deliver(gateway="of old", country="KZ", prefix="+77011234")
    page = client.get(LIST).content.decode()
    assert "?gateway=outbox" in page
    assert "?gateway=test" in page
    assert "?gateway=of" not in page
    assert "?country=UZ" in page
    assert "?country=KZ" not in page
    assert "+77011234****" in client.get(LIST, {"country": "other"}).content.decode()
    assert "+99890123****" not in client.get(LIST, {"country": "other"}).content.decode()
    with override_settings(
        UZOTP={"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop", "COUNTRIES": ["UZ", "KZ"]}
    ):
        assert "?country=KZ" in client.get(LIST).content.decode()


def test_when_a_code_was_accepted_is_shown(client: Client) -> None:
    deliver(verified_at=1_700_000_012_000)
    assert '<td class="field-accepted nowrap">Nov. 14, 2023' in client.get(LIST).content.decode()
    row = Delivery.objects.get()
    shown = client.get(f"{LIST}{row.pk}/change/").content.decode().partition("field-accepted")[2]
    assert "2023-11-14" in shown
