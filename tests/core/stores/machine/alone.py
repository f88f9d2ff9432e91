"""What visitors, gateways and the people who run the site do, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.core.stores.machine import visitors
from tests.core.stores.machine.books import SECOND
from tests.core.stores.machine.gateway import Fate
from tests.core.stores.machine.oracle import LAST_RESEND, Who
from tests.core.stores.machine.site import Site

_both = st.tuples(visitors.fates, visitors.fates)
_accepted = (visitors.ACCEPTED, visitors.ACCEPTED)


class Alone(Site):
    # -------------------------------------------------------------------------------------------------------- to send

    @rule(who=visitors.targets, client=visitors.clients, trusted=st.booleans(), typed=st.integers(0, 2), fates=_both)
    def asks(self, who: Who | None, client: str | None, trusted: bool, typed: int, fates: tuple[Fate, Fate]) -> None:
        self.send("send", who or self.last, client, trusted, fates, typed)

    @rule(who=visitors.targets, client=visitors.clients, fates=_both, times=st.integers(1, 4), stolen=st.booleans())
    def asks_from_a_known_device(
        self, who: Who | None, client: str | None, fates: tuple[Fate, Fate], times: int, stolen: bool
    ) -> None:
        """What it may ask for is its own; another number's token is worth nothing (P3)."""
        who = who or self.last
        others = [phone for phone in self.devices if phone != who.phone]
        device = others[-1] if stolen and others else who.phone
        for _ in range(times):
            answer = self.send("known device", who, client, False, fates, device=device)
            if answer[:2] != ("refused", "CooldownActive"):
                continue
            self.pass_time(answer[2] * SECOND)

    @rule(who=visitors.targets, sends=st.integers(1, 4), client=visitors.clients)
    def a_stranger_uses_it_up(self, who: Who | None, sends: int, client: str | None) -> None:
        """And the owner has a way in: on a known device, from another network, or because the host vouches (P3)."""
        who = who or self.last
        stranger = who._replace(binding="a stranger")
        for _ in range(sends):
            self._wait_for_the_cooldown()
            self.send("a stranger", stranger, client, False, _accepted)
            for number in range(3):
                wrong = self.wrong(stranger, number + 1)
                self.guess("a stranger", stranger, wrong, wrong)
        self.send("the owner", who, None, True, _accepted, device=who.phone)

    @rule()
    def knows_no_device_any_more(self) -> None:
        self.count("revoke")
        self.verifier.revoke_devices(self.last.phone)
        self.oracle.revoke(self.now, self.last.phone)

    @rule(fates=_both)
    def asks_again_when_it_may(self, fates: tuple[Fate, Fate]) -> None:
        self._wait_for_the_cooldown()
        self.send("resend", self.last, None, True, fates)

    def _wait_for_the_cooldown(self) -> None:
        self.pass_time(self.oracle.line(self.last.phone).quiet_until.get("unknown", 0) - self.now)

    @rule(
        who=visitors.targets, client=visitors.clients,
        where=st.sampled_from(["admit", "settle"]),
    )  # fmt: skip
    def dies_while_sending(self, who: Who | None, client: str | None, where: str) -> None:
        """What was reserved counts as spent, and nothing is given back (P6)."""
        self.oracle.crash = self.store.crash_after = where
        self.send(f"crash after {where}", who or self.last, client, True, _accepted)

    @rule(number=st.integers(1, 3), fates=_both)
    def changes_the_number(self, number: int, fates: tuple[Fate, Fate]) -> None:
        """The code of the one number is none of the other's (R23)."""
        old = self.last
        at = visitors.PHONES.index(old.phone) if old.phone in visitors.PHONES else 0
        new = old._replace(phone=visitors.PHONES[(at + number) % len(visitors.PHONES)])
        self.send("change the number", new, None, True, fates)
        self.guess("change the number", new, self.code_of(old), self.code_of(old))

    @rule(who=visitors.targets)
    def signs_up(self, who: Who | None) -> None:
        """The whole way, as it should go."""
        self.last = who or self.last
        self._wait_for_the_cooldown()
        who = self.last
        self.send("sign up", who, None, True, _accepted)
        self.guess("sign up", who, self.code_of(who), self.code_of(who))

    @rule(who=visitors.targets, off_by=visitors.edges)
    def asks_until_refused(self, who: Who | None, off_by: int) -> None:
        """As often as the quotas allow, and again when one of them has room (R34)."""
        self.last = who or self.last
        for _ in range(7):
            self._wait_for_the_cooldown()
            answer = self.send("ask until refused", self.last, None, True, _accepted)
            if answer[0] != "sent":
                self.pass_time((answer[2] or 0) * SECOND + off_by if answer[0] == "refused" else 0)
                self.send("ask until refused", self.last, None, True, _accepted)
                break

    @rule(who=visitors.targets, off_by=visitors.edges)
    def asks_to_the_last_resend(self, who: Who | None, off_by: int) -> None:
        """Sent again for nine minutes a code stays what it is, and in the tenth there is another one (P3)."""
        who = self.last = who or self.last
        self._wait_for_the_cooldown()
        self.send("last resend", who, None, True, _accepted)
        for _ in range(12):
            pending = self.oracle.pending.get(who)
            last = pending.began + LAST_RESEND if pending else 0
            if pending is None or self.now > last:
                break
            self.pass_time(min(last + off_by, pending.ends - 1) - self.now)
            self.send("last resend", who, None, True, _accepted)
            if self.now == last + off_by:
                break

    @rule(who=visitors.targets, off_by=visitors.edges, fresh=st.booleans())
    def pumps(self, who: Who | None, off_by: int, fresh: bool) -> None:
        """One number after the other of a prefix, none of them verified, and again when it may be (P8)."""
        for _ in range(7):
            whose = self.stranger() if fresh else (who or self.last)
            answer = self.send("pump", whose, None, False, _accepted)
            if answer[:2] == ("refused", "Suspicious"):
                self.pass_time(answer[2] * SECOND + off_by)
                self.send("pump", whose, None, False, _accepted)
                break

    @rule(successes=st.integers(1, 3))
    def earns_and_pumps(self, successes: int) -> None:
        """What was verified makes room for as many more, and no more (P8)."""
        for _ in range(successes):
            who = self.stranger()
            self.send("earn", who, None, True, _accepted)
            self.guess("earn", who, self.code_of(who), self.code_of(who))
        self.pass_time(SECOND)  # by now it is told
        for _ in range(9):
            if self.send("pump", self.stranger(), None, False, _accepted)[:2] == ("refused", "Suspicious"):
                break

    @rule(purpose=st.sampled_from(visitors.PURPOSES), first=st.integers(0, 1))
    def signs_up_in_two_browsers(self, purpose: str, first: int) -> None:
        """A success ends the other one's challenge too (R19)."""
        both = [Who(self.last.phone, purpose, binding) for binding in visitors.BINDINGS[:2]]
        for who in both:
            self.last = who
            self._wait_for_the_cooldown()
            self.send("two browsers", who, None, True, _accepted)
        for who in (both[first], both[1 - first]):
            self.guess("two browsers", who, self.code_of(who), self.code_of(who))

    # ------------------------------------------------------------------------------------------------------- to guess

    @rule(who=visitors.targets, style=st.sampled_from(visitors.STYLES))
    def guesses_right(self, who: Who | None, style: Callable[[str], str]) -> None:
        who = self.pick(who)
        self.guess("right", who, style(self.code_of(who)), self.code_of(who))

    @rule(who=visitors.targets, times=st.integers(1, 5))
    def guesses_wrong(self, who: Who | None, times: int) -> None:
        who = self.pick(who)
        for number in range(times):
            wrong = self.wrong(who, number + 1)
            self.guess("wrong", who, wrong, wrong)

    @rule(who=visitors.targets)
    def fails_resends_and_fails(self, who: Who | None) -> None:
        """The phone's misses go on growing (R26)."""
        self.last = who or self.last
        for _ in range(4):
            self._wait_for_the_cooldown()
            self.send("fail and resend", self.last, None, True, _accepted)
            for number in range(3):
                wrong = self.wrong(self.last, number + 1)
                self.guess("fail and resend", self.last, wrong, wrong)

    @rule(who=visitors.targets, off_by=visitors.edges)
    def guesses_at_the_end(self, who: Who | None, off_by: int) -> None:
        """The millisecond before a code's end is in time, its end is not (R5)."""
        who = self.pick(who)
        if who in self.oracle.pending:
            self.pass_time(self.oracle.pending[who].ends + off_by - self.now)
        self.guess("right at the end", who, self.code_of(who), self.code_of(who))

    @rule(who=visitors.targets, number=st.integers(0, 20))
    def guesses_an_old_code(self, who: Who | None, number: int) -> None:
        """One that this challenge had before, or that another has."""
        who = self.pick(who)
        known = [code for other in (who, *self.codes) for code in self.codes.get(other, [])] or ["00000000"]
        self.guess("old code", who, known[number % len(known)], known[number % len(known)])

    @rule(who=visitors.targets, junk=st.sampled_from(visitors.JUNK))
    def guesses_junk(self, who: Who | None, junk: tuple[object, str]) -> None:
        self.guess("junk", self.pick(who), *junk)

    @rule(who=visitors.targets, right=st.booleans())
    def dies_while_guessing(self, who: Who | None, right: bool) -> None:
        """The try is charged, and a success stands, though nobody heard of it (R14)."""
        self.oracle.crash = self.store.crash_after = "check"
        who, credits = self.pick(who), self.oracle.pumping.verified
        code, before = self.code_of(who) if right else self.wrong(who), len(credits)
        self.guess("crash after spend", who, code, code)
        if len(credits) > before:  # the guard's other side goes with the process (P4)
            credits.pop()

    # ------------------------------------------------------------------------------------------------------ to redeem

    @rule(off_by=visitors.edges)
    def redeems_at_the_end(self, off_by: int) -> None:
        if self.proofs:
            self.pass_time(self.oracle.proofs[-1].ends + off_by - self.now)
        self.redeems(0, False, False)

    @rule(number=st.integers(0, 3), wrong=st.booleans(), crash=st.booleans())
    def redeems(self, number: int, wrong: bool, crash: bool) -> None:
        number = -1 - number % max(1, len(self.proofs))
        proof = self.proofs[number] if self.proofs else "no proof"
        forged = self.redeem(f"{proof[:-1]}?", "login")
        self.demand(forged == ("InvalidProof",), f"a forged proof: {forged}")
        if self.proofs:
            known = self.oracle.proofs[number]
            purpose = "password_reset" if wrong else known.who.purpose
            if crash and not known.spent and self.now < known.ends:
                self.oracle.crash = self.store.crash_after = "redeem"
            self.agree(
                "redeem",
                lambda oracle: oracle.redeem(self.now, known, purpose), partial(self.redeem, proof, purpose),
            )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------ time passes

    @rule(ms=visitors.waits)
    def waits(self, ms: int) -> None:
        self.count("wait")
        self.pass_time(ms)

    @rule(number=st.integers(0, 40), off_by=visitors.edges)
    def waits_until_something_ends(self, number: int, off_by: int) -> None:
        """To the millisecond: a cooldown, a code, a lock, a window, a proof, a day of Tashkent."""
        self.count("wait until")
        moments = self.oracle.moments(self.now)
        self.pass_time(moments[number % len(moments)] + off_by - self.now)

    # ------------------------------------------------------------------------------------------------------- the house

    @rule(drop=st.booleans(), attempts=st.sampled_from([None, None, 1, 3, 5]))
    def starts_anew(self, drop: bool, attempts: int | None) -> None:
        """With a newer key, or without the oldest (R8); with another limit of tries, which holds at once (R17)."""
        self.count("drop a key" if drop else "add a key")
        keys = self.oracle.keys
        self.oracle.keys = (keys[1:] or keys) if drop else [*keys, f"key of {self.now}, after {len(keys)}"]
        self.oracle.attempts = attempts or self.oracle.attempts
        self.verifier.close()
        self.starts()

    @rule(who=visitors.targets, stays=st.sampled_from([False, False, False, True]))
    def pauses(self, who: Who | None, stays: bool) -> None:
        """Nothing is sent, whoever asks (R59)."""
        self._pause(True)
        self.demand(not self.store.switch_on("pause", "twice", self.now), "what is on was switched on")
        self.send("send while paused", who or self.last, None, True, _accepted)
        if not stays:
            self._pause(False)

    @rule()
    def clears_what_stops_sends(self) -> None:
        self._pause(False)
        for name in self.oracle.refused_names:
            self.demand(self.store.switch_off(f"blocked:{name}:TechShop"), "a refused name was not remembered")
        self.oracle.refused_names.clear()

    def _pause(self, on: bool) -> None:
        if on is not self.oracle.paused:
            self.count("pause" if on else "resume")
            done = self.store.switch_on("pause", "", self.now) if on else self.store.switch_off("pause")
            self.demand(done, "the switch was not where it was left")
            self.oracle.paused = on

    @rule(times=st.integers(1, 3))
    def settles_what_is_settled(self, times: int) -> None:
        """A settlement told again is no second one: nothing is given back twice."""
        if self.store.settlement is not None:
            self.count("settle again")
            again = [partial(self.arena.store.settle, self.store.settlement)] * times
            self.demand(not any(self.arena.at_once(again)), "a settlement was taken twice")

    @rule(status=st.sampled_from(["sent", "delivered", "delivered", "failed", "pending"]), resend=st.booleans())
    def a_gateway_calls_back(self, status: str, resend: bool) -> None:
        """About the newest delivery of a challenge: its status moves forward only (P10). A resend goes another way,
        unless the last message is known to have arrived (P7)."""
        self._wait_for_the_cooldown()
        self.send("before a callback", self.last, None, True, _accepted)
        record, pending = self.record(self.last), self.oracle.pending.get(self.last)
        for name, message in self.messages if record and pending else ():
            token = str(message.callback_url).rpartition("/")[2]
            if f".{record.id}." in token:
                self.count("callback")
                body = json.dumps({"gateway": name, "status": status}).encode()
                self.demand(not self.verifier.receive_callback(f"{token[:-1]}?", body), "a forged callback was taken")
                if self.verifier.keys.read_delivery_token(token):  # else it was signed with a key that was dropped
                    self.demand(self.verifier.receive_callback(token, body), "a callback was not taken")
                    if status != "pending":
                        pending.newest.move(status)
                self.check_delivery(self.last)
        if resend:
            self._wait_for_the_cooldown()
            self.send("resend after a callback", self.last, None, True, _accepted)
