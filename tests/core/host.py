"""What a host project has of its own, reached by dotted paths: hooks, gateways, stores; and settings to begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import Any

from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.ports.gateway import Message, Receipt
from uzotp.stores.memory import MemoryStore

PHONE = "+998901238190"
KEYS = {"SECRET_KEYS": ["a key of the tests, long enough"]}
DEVSMS = {**KEYS, "DEVSMS_TOKEN": "only-for-tests", "SERVICE_NAME": "TechShop"}

a_number = 5


def in_days(days: int) -> date:
    return datetime.now(timezone.utc).date() + timedelta(days=days)


def a_test_number(**entry: Any) -> dict[str, Any]:
    """``TEST_NUMBERS`` of one number; *entry* changes what is said of it."""
    return {PHONE: {"code": "000000", "until": in_days(30).isoformat()} | entry}


@contextmanager
def databases_closed() -> Iterator[None]:
    """Close what SQLAlchemy opens in the block: a command ends with its process, and here the process goes on."""
    from sqlalchemy import Engine, event
    from sqlalchemy.engine import Connection

    engines: set[Engine] = set()

    def remember(connection: Connection) -> None:
        engines.add(connection.engine)

    event.listen(Engine, "engine_connect", remember)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", remember)
        for engine in engines:
            engine.dispose()


class Postcard:
    """A gateway of somebody's own, which can be asked for nothing."""

    name = "postcard"

    def send(self, message: Message, *, timeout: float | None = None) -> Receipt:
        return Receipt(self.name, "1")


postcard = Postcard()


def make_postcard() -> Postcard:
    return Postcard()


class Shelf(MemoryStore):
    """A store of somebody's own."""


shelf = Shelf()


def make_shelf() -> Shelf:
    return Shelf()


def never(phone: Phone, purpose: Purpose) -> bool:
    return False


def risky(phone: Phone, purpose: Purpose, client_ip: str | None) -> bool:
    return True


def friend(request: object) -> bool:
    return True
