"""The phone counters in the admin: looked at by whoever may view them, let in by whoever may do that (R69)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client, override_settings

from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Delivery, Phone
from uzotp.errors import CooldownActive
from uzotp.settings.build import overrides
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

LIST = "/admin/uzotp/phone/"


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    outbox = Outbox()
    overrides.set(gateway=outbox, store=None, clock=FakeClock())
    with override_settings(ROOT_URLCONF="tests.django_app.admin_urls"):
        yield outbox
    overrides.set(gateway=None, store=None, clock=None)
    for model in (Challenge, Delivery, Phone, LogEntry, get_user_model()):
        model.objects.all().delete()


@pytest.fixture
def staff(outbox: Outbox) -> Callable[..., Client]:
    def make(*permissions: str) -> Client:
        user: Any = get_user_model().objects.create_user("support", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        assert user.user_permissions.count() == len(permissions)
        client = Client()
        client.force_login(user)
        return client

    return make


def send(phone: str = "90 123 81 90") -> Any:
    return get_verifier().send_code(phone, "login", client_ip=None, binding="x")


def let_in(client: Client) -> str:
    chosen = [phone.pk for phone in Phone.objects.all()]
    answer = client.post(LIST, {"action": "let_in", "_selected_action": chosen}, follow=True)
    return answer.content.decode()


def test_r69_who_may_let_numbers_in_does_and_it_is_logged(staff: Callable[..., Client], outbox: Outbox) -> None:
    send()
    client = staff("view_phone", "unlock_phone")
    assert "Let this number in" in client.get(LIST).content.decode()
    let_in(client)
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.object_id, entry.change_message) == (
        "support", Phone.objects.get().pk, "Let this number in",
    )  # fmt: skip
    assert send().sends == 2, "no cooldown, and the code that was out"


def test_r69_who_may_only_look_lets_nobody_in(staff: Callable[..., Client], outbox: Outbox) -> None:
    send()
    client = staff("view_phone", "change_phone")
    assert "Let this number in" not in client.get(LIST).content.decode()
    let_in(client)
    assert not LogEntry.objects.exists()
    with pytest.raises(CooldownActive):
        send()


def test_who_may_not_look_sees_nothing(staff: Callable[..., Client], outbox: Outbox) -> None:
    client = staff("unlock_phone", "view_delivery")
    assert client.get(LIST).status_code == 403


def test_a_number_finds_its_counters_and_no_page_shows_it(staff: Callable[..., Client], outbox: Outbox) -> None:
    send()
    send("90 123 81 99")
    phone = Phone.objects.get(pk=get_verifier().keys.fingerprint(get_verifier().read_phone("901238190")))
    client = staff("view_phone")
    for typed in ("+998 90 123-81-90", str(phone)):
        page = client.get(LIST, {"q": typed}).content.decode()
        assert "1 phone counter" in page
        assert f"{LIST}{phone.pk}/change/" in page
    assert "0 phone counters" in client.get(LIST, {"q": "901238197"}).content.decode()
    text = client.get(f"{LIST}{phone.pk}/change/").content.decode()
    assert "1238190" not in text
    assert client.post(f"{LIST}{phone.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}{phone.pk}/change/", {"sends": ""}).status_code == 403
    assert Phone.objects.count() == 2
