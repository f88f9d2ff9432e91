"""What the admin says, in Django's catalogues under a context of our own: no other app's "name" or "status" changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import pgettext, pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CONTEXT = "uzotp"


def text(message: str) -> _StrPromise:
    """*message* in whatever language is active when it is shown."""
    return pgettext_lazy(CONTEXT, message)


def text_now(message: str) -> str:
    """In the language that is active, to be kept."""
    return pgettext(CONTEXT, message)
