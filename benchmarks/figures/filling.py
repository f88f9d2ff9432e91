"""A million pending challenges in a moment: what one real send left, multiplied by the database itself.

Whatever in it is an identifier (26 characters of base32, a UUID, a signed token) becomes another one in each copy, the
same wherever the original had it. So this knows no column and no key, and copies what the product writes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Protocol

from benchmarks.figures import ours
from uzotp import Policy, Purpose
from uzotp.ports.store import OpenChallenge

#: The tables of one pending challenge, those of them that a check reads, and the one of django-phone-verify.
UZOTP = ("uzotp_challenge", "uzotp_phone", "uzotp_delivery")
CHECKED = UZOTP[:2]
PHONE_VERIFY = ("sms_verification",)

#: Copies made by one statement: a second's work, for a store's connection does not wait long.
_CHUNK = 10_000
_OURS = re.compile(r"(?<!\w)[a-z2-7]{26}(?!\w)")
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_NUMBER = re.compile(r"\+998\d{9}")
_SERIES = {
    "postgres": "generate_series({first}::bigint, {last}) AS series(n)",
    "mariadb": "(SELECT seq AS n FROM seq_{first}_to_{last}) AS series",
    "sqlite": "(WITH RECURSIVE up(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM up WHERE n < {last})"
    " SELECT n FROM up)",
}
#: 32 characters that follow from ``n`` and a label, spread as a hash is. SQLite has no hash: three products, each a
#: permutation of 32 bits.
_HASHED = {
    "postgres": "md5('{label} ' || n)",
    "mariadb": "md5(concat('{label} ', n))",
    "sqlite": "printf('%08x%08x%08x%08x', (n * 2654435761 + {label}) & 4294967295,"
    " (n * 2246822519 + {label}) & 4294967295, (n * 3266489917 + {label}) & 4294967295, n)",
}


#: Makes the copies of two numbers and of all between.
Fill = Callable[[int, int], None]


#: The first characters of an identifier: the higher ``n`` is, the later in the alphabet, so that an index grows at its
#: end. Grown in the middle, InnoDB's needs minutes for a million rows that its memory does not hold.
_DIGIT = "substr('234567abcdefghijklmnopqrstuvwxyz', {whole}((n * {stride} >> {shift} & 31) + 1), 1)"
_JOINED = {"postgres": "({} || {} || {} || {} || {})", "mariadb": "concat({}, {}, {}, {}, {})"}


class Session(Protocol):
    def rows(self, sql: str) -> Sequence[Sequence[Any]]: ...

    def run(self, sql: str) -> object: ...


class _Django:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        self._cursor.execute(sql)
        found: Sequence[Sequence[Any]] = self._cursor.fetchall()
        return found

    def run(self, sql: str) -> None:
        self._cursor.execute(sql)


@contextmanager
def django(connection: Any) -> Iterator[Session]:
    """A session on a connection of Django's."""
    with connection.cursor() as cursor:
        yield _Django(cursor)


def sql(
    session: Callable[[], AbstractContextManager[Session]], kind: str, tables: Sequence[str], most: int = 0
) -> Fill:
    """What copies the only row of each of *tables*. *session* opens one. Identifiers come in order, from the first to
    the last of *most* copies; without that, in disorder, as they do in life."""
    known: dict[str, int] = {}
    statements = []
    with session() as opened:
        for table in tables:
            (row,) = opened.rows(f"SELECT * FROM {table}")
            values = ", ".join(_another(kind, value, known, most) or _literal(value) for value in row)
            statements.append(f"INSERT INTO {table} SELECT {values} FROM ")

    def fill(first: int, last: int) -> None:
        with session() as opened:
            if kind == "sqlite":
                opened.run("PRAGMA cache_size = -400000")  # while it is filled; SQLite's own is 2 MB
            for start in range(first, last + 1, _CHUNK):
                series = _SERIES[kind].format(first=start, last=min(start + _CHUNK - 1, last))
                for statement in statements:
                    opened.run(statement + series)
            if kind == "sqlite":
                opened.run("PRAGMA cache_size = -2000")

    return fill


