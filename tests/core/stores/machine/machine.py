"""The whole machine: what :mod:`alone` has, and what many do at the same moment.

What is read and then written is right as long as nobody comes in between: only those who come at once can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import partial
from itertools import permutations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.core.stores.machine import visitors
from tests.core.stores.machine.alone import Alone
from tests.core.stores.machine.arena import THREADS
from tests.core.stores.machine.gateway import Fate
from tests.core.stores.machine.oracle import Answer, Oracle, Who

#: One of many: whose question it is, the oracle's answer, and the verifier's.
Asking = tuple[object, Callable[[Oracle], Answer], Callable[[], Answer]]
Order = tuple[int, ...]
#: How often who was answered what.
_Answers = Counter[tuple[object, Answer]]

_threads = st.integers(2, THREADS)


class Machine(Alone):
    def together(
        self, step: str, asking: Sequence[Asking], orders: Callable[[list[Answer]], Iterable[Order]]
    ) -> list[Answer]:
        """All at once; their answers must be those of one of the *orders* in which they may have come."""
        answers = self.arena.at_once([call for _, _, call in asking])
        self.count(step, *answers)
        got = Counter((who, answer) for (who, _, _), answer in zip(asking, answers, strict=True))
        nearest: _Answers = Counter()
        for order in orders(answers):
            world = deepcopy(self.oracle)
            wanted = Counter((asking[number][0], asking[number][1](world)) for number in order)
            if got == wanted:
                self.oracle = world
                return answers
            if not nearest or _words(wanted) == _words(got):
                nearest = wanted
        self.demand(False, f"{step}: {_shown(got, nearest)}, by the oracle {_shown(nearest, got)}")
        return answers

    # -------------------------------------------------------------------------------------------------------- guesses

    def _guessing(self, kind: object, who: Who, code: str) -> Asking:
        return kind, lambda oracle: oracle.verify(self.now, who, code), partial(self.verify, who, code)

    @rule(who=visitors.targets, threads=_threads)
    def many_guess_right_at_once(self, who: Who | None, threads: int) -> None:
        """One is verified (P2)."""
        who = self.pick(who)
        self.together("right at once", [self._guessing("", who, self.code_of(who))] * threads, _any_order)

    @rule(who=visitors.targets, threads=_threads)
    def many_guess_wrong_at_once(self, who: Who | None, threads: int) -> None:
        """As many are compared as tries are left (P3)."""
        who = self.pick(who)
        guesses = [self._guessing("", who, self.wrong(who, number + 1)) for number in range(threads)]
        self.together("wrong at once", guesses, _any_order)

    @rule(who=visitors.targets, wrong=st.integers(1, 5))
    def one_of_many_is_right(self, who: Who | None, wrong: int) -> None:
        """It came before all of the wrong ones, or after one, or two ..."""
        who = self.pick(who)
        guesses = [self._guessing("wrong", who, self.wrong(who, number + 1)) for number in range(wrong)]
        guesses.append(self._guessing("right", who, self.code_of(who)))
        self.together(
            "mixed at once", guesses,
            lambda _: [(*range(place), wrong, *range(place, wrong)) for place in range(wrong + 1)],
        )  # fmt: skip

    @rule(purpose=st.sampled_from(visitors.PURPOSES[:2]))
    def all_browsers_are_right_at_once(self, purpose: str) -> None:
        """A success voids every other challenge of that phone and purpose: one of them (P2, R19)."""
        browsers = [Who(self.last.phone, purpose, binding) for binding in visitors.BINDINGS]
        guesses = [self._guessing(who, who, self.code_of(who)) for who in browsers]
        self.together("browsers at once", guesses, lambda _: permutations(range(len(guesses))))

    @rule(threads=_threads)
    def one_proof_is_redeemed_at_once(self, threads: int) -> None:
        """By one (R25)."""
        if self.proofs:
            proof, purpose = self.proofs[-1], self.oracle.proofs[-1].who.purpose
            asking: Asking = (
                "", lambda oracle: oracle.redeem(self.now, oracle.proofs[-1], purpose),
                partial(self.redeem, proof, purpose),
            )  # fmt: skip
            self.together("redeem at once", [asking] * threads, _any_order)

    # ---------------------------------------------------------------------------------------------------------- sends

    @rule(who=visitors.targets, threads=_threads, client=visitors.clients, one=st.booleans())
    def one_phone_asks_at_once(self, who: Who | None, threads: int, client: str | None, one: bool) -> None:
        """One is granted, or what the quota leaves where there is no cooldown (R33, P5)."""
        who = who or self.last
        # Refused is also who comes while another's place is being taken back: so there must be room for all of them.
        threads = min(threads, self.oracle.room_for_all(self.now, who, visitors.CLIENTS[client], True))
        if threads > 1:
            purposes = [who.purpose] if one else visitors.PURPOSES
            whose = [who._replace(purpose=purposes[number % len(purposes)]) for number in range(threads)]
            self._send_at_once("one phone at once", whose, client, True)

    @rule(threads=_threads, client=visitors.clients, trusted=st.booleans())
    def strangers_ask_at_once(self, threads: int, client: str | None, trusted: bool) -> None:
        """As many are granted as the client, the guard and the budget have room for (P5, P6, P8). A country may refuse
        a few too many, for those who ask count before they are decided: so there must be room for all of them."""
        whose = [self.stranger() for _ in range(threads)]
        trusted = trusted or self.oracle.pumping.room_of_country(whose[0].places[1], self.now) < threads
        self._send_at_once("strangers at once", whose, client, trusted)

    @rule(over=st.integers(1, 4))
    def strangers_ask_for_the_last_money(self, over: int) -> None:
        """More than the day's budget has room for; what is left over is never spent twice (P6)."""
        most = self.oracle.room_for_all(self.now, self.last, None, True)
        if self.rules.budget is not None and most <= THREADS:
            self._send_at_once("the last money", [self.stranger() for _ in range(most - 4)], None, True)
            whose = [self.stranger() for _ in range(min(most, 4) + over)]
            self._send_at_once("the last money", whose, None, True)

    def _send_at_once(self, step: str, whose: Sequence[Who], client: str | None, trusted: bool) -> None:
        """Every message costs what was reserved for it, so that the money does not depend on who was first."""
        fate = Fate("accepted", self.rules.dearest)
        if self.oracle.refused_names or len(whose) < 2:
            return
        for gateway in self.gateways:
            gateway.fate = fate
        self.expect_sends(whose[0])
        before = len(self.messages)

        def sending(who: Who) -> Asking:
            def wanted(oracle: Oracle) -> Answer:
                fates = {gateway.name: fate for gateway in self.gateways}
                return _by_anybody(oracle.send(self.now, who, visitors.CLIENTS[client], trusted, fates))

            return who, wanted, lambda: _by_anybody(self.ask(who, client, trusted))

        answers = self.together(step, [sending(who) for who in whose], _granted_first)
        granted = [who for who, answer in zip(whose, answers, strict=True) if answer[0] == "sent"]
        messages = [message for _, message in self.messages[before:]]
        left = Counter((message.phone, message.purpose) for message in messages)
        self.demand(left == Counter((who.phone, who.purpose) for who in granted), "a message that nobody was granted")
        for who in dict.fromkeys(granted):
            for message in messages:
                if (message.phone, message.purpose) == (who.phone, who.purpose):
                    self.learn(who, message)
            # Whose turn it was, where there are two gateways, only the store knows.
            self.oracle.pending[who].newest.gateway = getattr(self.record(who), "gateway", "")
            self.check_delivery(who)
        for phone, sends in Counter(who.phone for who in granted).items():
            self.check_windows(phone, sends)


