"""The library's calls for a Django view: with ``request=`` they know the client, the browser and the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_uzotp import web
from django_uzotp.conf import get_verifier
from django_uzotp.hooks import language
from uzotp.privacy import veiled
from uzotp.web import code_page
from uzotp.web.helpers import Helpers
from uzotp.web.helpers import verified_phone as redeem_in
from uzotp.web.visitor import Visitor

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from uzotp.phones import Phone
    from uzotp.results import Delivery
    from uzotp.verification import Verifier
    from uzotp.web.replies import Request


class _Helpers(Helpers["HttpRequest"]):
    @property
    def verifier(self) -> Verifier:
        return get_verifier()

    def _visitor(self, request: HttpRequest) -> Visitor:
        return Visitor(session=web.session_of(request), **web.asking(request))

    def _asked(self, request: HttpRequest) -> Request:
        return web.read_request(request)

    def begin(self, request: HttpRequest, phone: object, purpose: str, next: str = "") -> HttpResponse:
        """The response that leads to the page for the code of *phone*, which you have chosen: an operation's, or a
        log-in's whose account is known. The code is on its way; the page says so, masked, or why it is not. No other
        number can be confirmed there; ``ON_VERIFIED`` or :func:`verified_phone` tells you when this one is. *next* is a
        path of this site.

        :raises InvalidPhone, CountryNotAllowed: the number cannot be served.
        """
        phone, asked = veiled(phone), web.read_page_request(request)
        return web.write_page(request, asked, code_page.begin(self.verifier, asked, phone, purpose, next))


_helpers = _Helpers()
send_code, verify_code = _helpers.send_code, _helpers.verify_code
redeem, redeem_from = _helpers.redeem, _helpers.redeem_from
known_device, remember_device, begin = _helpers.known_device, _helpers.remember_device, _helpers.begin


def deliver_code(phone: object, code: object, purpose: str, *, binding: str, request: HttpRequest | None) -> Delivery:
    """:meth:`uzotp.Verifier.deliver_code` of a code that another package made, in the active language, with the client
    taken from *request*, if any."""
    phone, code = veiled(phone), veiled(code)
    who = Visitor() if request is None else Visitor(**web.asking(request))
    return get_verifier().deliver_code(
        phone,
        code,
        purpose,
        client_ip=who.client_ip,
        binding=binding,
        language=language(),
        trusted=who.vouch(),
        device=who.device,
    )


def verified_phone(request: HttpRequest, purpose: str) -> Phone | None:
    """The phone that this browser verified on uzotp's pages for *purpose*: once, then ``None``."""
    visitor = Visitor(session=getattr(request, "session", {}), **web.asking(request))
    return redeem_in(get_verifier(), visitor, purpose)
