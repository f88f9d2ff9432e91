"""What the hooks of other packages share: the active language, the words, and a code that is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language

from django_uzotp import web
from django_uzotp.conf import get_verifier
from uzotp import i18n
from uzotp.privacy import veiled

if TYPE_CHECKING:
    from django.http import HttpRequest

    from uzotp.errors import UzotpError
    from uzotp.phones import Phone
    from uzotp.results import Delivery


def language() -> str:
    """The active language where uzotp speaks it, else the first of ``LANGUAGES``."""
    return i18n.negotiate(get_language() or "", get_verifier().policy.languages)


def refusal_text(error: UzotpError) -> str:
    """Why there is no message, of one of :data:`uzotp.errors.VISITOR_ERRORS`: no quota, no gateway is named."""
    return i18n.refusal_text(error, language())


def delivery_text(delivery: Delivery, phone: Phone) -> str:
    """Where a message stands, with the masked number."""
    return str(i18n.locale(language())["pages"]["delivery"][delivery.status.value]).format(phone=phone.masked)


def deliver_code(phone: object, code: object, purpose: str, *, binding: str, request: HttpRequest | None) -> Delivery:
    """:meth:`uzotp.Verifier.deliver_code` in the active language, with the client taken from *request*, if any."""
    phone, code = veiled(phone), veiled(code)
    return get_verifier().deliver_code(
        phone,
        code,
        purpose,
        client_ip=None if request is None else web.client_ip(request),
        binding=binding,
        language=language(),
        trusted=request is not None and web.vouch(request)(),
    )
