"""The library's calls from inside a view: the visitor fills in what the core insists on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from typing import Any, Generic, TypeVar

from uzotp.errors import InvalidProof, Refused
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryRecord, DeliveryStatus
from uzotp.privacy import veiled
from uzotp.results import Challenge, Verification
from uzotp.sending.refusals import REFUSALS
from uzotp.verification import Verifier
from uzotp.web import visit as visits
from uzotp.web.replies import MAX_BODY, Request, is_json
from uzotp.web.visitor import Visitor

#: In the host's session; the second is what the release before this one kept there, for codes that are out.
_SEED, _OLD_BINDING = "uzotp_seed", "uzotp_binding"
HostT = TypeVar("HostT")


class Unset(Enum):
    """Nothing was said. ``None`` for a client and ``""`` for a binding are answers; this is none."""

    UNSET = "unset"


UNSET = Unset.UNSET


class Helpers(Generic[HostT]):
    """The calls of a framework's views: with ``request=`` they know the client, the browser and the language."""

    @property
    def verifier(self) -> Verifier:
        raise NotImplementedError

    def _visitor(self, request: HostT) -> Visitor:
        raise NotImplementedError

    def _asked(self, request: HostT) -> Request:
        raise NotImplementedError

    def send_code(
        self,
        phone: object,
        purpose: str,
        *,
        request: HostT | None = None,
        client_ip: str | Unset | None = UNSET,
        binding: str | Unset = UNSET,
        language: str | None = None,
        trusted: bool = False,
        device: str | None = None,
    ) -> Challenge:
        """:meth:`uzotp.Verifier.send_code`, with *client_ip*, *binding*, *language* and *device* taken from *request*.

        What is given by name goes before the request's. :raises TypeError: when neither says one of the first two.
        """
        phone = veiled(phone)
        asking = None if request is None else self._visitor(request)
        client = _need(asking, "client_ip").client_ip if client_ip is UNSET else client_ip
        if asking is not None:
            language, trusted = language or asking.language(self.verifier.policy), trusted or asking.vouch()
            device = asking.device if device is None else device
        visitor = Visitor(client_ip=client, vouch=lambda: trusted, device=device or "")
        bound = _bound(self.verifier, asking, binding, sends=True)
        return send_code(self.verifier, phone, purpose, visitor=visitor, binding=bound, language=language)

    def verify_code(
        self,
        phone: object,
        code: object,
        purpose: str,
        *,
        request: HostT | None = None,
        binding: str | Unset = UNSET,
        key: str | None = None,
    ) -> Verification:
        """:meth:`uzotp.Verifier.verify_code`, with *binding* of *request*. :raises TypeError: without either."""
        phone, code, key = veiled(phone), veiled(code), veiled(key)
        visitor = None if request is None else self._visitor(request)
        bound = _bound(self.verifier, visitor, binding, sends=False)
        return self.verifier.verify_code(phone, code, purpose, binding=bound, key=key)

    def remember_device(self, request: HostT, response: Any, result: Verification) -> None:
        """Have the browser keep the ``device`` of a verification, if it has one: from then on the browser is known as
        one that has proved this number, in *request* of each of these calls. The pages do so by themselves."""
        if result.device:
            self._visitor(request).remember(response, result.device)

    def known_device(self, request: HostT, phone: object) -> bool:
        """:meth:`uzotp.Verifier.known_device` of the browser that sent *request*: whether it has proved *phone*."""
        phone = veiled(phone)
        return self.verifier.known_device(phone, self._visitor(request).device)

    def redeem(self, proof: object, purpose: str, *, request: HostT | None = None) -> Phone:
        """:meth:`uzotp.Verifier.redeem`. It commits on its own: a rollback of yours leaves the proof spent.

        A proof needs nothing of the *request*, which may be given all the same.
        """
        proof = veiled(proof)
        return self.verifier.redeem(proof, purpose)

    def redeem_from(self, request: HostT, purpose: str) -> Phone:
        """:meth:`redeem` of the ``proof`` in the JSON that an app sent: ``{"proof": "…"}``, with what else is in it.

        Nothing but ``application/json`` is read: no page of another site makes a browser send that unasked, with your
        cookies, so a view that takes what it acts on from this call needs no CSRF token.

        :raises InvalidProof: there is none, it is not good, or the body is no such JSON.
        """
        asked = self._asked(request)
        proof = None
        if is_json(asked.content_type) and len(asked.body) <= MAX_BODY:
            with suppress(ValueError, RecursionError):
                body = json.loads(asked.body)
                proof = veiled(body.get("proof") if isinstance(body, dict) else None)
                del body
        return self.verifier.redeem(proof, purpose)


