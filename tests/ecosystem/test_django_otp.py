"""The device under django-otp's own tests, and what uzotp adds to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

pytest.importorskip("django_otp")
pytest.importorskip("freezegun", reason="django-otp's own test mixins freeze the time with it")

import django_otp
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client, override_settings
from django.utils import timezone
from django_otp.forms import OTPTokenForm
from django_otp.models import Device, GenerateNotAllowed
from django_otp.test_utils import CooldownTestMixin, TestCase, ThrottlingTestMixin, TimestampTestMixin

from django_uzotp.conf import get_verifier
from django_uzotp.otp.apps import check_database
from django_uzotp.otp.models import UzOTPDevice
from tests.core.slow import Slow
from tests.core.stores import services
from tests.django_app.processes import add_database
from uzotp import errors
from uzotp.testing.install import replaced
from uzotp.testing.outbox import Outbox

PHONE, OTHER = "+998901238190", "+998901238199"
UZOTP = {"DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}


class WithDevice:
    """What the mixins ask for. Their cooldown is ten seconds."""

    @pytest.fixture(autouse=True)
    def _outbox(self, uzotp_outbox: Outbox) -> Iterator[None]:
        self.outbox = uzotp_outbox
        with override_settings(UZOTP={**UZOTP, "RESEND_AFTER": [10]}):
            yield

    def setUp(self) -> None:
        alice = self.create_user("alice", "password")  # type: ignore[attr-defined]
        self.device = UzOTPDevice.objects.create(user=alice, name="phone", number=PHONE)

    def valid_token(self) -> str:
        if not self.outbox:
            self.device.generate_challenge()
        return self.outbox.code_for(PHONE)

    def invalid_token(self) -> str:
        return "111111" if self.valid_token() != "111111" else "222222"


class TestThrottling(WithDevice, ThrottlingTestMixin, TestCase):
    """django-otp's own, as installed."""


class TestCooldown(WithDevice, CooldownTestMixin, TestCase):
    """django-otp's own, as installed."""


class TestTimestamps(WithDevice, TimestampTestMixin, TestCase):
    """django-otp's own, as installed."""


# ------------------------------------------------------------------------------------------------------- uzotp's side


@pytest.fixture
def device(people: Any, uzotp_outbox: Outbox) -> UzOTPDevice:
    alice = people.objects.create_user("alice", password="password")
    return UzOTPDevice.objects.create(user=alice, name="phone", number="90 123 81 90")


def wrong(outbox: Outbox) -> str:
    return "111111" if outbox.code_for(PHONE) != "111111" else "222222"


def unthrottled() -> Any:
    return override_settings(OTP_UZOTP_THROTTLE_FACTOR=0)


