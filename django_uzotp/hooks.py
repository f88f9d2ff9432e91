"""What forms and the hooks of other packages share: the active language, and uzotp's words in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language

from django_uzotp.conf import get_verifier
from uzotp import i18n

if TYPE_CHECKING:
    from uzotp.errors import UzotpError


def language() -> str:
    """The active language where uzotp speaks it, else the first of ``LANGUAGES``."""
    return i18n.negotiate(get_language() or "", get_verifier().policy.languages)


def text(*names: str) -> str:
    """One of uzotp's texts: its file of :func:`uzotp.i18n.locale`, and the keys in there."""
    found: Any = i18n.locale(language())
    for name in names:
        found = found[name]
    return str(found)


def refusal_text(error: UzotpError) -> str:
    """Why there is no message, of one of :data:`uzotp.errors.VISITOR_ERRORS`: no quota, no gateway is named."""
    return i18n.refusal_text(error, language())


def is_staff(user: Any) -> bool:
    """Whether an SMS alone is too little for *user*, who may open the admin: a number is taken over more easily than a
    password and a second factor are (SIM swap; NIST SP 800-63B-4 3.1.3.3 restricts it)."""
    return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))
