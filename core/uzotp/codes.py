"""Codes are derived, never kept: what makes them, what stores hold instead, and how input is read.

The code of a challenge is HMAC-SHA-256 over (phone, purpose, binding, random nonce), reduced modulo 10^n: 256 bits
against at most 10^8 values, so the bias is below 2^-229 and every value can occur (R3). A store holds the nonce and
a digest over (phone, purpose, binding, code); without the secret keys neither leads to the code (P1, R7).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode, int_to_bytes

from uzotp.errors import ConfigurationError
from uzotp.phones import Phone
from uzotp.policy import DEVICE_LIFE, Purpose
from uzotp.ports.clock import Clock
from uzotp.privacy import Secret, Veiled, VeiledFields

_json = json.JSONEncoder(separators=(",", ":")).encode

#: Longer input than this is no code by itself.
MAX_CODE_INPUT = 64
#: The characters of a key's id.
KEY_ID = 4
#: A whole SMS, with room for what the phone puts around it.
MAX_MESSAGE = 700


def random_id() -> str:
    """128 bits from the operating system's CSPRNG (R1), as 26 characters of base32."""
    return _text(secrets.token_bytes(16))


#: Base32 (RFC 4648, lower case), two characters at a time.
_PAIRS = [one + other for one in "abcdefghijklmnopqrstuvwxyz234567" for other in "abcdefghijklmnopqrstuvwxyz234567"]
_SHIFTS = range(120, -1, -10)


def _text(raw: bytes) -> str:
    """The first 16 bytes in base32, as ``base64.b32encode`` gives it but for case and padding, in half the time."""
    bits = int.from_bytes(raw[:16], "big") << 2
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


def normalise_code(typed: object) -> Secret:
    """The ASCII digits of what a person typed: ``"493 021"``, ``"٤٩٣٠٢١"``, ``"４９３-０２１"`` are ``"493021"`` (R10).

    Anything that is no code, letters and over-long text included, becomes ``""``, which matches nothing.
    """
    if not isinstance(typed, str) or len(typed) > MAX_CODE_INPUT:
        return Secret()
    digits = []
    for char in typed:
        decimal = unicodedata.decimal(char, None)
        if decimal is not None:
            digits.append(str(int(decimal)))
        elif not (char.isspace() or unicodedata.category(char) in ("Pd", "Cf")):
            return Secret()
    return Secret("".join(digits))


def read_code(typed: object, length: int) -> Secret:
    """The code of *length* digits that a person typed or pasted, ``""`` where there is none for certain: one reader for
    the pages, the endpoints and the library.

    It may stand between marks (``"(226888)."``), or in a whole message. There it is what follows ``#`` in the last
    line, which is for machines; else what follows the word; else the last number that is as long as a code. The pages'
    script does the same. Digits alone that are too few or too many, one's own number say, are no code.
    """
    if not isinstance(typed, str) or len(typed) > MAX_MESSAGE:
        return Secret()
    if len(typed) == length and typed.isascii() and typed.isdigit():
        return Secret(typed)
    text = "".join(str(unicodedata.decimal(char, char)) for char in typed if unicodedata.category(char) != "Cf")
    if not any(char.isalpha() for char in text):
        digits = _NO_DIGIT.sub("", text)
        return Secret(digits if len(digits) == length else "")
    for pattern in _in_messages(length):
        found = pattern.findall(text)
        if found:
            return Secret(_NO_DIGIT.sub("", found[-1]))
    return Secret()


_NO_DIGIT = re.compile("[^0-9]")


