"""Who is asking: all that a framework's request says of a person, in one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from uzotp.codes import with_device
from uzotp.events import logger
from uzotp.i18n import negotiate
from uzotp.policy import DEVICE_LIFE, MAX_LIFE, Policy
from uzotp.verification import Verifier

Vouch = Callable[[], bool]


def vouching(hook: Callable[[Any], object] | None, request: Any, verifier: Callable[[], Verifier]) -> Vouch:
    """The host's ``TRUST`` *hook* about *request*: what it gives is ``True``, or a ticket, which is spent. A broken one
    vouches for nobody, and breaks no page."""

    def ask() -> bool:
        try:
            said = hook(request) if hook else False
            return verifier().spend_ticket(said) if isinstance(said, str) else bool(said)
        except Exception as error:
            logger.error("the TRUST hook failed: %s", type(error).__name__)
            return False

    return ask


#: The cookie by which a browser is known that has proved a number.
DEVICE_COOKIE = "uzotp_device"
#: The cookie of a visit to the pages. The second name is for one that no other host can have set: browsers see to that
#: (RFC 6265bis 4.1.3.2).
VISIT_COOKIE, HOST_VISIT_COOKIE = "uzotp_visit", "__Host-uzotp_visit"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """What a framework knows of who is asking. ``vouch`` asks the host's ``TRUST`` hook; it is called before a send
    only. ``device`` is what the browser or the app shows of the numbers that it has proved. ``site_language`` is what
    the host has settled on, ``""`` where that is left to uzotp. ``secure`` says that it came by HTTPS;
    ``cookie_domain`` is ``COOKIE_DOMAIN``."""

    client_ip: str | None = None
    accept_language: str = ""
    site_language: str = ""
    vouch: Vouch = lambda: False
    session: MutableMapping[str, Any] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    device: str = field(default="", repr=False)
    secure: bool = False
    cookie_domain: str | None = None

    def language(self, policy: Policy) -> str:
        """The site's own where uzotp speaks it, else that of ``LANGUAGES`` which their browser likes best."""
        settled = self.settled_language(policy)
        return settled or negotiate(self.accept_language, policy.languages)

    def settled_language(self, policy: Policy) -> str:
        language = self.site_language.lower().replace("_", "-").partition("-")[0]
        return language if language in policy.languages else ""

    @property
    def visit_cookie(self) -> str:
        """The cookie of their visit to the pages."""
        return self.cookies.get(self._visit_name, "")

    @property
    def _visit_name(self) -> str:
        return HOST_VISIT_COOKIE if self.secure and not self.cookie_domain else VISIT_COOKIE

    def keep_visit(self, response: Any, visit: str) -> None:
        self._set(response, self._visit_name, visit, MAX_LIFE)

    def remember(self, response: Any, device: str) -> None:
        """Have the browser keep a token, beside those that it has."""
        self._set(response, DEVICE_COOKIE, with_device(device, self.device), DEVICE_LIFE)

    def _set(self, response: Any, name: str, value: str, seconds: int) -> None:
        """A cookie for the whole site and no script. Both frameworks' responses take it."""
        response.set_cookie(
            name, value, max_age=seconds, domain=self.cookie_domain, httponly=True, samesite="Lax", secure=self.secure
        )
