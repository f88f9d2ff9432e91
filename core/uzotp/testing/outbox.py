"""A gateway that keeps what it is given, for tests of everything around it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import overload

from uzotp.errors import GatewayError, OutcomeUnknown
from uzotp.phones import Phone
from uzotp.ports.delivery import DeliveryReport, DeliveryStatus
from uzotp.ports.gateway import Message, Receipt


class Outbox(Sequence[Message]):
    """The messages "sent", newest last::

        outbox = Outbox()
        verifier = Verifier(outbox, MemoryStore(), ["key"])
        verifier.send_code("90 123 45 67", "login", client_ip=None, binding="")
        assert verifier.verify_code("90 123 45 67", outbox.code_for("90 123 45 67"), "login", binding="")

    It can be asked for a status and read a callback, like a real gateway; :meth:`mark` decides what it says. An
    empty one is false, as every empty sequence is.
    """

    name = "outbox"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._statuses: dict[str, DeliveryStatus] = {}
        self._errors: list[Exception] = []

    def __repr__(self) -> str:
        return f"<Outbox of {len(self._messages)}>"

    def __len__(self) -> int:
        return len(self._messages)

    @overload
    def __getitem__(self, index: int) -> Message: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...

    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        return self._messages[index]

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        """Keep *message*, or raise what :meth:`fail_with` prepared.

        A message whose error is ``OutcomeUnknown`` is kept as well: it may have arrived, and the test may go on
        as if it had.
        """
        with self._lock:
            error = self._errors.pop(0) if self._errors else None
            if error is None or isinstance(error, OutcomeUnknown):
                self._messages.append(message)
            if error is not None:
                raise error.with_traceback(None)
            id = str(len(self._statuses) + 1)
            self._statuses[id] = DeliveryStatus.SENT
        return Receipt(self.name, id)

    def status(self, id: str) -> DeliveryReport:
        """What :meth:`mark` said last; ``sent`` before that. :raises GatewayError: for an id that is not its own."""
        status = self._statuses.get(id)
        if status is None:
            raise GatewayError(self.name, "there is no such message")
        return DeliveryReport(self.name, id, status, raw_status=status.value)

    def parse_callback(self, body: bytes) -> DeliveryReport | None:
        """Read a body that :meth:`mark` returned; ``None`` for any other bytes."""
        try:
            fields = json.loads(body)
            id, status = str(fields["id"]), DeliveryStatus(fields["status"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return DeliveryReport(self.name, id, status, raw_status=status.value)

    @property
    def messages(self) -> tuple[Message, ...]:
        """All of them, newest last."""
        return tuple(self._messages)

    @property
    def last(self) -> Message:
        """The newest message. :raises LookupError: when nothing was sent."""
        if not self._messages:
            raise LookupError("nothing was sent")
        return self._messages[-1]

    def code_for(self, phone: object) -> str:
        """The newest code sent to *phone*, in any notation. :raises LookupError: when there is none."""
        number = Phone.parse(phone)
        for message in reversed(self._messages):
            if message.phone == number and message.code:
                return str(message.code)
        raise LookupError(f"no code was sent to {number.masked}")

    def clear(self) -> None:
        """Forget the messages and any errors that were prepared; ids go on counting."""
        self._messages.clear()
        self._errors.clear()

    def fail_with(self, error: Exception, times: int = 1) -> None:
        """Answer the next *times* sends with *error*.

        A ``GatewayError`` says how the send ended; any other exception plays a gateway that breaks its contract.
        """
        self._errors.extend([error] * times)

    def mark(self, status: DeliveryStatus | str, id: str | None = None) -> bytes:
        """From now on *status* is what became of message *id* (the newest one unless told).

        Returns the body of the callback that would report it; posting that is up to the test.

        :raises LookupError: for an id that is not its own.
        """
        id = str(len(self._statuses)) if id is None else id
        if id not in self._statuses:
            raise LookupError(f"no message has the id {id}")
        self._statuses[id] = DeliveryStatus(status)
        return json.dumps({"id": id, "status": self._statuses[id].value}).encode()
