"""A store in an SQL database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uzotp._lazy import loader

if TYPE_CHECKING:
    from uzotp.stores.sql.engine import SQLStore as SQLStore
else:
    __getattr__ = loader(globals(), {"uzotp.stores.sql.engine": "SQLStore"})
