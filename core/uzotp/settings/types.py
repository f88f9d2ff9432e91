"""One setting, and how it is read: from Python, from the text of an environment variable, from TOML.

Which reader a setting has follows from its annotation (:func:`reader_of`), unless its declaration names another. Each
takes the setting's name, for its error, and a value that is not ``None``; it returns the value in its one form, or
``None`` for an empty text where that means "not set".

:raises ConfigurationError: from every reader, naming the setting and never repeating what may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from importlib import import_module
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from uzotp.declare import Choice
from uzotp.errors import ConfigurationError
from uzotp.gateways.base import GatewaySettings
from uzotp.i18n import LANGUAGES
from uzotp.policy import Purpose, parse_limits
from uzotp.sms.templates import check_service_name

Reader = Callable[[str, Any], Any]

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_HOST = re.compile(r"\.?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
#: No database has room for more.
_LARGEST = 10**18


def text(name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} is text")
    if not value.isprintable():  # a lone surrogate, a line's end: nothing that can be sent or signed with
        raise ConfigurationError(f"{name} holds a character that is none")
    return value or None


def host_name(name: str, value: Any) -> str | None:
    found = text(name, value)
    if found and not _HOST.fullmatch(found):
        raise ConfigurationError(f'{name} is a host name like "shop.uz", without a scheme and a port')
    return found and found.lstrip(".")


def service_name(_name: str, value: Any) -> str | None:
    return None if value == "" else check_service_name(value)


def quota(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f'{name} is text like "5/hour,10/day"; an empty one sets no limit')
    try:
        parse_limits(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return value


def integer(name: str, value: Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _LARGEST:
        raise ConfigurationError(f"{name} is a whole number")
    return value


def number(name: str, value: Any) -> float:
    with suppress(TypeError, ValueError, OverflowError):
        if not isinstance(value, bool):
            return float(value)
    raise ConfigurationError(f"{name} is a number")


def boolean(name: str, value: Any) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    is_word = isinstance(value, str) or (isinstance(value, int) and value in (0, 1))
    word = str(value).strip().lower() if is_word else ""
    if word in known:
        return known[word]
    raise ConfigurationError(f"{name} is true or false")


def _decoded(name: str, value: Any) -> Any:
    """JSON in text, as the environment has it; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{name} is not valid JSON: {error}") from None
    return value


def items(name: str, value: Any) -> tuple[Any, ...]:
    value = _decoded(name, value)
    if isinstance(value, str | bytes):
        value = [value]
    if isinstance(value, Sequence):
        return tuple(value)
    raise ConfigurationError(f"{name} is a list")


def texts(name: str, value: Any) -> tuple[str, ...]:
    values = items(name, value)
    if not all(isinstance(item, str) for item in values):
        raise ConfigurationError(f"{name} is a list of texts")
    return values


def integers(name: str, value: Any) -> tuple[int, ...]:
    return tuple(integer(name, item) for item in items(name, value))


def integer_or_integers(name: str, value: Any) -> int | tuple[int, ...]:
    decoded = _decoded(name, value)
    try:
        return integers(name, decoded) if isinstance(decoded, list | tuple) else integer(name, decoded)
    except ConfigurationError:
        raise ConfigurationError(f"{name} is a whole number, or a list of them") from None


def keys(name: str, value: Any) -> tuple[str | bytes, ...]:
    values = items(name, value)
    if not all(isinstance(item, str | bytes) and item for item in values):
        raise ConfigurationError(f"{name} is a list of non-empty keys, oldest first")
    try:
        for item in values:
            item.encode() if isinstance(item, str) else item
    except UnicodeError:  # bytes of an environment that is not UTF-8
        raise ConfigurationError(f"{name} holds a character that is none") from None
    return values


def languages(name: str, value: Any) -> tuple[str, ...]:
    values = texts(name, value)
    if not values or not set(values) <= set(LANGUAGES):
        known = f"{', '.join(LANGUAGES[:-1])} and {LANGUAGES[-1]}"
        raise ConfigurationError(f"{name} is a list of {known}, in the order of preference")
    return values


def hook(name: str, value: Any) -> Callable[..., Any]:
    target = import_dotted(name, value) if isinstance(value, str) else value
    if not callable(target):
        raise ConfigurationError(f"{name} is a dotted path to something that can be called")
    return target  # type: ignore[no-any-return]


def web_address(name: str, value: Any) -> str | None:
    address = text(name, value)
    with suppress(ValueError):
        parts = urlsplit(address or "")
        if address is None or (parts.scheme in ("https", "http") and parts.hostname):
            return address
    raise ConfigurationError(f"{name} is a web address that begins with https://")


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    value = _decoded(name, value) or {}
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{name} is a map")
    return value


def import_dotted(name: str, path: str) -> Any:
    """What a dotted path names. :raises ConfigurationError: naming the setting, when it names nothing."""
    module, _, attribute = path.rpartition(".")
    if not all(path.split(".")):
        raise ConfigurationError(f"{name}: {path!r} is not a dotted path, like package.module.name")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{name}: {str(path)!r} cannot be imported: {error}") from None


_READERS: dict[Any, Reader] = {
    str: text,
    int: integer,
    float: number,
    bool: boolean,
    tuple[str, ...]: texts,
    tuple[Purpose, ...]: texts,
    tuple[int, ...]: integers,
    Mapping[str, Any]: mapping,
    Callable[..., Any]: hook,
}


def reader_of(annotation: Any) -> Reader:
    """The reader of ``int``, ``tuple[str, ...]``, a :class:`~uzotp.declare.Choice`, and so on.

    Of ``A | B`` it is that of ``A``, the one form that is read; with ``| None`` an empty text means "not set".

    :raises TypeError: for an annotation of which none follows: the declaration has to name one.
    """
    if get_origin(annotation) in (Union, UnionType):
        read = reader_of(get_args(annotation)[0])
        if type(None) not in get_args(annotation):
            return read
        return lambda name, value: None if isinstance(value, str) and not value else read(name, value)
    if isinstance(annotation, type) and issubclass(annotation, Choice):
        return annotation.of
    if annotation in _READERS:
        return _READERS[annotation]
    raise TypeError(f"a setting cannot be read as {annotation}: name its reader")


@dataclass(frozen=True)
class Setting:
    """One setting: ``owner`` is the class that declares it, as its ``field``."""

    name: str
    owner: type
    field: Field[Any]
    read: Reader

    @property
    def default(self) -> Any:
        made = self.field.default_factory
        return self.field.default if made is MISSING else made()


@cache
def settings_of(owner: type) -> dict[str, Setting]:
    """The settings that *owner* declares, by name."""
    prefix = f"{owner.gateway}_" if issubclass(owner, GatewaySettings) else ""
    hints = get_type_hints(owner)
    found = {}
    for item in fields(owner):
        if "group" in item.metadata:
            name, reader = f"{prefix}{item.name}".upper(), item.metadata["read"]
            read = globals()[reader] if reader else reader_of(hints[item.name])
            found[name] = Setting(name, owner, item, read)
    return found
