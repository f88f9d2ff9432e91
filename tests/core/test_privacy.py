"""R6, R43: after whole flows no code, no token and no full number is anywhere but where it belongs."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import dropwhile
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest

from uzotp import errors
from uzotp.phones import Phone
from uzotp.policy import TestNumber
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt
from uzotp.ports.store import OpenChallenge, ReserveGlobal
from uzotp.privacy import Secret
from uzotp.stores.memory import MemoryStore
from uzotp.testing.outbox import Outbox

#: Where uzotp itself is: a checkout may be in a folder of that name too.
PACKAGE = str(Path(errors.__file__).parent)

PHONE = "+998901238190"  # as Site.PHONE: no id can spell its end
TYPED = ("+998901238190", "901238190", "90 123 81 90", "(90) 123-81-90")


def texts(value: object, seen: dict[int, object] | None = None) -> Iterator[str]:
    """Every text and number that can be reached from *value*, through containers, attributes and slots."""
    seen = {} if seen is None else seen
    if id(value) in seen or isinstance(value, type) or callable(value):
        return
    seen[id(value)] = value  # kept, so that no other object gets its id meanwhile
    if isinstance(value, str | int | float):
        yield str.__str__(value) if isinstance(value, str) else str(value)
    elif isinstance(value, bytes | bytearray):
        yield value.decode("latin-1")
    elif isinstance(value, dict):
        for item in value.items():
            yield from texts(item, seen)
    elif isinstance(value, Iterable):
        for item in list(value):
            yield from texts(item, seen)
    for name in {*getattr(value, "__dict__", {}), *(slot for kind in type(value).__mro__ for slot in _slots(kind))}:
        yield from texts(getattr(value, name, None), seen)


def _slots(kind: type) -> Iterable[str]:
    slots = kind.__dict__.get("__slots__", ())
    return [slots] if isinstance(slots, str) else slots


def assert_clean(text: str, codes: Iterable[str], tokens: Iterable[str] = ()) -> None:
    """*text* holds none of *codes* standing alone, no *tokens*, and the number in no notation."""
    for code in codes:
        assert not re.search(rf"(?<!\d){code}(?!\d)", text), "a code"
        assert str(list(code)) not in text, "a code, digit by digit"
    for token in tokens:
        assert token not in text, "a token"
    assert "901238190" not in re.sub(r"[^0-9]", "", text), "the number"


def play(site: Any) -> dict[str, list[Any]]:
    """Every kind of thing that happens to a phone; returns the values that came out of it, and its secrets."""
    values: list[Any] = [site.send("90 123 81 90", "registration", binding="browser 1")]
    code = site.outbox.last.code
    token = site.outbox.last.callback_url.rpartition("/")[2]
    for typed in TYPED:
        with pytest.raises(errors.CooldownActive):
            site.send(typed, "registration")
    values.append(site.miss(2, purpose="registration"))
    site.verifier.receive_callback(token, site.outbox.mark("delivered"))
    site.clock.advance(60)
    values.append(site.send(purpose="registration"))
    values.append(site.verify(code, "998901238190", "registration"))
    proof = values[-1].proof
    values.append(site.verify(code, "901238190", "registration"))
    values.append(site.verifier.redeem(proof, "registration"))
    site.clock.advance(120)
    site.outbox.fail_with(errors.MessageRejected("outbox", f"no route to {PHONE}, code {code}"))
    with pytest.raises(errors.MessageRejected) as rejected:
        site.send(purpose="login")
    site.clock.advance(300)
    site.outbox.fail_with(RuntimeError(f"no route to {PHONE}"))
    values.append(site.send(purpose="login"))
    site.verifier.poll()
    values += [rejected.value, site.verifier.delivery(PHONE, "login", binding="browser 1"), *site.outbox, *site.events]
    values += [site.verifier, site.verifier.keys, site.verifier.policy, site.verifier.store, site.verifier.gateway]
    return {
        "values": values,
        "codes": sorted({str(message.code) for message in site.outbox} | {code}),
        "tokens": [str(proof), token],
    }


@pytest.fixture
def played(make_site: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    site = make_site(callback_base_url="https://shop.uz/otp")
    site.story = play(site)
    return site


def test_r6_p1_the_store_holds_no_code_and_no_number(played: Any) -> None:
    held = list(texts(played.verifier.store))
    assert PHONE[:-4] in held, "the walk reaches the rows"
    assert len(held) > 60
    for text in held:
        assert_clean(text, played.story["codes"], played.story["tokens"])
    assert played.IP not in " ".join(held), "clients are fingerprints"
    assert "browser 1" not in held, "bindings are in hashes only"


def test_r7_no_plain_hash_of_code_or_number_is_stored(played: Any) -> None:
    held = " ".join(texts(played.verifier.store)).lower()
    for secret in [*played.story["codes"], PHONE, PHONE[1:], PHONE[4:], played.IP, "browser 1"]:
        for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            raw = hashlib.new(algorithm, secret.encode()).digest()
            for shown in (raw.hex(), base64.b32encode(raw).decode(), base64.b64encode(raw).decode()):
                assert shown[:20].lower() not in held


def test_r6_r43_no_value_shows_a_code_or_a_number(played: Any) -> None:
    assert len(played.story["values"]) > 15
    for value in played.story["values"]:
        assert_clean(repr(value), played.story["codes"], played.story["tokens"])
        assert_clean(repr([value]), played.story["codes"], played.story["tokens"])
        if not isinstance(value, str):  # a Phone is a str, and says itself when asked
            assert_clean(str(value), played.story["codes"], played.story["tokens"])


def test_r6_r43_the_logs_of_everybody_are_clean(played: Any, caplog: pytest.LogCaptureFixture) -> None:
    records = caplog.get_records("setup")
    assert len(records) >= len(played.events) > 8
    for record in records:
        assert_clean(record.getMessage(), played.story["codes"], played.story["tokens"])
        assert_clean(repr(record.args), played.story["codes"], played.story["tokens"])


def test_r43_values_with_secrets_inside_hide_them() -> None:
    values = [
        Message.text_only(PHONE, "your code is 493021"),
        Message(Phone.parse(PHONE), "493021", text="your code is 493021"),
        Message(Phone.parse(PHONE), callback_url="https://shop.uz/otp/callback/token-493021"),
        DeliveryReport("outbox", "1", DeliveryStatus.SENT, phone=PHONE, text="your code is 493021"),
        TestNumber("493021", date(2026, 1, 1)),
        Secret("493021"),
    ]
    for value in values:
        assert_clean(repr(value), ["493021"], ["token-493021"])
        assert_clean(str([value, {"value": value}]), ["493021"], ["token-493021"])


# -------------------------------------------------------------------------------------------------- tracebacks


def frames(error: BaseException) -> str:
    """The traceback with the locals of every frame, from where the library was entered; gateways and stores included.

    What the frames before that hold is the caller's own business.
    """
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines = ["".join(shown.format_exception_only())]
    chain: list[traceback.TracebackException | None] = [shown]
    while chain:
        part = chain.pop()
        if part is None:
            continue
        inside = dropwhile(lambda frame: not frame.filename.startswith(PACKAGE), part.stack)
        lines += [f"{frame.filename}:{frame.name}\n{frame.line}\n{frame.locals}" for frame in inside]
        chain += [part.__cause__, part.__context__]
    return "\n".join(lines)


class Leaky(Outbox):
    """A gateway whose frames and causes are full of secrets, as a client library's are."""

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        form = {"phone": str(message.phone), "code": str(message.code)}
        self.seen = [*getattr(self, "seen", []), form["code"]]
        try:
            return super().send(message)
        except errors.GatewayError as error:
            raise error from RuntimeError(f"posted {form}")