@lru_cache
def _in_messages(length: int) -> tuple[re.Pattern[str], ...]:
    digits = rf"([0-9](?:[ \u00a0-]?[0-9]){{{length - 1}}})(?![ \u00a0-]?[0-9])"
    patterns = (
        rf"#([0-9]{{{length}}})\s*$",
        rf"(?:kod|код|code)[^\W\d_]{{0,12}}[^\w]{{0,5}}{digits}",
        rf"(?:^|[^0-9])([0-9]{{{length}}})(?![0-9])",
        rf"(?:^|[^0-9]){digits}",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _encode(*fields: str) -> Veiled:
    """One field a line. Only the last may hold a line feed of its own, so no two lists of fields read alike."""
    return Veiled("\n".join(fields).encode("utf-8", "surrogatepass"))


class Keyring:
    """The secret keys, oldest first: the newest signs and derives, all verify (R8).

    *fingerprint_key* keys the lookups of phones and clients; without one it comes from the oldest key, so that
    adding a key restarts no counter.

    :raises ConfigurationError: without any key.
    """

    def __init__(self, secret_keys: Sequence[str | bytes], fingerprint_key: str | bytes | None = None) -> None:
        if isinstance(secret_keys, str | bytes):
            secret_keys = [secret_keys]
        keys = [Veiled(key.encode() if isinstance(key, str) else key) for key in secret_keys]
        if not keys or not all(keys):
            raise ConfigurationError("SECRET_KEYS needs one non-empty key at least")
        self._keys = {_mac(key, b"uzotp key id v1")[:KEY_ID]: _derived(key, b"uzotp code v1") for key in keys}
        self.newest = _mac(keys[-1], b"uzotp key id v1")[:KEY_ID]
        self._token_keys = [_derived(key, b"uzotp token v1") for key in keys]
        if isinstance(fingerprint_key, str):
            fingerprint_key = fingerprint_key.encode()
        self._fingerprint_key = _derived(Veiled(fingerprint_key or keys[0]), b"uzotp fingerprint v1")

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._keys)}>"

    @property
    def live(self) -> frozenset[str]:
        """The ids of all keys that still verify."""
        return frozenset(self._keys)

    def token_keys(self, kind: str) -> list[bytes]:
        """What signs the tokens of one kind, oldest first; one kind's keys say nothing about another's."""
        return [_derived(key, kind.encode()) for key in self._token_keys]

    def fingerprint(self, phone: Phone) -> str:
        """The only form in which a store looks a number up."""
        return self.hashed("phone", phone)

    def client(self, network: str) -> str:
        """The only form in which a store knows a client's network."""
        return self.hashed("client", network)

    def hashed(self, kind: str, text: str) -> str:
        """A keyed hash: *text* does not lead to it without our keys, nor to that of another *kind*."""
        return _mac(self._fingerprint_key, _encode(kind, text))

    def proof_id(self, key: str, handle: str, code: str) -> str:
        """The id of the proof that this very submission earns, also when it comes again."""
        return _mac(self._fingerprint_key, _encode("proof", handle, code, key))

    def handle(self, phone: Phone, purpose: Purpose, binding: str) -> str:
        """The key of a challenge: nobody without the binding can name it (R22)."""
        return _mac(self._fingerprint_key, _encode("challenge", phone, purpose.value, binding))

    def code(self, key_id: str, nonce: str, phone: Phone, purpose: Purpose, binding: str, length: int) -> Secret:
        """The code of a challenge, *length* decimal digits with leading zeros. Raises KeyError for a dead key."""
        raw = hmac.digest(self._keys[key_id], _encode("code", phone, purpose.value, nonce, binding), "sha256")
        return Secret(str(int.from_bytes(raw, "big") % 10**length).zfill(length))

    def digest(self, key_id: str, phone: Phone, purpose: Purpose, binding: str, code: str) -> str:
        """What a store compares: keyed outside of it, without the nonce, so that verifying needs no read first."""
        return _mac(self._keys[key_id], _encode("digest", phone, purpose.value, code, binding))

    def digests(self, phone: Phone, purpose: Purpose, binding: str, code: str) -> tuple[str, ...]:
        """One candidate for each live key, newest first."""
        message = _encode("digest", phone, purpose.value, code, binding)
        return tuple(_mac(key, message) for key in reversed(self._keys.values()))

    def delivery_token(self, fingerprint: str, delivery_id: str) -> str:
        """The unguessable tail of a callback URL, made before the send (P10); 80 characters."""
        tag = _mac(self._keys[self.newest], _encode("callback", fingerprint, delivery_id))
        return f"{fingerprint}.{delivery_id}.{tag}"

    def read_delivery_token(self, token: str) -> tuple[str, str] | None:
        """The fingerprint and the delivery id of a genuine token, else ``None``."""
        if not token.isascii() or len(token) > 80 or token.count(".") != 2:
            return None
        fingerprint, delivery_id, tag = token.split(".")
        message = _encode("callback", fingerprint, delivery_id)
        genuine = [hmac.compare_digest(_mac(key, message), tag) for key in self._keys.values()]
        return (fingerprint, delivery_id) if any(genuine) else None


