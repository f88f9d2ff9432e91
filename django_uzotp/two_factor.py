"""Moved to :mod:`django_uzotp.contrib.two_factor`."""

from uzotp._lazy import moved

__getattr__ = moved(__name__, "django_uzotp.contrib.two_factor")
