"""A visit to the pages: what the visitor's browser carries of it, in one signed cookie, and what a form of it says.

Nothing of a visit is at rest on the server. The cookie is born with the first page, and what ties a challenge to the
visit is in it before a number is sent, so that a lost answer strands nobody: its ``id``, and a key that the page added
which asks for the number, for whoever planted the cookie knows its ``id``. A form for a code names the one challenge
that it is about. Neither cookie nor form is of use without the other. A browser may have the cookie of another release,
so its shape is checked before use.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from typing import Any

from uzotp.codes import Tokens
from uzotp.errors import InvalidPhone, retry_after
from uzotp.phones import Phone
from uzotp.policy import MAX_LIFE, Purpose
from uzotp.ports.delivery import DeliveryStatus
from uzotp.results import Challenge
from uzotp.verification import Verifier
from uzotp.web.visitor import Visitor

#: A browser keeps 4,096 bytes of a cookie, its name and attributes included. What is oldest goes where there is more.
_MOST_BYTES = 3500
#: How many challenges a visit has at once: tabs, and slips of the finger.
_MOST_BEGUN = 4
#: How many keys it remembers: somebody whose answers get lost opens the first page again and again.
MOST_KEYS = 6


@dataclass(frozen=True)
class Begun:
    """A challenge of a visit, as its page shows it. ``ref`` names it in addresses and is no secret; ``key`` is that of
    the visit when it was begun. The host chose the number of a ``fixed`` one. ``refused`` is why no code was sent yet,
    until the moment ``resend_at``. A ``binding`` is there when another release made it."""

    ref: str
    phone: str
    purpose: str
    next: str
    expires_at: float
    resend_at: float
    attempts_left: int
    delivery: str
    key: str = ""
    resent: bool = False
    fixed: bool = False
    refused: str = ""
    binding: str = ""

    def __post_init__(self) -> None:
        """:raises ValueError, InvalidPhone: another release's, or nobody's."""
        for each in fields(self):
            value, number = getattr(self, each.name), "float" in str(each.type)
            if type(value).__name__ not in (("int", "float") if number else (each.type,)):
                raise ValueError(each.name)
        Phone.parse(self.phone)
        Purpose(self.purpose)
        DeliveryStatus(self.delivery)

    @property
    def shown(self) -> str:
        """The number as its page shows it: whole to the browser that typed it."""
        phone = Phone.parse(self.phone)
        return phone.masked if self.fixed else phone.spaced


@dataclass(frozen=True)
class Form:
    """What a form of a visit says, signed: which challenge it is about, with its key. A form that asks for a number is
    about none."""

    visit: str
    #: The moment when the cookie that came with it is over: seconds.
    until: int = 0
    ref: str = ""
    key: str = ""
    phone: str = ""
    purpose: str = ""
    next: str = ""
    fixed: bool = False


@dataclass
class Visit:
    """What one browser has begun and verified. ``changed`` says that the cookie is to be set."""

    id: str
    #: The newest is what the next challenge is begun with.
    keys: list[str] = field(default_factory=list)
    begun: dict[str, Begun] = field(default_factory=dict)
    #: What is verified: proofs by purpose.
    proofs: dict[str, str] = field(default_factory=dict)
    language: str = ""
    #: The number as it was typed, for whoever corrects it or changes the language.
    draft: str = ""
    #: The number that was verified last, as its page shows it.
    done: str = ""
    #: The moment when the cookie is over: seconds.
    until: int = 0
    born: bool = field(default=False, compare=False)
    changed: bool = field(default=False, compare=False)

    # ---------------------------------------------------------------------------------------------- the cookie

    @classmethod
    def read(cls, verifier: Verifier, cookie: str) -> Visit:
        """The visit in a *cookie*, or a new one where there is none any more."""
        content, now = verifier.tokens("visit").load(cookie, MAX_LIFE), verifier.clock.time()
        visit = _read(content) if content else None
        if visit is None or visit.until <= now:
            return cls(secrets.token_urlsafe(16), [_key()], born=True, changed=True)
        return visit

    def renew(self) -> None:
        """What the page does that asks for a number: another key, and time to type. With something begun or verified it
        leaves the cookie alone, for two answers that cross would lose that."""
        if not (self.born or self.begun or self.proofs):
            self.keys, self.changed = [*self.keys, _key()][-MOST_KEYS:], True

    def cookie(self, verifier: Verifier) -> str:
        """Its text. The oldest challenges are left out of one that would be too long; their forms need no cookie."""
        kept = [*self.begun.values()]
        while True:
            content = {**vars(self), "begun": [_short(each) for each in kept], "until": _end(verifier.clock.time())}
            del content["born"], content["changed"]
            text = verifier.tokens("visit").dump({name: value for name, value in content.items() if value})
            if len(text) <= _MOST_BYTES or not kept:
                return text
            kept = kept[1:]

    # ------------------------------------------------------------------------------------------ what it has begun

    def bindings(self, phone: Phone, purpose: Purpose) -> dict[str, str]:
        """What may tie a challenge of these to this visit, by its keys: the first for one that is to be begun; an
        answer may have been lost to one of the others."""
        begun = self.of(phone, purpose)
        if begun:
            return {begun.key: self.binding_of(begun)}
        return {key: f"visit {self.id} {key}" for key in reversed(self.keys)}

    def binding_of(self, begun: Begun) -> str:
        """What ties a challenge to this visit that it has *begun*."""
        return begun.binding or f"visit {self.id} {begun.key}"

    def proving_key(self, begun: Begun) -> str:
        """For the right code of what it has *begun*, should the answer get lost."""
        return f"visit {self.id} {begun.key} {begun.ref}"

    @property
    def newest(self) -> Begun | None:
        return next(reversed(self.begun.values()), None)

    def of(self, phone: Phone, purpose: Purpose) -> Begun | None:
        wanted = str(phone), purpose.value
        return next((each for each in self.begun.values() if (each.phone, each.purpose) == wanted), None)

    def remember(
        self, challenge: Challenge, next_url: str, key: str, *, resent: bool = False, fixed: bool = False
    ) -> Begun:
        """Keep what was sent in place of what was begun for the same number and purpose, with the same *key*."""
        before = self.of(challenge.phone, challenge.purpose)
        return self._put(
            Begun(
                before.ref if before else secrets.token_urlsafe(6),
                str(challenge.phone),
                challenge.purpose.value,
                next_url,
                challenge.expires_at.timestamp(),
                challenge.resend_at.timestamp(),
                challenge.attempts_left,
                challenge.delivery.status.value,
                key,
                resent,
                fixed,
                binding=before.binding if before else "",
            )
        )

    def remember_refusal(self, error: Any, phone: Phone, purpose: Purpose, next_url: str, now: float) -> Begun:
        """Keep why no code was sent to a number that the host chose."""
        before = self.of(phone, purpose)
        ref, resend_at = before.ref if before else secrets.token_urlsafe(6), now + (retry_after(error) or 0)
        status = DeliveryStatus.FAILED.value
        key = before.key if before else self.keys[-1]
        begun = Begun(ref, str(phone), purpose.value, next_url, now + MAX_LIFE, resend_at, 0, status, key, fixed=True)
        return self._put(replace(begun, refused=error.code))

    def change(self, begun: Begun, **changes: Any) -> Begun:
        return self._put(replace(begun, **changes))

    def _put(self, begun: Begun) -> Begun:
        self.begun.pop(begun.ref, None)
        self.begun[begun.ref] = begun
        self.begun = dict([*self.begun.items()][-_MOST_BEGUN:])
        self.done, self.changed = "", True
        return begun

    def finish(self, begun: Begun, proof: str) -> None:
        """The code was right."""
        self.begun.pop(begun.ref, None)
        self.proofs[begun.purpose] = proof
        self.done, self.draft, self.changed = begun.shown, "", True

    def keep(self, **changes: str) -> None:
        """Keep a ``draft`` or a ``language``."""
        for name, value in changes.items():
            self.changed = self.changed or getattr(self, name) != value
            setattr(self, name, value)

    # ------------------------------------------------------------------------------------------------- its forms

    def form(self, verifier: Verifier, begun: Begun | None = None) -> str:
        """The token of a form, which is of use beside this visit's cookie alone."""
        until = _end(verifier.clock.time()) if self.changed else self.until
        form = Form(self._mark(verifier), until)
        if begun:
            said = ("ref", "key", "phone", "purpose", "next", "fixed")
            form = replace(form, **{name: getattr(begun, name) for name in said})
        return verifier.tokens("form").dump({name: value for name, value in asdict(form).items() if value})

    def read_form(self, verifier: Verifier, token: str) -> Form | None:
        """What a form says that is this visit's; ``None`` for any other."""
        form = read_form(verifier.tokens("form"), token)
        return form if form and form.visit == self._mark(verifier) else None

    def begun_of(self, form: Form, attempts: int) -> Begun | None:
        """The challenge that *form* is about, and where that leads; also when the cookie has no room for it (any more).
        Then nobody knows how many of its *attempts* are left."""
        found = self.begun.get(form.ref)
        if found:
            return replace(found, next=form.next)
        if not form.ref:
            return None
        what, unknown = (form.ref, form.phone, form.purpose, form.next), DeliveryStatus.UNKNOWN.value
        return Begun(*what, form.until, 0, attempts, unknown, key=form.key, fixed=form.fixed)

    def _mark(self, verifier: Verifier) -> str:
        return verifier.keys.hashed("visit", self.id)


