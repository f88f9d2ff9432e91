"""Moved to :mod:`django_uzotp.contrib.allauth`."""

from uzotp._lazy import moved

__getattr__ = moved(__name__, "django_uzotp.contrib.allauth")
