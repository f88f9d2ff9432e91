"""A store in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from uzotp.stores.redis.store import RedisStore as RedisStore
else:
    __getattr__ = loader(globals(), {"uzotp.stores.redis.store": "RedisStore"})