class Away(MemoryStore):
    """Raises in the decisions named, with whatever it was asked in its frame."""

    away = ""

    def admit(self, wanted: ReserveGlobal, request: OpenChallenge) -> Any:
        return self._answer("admit", (wanted, request), lambda _: super(Away, self).admit(wanted, request))

    def check(self, attempt: Any) -> Any:
        return self._answer("check", attempt, super().check)

    def redeem(self, *asked: Any) -> bool:
        return bool(self._answer("redeem", asked, lambda _: super(Away, self).redeem(*asked)))

    def _answer(self, name: str, question: Any, decide: Callable[[Any], Any]) -> Any:
        if self.away == name:
            raise errors.StoreUnavailable("the store does not answer")
        return decide(question)


@pytest.fixture
def leaky(make_site: Callable[..., Any]) -> Any:
    site = make_site(gateway=Leaky(), store=Away())
    site.outbox = site.verifier.gateway
    return site


CODE, PROOF = "493021", "proof-of-493021-and-more"
_give = methodcaller("deliver_code", PHONE, CODE, "login", client_ip=None, binding="device 1")


def _gateway(error: errors.GatewayError) -> Callable[[Any], Any]:
    def call(site: Any) -> Any:
        site.outbox.fail_with(error)
        return site.send()

    return call


