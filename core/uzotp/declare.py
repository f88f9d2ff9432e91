"""How a setting is declared, once: its default, its place in the reference and what the reference says of it.

Where it is read, and from what, is in :mod:`uzotp.settings`; whoever declares one need not know.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any, TypeVar

from uzotp.errors import ConfigurationError

ChoiceT = TypeVar("ChoiceT", bound="Choice")


class Choice(str, Enum):
    """The words from which a setting is chosen; each is equal to its text."""

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def of(cls: type[ChoiceT], setting: str, value: object) -> ChoiceT:
        """:raises ConfigurationError: naming *setting* and the words, for any other *value*."""
        try:
            return cls(value)
        except ValueError:
            raise ConfigurationError(f"{setting} is one of {', '.join(cls)}") from None


def setting(default: Any, group: str, help: str, *, read: str | None = None, secret: bool = False) -> Any:
    """A dataclass field that is a setting.

    :param group: the table of ``docs/reference/settings.md`` in which it stands.
    :param help: what the table says of it, in Markdown.
    :param read: the reader of :mod:`uzotp.settings.types`, where the annotation does not say it.
    :param secret: keeps it out of every ``repr``.
    """
    kept = {"default_factory": dict} if default == {} else {"default": default}
    return field(**kept, repr=not secret, metadata={"group": group, "help": help, "read": read})


def require(*rules: tuple[object, str], error: type[ConfigurationError] = ConfigurationError) -> None:
    """:raises error: the text of the first of *rules* that is not true."""
    for holds, problem in rules:
        if not holds:
            raise error(problem)