def _another(kind: str, value: Any, known: dict[str, int], most: int) -> str | None:
    """An expression of ``n`` in place of an identifier; ``None`` for a value that stays."""
    if isinstance(value, uuid.UUID):
        return "gen_random_uuid()"
    text = value if isinstance(value, str) else ""
    if _NUMBER.fullmatch(text):
        return "'+99890' || (1000000 + n)"
    if not (_OURS.fullmatch(text) or _TOKEN.fullmatch(text)):
        return None
    hashed = _HASHED[kind].format(label=known.setdefault(text, len(known)))
    if not _OURS.fullmatch(text):
        return f"'{text[:-32]}' || {hashed}"
    if not most:
        return f"substr({hashed}, 1, 26)"
    digits = [
        _DIGIT.format(whole="int4" if kind == "postgres" else "", stride=2**40 // (most + 1), shift=shift)
        for shift in (35, 30, 25, 20)
    ]
    return _JOINED.get(kind, _JOINED["postgres"]).format(*digits, f"substr({hashed}, 1, 22)")


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value or False).upper() if value is not None else "NULL"
    return f"'{value}'" if isinstance(value, str | datetime) else str(value)


# -------------------------------------------------------------------------------------------------------- elsewhere

_LUA = """
local request = cjson.decode(ARGV[1])
for n = request.first, request.last do
  local ids = {}
  for label = 1, request.labels do
    ids[tostring(label)] = string.sub(redis.sha1hex(label .. ' ' .. n), 1, 26)
  end
  for _, key in ipairs(request.keys) do
    for place, word in pairs(key.named) do
      key.command[tonumber(place)] = string.gsub(word, '<(%d+)>', ids)
    end
    redis.call(unpack(key.command))
    redis.call('PEXPIRE', key.command[2], key.ttl)
  end
end
"""


def redis(client: Any, prefix: str) -> Fill:
    """What copies the keys of the only phone under *prefix*, but for its delivery. *client* decodes its replies."""
    known: dict[str, int] = {}

    def named(text: str) -> str:
        return _OURS.sub(lambda found: f"<{known.setdefault(found[0], len(known) + 1)}>", text)

    keys = []
    for key in sorted(
        key for key in client.scan_iter(match=f"{prefix}*", count=1000) if "{g}" not in key and ":d:" not in key
    ):
        if client.type(key) == "hash":
            words = ["HSET", key, *(word for pair in client.hgetall(key).items() for word in pair)]
        else:
            words = ["SET", key, client.get(key)]
        words = [named(word) for word in words]
        places = {str(place): word for place, word in enumerate(words, 1) if "<" in word}
        keys.append({"command": words, "named": places, "ttl": client.pttl(key)})
    script = client.register_script(_LUA)

    def fill(first: int, last: int) -> None:
        for start in range(first, last + 1, _CHUNK):
            request = {"first": start, "last": min(start + _CHUNK - 1, last), "keys": keys, "labels": len(known)}
            script(args=[json.dumps(request)])

    return fill


def memory(store: Any) -> Fill:
    """What opens challenges in *store* itself, for there is nobody else who could."""
    why, live, policy = Purpose(ours.PURPOSE), frozenset(["key16"]), Policy()

    def fill(first: int, last: int) -> None:
        for n in range(first, last + 1):
            handle, phone, nonce, digest, delivery = (f"{label}{n:025}" for label in "abcde")
            store.open(
                OpenChallenge(
                    handle,
                    phone,
                    why,
                    "+99890123",
                    "UZ",
                    nonce,
                    digest,
                    "key16",
                    live,
                    delivery,
                    600_000,
                    5,
                    policy.resend_after,
                    policy.phone_limits,
                    policy.failure_limits,
                )
            )

    return fill
