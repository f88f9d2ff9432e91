"""A Redis that forgets, and a Redis that is full, under traffic."""

from __future__ import annotations

from typing import Any

from tests.failures.restarts import Ending, suffer
from tests.failures.traffic import Traffic


def full(server: Any, store: Any) -> Ending:
    """``maxmemory`` is reached and nothing may be evicted, until everybody was refused."""
    server.client.config_set("maxmemory-policy", "noeviction")
    crowd = Traffic(store)
    return suffer(
        {"it": crowd},
        lambda: server.client.config_set("maxmemory", 1),
        [lambda: server.client.config_set("maxmemory", 0)],
    )["it"]


def forgets(server: Any, store: Any, command: str) -> Ending:
    """``FLUSHALL`` or ``SCRIPT FLUSH`` while people sign up; nobody need be refused."""
    return suffer({"it": Traffic(store)}, lambda: server.client.execute_command(*command.split()), refuses=False)["it"]
