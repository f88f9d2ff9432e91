"""Moved to :mod:`uzotp.http.service`."""

from uzotp._lazy import moved

__getattr__ = moved(__name__, "uzotp.http.service")