def _mac(key: bytes, message: bytes) -> str:
    return _text(hmac.digest(key, message, "sha256"))


def _derived(key: bytes, label: bytes) -> Veiled:
    return Veiled(hmac.digest(key, label, "sha256"))


class Tokens:
    """Signed tokens that carry a small mapping, readable by whoever holds them, forgeable by nobody."""

    def __init__(self, keys: Sequence[bytes], clock: Clock) -> None:
        self._clock = clock
        self._signer = TimestampSigner(list(keys), key_derivation="none", digest_method=hashlib.sha256)

    def dump(self, payload: dict[str, Any], at: float | None = None) -> str:
        """*at*, seconds since the epoch, is when the token begins: now, unless said."""
        moment = base64_encode(int_to_bytes(int(self._clock.time() if at is None else at)))
        value = base64_encode(_json(payload)) + self._signer.sep + moment
        return (value + self._signer.sep + self._signer.get_signature(value)).decode()

    def load(self, token: object, max_age: int) -> dict[str, Any] | None:
        """The payload of a genuine token at most *max_age* seconds old, else ``None``; never an exception."""
        if not isinstance(token, str) or len(token) > 4096:
            return None
        token = Secret(token)
        try:
            text, signed_at = self._signer.unsign(token, return_timestamp=True)
            text = Veiled(text)
            payload = json.loads(Veiled(base64_decode(text)), object_pairs_hook=VeiledFields)
        except (BadData, ValueError):
            return None
        # Not the library's own max_age: it refuses what a host whose clock is a moment ahead has just signed.
        if int(self._clock.time()) - signed_at.timestamp() > max_age:
            return None
        return payload if isinstance(payload, dict) else None


#: What stands between several devices in one text, for a browser may have proved several numbers, and how many at most.
DEVICE_SEPARATOR, MOST_DEVICES = "~", 4


class Devices:
    """The tokens of browsers and apps that have proved a number (P3): its fingerprint, and when that was by the store's
    clock. Each lives for ``DEVICE_LIFE``, or as long as the key that signed it."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def token(self, fingerprint: str, at_ms: int) -> Secret:
        return Secret(self._tokens.dump({"of": fingerprint, "at": at_ms}, at_ms / 1000))

    def proved_at_ms(self, device: str | None, fingerprint: str) -> int | None:
        """The newest moment at which *device*, one or several, proved the number; ``None`` where it did not."""
        tokens = (device or "").split(DEVICE_SEPARATOR)[:MOST_DEVICES]
        read = [self._tokens.load(token, DEVICE_LIFE) for token in tokens]
        return max([each["at"] for each in read if each and each["of"] == fingerprint], default=None)


_TOKEN = re.compile(r"[\w.-]{1,200}", re.ASCII)


def with_device(token: str, others: str) -> str:
    """A new token before the *others* that a browser says it has: without the oldest of too many, and without what
    cannot be one, for this goes into a header."""
    kept = filter(_TOKEN.fullmatch, others.split(DEVICE_SEPARATOR))
    return DEVICE_SEPARATOR.join([token, *kept][:MOST_DEVICES])
