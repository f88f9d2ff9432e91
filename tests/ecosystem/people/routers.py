"""uzotp's tables in a database of their own."""

from __future__ import annotations

from typing import Any


class Apart:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "uzotp" if model._meta.app_label == "uzotp" else None

    db_for_write = db_for_read