def _any_order(answers: list[Answer]) -> list[Order]:
    """They all ask the same."""
    return [tuple(range(len(answers)))]


def _granted_first(answers: list[Answer]) -> list[Order]:
    """They ask for the same places: who got one was there before who got none, the shorter cooldown first."""

    def turn(number: int) -> tuple[bool, int, int]:
        answer = answers[number]
        return (False, answer[-1], answer[2]) if answer[0] == "sent" else (True, 0, 0)

    return [tuple(sorted(range(len(answers)), key=turn))]


def _by_anybody(answer: Answer) -> Answer:
    """A send's answer without the gateway that took it, or the level of the guard: those who ask at once count before
    they are decided, so that a country seems fuller than it is."""
    if answer[:2] == ("refused", "Suspicious"):
        return answer[:2]
    return (*answer[:2], *answer[3:]) if answer[0] == "sent" else answer


def _shown(answers: _Answers, others: _Answers) -> str:
    """How many of which answer: in a word each, if that tells them from the *others*."""
    words, other = _words(answers), _words(others)
    if words == other:
        words = Counter()
        for (who, answer), number in answers.items():
            words[f"{who} {answer}"] += number
    return ", ".join(f"{number} {word}" for word, number in sorted(words.items()))


def _words(answers: _Answers) -> Counter[str]:
    words: Counter[str] = Counter()
    for (_, answer), number in answers.items():
        words[str(answer[1] if answer[0] == "refused" else answer[0])] += number
    return words
