"""Where ``Service`` was before; it is in :mod:`uzotp.http.service` now."""

from __future__ import annotations

import warnings

from uzotp.http.service import Answer, Reply, Service

__all__ = ["Answer", "Reply", "Service"]

warnings.warn("uzotp.gateways.http is uzotp.http.service now", DeprecationWarning, stacklevel=2)
