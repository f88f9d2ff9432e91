"""A database as the release left it whose newest migration was 0005, with codes on their way.

``release_0005.jsonl`` is what that release itself wrote, a row a line, with the keys ``KEYS``, of four people: one with
a code that is out, sent twice and missed twice; one with a proof that nobody redeemed; one without any try left; one
who was verified and done.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from tests.core.stores import services
from tests.django_app.processes import add_database
from uzotp.codes import Keyring, random_id
from uzotp.phones import Phone
from uzotp.policy import Purpose
from uzotp.rules import logs
from uzotp.testing.clock import START

Row = tuple[str, dict[str, Any]]

KEYS = ["a key of the tests"]
BINDING = "a browser"
WAITING, PROVEN, SPENT, DONE = (f"+99890123456{number}" for number in range(4))
#: Their codes; the spent one's was right, too.
CODES = {WAITING: "937680", PROVEN: "493575", SPENT: "679634", DONE: "783177"}
PROOF = (
    "eyJpZCI6ImJ3ZnpnYm14d2RxNzUzYTU2eWIyYmNkeTNpIiwicGhvbmUiOiIrOTk4OTAxMjM0NTYxIiwicHVycG9zZSI6ImxvZ2luIn0"
    ".aaU1cg.cW9h7sILDcpcaMfwOC5SetILMT1VXyZy2OuurT7gu4g"
)
PROOF_ID = "bwfzgbmxwdq753a56yb2bcdy3i"
#: The day, what it had cost, and the moment when the release was stopped: seconds since the epoch.
DAY, USED, STOPPED = "2026-03-02", 250, START.timestamp() + 3
#: Of each who has a code out: sends and tries so far.
SENDS = TRIES = 2
_TABLE_GONE = "uzotp_proof"


def make(service: str, path: Path) -> tuple[str, str]:
    """The alias and the SQLAlchemy URL of a new one on *service*, or at *path* for ``sqlite``."""
    if service == "sqlite":
        url = f"sqlite:///{path}"
        alias = add_database({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
    else:
        url = services.sqlalchemy_url(service)
        alias = add_database(services.entry_of(service, urlsplit(url)))
    MigrationExecutor(connections[alias]).migrate([("uzotp", "0005_booked")])
    insert(alias, written())
    return alias, url


def migrate(alias: str) -> None:
    """To the newest."""
    executor = MigrationExecutor(connections[alias])
    executor.migrate(executor.loader.graph.leaf_nodes("uzotp"))


def written() -> list[Row]:
    lines = Path(__file__).with_name("release_0005.jsonl").read_text(encoding="ascii").splitlines()
    return [(table, row) for table, row in map(json.loads, lines)]


def insert(alias: str, rows: Iterable[Row]) -> None:
    with connections[alias].cursor() as cursor:
        for table, row in rows:
            places = ", ".join(["%s"] * len(row))
            cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", [*row.values()])


def kept(alias: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table that stays, in the columns that it had."""
    found = {}
    with connections[alias].cursor() as cursor:
        for table, columns in {table: tuple(row) for table, row in written() if table != _TABLE_GONE}.items():
            cursor.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}")
            found[table] = [tuple(row) for row in cursor.fetchall()]
    return found


def waiting(phone: str) -> tuple[str, list[Row]]:
    """The code of one more who has it out, sent twice and missed twice, and the rows that the release wrote of it."""
    number, keys, nonce, newest = Phone.parse(phone), Keyring(KEYS), random_id(), random_id()
    who, fingerprint = (number, Purpose.LOGIN, BINDING), keys.fingerprint(number)
    code = keys.code(keys.newest, nonce, *who, 6)
    at = int(STOPPED * 1000)
    log = "".join(logs.entry(at, tag) for tag in (newest, "zzz"))
    common = {"fingerprint": fingerprint, "handle": keys.handle(*who), "purpose": 4, "prefix": number.prefix}
    one_delivery = {
        **common, "country": "UZ", "status": "sent", "gateway": "postbox", "created_at": at, "updated_at": at,
        "booked": 50,
    }  # fmt: skip
    return code, [
        ("uzotp_phone", {
            "fingerprint": fingerprint, "sends": log, "failures": log, "resend_at": at, "expires_at": at + 86_400_000,
        }),
        ("uzotp_challenge", {
            **common, "nonce": nonce, "digest": keys.digest(keys.newest, *who, code), "key_id": f"{keys.newest}6",
            "started_at": at, "expires_at": at + 300_000, "attempts": TRIES, "sends": SENDS, "used": False,
            "delivery_id": newest,
        }),
        *(("uzotp_delivery", {"id": each, **one_delivery}) for each in (newest, random_id())),
    ]  # fmt: skip