def read_form(tokens: Tokens, token: str, max_age: int = MAX_LIFE) -> Form | None:
    """What a form says, whosever it is."""
    content = tokens.load(token, max_age)
    try:
        return Form(**content) if content else None
    except TypeError:
        return None


def _key() -> str:
    return secrets.token_urlsafe(9)


def _end(now: float) -> int:
    return int(now) + MAX_LIFE


def _read(content: dict[str, Any]) -> Visit | None:
    """What a cookie of this release holds."""
    try:
        visit = Visit(**content | {"begun": {row[0]: Begun(*row) for row in content.get("begun", ())}})
        texts = [visit.id, *visit.keys, visit.language, visit.draft, visit.done, *visit.proofs, *visit.proofs.values()]
        return visit if all(isinstance(text, str) for text in texts) and isinstance(visit.until, int) else None
    except (InvalidPhone, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def _short(begun: Begun) -> list[Any]:
    """Its fields, without the last ones that are as usual."""
    row, usual = [*astuple(begun)], [each.default for each in fields(Begun)]
    while row[-1] == usual[len(row) - 1]:
        row.pop()
    return row


#: Where releases before this one kept a visit, in the host's session: it is read for as long as it lives, ten minutes.
_STATE, _PROOFS, _OTHERS = "uzotp", "uzotp_proofs", ("uzotp_language", "uzotp_done", "uzotp_draft", "uzotp_csrf")


def of(verifier: Verifier, visitor: Visitor) -> Visit:
    """The visit of who is asking."""
    visit = Visit.read(verifier, visitor.visit_cookie)
    if visit.born:
        visit.proofs = proofs_of_session(visitor.session)
        state = visitor.session.get(_STATE)
        if isinstance(state, dict):
            with suppress(InvalidPhone, ValueError, TypeError):
                visit._put(Begun(secrets.token_urlsafe(6), **state))
    return visit


def proofs_of_session(session: Mapping[str, Any]) -> dict[str, str]:
    proofs = session.get(_PROOFS)
    kept = proofs.items() if isinstance(proofs, dict) else ()
    return {name: proof for name, proof in kept if isinstance(name, str) and isinstance(proof, str)}


def keep(verifier: Verifier, visitor: Visitor, visit: Visit, response: Any) -> None:
    """Have the browser keep what has changed of its visit, and the host's session nothing of it."""
    for name in (_STATE, _PROOFS, *_OTHERS) if visit.born else ():  # else it was done, and is not worth a query
        visitor.session.pop(name, None)
    if visit.changed:
        visitor.keep_visit(response, visit.cookie(verifier))
