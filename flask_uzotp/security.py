"""Moved to :mod:`flask_uzotp.contrib.security`."""

from uzotp._lazy import moved

__getattr__ = moved(__name__, "flask_uzotp.contrib.security")