def _away(decision: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def go(site: Any) -> Any:
        prepared = call(site)
        site.verifier.store.away = decision
        return prepared()

    return go


def _sent_twice(site: Any) -> Any:
    site.send()
    return site.send("90 123-81-90")


def _locked(site: Any) -> Any:
    for _ in range(3):
        site.send()
        site.miss(5)
        site.clock.advance(300)
    return site.send()


def _quota(site: Any) -> Any:
    for _ in range(9):
        site.send()
        site.clock.advance(300)


def _client(site: Any) -> Any:
    for number in range(61):
        site.send(f"+9989112381{number:02}" if number < 60 else PHONE)


def _proof(site: Any) -> str:
    site.send()
    return site.verify().proof  # type: ignore[no-any-return]


def _redeemed_twice(site: Any) -> Any:
    proof = _proof(site)
    site.verifier.redeem(proof, "login")
    return site.verifier.redeem(str(proof), "login")


def _risk(site: Any) -> Any:
    admission = site.verifier._sender.admission
    admission._core = replace(admission._core, risk=lambda *_facts: True)
    return site.send()


class ForeignPhone:
    as_e164 = PHONE

    def __repr__(self) -> str:
        return f"PhoneNumber({self.as_e164})"


SCENES: dict[str, tuple[type[Exception], Callable[[Any], Any]]] = {
    "not a number": (errors.InvalidPhone, lambda site: site.send("90 123 81 90x")),
    "too long": (errors.InvalidPhone, lambda site: site.send("+998901238190 998901238190")),
    "no such number": (errors.InvalidPhone, lambda site: site.send("8901238190")),
    "bytes": (errors.InvalidPhone, lambda site: site.send(b"901238190")),
    "integer": (errors.InvalidPhone, lambda site: site.send(901238190)),
    "not a number, later": (errors.InvalidPhone, lambda site: site.send_later("90 123 81 90x")),
    "not a number, traced": (errors.InvalidPhone, lambda site: site.verifier.trace("90 123 81 90x")),
    "not a number, unlocked": (errors.InvalidPhone, lambda site: site.verifier.unlock("90 123 81 90x")),
    "not a number, forgotten": (errors.InvalidPhone, lambda site: site.verifier.forget("90 123 81 90x")),
    "not a number, checked": (errors.InvalidPhone, lambda site: site.verify(CODE, "90 123 81 90x")),
    "read alone": (errors.InvalidPhone, lambda site: site.verifier.read_phone("90 123 81 90x")),
    "country": (errors.CountryNotAllowed, lambda site: site.send("+7 701 901 23 81")),
    "no country": (errors.CountryNotAllowed, lambda site: site.verifier.read_phone("+77019012381")),
    "cooldown": (errors.CooldownActive, _sent_twice),
    "locked": (errors.Locked, _locked),
    "phone quota": (errors.RateLimited, _quota),
    "client quota": (errors.RateLimited, _client),
    "risk": (errors.Suspicious, _risk),
    "unavailable": (errors.GatewayUnavailable, _gateway(errors.GatewayUnavailable("leaky", f"to {PHONE}"))),
    "authentication": (errors.AuthenticationFailed, _gateway(errors.AuthenticationFailed("leaky"))),
    "balance": (errors.InsufficientBalance, _gateway(errors.InsufficientBalance("leaky"))),
    "service name": (errors.ServiceNameRejected, _gateway(errors.ServiceNameRejected("leaky", charged=True))),
    "rejected": (errors.MessageRejected, _gateway(errors.MessageRejected("leaky", "text 493021 to 901238190"))),
    "store, sending": (errors.StoreUnavailable, _away("admit", lambda site: lambda: site.send("90 123 81 90"))),
    "store, later": (errors.StoreUnavailable, _away("admit", lambda site: lambda: site.send_later("90 123 81 90"))),
    "store, checking": (
        errors.StoreUnavailable,
        _away("check", lambda site: lambda: site.verify(CODE, "90 123 81 90")),
    ),
    "store, redeeming": (
        errors.StoreUnavailable,
        _away("redeem", lambda site: partial(site.verifier.redeem, str(_proof(site)), "login")),
    ),
    "spent proof": (errors.InvalidProof, _redeemed_twice),
    "other purpose": (errors.InvalidProof, lambda site: site.verifier.redeem(str(_proof(site)), "operation")),
    "forged proof": (errors.InvalidProof, lambda site: site.verifier.redeem(PROOF, "login")),
    "unknown purpose, sent": (ValueError, lambda site: site.send("90 123 81 90", "sign in")),
    "unknown purpose, checked": (ValueError, lambda site: site.verify(CODE, "90 123 81 90", "sign in")),
    "unknown purpose, redeemed": (ValueError, lambda site: site.verifier.redeem(str(_proof(site)), "sign in")),
    "given, cooldown": (errors.CooldownActive, lambda site: site.send() and _give(site.verifier)),
    "foreign object": (ValueError, lambda site: site.send(ForeignPhone(), "sign in")),
}


@pytest.mark.parametrize("scene", SCENES)
def test_r6_r43_no_traceback_shows_a_code_a_token_or_a_number(leaky: Any, scene: str) -> None:
    kind, act = SCENES[scene]
    with pytest.raises(kind) as caught:
        act(leaky)
    shown = frames(caught.value)
    assert "verification.py" in shown or "support.py" in shown, "the frames of the library are looked at"
    codes = [CODE, *getattr(leaky.outbox, "seen", [])]
    assert_clean(shown, codes, [PROOF])
    assert "eyJ" not in shown, "no signed token, whatever it carries"
    assert "'form'" not in shown, "nor a frame of the gateway"
    assert "7019012381" not in re.sub(r"[^0-9]", "", shown), "nor a foreign number"


@pytest.mark.parametrize("typed", ["90 123 81 90x", "8901238190", "+99890123819012", b"901238190", 901238190])
def test_r43_reading_a_number_alone_leaves_no_trace_of_it(typed: object) -> None:
    with pytest.raises(errors.InvalidPhone) as caught:
        Phone.parse(typed)
    shown = frames(caught.value)
    assert "phones.py" in shown
    assert_clean(shown, [])


def test_r43_an_error_keeps_no_way_back_to_the_request(leaky: Any) -> None:
    """Error collectors walk causes and contexts."""
    leaky.outbox.fail_with(errors.MessageRejected("leaky"))
    with pytest.raises(errors.MessageRejected) as caught:
        leaky.send()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_r43_a_callback_s_token_and_body_are_not_in_the_traceback(leaky: Any) -> None:
    token = leaky.verifier.keys.delivery_token("phone", "delivery")

    def gone(*_arguments: Any) -> Any:
        raise errors.StoreUnavailable("the store does not answer")

    leaky.verifier.store.record = gone
    body = b'{"id": "1", "status": "sent", "phone": "998901238190"}'
    with pytest.raises(errors.StoreUnavailable) as caught:
        leaky.verifier.receive_callback(token, body)
    assert_clean(frames(caught.value), [], [token])


def test_the_walk_and_the_look_find_what_is_there() -> None:
    class Row:
        __slots__ = ("code",)

        def __init__(self, code: str) -> None:
            self.code = code

    class Table:
        def __init__(self) -> None:
            self.rows = {"key": (1, [Row("493021")])}

    assert "493021" in list(texts(Table()))
    for leak in (
        "code 493021!",
        "['4', '9', '3', '0', '2', '1']",
        "+998 90 123-81-90",
        "['9','0','1','2','3','8','1','9','0']",
    ):
        with pytest.raises(AssertionError):
            assert_clean(leak, ["493021"])
