"""Tickets: a host vouches for one message, and no copy of a cookie or of a header makes it two."""

from __future__ import annotations

from collections.abc import Callable

from uzotp.codes import Keyring, Tokens, random_id
from uzotp.policy import Limit
from uzotp.ports.store import Refusal, ReserveGlobal
from uzotp.privacy import Secret, veiled
from uzotp.sending.core import Core

#: How long a ticket is good for: seconds.
TICKET_LIFE = 600


class Tickets:
    """A part of :class:`~uzotp.verification.Verifier`."""

    keys: Keyring
    tokens: Callable[[str], Tokens]
    _core: Core

    def trust_ticket(self) -> Secret:
        """A ticket for one message, to be made when a CAPTCHA was solved, say, and kept by the visitor: in the session,
        in a form or in an app. Where ``TRUST`` returns it, the send that it is asked for spends it. It is good for ten
        minutes."""
        return Secret(self.tokens("ticket").dump({"id": random_id()}))

    def spend_ticket(self, ticket: object) -> bool:
        """``True`` once for each ticket, whoever asks and in whatever process; ``False`` for what is none.

        :raises StoreUnavailable: nobody knows.
        """
        ticket = veiled(ticket)
        content = self.tokens("ticket").load(ticket, TICKET_LIFE)
        if content is None:
            return False
        # A client that may ask once, for longer than the ticket is read: to the store it is nothing new.
        once = (Limit(1, 2 * TICKET_LIFE),)
        client = self.keys.hashed("ticket", content["id"])
        return not isinstance(
            self._core.store.reserve(ReserveGlobal(random_id(), client, once, now=self._core.now())), Refusal
        )
