"""Flask-Security's two-factor and unified sign-in by SMS, through uzotp: its own views, its own codes, our sending."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("flask")
pytest.importorskip("flask_security")
pytest.importorskip("sqlalchemy")
pytest.importorskip("cryptography")

import flask_security
from flask import Flask
from flask_security import (
    Security,
    SmsSenderFactory,
    SQLAlchemySessionUserDatastore,
    hash_password,
    uia_email_mapper,
    uia_phone_mapper,
)
from flask_security.models import sqla
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from flask_uzotp import UzOTP
from flask_uzotp.contrib.security import PhoneUtil, SaysWhy, Totp, UnifiedSigninForm
from flask_uzotp.signals import code_rejected, code_verified
from uzotp.errors import ConfigurationError, GatewayUnavailable, InvalidPhone, OutcomeUnknown, StoreUnavailable
from uzotp.policy import Purpose
from uzotp.testing import Outbox, installed

#: Flask-Security's forms, with the newest WTForms.
pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices as tuples:DeprecationWarning")

NUMBER, EMAIL, PASSWORD = "+998901234567", "dilnoza@example.uz", "four-words-of-tea"
REFUSED = "Failed to send code"
AS_A_BROWSER = {"Accept": "text/html"}


class Base(DeclarativeBase):
    pass


sqla.FsModels.set_db_info(base_model=Base)


class Role(Base, sqla.FsRoleMixin):
    __tablename__ = "role"


class User(Base, SaysWhy, sqla.FsUserMixin):
    __tablename__ = "user"


class Site:
    """A shop that has Flask-Security and uzotp, and one customer."""

    def __init__(self, classes: Any = {}, **config: Any) -> None:  # noqa: B006
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        session = scoped_session(sessionmaker(bind=engine))
        Base.query = session.query_property()  # type: ignore[attr-defined]
        Base.metadata.create_all(engine)
        self.app = Flask("choyxona")
        self.app.testing = True
        self.app.config.update(
            SECRET_KEY="a key of the tests, long enough for the checks",
            SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_PASSWORD_SCHEMES=["plaintext"],
            SECURITY_PASSWORD_SINGLE_HASH={"plaintext"},
            SECURITY_TOTP_SECRETS={"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"},
            SECURITY_TOTP_ISSUER="Choyxona",
            SECURITY_SMS_SERVICE="uzotp",
            SECURITY_SEND_REGISTER_EMAIL=False,
            WTF_CSRF_ENABLED=False,
            UZOTP_DEVSMS_TOKEN="only-for-tests",
            UZOTP_SERVICE_NAME="TechShop",
            UZOTP_LANGUAGES=["en", "uz", "ru"],
        )
        self.app.config.update(config)
        self.datastore = SQLAlchemySessionUserDatastore(session, User, Role)
        classes = {"phone_util_cls": PhoneUtil, "totp_cls": Totp, "us_signin_form": UnifiedSigninForm} | classes
        Security(self.app, self.datastore, **classes)
        self.uzotp = UzOTP(self.app)
        #: The numbers whose codes were found right, for the guard to count.
        self.verified: list[str] = []
        self.rejected: list[str] = []
        self._hears = [
            lambda app, event: self.verified.append(event.phone),
            lambda app, event: self.rejected.append(event.phone),
        ]
        for signal, hear in zip((code_verified, code_rejected), self._hears, strict=True):
            signal.connect(hear, sender=self.app)
        with self.app.app_context():
            self.datastore.create_user(email=EMAIL, password=hash_password(PASSWORD))
            self.datastore.commit()
        self.close = lambda: (session.remove(), engine.dispose())

    @property
    def customer(self) -> User:
        return self.datastore.find_user(email=EMAIL)

    def with_a_phone(self) -> None:
        """The customer has signed in by SMS before."""
        with self.app.app_context():
            secret = self.app.extensions["security"].totp_factory.generate_totp_secret()
            self.datastore.us_set(self.customer, "sms", secret, NUMBER)
            self.datastore.commit()


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    with installed() as sent:
        yield sent


@pytest.fixture
def sites(outbox: Outbox) -> Iterator[Any]:
    opened: list[Site] = []

    def open_site(**config: Any) -> Site:
        opened.append(Site(**config))
        return opened[-1]

    yield open_site
    for site in opened:
        site.close()


@pytest.fixture
def two_factor(sites: Any) -> Site:
    return sites(
        SECURITY_TWO_FACTOR=True, SECURITY_TWO_FACTOR_REQUIRED=True, SECURITY_TWO_FACTOR_ENABLED_METHODS=["sms"],
        SECURITY_TWO_FACTOR_ALWAYS_VALIDATE=True,
    )  # fmt: skip


UNIFIED: dict[str, Any] = {
    "SECURITY_UNIFIED_SIGNIN": True,
    "SECURITY_US_ENABLED_METHODS": ["password", "sms"],
    "SECURITY_US_MFA_REQUIRED": [],
    "SECURITY_USER_IDENTITY_ATTRIBUTES": [
        {"us_phone_number": {"mapper": uia_phone_mapper}},
        {"email": {"mapper": uia_email_mapper}},
    ],
}


@pytest.fixture
def unified(sites: Any) -> Site:
    return sites(**UNIFIED)


def post(client: Any, path: str, **fields: Any) -> Any:
    return client.post(
        path, json=fields, headers={"Accept": "application/json"}, environ_base={"REMOTE_ADDR": "203.0.113.7"}
    )


def set_up(client: Any, outbox: Outbox, phone: str = "90 123 45 67") -> Any:
    """Log in for the first time, and give a phone for the second factor."""
    assert post(client, "/login", email=EMAIL, password=PASSWORD).json["response"]["tf_state"] == "setup_from_login"
    return post(client, "/tf-setup", setup="sms", phone=phone)


def test_two_factor_is_set_up_and_asked_for(two_factor: Site, outbox: Outbox) -> None:
    client = two_factor.app.test_client()
    assert set_up(client, outbox).status_code == 200
    message = outbox.last
    assert (message.phone, message.purpose, message.language) == (NUMBER, Purpose.LOGIN, "en")
    assert re.fullmatch(r"[0-9]{6}", message.code)
    assert message.text == f"Your login code: {message.code}. Do not share it with anyone.", "uzotp's words, not theirs"
    wrong = "000000" if message.code != "000000" else "111111"
    assert post(client, "/tf-validate", code=wrong).status_code == 400
    assert two_factor.verified == []
    assert post(client, "/tf-validate", code=message.code).status_code == 200
    assert two_factor.verified == [NUMBER]


def test_a_log_in_asks_for_the_code_of_its_own_sms(two_factor: Site, outbox: Outbox, uzotp_clock: Any) -> None:
    client = two_factor.app.test_client()
    set_up(client, outbox)
    post(client, "/tf-validate", code=outbox.last.code)
    post(client, "/logout")
    uzotp_clock.advance(60)
    answer = post(client, "/login", email=EMAIL, password=PASSWORD)
    assert answer.json["response"]["tf_required"] is True
    assert len(outbox) == 2
    assert post(client, "/tf-validate", code=outbox.last.code).status_code == 200
    assert client.get("/tf-setup", headers={"Accept": "application/json"}).status_code == 200
    assert two_factor.verified == [NUMBER] * 2


def test_unified_sign_in_by_sms(unified: Site, outbox: Outbox) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    sent = post(client, "/us-signin/send-code", identity="90 123 45 67", chosen_method="sms")
    assert sent.status_code == 200
    code = outbox.code_for(NUMBER)
    wrong = "000000" if code != "000000" else "111111"
    assert post(client, "/us-signin", identity=NUMBER, passcode=wrong).status_code == 400
    assert unified.verified == []
    assert post(client, "/us-signin", identity=NUMBER, passcode=code).status_code == 200
    assert unified.verified == [NUMBER]
    with unified.app.app_context():
        assert unified.customer.us_phone_number == NUMBER


def test_unified_sign_in_is_set_up_with_a_number_in_any_notation(unified: Site, outbox: Outbox) -> None:
    client = unified.app.test_client()
    assert post(client, "/us-signin", identity=EMAIL, passcode=PASSWORD).status_code == 200
    answer = post(client, "/us-setup", chosen_method="sms", phone="(90) 123-45-67")
    assert answer.status_code == 200, answer.json
    state = answer.json["response"]["state"]
    assert post(client, f"/us-setup/{state}", passcode=outbox.code_for(NUMBER)).status_code == 200
    assert unified.verified == [NUMBER]
    with unified.app.app_context():
        assert unified.customer.us_phone_number == NUMBER


# -------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(("language", "words"), [("en", "again in"), ("uz", "soniya"), ("ru", "сек")])
def test_r32_a_cooldown_is_said_in_the_visitors_language(
    unified: Site, outbox: Outbox, language: str, words: str
) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert outbox.last.language == language
    again = post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert again.status_code == 500
    assert words in str(again.json["response"]["field_errors"]["chosen_method"])
    assert len(outbox) == 1


def test_r35_the_clients_quota_holds(sites: Any, outbox: Outbox) -> None:
    site = sites(**UNIFIED, UZOTP_CLIENT_QUOTA="1/hour", UZOTP_RESEND_AFTER=[0])
    site.with_a_phone()
    client = site.app.test_client()
    answers = [post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 500]
    assert "Too many messages" in str(answers[1].json)


def test_p7_a_refusal_is_said_and_an_unknown_outcome_is_none(unified: Site, outbox: Outbox, uzotp_clock: Any) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    outbox.fail_with(GatewayUnavailable("outbox"))
    refused = post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert (refused.status_code, "could not be sent" in str(refused.json)) == (500, True)
    uzotp_clock.advance(60)
    outbox.fail_with(OutcomeUnknown("outbox"))
    assert post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms").status_code == 200
    assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 200


def test_r40_a_stranger_does_not_learn_who_has_an_account(sites: Any, outbox: Outbox) -> None:
    site = sites(**UNIFIED, SECURITY_RETURN_GENERIC_RESPONSES=True)
    site.with_a_phone()
    client = site.app.test_client()
    asked = [NUMBER, NUMBER, "+998901234568"]  # sent, refused by the cooldown, nobody
    answers = [post(client, "/us-signin/send-code", identity=phone, chosen_method="sms") for phone in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert len(outbox) == 1


def test_a_number_that_cannot_be_served_is_refused_where_it_is_typed(two_factor: Site, outbox: Outbox) -> None:
    for phone, words in (("71 234 56 78", "mobile number"), ("+12025550123", "this country")):
        answer = set_up(two_factor.app.test_client(), outbox, phone)
        assert answer.status_code == 400
        assert words in str(answer.json["response"]["field_errors"]["phone"])
    assert len(outbox) == 0


def test_without_the_mixin_flask_security_says_its_own_words(unified: Site, outbox: Outbox) -> None:
    class Plain(sqla.FsUserMixin):
        """Not mapped: only its methods are asked."""

    unified.with_a_phone()
    outbox.fail_with(GatewayUnavailable("outbox"))
    with unified.app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.7"}):
        secret = unified.app.extensions["security"].totp_factory.generate_totp_secret()
        for _ in range(2):
            assert REFUSED in str(
                Plain.us_send_security_token(unified.customer, "sms", totp_secret=secret, phone_number=NUMBER)
            )


def test_what_is_no_refusal_is_logged_and_says_nothing(
    unified: Site, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    unified.with_a_phone()
    unified.app.config["SECURITY_MSG_USE_CODE"] = ("Since 2019: %(code)s", "info")
    client = unified.app.test_client()
    answer = post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert REFUSED in str(answer.json)
    assert "SECURITY_MSG_USE_CODE" in caplog.text
    assert not re.search(r"[0-9]{6}", caplog.text)
    assert len(outbox) == 0


def test_p11_without_the_store_no_code_is_taken_for_nobody_counts(
    unified: Site, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")

    def down(*args: object) -> None:
        raise StoreUnavailable

    with unified.app.app_context(), monkeypatch.context() as away:
        away.setattr(type(unified.uzotp.verifier.store), "check", down)
        assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 400
    assert "could not be checked: StoreUnavailable" in caplog.text
    assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 200


# ----------------------------------------------------------------------------------------------- what is guessed, P3


def wrong_codes(outbox: Outbox, count: int) -> list[str]:
    taken = {str(outbox.last.code)}
    return [code for code in (f"{number:06}" for number in range(count + 9)) if code not in taken][:count]


def test_p3_of_wrong_codes_five_are_compared(unified: Site, outbox: Outbox, uzotp_clock: Any) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    for code in wrong_codes(outbox, 300):
        assert post(client, "/us-signin", identity=NUMBER, passcode=code).status_code == 400
    assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 400
    assert unified.verified == []
    assert len(unified.rejected) == 301
    uzotp_clock.advance(60)
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 200


def test_p3_of_a_second_factor_too(two_factor: Site, outbox: Outbox) -> None:
    client = two_factor.app.test_client()
    set_up(client, outbox)
    for code in wrong_codes(outbox, 5):
        assert post(client, "/tf-validate", code=code).status_code == 400
    assert post(client, "/tf-validate", code=outbox.last.code).status_code == 400


def test_p3_of_a_number_that_is_set_up_too(unified: Site, outbox: Outbox) -> None:
    client = unified.app.test_client()
    post(client, "/us-signin", identity=EMAIL, passcode=PASSWORD)
    state = post(client, "/us-setup", chosen_method="sms", phone=NUMBER).json["response"]["state"]
    for code in wrong_codes(outbox, 5):
        assert post(client, f"/us-setup/{state}", passcode=code).status_code == 400
    assert post(client, f"/us-setup/{state}", passcode=outbox.last.code).status_code == 400


def test_p2_a_right_code_is_taken_once(unified: Site, outbox: Outbox) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    answers = [post(unified.app.test_client(), "/us-signin", identity=NUMBER, passcode=outbox.last.code) for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 400]


def test_p3_a_code_of_the_future_is_none(unified: Site, outbox: Outbox) -> None:
    unified.with_a_phone()
    with unified.app.app_context():
        factory = unified.app.extensions["security"].totp_factory
        secret = unified.datastore.us_get_totp_secrets(unified.customer)["sms"]
        codes = {at: factory._totp.from_source(secret).generate(time=time.time() + at).token for at in (-90, 45, 120)}
    client = unified.app.test_client()
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    answers = {at: post(client, "/us-signin", identity=NUMBER, passcode=code).status_code for at, code in codes.items()}
    assert answers == {-90: 200, 45: 400, 120: 400}


def test_a_password_costs_no_try(unified: Site, outbox: Outbox) -> None:
    unified.with_a_phone()
    client = unified.app.test_client()
    post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    for _ in range(9):
        post(client, "/us-signin", identity=NUMBER, passcode="not the right words")
    assert unified.rejected == []
    assert post(client, "/us-signin", identity=NUMBER, passcode=outbox.last.code).status_code == 200


def test_without_the_counting_class_nothing_is_sent(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    site = Site({"totp_cls": flask_security.Totp}, **UNIFIED)
    site.with_a_phone()
    answer = post(site.app.test_client(), "/us-signin/send-code", identity=NUMBER, chosen_method="sms")
    assert REFUSED in str(answer.json)
    assert "nobody would count the tries" in caplog.text
    assert len(outbox) == 0
    site.close()


def test_p9_a_number_without_an_account_spends_and_misses_as_one_with_it(sites: Any, outbox: Outbox) -> None:
    site = sites(
        **UNIFIED, SECURITY_RETURN_GENERIC_RESPONSES=True, UZOTP_SHOULD_SEND="flask_uzotp.contrib.security.should_send"
    )
    site.with_a_phone()
    told, kept = [], []
    for phone in (NUMBER, "+998901234568"):
        client = site.app.test_client()
        asked = {"identity": phone, "chosen_method": "sms", "submit_send_code": "y"}
        answers = [client.post("/us-signin/send-code", data=asked, headers=AS_A_BROWSER) for _ in range(2)]
        for code in ("000000", "000001", "x"):
            typed = {"identity": phone, "passcode": code, "submit": "y"}
            answers.append(client.post("/us-signin", data=typed, headers=AS_A_BROWSER))
        told.append(
            [
                (answer.status_code, re.sub(rf'(csrf_token.*?value=)"[^"]*"|{re.escape(phone)}', "", answer.text))
                for answer in answers
            ]
        )
        with site.app.app_context():
            verifier = site.uzotp.verifier
            fingerprint = verifier.keys.fingerprint(verifier.read_phone(phone))
            history = verifier.store.phone(fingerprint, int(verifier.clock.time() * 1000))
        kept.append((len(history.deliveries), len(history.sends), len(history.failures)))
    assert told[0] == told[1]
    assert kept[0] == kept[1]
    assert kept[0] == (1, 1, 2)
    with site.app.app_context():
        site.uzotp.verifier.close()
    assert [message.phone for message in outbox] == [NUMBER]


def test_another_sms_service_is_left_alone(sites: Any, outbox: Outbox) -> None:
    site = sites(**UNIFIED, SECURITY_SMS_SERVICE="Dummy")
    site.with_a_phone()
    client = site.app.test_client()
    assert post(client, "/us-signin/send-code", identity=NUMBER, chosen_method="sms").status_code == 200
    with site.app.app_context():
        totp = site.app.extensions["security"].totp_factory
        code = totp.generate_totp_password(site.datastore.us_get_totp_secrets(site.customer)["sms"])
    assert post(client, "/us-signin", identity=NUMBER, passcode=code).status_code == 200
    assert (len(outbox), site.verified, site.rejected) == (0, [], [])


# ----------------------------------------------------------------------------------------------------- the sender


def send(site: Site, phone: str, text: str) -> None:
    with site.app.app_context():
        SmsSenderFactory.createSender("uzotp").send_sms(from_number="1000000000", to_number=phone, msg=text)


@pytest.mark.parametrize("text", ["493021", "Kod: 493021.", "TechShop 24/7, code 493021", "493021 is the code"])
def test_the_code_is_found_in_any_wording(unified: Site, outbox: Outbox, text: str) -> None:
    send(unified, "90 123 45 67", text)
    assert (outbox.last.phone, outbox.last.code) == (NUMBER, "493021")


@pytest.mark.parametrize("text", ["", "no code", "493021 of 2026", "123", "123456789"])
def test_a_text_without_one_code_is_not_sent(unified: Site, outbox: Outbox, text: str) -> None:
    with pytest.raises(ConfigurationError, match="SECURITY_MSG_USE_CODE"):
        send(unified, NUMBER, text)
    assert len(outbox) == 0


def test_r43_no_error_shows_the_number_or_the_code(unified: Site) -> None:
    import traceback

    for phone, text in ((NUMBER + "0", "493021"), (NUMBER, "493021 2026")):
        with pytest.raises((InvalidPhone, ConfigurationError)) as caught:
            send(unified, phone, text)
        trace = caught.value.__traceback__
        assert trace is not None
        assert trace.tb_next is not None
        frames = traceback.TracebackException(caught.type, caught.value, trace.tb_next.tb_next, capture_locals=True)
        shown = "".join(frames.format())
        assert "90123" not in shown
        assert "493021" not in shown
