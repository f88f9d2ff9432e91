"""The library's calls for a Django view: with ``request=`` they know the client, the browser and the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_uzotp import web
from django_uzotp.conf import get_verifier
from django_uzotp.hooks import language as active_language
from uzotp.privacy import veiled
from uzotp.web import helpers as calls
from uzotp.web.helpers import UNSET, Unset
from uzotp.web.visitor import Visitor

if TYPE_CHECKING:
    from django.http import HttpRequest

    from uzotp.phones import Phone
    from uzotp.results import Challenge, Delivery, Verification


def send_code(
    phone: object,
    purpose: str,
    *,
    request: HttpRequest | None = None,
    client_ip: str | Unset | None = UNSET,
    binding: str | Unset = UNSET,
    language: str | None = None,
    trusted: bool = False,
) -> Challenge:
    """:meth:`uzotp.Verifier.send_code`, with *client_ip*, *binding* and *language* taken from *request*.

    What is given by name goes before the request's. :raises TypeError: when neither says one of the first two.
    """
    phone = veiled(phone)
    return calls.send_code(
        get_verifier(),
        phone,
        purpose,
        visitor=web.visitor(request),
        client_ip=client_ip,
        binding=binding,
        language=language,
        trusted=trusted,
    )


def deliver_code(phone: object, code: object, purpose: str, *, binding: str, request: HttpRequest | None) -> Delivery:
    """:meth:`uzotp.Verifier.deliver_code` of a code that another package made, in the active language, with the client
    taken from *request*, if any."""
    phone, code = veiled(phone), veiled(code)
    who, language = Visitor() if request is None else Visitor(**web.asking(request)), active_language()
    return get_verifier().deliver_code(
        phone, code, purpose, client_ip=who.client_ip, binding=binding, language=language, trusted=who.vouch()
    )


def verify_code(
    phone: object, code: object, purpose: str, *, request: HttpRequest | None = None, binding: str | Unset = UNSET
) -> Verification:
    """:meth:`uzotp.Verifier.verify_code`, with *binding* taken from *request*. :raises TypeError: without either."""
    phone, code = veiled(phone), veiled(code)
    return calls.verify_code(get_verifier(), phone, code, purpose, visitor=web.visitor(request), binding=binding)


def redeem(proof: object, purpose: str, *, request: HttpRequest | None = None) -> Phone:
    """:meth:`uzotp.Verifier.redeem`. It commits on its own: a rollback of yours leaves the proof spent.

    A proof needs nothing of the *request*, which may be given all the same.
    """
    proof = veiled(proof)
    return get_verifier().redeem(proof, purpose)


def verified_phone(request: HttpRequest, purpose: str) -> Phone | None:
    """The phone that this session verified on uzotp's pages for *purpose*: once, then ``None``."""
    return calls.verified_phone(get_verifier(), web.session_of(request), purpose)
