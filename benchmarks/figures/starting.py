"""What a package adds to the start of a site: :mod:`benchmarks.imports`, with the peers beside."""

from __future__ import annotations

import statistics

from benchmarks import imports

_FLASK = "from flask import Flask; app = Flask('site')"
_OURS = imports.STATEMENTS["django.setup() with django_uzotp"]
_PEER = _OURS.replace("django_uzotp", "phone_verify")
_STATEMENTS = {
    "django.setup()": imports.STATEMENTS["django.setup()"],
    "uzotp": _OURS,
    "uzotp and urls": f"{_OURS}; import django_uzotp.urls",
    "phone_verify": _PEER,
    "phone_verify and urls": f"{_PEER}; import phone_verify.urls",
    "flask": _FLASK,
    "flask_uzotp": f"{_FLASK}; from flask_uzotp import UzOTP",
    "flask_security": f"{_FLASK}; from flask_security import Security, SQLAlchemySessionUserDatastore",
}
#: What is measured, and what it is an addition to.
ADDED = {
    "uzotp, to `django.setup()`": ("uzotp", "django.setup()"),
    "django-phone-verify, to `django.setup()`": ("phone_verify", "django.setup()"),
    "uzotp with its URLs, to `django.setup()`": ("uzotp and urls", "django.setup()"),
    "django-phone-verify with its URLs, to `django.setup()`": ("phone_verify and urls", "django.setup()"),
    "uzotp, to a Flask app": ("flask_uzotp", "flask"),
    "Flask-Security, to a Flask app": ("flask_security", "flask"),
}


def measure(rounds: int) -> dict[str, float]:
    """Milliseconds more than without it, by what is added: the median over rounds of fresh interpreters, in turn."""
    times: dict[str, list[float]] = {name: [] for name in _STATEMENTS}
    for _ in range(rounds + 1):
        for name, statement in _STATEMENTS.items():
            times[name].append(imports.measure(statement)[0])
    return {
        what: statistics.median(more - less for more, less in zip(times[whole][1:], times[bare][1:], strict=True))
        for what, (whole, bare) in ADDED.items()  # the first round warms the disk
    }
