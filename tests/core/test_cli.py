"""The command line with a project at hand: codes, the gateway's account, upkeep."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.core.host import Postcard
from tests.core.shop import MASKED, PHONE, Account, Broken, Done, Shop
from uzotp.errors import GatewayError, OutcomeUnknown
from uzotp.events import BalanceLow
from uzotp.policy import Purpose
from uzotp.ports.money import Balance, Money
from uzotp.testing import FakeClock, Outbox

# -------------------------------------------------------------------------------------------------------- send


def test_send_says_where_the_message_is_and_neither_the_code_nor_the_number(
    run: Callable[..., Done], outbox: Outbox
) -> None:
    done = run("send", "90 123 81 90", "registration")
    assert done.status == 0
    assert MASKED in done.out
    assert "sent (outbox)" in done.out
    assert "expires:" in done.out
    assert outbox.code_for(PHONE) not in done.out + done.err
    assert "1238190" not in (done.out + done.err).replace(" ", "")
    assert "no other command can check" in done.err


def test_send_for_scripts(run: Callable[..., Done], outbox: Outbox, clock: FakeClock) -> None:
    done = run("send", PHONE, "login", "--json")
    report = done.report
    assert done.status == 0
    assert report["delivery"].pop("id")
    for name, seconds in (("expires_at", 300), ("resend_at", 60)):
        assert report.pop(name) == datetime.fromtimestamp(clock.time() + seconds, timezone.utc).strftime("%FT%TZ")
    assert report == {
        "phone": MASKED, "country": "UZ", "purpose": "login", "code_length": 6, "sends": 1, "attempts_left": 5,
        "delivery": {"status": "sent", "gateway": "outbox"},
    }  # fmt: skip
    assert outbox.code_for(PHONE) not in done.out


def test_send_takes_a_language_and_a_binding(run: Callable[..., Done], outbox: Outbox) -> None:
    assert run("send", PHONE, "login", "--language", "ru", "--binding", "browser 1").status == 0
    assert outbox.last.language == "ru"
    code = outbox.code_for(PHONE)
    assert run("verify", PHONE, code, "login").status == 1
    assert run("verify", PHONE, code, "login", "--binding", "browser 1").status == 0


def test_a_refused_send_says_why_and_when(run: Callable[..., Done]) -> None:
    assert run("send", PHONE, "login").status == 0
    done = run("send", PHONE, "login")
    assert (done.status, done.out) == (1, "")
    assert done.err == "uzotp: not sent (cooldown); try again in 60 s\n"
    report = run("send", PHONE, "login", "--json").report
    assert (report["error"], report["retry_after"]) == ("cooldown_active", 60)


@pytest.mark.parametrize(
    ("phone", "error"), [("998712001122", "invalid_phone"), ("+12015550123", "country_not_allowed")]
)
def test_a_phone_that_cannot_be_served(run: Callable[..., Done], phone: str, error: str) -> None:
    done = run("send", phone, "login", "--json")
    assert (done.status, done.report["error"]) == (1, error)
    assert phone not in done.out + done.err


def test_a_gateway_that_refuses(run: Callable[..., Done], outbox: Outbox) -> None:
    outbox.fail_with(GatewayError("devsms", "balance is 0 \x1b[2J", sent=False))
    done = run("send", PHONE, "login", "--json")
    assert (done.status, done.report["error"]) == (1, "gateway_unavailable")
    assert "devsms: balance is 0" in done.err
    assert "\x1b" not in done.err


def test_a_send_of_which_nobody_knows(run: Callable[..., Done], outbox: Outbox) -> None:
    outbox.fail_with(OutcomeUnknown("outbox", "timed out", sent=None))
    done = run("send", PHONE, "login", "--json")
    assert (done.status, done.report["delivery"]["status"]) == (0, "unknown")


def test_a_store_that_is_away(run: Callable[..., Done]) -> None:
    asking = ["send", PHONE, "login"], ["verify", PHONE, "493021", "login"]
    for command in (
        *asking,
        ["poll"],
        ["purge"],
        ["pause"],
        ["resume"],
        ["unblock"],
        *([each, PHONE] for each in ("trace", "unlock", "revoke", "forget")),
    ):
        done = run(*command, store=Broken())
        assert (done.status, done.out) == (1, "")
        assert done.err == "uzotp: the store did not answer\n"


def test_a_purpose_that_is_switched_off_is_a_mistake(run: Callable[..., Done], outbox: Outbox) -> None:
    for command in (["send", PHONE, "operation"], ["verify", PHONE, "493021", "operation"]):
        done = run(*command, purposes=(Purpose.LOGIN,))
        assert done.status == 2
        assert "switched off by PURPOSES" in done.err
    assert not outbox.messages


# ------------------------------------------------------------------------------------------------------ verify


def test_verify_the_right_code(run: Callable[..., Done], outbox: Outbox) -> None:
    run("send", PHONE, "login")
    done = run("verify", "90 123 81 90", outbox.code_for(PHONE), "login")
    assert (done.status, done.out) == (0, f"verified {MASKED}\n")


def test_verify_for_scripts_shows_the_proof(run: Callable[..., Done], outbox: Outbox, make_site: Any) -> None:
    shop = Shop(make_site().verifier)
    run("send", PHONE, "login", shop=shop)
    done = run("verify", PHONE, outbox.code_for(PHONE), "login", "--json", shop=shop)
    report = done.report
    assert done.status == 0
    assert shop.verifier.redeem(report.pop("proof"), "login") == PHONE
    assert report == {"status": "verified", "phone": MASKED, "attempts_left": 4, "retry_after": None}


def test_verify_a_wrong_code(run: Callable[..., Done], site: Any) -> None:
    run("send", PHONE, "login")
    done = run("verify", PHONE, site.wrong_code(), "login")
    assert (done.status, done.out) == (1, f"wrong_code {MASKED}, tries left: 4\n")
    report = run("verify", PHONE, site.wrong_code(), "login", "--json").report
    assert report == {"status": "wrong_code", "phone": MASKED, "attempts_left": 3, "retry_after": None, "proof": None}


def test_send_while_locked_says_for_how_long(run: Callable[..., Done], site: Any) -> None:
    run("send", PHONE, "login")
    assert run("verify", PHONE, site.wrong_code(), "login").status == 1
    done = run("send", PHONE, "login", max_failures="1/hour")
    assert done.status == 1
    assert "3600 s" in done.out + done.err


def test_verify_reads_the_code_from_a_pipe(
    run: Callable[..., Done], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("send", PHONE, "login")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{outbox.code_for(PHONE)}\nmore\n"))
    assert run("verify", PHONE, "-", "login").status == 0


@pytest.mark.parametrize("command", ["send", "trace", "unlock", "forget", "revoke"])
def test_a_number_may_come_from_a_pipe_in_each_command(
    run: Callable[..., Done], outbox: Outbox, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    run("send", PHONE, "registration", resend_after=(0,))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PHONE}\n"))
    done = run(command, "-", *(["login"] if command == "send" else []), resend_after=(0,))
    assert done.status == 0, done.err
    assert "+998 90 *** ** 90" in done.out + done.err


def test_verify_reads_both_from_a_pipe_the_number_first(
    run: Callable[..., Done], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("send", PHONE, "login")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PHONE}\n{outbox.code_for(PHONE)}\n"))
    assert run("verify", "-", "-", "login").status == 0


def test_verify_asks_for_the_code_at_a_terminal(
    run: Callable[..., Done], outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("send", PHONE, "login")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: outbox.code_for(PHONE))
    done = run("verify", PHONE, "-", "login")
    assert done.status == 0
    assert outbox.code_for(PHONE) not in done.out + done.err


# --------------------------------------------------------------------------------------------------- the account


def test_balance(run: Callable[..., Done]) -> None:
    done = run("balance", gateway=Account())
    assert (done.status, done.err) == (0, "")
    assert done.out == "balance of devsms: 30000 UZS\none part: 50 UZS\ntoday sms: 3\n"
    assert run("balance", "--json", gateway=Account()).report == {
        "gateway": "devsms",
        "balance": {"amount": "30000", "currency": "UZS"},
        "sms_price": {"amount": "50", "currency": "UZS"},
        "statistics": {"today_sms": 3},
    }


def test_status(run: Callable[..., Done]) -> None:
    gateway = Account()
    run("send", PHONE, "login", gateway=gateway)
    gateway.mark("delivered")
    done = run("status", "1", gateway=gateway)
    assert done.status == 0
    assert done.out == "id:           1\nstatus:       delivered\nraw status:   delivered\n"
    assert run("status", "1", "--json", gateway=gateway).report["status"] == "delivered"


def test_status_of_a_stranger_s_message(run: Callable[..., Done]) -> None:
    done = run("status", "17", gateway=Account())
    assert (done.status, done.out) == (1, "")
    assert "there is no such message" in done.err


def test_history_shows_no_text_and_no_number(run: Callable[..., Done]) -> None:
    gateway = Account()
    run("send", PHONE, "login", gateway=gateway)
    for more in ([], ["--json"]):
        done = run("history", "--limit", "5", "--status", "delivered", *more, gateway=gateway)
        assert done.status == 0
        assert MASKED in done.out
        assert "50" in done.out
        assert gateway.code_for(PHONE) not in done.out
        assert "kod" not in done.out
        assert "1238190" not in done.out
        assert "\x1b" not in done.out
    assert gateway.asked == [{"limit": 5, "status": "delivered"}] * 2
    (row,) = done.report["messages"]
    assert (row["id"], row["status"], row["created_at"]) == ("1", "delivered", "2027-01-02T03:04:05Z")


def test_an_empty_history(run: Callable[..., Done]) -> None:
    gateway = Account()
    assert run("history", gateway=gateway).out == "no messages\n"
    assert run("history", "--json", gateway=gateway).report == {"gateway": "devsms", "messages": []}
    assert gateway.asked == [{"limit": 20, "status": None}] * 2


@pytest.mark.parametrize("command", [["balance"], ["status", "1"], ["history"]])
def test_a_gateway_that_cannot_be_asked(run: Callable[..., Done], command: list[str]) -> None:
    done = run(*command, "--json", gateway=Postcard())
    assert done.status == 2
    assert done.err == f"uzotp: the gateway postcard cannot be asked for its {command[0]}\n"
    assert done.report["error"] == "configuration"


# -------------------------------------------------------------------------------------------------------- upkeep


def test_poll_counts_the_deliveries_that_moved(run: Callable[..., Done]) -> None:
    gateway = Account()
    for last in "12":
        run("send", f"+99890123819{last}", "login", gateway=gateway)
        gateway.mark("delivered")
    for limit, moved in (["--limit", "1"], 1), ([], 1), ([], 0):
        assert run("poll", *limit, gateway=gateway).out.startswith(f"deliveries moved: {moved}\n")


def test_p6_poll_asks_for_every_balance_and_a_low_one_is_an_event(make_site: Any, run: Callable[..., Done]) -> None:
    gateway = Account()
    site = make_site(gateway=[Postcard(), gateway], low_balance=20_000)
    shop = Shop(site.verifier)
    assert run("poll", shop=shop).out == "deliveries moved: 0\nbalance of devsms: 30000 UZS\n"
    assert not site.happened(BalanceLow)
    gateway.money = Balance(Money(Decimal(19_999)))
    done = run("poll", shop=shop)
    assert (done.status, done.out) == (0, "deliveries moved: 0\nbalance of devsms: 19999 UZS\n")
    (low,) = site.happened(BalanceLow)
    assert (low.gateway, low.threshold) == ("devsms", 20_000)
    assert run("balance", shop=Shop(make_site(gateway=gateway).verifier)).status == 0, "to be poor is no failure"


def test_r44_purge_counts_the_rows_that_are_gone(run: Callable[..., Done], clock: FakeClock) -> None:
    run("send", PHONE, "login")
    assert run("purge").out == "rows deleted: 0\n"
    clock.advance(10 * 86400)
    done = run("purge", "--keep-days", "1")
    assert done.status == 0
    assert int(done.out.removeprefix("rows deleted: ")) >= 2
