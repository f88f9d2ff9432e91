"""Keys that somebody else could have: too short for what is signed with them, or printed where everybody reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from uzotp.settings.config import Config

#: The security strength of 128 bits (NIST SP 800-107), in bytes, and the fewest different ones that random text has.
_SHORTEST, _FEWEST = 16, 8
#: Of ``django-admin startproject``.
_MADE_FOR_DEVELOPMENT = b"django-insecure-"
#: What people copy: from this documentation, Flask's, Flask-Security's and templates.
_PRINTED = """
only for development|a long random text|a text of 16 characters and more
fifty-random-characters-or-more-0123456789-abcdefg
faqat ishlab chiqish uchun|uzun tasodifiy matn|ellik-yoki-undan-kop-tasodifiy-belgi-0123456789-abcdefg
the new one: 50 characters or more, from a generator 0123456789|made once, with a generator, and kept 0123456789
192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf|146585145368132386173505678016728509634
pf9Wkove4IKEAXvy-cQkeDPhv9Cb3Ag-wyJILbq_dFw|TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B
super-secret-key-change-me|your-secret-key-goes-here|replace-me-with-a-random-key|change-this-in-production
"""
_KNOWN = frozenset(re.split(r"[|\n]", _PRINTED.strip()))


def guessable(config: Config) -> list[str]:
    """The settings of which a key can be guessed, or read somewhere."""
    return [setting for setting, keys in _named(config) if any(_short(key) or _printed(key) for key in keys)]


def short(config: Config) -> list[str]:
    """The settings of which a key can be guessed: what is said in development too, where printed ones do no harm."""
    return [setting for setting, keys in _named(config) if any(map(_short, keys))]


def _named(config: Config) -> Iterator[tuple[str, Sequence[bytes]]]:
    fingerprint_key = filter(None, [config.fingerprint_key])
    for setting, keys in (("SECRET_KEYS", config.secret_keys), ("FINGERPRINT_KEY", fingerprint_key)):
        yield setting, [key.encode() if isinstance(key, str) else bytes(key) for key in keys]


def _short(key: bytes) -> bool:
    return len(key) < _SHORTEST or len(set(key)) < _FEWEST


def _printed(key: bytes) -> bool:
    return key.decode("utf-8", "replace").strip() in _KNOWN or key.startswith(_MADE_FOR_DEVELOPMENT)
