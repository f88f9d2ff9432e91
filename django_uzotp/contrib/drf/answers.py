"""How uzotp's refusals are said by Django REST framework."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import APIException

from django_uzotp.hooks import language, refusal_text
from uzotp.errors import StoreUnavailable
from uzotp.i18n import locale


class _Unavailable(APIException):
    status_code = StoreUnavailable.status
    default_code = StoreUnavailable.code


@contextmanager
def answering() -> Iterator[None]:
    """A store that is away is a 503, and the proof is as good as before."""
    try:
        yield
    except StoreUnavailable as error:
        problem = _Unavailable(refusal_text(error))
    else:
        return
    raise problem


def proof_text(code: str) -> str:
    return str(locale(language())["proofs"][code])