def send_code(
    verifier: Verifier, phone: object, purpose: str, *, visitor: Visitor, binding: str, language: str | None
) -> Challenge:
    """Send a code for a visitor: what pages, endpoints and the frameworks' helpers all do.

    It is :meth:`Verifier.send_code_later` with ``SEND_IN_BACKGROUND``, and where ``SHOULD_SEND`` may suppress the
    message: then neither the answer nor its time says whether one leaves (P9). Else it is :meth:`Verifier.send_code`.
    """
    phone, client = veiled(phone), visitor.client_ip
    later = verifier.policy.send_in_background or verifier.should_send is not None
    send = verifier.send_code_later if later else verifier.send_code
    who: dict[str, Any] = {"client_ip": client, "trusted": visitor.vouch(), "device": visitor.device}
    return send(phone, purpose, binding=binding, language=language, **who)


def send_or_continue(
    verifier: Verifier, phone: object, purpose: str, visitor: Visitor, bindings: Mapping[str, str], language: str | None
) -> tuple[Challenge, str]:
    """As :func:`send_code` with the first of *bindings*; where that is refused while a code is out for one of them, go
    on with that one: the answer of the first try was lost, or a form was sent twice. With the challenge the name of its
    binding."""
    phone = veiled(phone)
    name, binding = next(iter(bindings.items()))
    try:
        return send_code(verifier, phone, purpose, visitor=visitor, binding=binding, language=language), name
    except Refused as refused:
        if refused.quota == REFUSALS:  # what is refused without asking the store shall not ask it here
            raise
        for name, binding in bindings.items():
            challenge = verifier.pending(phone, purpose, binding=binding)
            if challenge:
                return challenge, name
        raise


def verified_phone(verifier: Verifier, visitor: Visitor, purpose: str) -> Phone | None:
    """Redeem the proof that the pages gave to this browser for *purpose*; ``None`` without a valid one."""
    proof = visits.of(verifier, visitor).proofs.get(str(purpose))
    try:
        return verifier.redeem(proof, purpose) if proof else None
    except InvalidProof:
        return None


def delivery(verifier: Verifier, phone: Phone, purpose: str, binding: str) -> DeliveryRecord | None:
    """Where a challenge's message stands, as its visitor may know it; ``None`` once the challenge is over. With
    ``SHOULD_SEND`` set it is always ``sent`` (P9).

    :raises StoreUnavailable: nobody knows.
    """
    record, name = verifier.delivery(phone, purpose, binding=binding), verifier.gateway.name
    if record is None:
        return None
    if verifier.should_send is not None:
        return replace(record, status=DeliveryStatus.SENT, gateway=name, updated_at_ms=record.created_at_ms)
    return replace(record, gateway=record.gateway or name)


def _bound(verifier: Verifier, visitor: Visitor | None, binding: str | Unset, *, sends: bool) -> str:
    """The binding that was given, or that of the session, which has but a seed of it: what is at rest on the server
    leads to no challenge (R22, R66). The seed is made at first use (128 bits)."""
    if binding is not UNSET:
        return binding
    session = _need(visitor, "binding").session
    if _SEED not in session and _OLD_BINDING in session and not sends:
        return str(session[_OLD_BINDING])
    if _SEED not in session:
        session.pop(_OLD_BINDING, None)
        session[_SEED] = secrets.token_urlsafe(16)
    return verifier.keys.hashed("binding", str(session[_SEED]))


def _need(visitor: Visitor | None, what: str) -> Visitor:
    if visitor is None:
        raise TypeError(f"say {what}=, or let request= say it: leaving it out would drop a protection silently")
    return visitor
