"""How one value of a record is kept in a column: said once beside the record's field, for every store."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated


class Kind(Enum):
    """What a column holds."""

    #: Text of exactly so many characters.
    CHAR = auto()
    #: Text of at most so many characters.
    TEXT = auto()
    #: Text of any length.
    LOG = auto()
    #: Whole numbers of 16, 32 and 64 bits.
    SMALL = auto()
    WHOLE = auto()
    BIG = auto()
    FLAG = auto()
    #: An amount of money, of :data:`MONEY_DIGITS`.
    AMOUNT = auto()


#: How many digits an amount of money has, and how many of them are decimal places.
MONEY_DIGITS = 12, 4


@dataclass(frozen=True)
class Column:
    """``length`` is that of CHAR and TEXT; *null* columns may be empty, and may have come after their table."""

    kind: Kind
    length: int = 0
    name: str = ""
    null: bool = False


#: An id or a hash: lower-case base32 text of 128 bits.
Hash = Annotated[str, Column(Kind.CHAR, 26)]
#: Milliseconds since the epoch.
Moment = Annotated[int, Column(Kind.BIG)]
Total = Annotated[int, Column(Kind.BIG)]
Log = Annotated[str, Column(Kind.LOG)]
Prefix = Annotated[str, Column(Kind.TEXT, 16)]
Counter = Annotated[int, Column(Kind.WHOLE)]
