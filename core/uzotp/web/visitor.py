"""Who is asking: all that a framework's request says of a person, in one value."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from uzotp.codes import with_device
from uzotp.events import logger
from uzotp.i18n import negotiate
from uzotp.policy import DEVICE_LIFE, Policy

Vouch = Callable[[], bool]


def vouching(hook: Callable[[Any], object] | None, request: Any) -> Vouch:
    """The host's ``TRUST`` *hook* about *request*: a broken one vouches for nobody, and breaks no page."""

    def ask() -> bool:
        try:
            return hook is not None and bool(hook(request))
        except Exception as error:
            logger.error("the TRUST hook failed: %s", type(error).__name__)
            return False

    return ask


#: The cookie by which a browser is known that has proved a number.
DEVICE_COOKIE = "uzotp_device"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """What a framework knows of who is asking. ``vouch`` asks the host's ``TRUST`` hook; it is called before a send
    only. The JSON endpoints keep no session. ``device`` is what the browser or the app shows of the numbers that it has
    proved; ``secure`` says that it came by HTTPS."""

    client_ip: str | None = None
    accept_language: str = ""
    vouch: Vouch = lambda: False
    session: MutableMapping[str, Any] = field(default_factory=dict, repr=False)
    device: str = field(default="", repr=False)
    secure: bool = False

    def language(self, policy: Policy) -> str:
        """The site's language that their browser likes best."""
        return negotiate(self.accept_language, policy.languages)

    def remember(self, response: Any, device: str) -> None:
        """Have the browser keep a token, beside those that it has: in a cookie for the whole site and no script. Both
        frameworks' responses take it."""
        response.set_cookie(
            DEVICE_COOKIE,
            with_device(device, self.device),
            max_age=DEVICE_LIFE,
            httponly=True,
            samesite="Lax",
            secure=self.secure,
        )
