"""The operator's pages: read-only, searchable by a full number, and never a code in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings

from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Delivery, Phone
from uzotp.settings.build import overrides
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    outbox = Outbox()
    overrides.set(gateway=outbox, store=None, clock=FakeClock())
    yield outbox
    overrides.set(gateway=None, store=None, clock=None)
    for model in (Challenge, Delivery, Phone):
        model.objects.all().delete()


@pytest.fixture
def admin(outbox: Outbox) -> Iterator[Client]:
    with override_settings(ROOT_URLCONF="tests.django_app.admin_urls"):
        user = get_user_model().objects.create_superuser("operator", "operator@example.uz", "secret")
        client = Client()
        client.force_login(user)
        yield client
        user.delete()


def test_a_full_number_finds_its_rows_and_another_finds_none(admin: Client, outbox: Outbox) -> None:
    get_verifier().send_code("90 123 45 67", "login", client_ip=None, binding="x")
    for path in ("/admin/uzotp/challenge/", "/admin/uzotp/delivery/"):
        found = admin.get(path, {"q": "+998 90 123-45-67"}).content.decode()
        assert "+99890123****" in found
        assert "+99890123****" not in admin.get(path, {"q": "901234568"}).content.decode()
        assert "+99890123****" in admin.get(path, {"q": "+9989012"}).content.decode()
        assert "+99890123****" not in admin.get(path, {"q": "' OR 1=1 --"}).content.decode()


def test_no_page_shows_a_code_a_nonce_a_digest_or_a_number(admin: Client, outbox: Outbox) -> None:
    get_verifier().send_code("90 123 45 67", "login", client_ip=None, binding="x")
    challenge, delivery = Challenge.objects.get(), Delivery.objects.get()
    pages = [
        admin.get("/admin/uzotp/challenge/"),
        admin.get(f"/admin/uzotp/challenge/{challenge.pk}/change/"),
        admin.get("/admin/uzotp/delivery/"),
        admin.get(f"/admin/uzotp/delivery/{delivery.pk}/change/"),
    ]
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        for secret in (outbox[-1].code, "901234567", challenge.nonce, challenge.digest, challenge.fingerprint):
            assert not re.search(rf"(?<![0-9a-z]){secret}(?![0-9a-z])", text)
    assert "sent" in pages[3].content.decode()


def test_nothing_can_be_added_changed_or_deleted(admin: Client, outbox: Outbox) -> None:
    get_verifier().send_code("90 123 45 67", "login", client_ip=None, binding="x")
    challenge = Challenge.objects.get()
    assert admin.get("/admin/uzotp/challenge/add/").status_code == 403
    assert admin.post(f"/admin/uzotp/challenge/{challenge.pk}/change/", {"attempts": 0}).status_code == 403
    assert admin.post(f"/admin/uzotp/challenge/{challenge.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Challenge.objects.count() == 1
