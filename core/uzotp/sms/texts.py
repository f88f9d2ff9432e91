"""Our own texts, for gateways that send plain SMS: four purposes in each language (``locale/<language>/sms.json``).

A purpose has a text with a service name, and one without. Each says whose code it is and what it is for, then ``kod:``,
``Код:`` or ``code:`` with the code, which is what phones look for when they offer to fill it in. Nothing after the code
is a digit, but for the two lines that machines read. ``warning`` is said after the code wherever it costs no further
part. Uzbek has the ASCII apostrophe, so that it stays in GSM-7; Russian is UCS-2, where a part is 70 characters, so it
is short.
"""

from __future__ import annotations

import re

from uzotp.errors import ConfigurationError, InvalidServiceName
from uzotp.i18n import LANGUAGES, locale
from uzotp.policy import Policy, Purpose
from uzotp.privacy import Secret
from uzotp.sms.parts import describe, fold_apostrophes, guilty, parts

#: Android's SMS Retriever reads no longer message (R53).
RETRIEVER_BYTES = 140

_CODE = re.compile(r"[0-9]{4,8}")
_HASH = re.compile(r"[A-Za-z0-9+/]{11}")
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")


def compose(
    purpose: Purpose,
    language: str,
    code: str,
    service_name: str | None = None,
    autofill_host: str | None = None,
    android_hash: str | None = None,
) -> str:
    """The text of one SMS.

    *language* is one of :data:`~uzotp.i18n.LANGUAGES`; *code* is 4 to 8 digits. *android_hash* adds a line with the
    hash by which SMS Retriever finds its app; *autofill_host* adds the last line ``@host #code``, by which browsers
    offer the code to that site only (https://wicg.github.io/sms-one-time-codes/). The warning to tell nobody is left
    out where it would cost another part, or break Android's limit.

    :raises ConfigurationError: for a language, name, host or hash that cannot be used. :raises ValueError: for a
        code that is none.
    """
    code = Secret(code)  # no traceback's locals show it (R43)
    if language not in LANGUAGES:
        raise ConfigurationError(f"there are no texts in {language!r}: only in {', '.join(LANGUAGES)}")
    if not _CODE.fullmatch(code):
        raise ValueError("a code is 4 to 8 digits")
    texts = locale(language)["sms"]
    named, nameless = texts[purpose]
    name = _safe(service_name) if service_name else None
    lines = f"\n{check_android_hash(android_hash)}" if android_hash else ""
    if autofill_host:
        lines += f"\n@{check_autofill_host(autofill_host)} #{code}"
    text: str = named.format(name=name, code=code) if name else nameless.format(code=code)
    warned: str = text + texts["warning"] + lines
    fits = parts(warned) == parts(text + lines) and not (android_hash and _size(warned) > RETRIEVER_BYTES)
    return warned if fits else text + lines


def check_texts(service_name: str | None, policy: Policy) -> None:
    """At start-up: can every text be composed with these settings, and will Android read it?

    :raises ConfigurationError: for a name, host or hash that cannot be used, and for the first text that is longer
        than SMS Retriever reads.
    """
    machines, code = (policy.autofill_host, policy.android_hash), "0" * policy.code_length
    for language in policy.languages:
        for purpose in policy.purposes:
            text = compose(purpose, language, code, service_name, *machines)
            if policy.android_hash and _size(text) > RETRIEVER_BYTES:
                raise ConfigurationError(
                    f"ANDROID_HASH: the text for {purpose} in {language} has {_size(text)} bytes, and SMS Retriever "
                    f"reads {RETRIEVER_BYTES}: shorten SERVICE_NAME or AUTOFILL_HOST, or leave {language} out of "
                    "LANGUAGES"
                )


def check_autofill_host(value: object) -> str:
    """A host as the last line of the format has it: a lower-case domain, no scheme, no port, no path.

    The format knows no port: the origin is https at its own (WICG, Parsing). A domain of another script is written
    in its ASCII form, ``xn--…``.

    :raises ConfigurationError: for anything else.
    """
    if isinstance(value, str) and _HOST.fullmatch(value):
        return value
    raise ConfigurationError('AUTOFILL_HOST is the domain of your site in lower case and nothing else, like "shop.uz"')


def check_android_hash(value: object) -> str:
    """The hash of an Android app: 11 characters of base64 (developers.google.com/identity/sms-retriever/verify).

    :raises ConfigurationError: for anything else.
    """
    if isinstance(value, str) and _HASH.fullmatch(value):
        return value
    raise ConfigurationError("ANDROID_HASH is the 11-character hash of your app: letters, digits, + and /")


def _safe(name: str) -> str:
    """The name with ASCII apostrophes. A line of its own or an ``@`` could pass for the line that browsers read."""
    for position, char in enumerate(name, 1):
        if char == "@" or not char.isprintable():
            raise InvalidServiceName(
                f"SERVICE_NAME: {describe(char)} at position {position} cannot stand in an SMS", char, position
            )
    return fold_apostrophes(name)


def _size(text: str) -> int:
    """Bytes, by the strictest reading: as UTF-8, and as UTF-16 where the SMS is UCS-2. Google does not say which."""
    sizes = [len(text.encode())]
    if guilty(text):
        sizes.append(len(text.encode("utf-16-be")))
    return max(sizes)