def test_the_number_is_kept_in_e164_and_no_code_is(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    said = device.generate_challenge()
    assert "+998 90 *** ** 90" in said
    row = UzOTPDevice.objects.filter(pk=device.pk).values().get()
    assert row["number"] == PHONE
    assert uzotp_outbox.code_for(PHONE) not in str(row)
    assert PHONE not in repr(device) + str(device)


def test_a_number_that_is_none_is_not_saved(people: Any) -> None:
    with pytest.raises(errors.InvalidPhone):
        UzOTPDevice.objects.create(user=people.objects.create_user("bob"), name="phone", number="8901238190")


def test_p2_a_code_is_good_once_and_only_for_its_device(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    other = UzOTPDevice.objects.create(user=device.user, name="the same phone", number=PHONE)
    device.generate_challenge()
    code = uzotp_outbox.code_for(PHONE)
    assert not other.verify_token(code)
    assert device.verify_token(code)
    assert not device.verify_token(code)


def test_p3_a_resend_is_the_same_code_and_the_tries_go_on(
    device: UzOTPDevice, uzotp_outbox: Outbox, uzotp_clock: Any
) -> None:
    device.generate_challenge()
    code = uzotp_outbox.last.code
    with unthrottled():
        for _ in range(4):
            assert not device.verify_token(wrong(uzotp_outbox))
        uzotp_clock.advance(60)
        device.cooldown_reset()
        device.generate_challenge()
        assert [message.code for message in uzotp_outbox] == [code, code]
        assert not device.verify_token(wrong(uzotp_outbox))
        assert not device.verify_token(code), "five were compared"


def test_r32_the_ladder_s_refusal_is_told_with_its_time(
    device: UzOTPDevice, uzotp_outbox: Outbox, uzotp_clock: Any
) -> None:
    for step in (60, 60, 120):
        device.generate_challenge()
        device.cooldown_reset()
        uzotp_clock.advance(step)
    device.generate_challenge()
    device.cooldown_reset()
    assert "5 min" in device.generate_challenge()
    assert len(uzotp_outbox) == 4
    device.refresh_from_db()
    allowed, why = device.generate_is_allowed()
    assert not allowed
    assert why is not None
    assert why["reason"] is GenerateNotAllowed.COOLDOWN_DURATION_PENDING
    wait = why["next_generation_at"] - timezone.now()
    assert timedelta(seconds=290) < wait <= timedelta(seconds=300)
    assert "5 min" in device.generate_challenge(), "without asking again"


def test_r31_a_lock_refuses_the_next_code_and_no_right_one(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    with override_settings(UZOTP={**UZOTP, "MAX_FAILURES": "3/hour", "RESEND_AFTER": [0]}), unthrottled():
        device.generate_challenge()
        for _ in range(4):
            assert not device.verify_token(wrong(uzotp_outbox))
        device.generate_challenge()
        assert len(uzotp_outbox) == 1
        allowed, why = device.generate_is_allowed()
        assert not allowed
        assert why is not None
        assert timedelta(minutes=59) < why["next_generation_at"] - timezone.now() <= timedelta(hours=1)
        assert device.verify_token(uzotp_outbox.code_for(PHONE))


def test_a_throttled_try_is_not_charged_to_the_code(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    device.generate_challenge()
    for _ in range(9):
        assert not device.verify_token(wrong(uzotp_outbox))
    with unthrottled():
        again = UzOTPDevice.objects.get(pk=device.pk)
        assert again.verify_token(uzotp_outbox.code_for(PHONE))


@pytest.mark.parametrize(
    "problem", [errors.InsufficientBalance("outbox", "no so'm for +998901238190"), errors.GatewayUnavailable("outbox")]
)
def test_after_a_gateway_that_fails_the_cooldown_goes_on(
    device: UzOTPDevice, uzotp_outbox: Outbox, problem: errors.GatewayError
) -> None:
    uzotp_outbox.fail_with(problem)
    assert device.generate_challenge() == "The message could not be sent. You can try again in 60 s."
    allowed, why = device.generate_is_allowed()
    assert not allowed
    assert why is not None
    assert why["reason"] == GenerateNotAllowed.COOLDOWN_DURATION_PENDING


def test_p11_with_the_store_away_nothing_is_counted(device: UzOTPDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> Any:
        raise errors.StoreUnavailable("the store did not answer")

    for decision in ("admit", "check"):
        monkeypatch.setattr(get_verifier().store, decision, away)
    with pytest.raises(errors.StoreUnavailable):
        device.verify_token("493021")
    with pytest.raises(errors.StoreUnavailable):
        device.generate_challenge()
    device.refresh_from_db()
    assert device.throttling_failure_count == 0


def test_r15_the_charge_survives_the_host_s_rollback(people: Any) -> None:
    """With the store of this project, a SQLite file of its own."""
    with replaced(gateway=(outbox := Outbox())):
        alice = people.objects.create_user("alice")
        device = UzOTPDevice.objects.create(user=alice, name="phone", number=PHONE)
        device.generate_challenge()
        with unthrottled():
            for _ in range(5):
                with transaction.atomic():
                    assert not UzOTPDevice.objects.get(pk=device.pk).verify_token(wrong(outbox))
                    transaction.set_rollback(True)
            device.refresh_from_db()
            assert device.throttling_failure_count == 0, "django-otp's count is rolled back"
            assert not device.verify_token(outbox.code_for(PHONE))


def test_in_one_sqlite_file_a_check_says_that_it_cannot_work() -> None:
    assert check_database(None) == []
    with override_settings(DATABASE_ROUTERS=[]):
        (warning,) = check_database(None)
        assert warning.id == "uzotp_otp.W001"
        with override_settings(UZOTP={**UZOTP, "STORE": "redis://localhost/0"}):
            assert check_database(None) == []


def test_the_migrations_are_whole() -> None:
    call_command("makemigrations", "uzotp_otp", check=True, dry_run=True, verbosity=0)


# ------------------------------------------------------------------------------------------------------ suppressed


def known(phone: str, purpose: str) -> bool:
    return phone == PHONE


@pytest.fixture
def devices(people: Any, uzotp_outbox: Outbox) -> Iterator[list[UzOTPDevice]]:
    """One whose number gets messages, and one whose sends ``SHOULD_SEND`` suppresses."""
    alice = people.objects.create_user("alice", password="password")
    with override_settings(UZOTP={**UZOTP, "SHOULD_SEND": "tests.ecosystem.test_django_otp.known"}):
        yield [UzOTPDevice.objects.create(user=alice, name=number, number=number) for number in (PHONE, OTHER)]


def said_by(devices: list[UzOTPDevice]) -> list[str]:
    return [device.generate_challenge().replace(device.phone.masked, "the number") for device in devices]


def test_r40_with_the_gateway_down_a_suppressed_number_is_told_the_same(
    devices: list[UzOTPDevice], uzotp_outbox: Outbox
) -> None:
    uzotp_outbox.fail_with(errors.GatewayUnavailable("outbox"))
    one, other = said_by(devices)
    get_verifier().close()
    assert one == other
    assert [device.generate_is_allowed()[0] for device in devices] == [False, False]


def test_r40_neither_number_waits_for_the_gateway(devices: list[UzOTPDevice]) -> None:
    slow = Slow()
    with replaced(gateway=slow):
        one, other = said_by(devices)
        assert one == other
        assert not slow.messages, "they were answered while the gateway had not taken anything yet"
        slow.go.set()
        get_verifier().close()
    assert [message.phone for message in slow] == [PHONE]


# --------------------------------------------------------------------------------------------------- its own forms


def test_its_own_form_sends_and_verifies(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    def form(**data: str) -> OTPTokenForm:
        return OTPTokenForm(device.user, data={"otp_device": device.persistent_id, **data})

    asked = form(otp_challenge="1")
    assert "We sent a code to +998 90 *** ** 90." in str(asked.errors)
    assert "Invalid token" in str(form(otp_token=wrong(uzotp_outbox)).errors)
    UzOTPDevice.objects.get(pk=device.pk).throttle_reset()
    right = form(otp_token=uzotp_outbox.code_for(PHONE))
    assert right.is_valid(), right.errors
    assert right.get_user().otp_device == device
    assert Device.from_persistent_id(device.persistent_id).last_used_at is not None


def test_the_admin_takes_a_number_in_any_notation_and_never_shows_it(people: Any, uzotp_outbox: Outbox) -> None:
    root = people.objects.create_superuser("root", password="password")
    browser = Client()
    browser.force_login(root)
    added = {"user": root.pk, "name": "phone", "number": "8 90 123 81 90", "confirmed": "on"}
    assert "Enter a mobile number" in browser.post("/admin/uzotp_otp/uzotpdevice/add/", added).content.decode()
    browser.post("/admin/uzotp_otp/uzotpdevice/add/", added | {"number": "90 123-81-90"})
    device = UzOTPDevice.objects.get()
    assert device.number == PHONE
    for page in ("", f"{device.pk}/change/", f"{device.pk}/history/", f"{device.pk}/delete/"):
        shown = browser.get(f"/admin/uzotp_otp/uzotpdevice/{page}").content.decode()
        assert "phone" in shown
        assert "01238190" not in shown.replace(" ", "").replace("-", "")
        if page in ("", f"{device.pk}/change/"):
            assert "+998 90 *** ** 90" in shown
            assert device.binding not in shown
    browser.post(
        f"/admin/uzotp_otp/uzotpdevice/{device.pk}/change/", added | {"name": "new", "number": "+998901111111"}
    )
    device.refresh_from_db()
    assert (device.name, device.number) == ("new", PHONE)


# ------------------------------------------------------------------------------------------------------------ the race


@pytest.fixture
def postgres(uzotp_outbox: Outbox) -> Iterator[str]:
    """Everything in one PostgreSQL database, the store too."""
    from django_uzotp.store import DjangoStore

    alias = add_database(services.django_database("postgres"))
    call_command("migrate", database=alias, verbosity=0)
    with replaced(store=DjangoStore(alias)):
        yield alias
    connections[alias].close()


@pytest.mark.parametrize("way", ["django_otp.verify_token", "device.verify_token"])
def test_r11_p2_of_two_right_codes_at_once_one_is_accepted(postgres: str, uzotp_outbox: Outbox, way: str) -> None:
    from django.contrib.auth import get_user_model

    alice = get_user_model().objects.using(postgres).create(username=way)
    device = UzOTPDevice.objects.using(postgres).create(user=alice, name="phone", number=PHONE)
    device.generate_challenge()
    code = uzotp_outbox.code_for(PHONE)

    def through_django_otp() -> bool:
        with transaction.atomic(using=postgres):
            mine = UzOTPDevice.objects.using(postgres).select_for_update().get(pk=device.pk)
            return mine.verify_token(code)

    def alone() -> bool:
        return UzOTPDevice.objects.using(postgres).get(pk=device.pk).verify_token(code)

    answers = at_once(through_django_otp if way.startswith("django_otp") else alone, 8)
    assert sorted(answers) == [False] * 7 + [True]


def at_once(call: Callable[[], bool], threads: int) -> list[bool]:
    barrier, answers = threading.Barrier(threads), []

    def one() -> None:
        barrier.wait()
        try:
            answers.append(call())
        finally:
            get_verifier().store.release_thread()
            connections.close_all()

    workers = [threading.Thread(target=one) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers


def test_it_is_one_of_the_user_s_devices(device: UzOTPDevice) -> None:
    assert list(django_otp.devices_for_user(device.user)) == [device]
    assert device.is_interactive()


def test_r62_what_cannot_be_a_token_costs_no_try_and_no_time(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    device.generate_challenge()
    for token in ("12345", "abc", "", PHONE, None):
        assert not device.verify_token(token)
    assert device.verify_is_allowed()[0]
    assert device.verify_token(f"{uzotp_outbox.code_for(PHONE)}.")


def test_r66_what_its_table_holds_leads_to_no_code(device: UzOTPDevice, uzotp_outbox: Outbox) -> None:
    device.generate_challenge()
    stolen = get_verifier().verify_code(PHONE, uzotp_outbox.code_for(PHONE), "login", binding=device.binding)
    assert stolen.status == "expired"
