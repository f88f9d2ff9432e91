"""Moved to :mod:`uzotp.ports.store`."""

from uzotp._lazy import moved

__getattr__ = moved(__name__, "uzotp.ports.store")
