"""Checking a code in Django: uzotp, the floor and the peers on the same database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import ours, peers, site
from benchmarks.figures.servers import Database
from benchmarks.figures.timing import Call, Contestant, contest

FLOOR = "one UPDATE … RETURNING by Django's cursor"
PREPARED = "the same, prepared, by psycopg"
OURS, GUARDLESS, WRONG = "uzotp, right", "uzotp with GUARD off, right", "uzotp, wrong"
ENDPOINT = "uzotp's JSON endpoint `verify` by Django's test client, right"

TABLE = (
    "CREATE TABLE figures_floor (handle char(26) PRIMARY KEY, fingerprint char(26) NOT NULL, digest char(26) NOT NULL,"
    " expires_at bigint NOT NULL, attempts integer NOT NULL, used boolean NOT NULL)"
)
INSERT = "INSERT INTO figures_floor VALUES (%s, %s, %s, 9000000000000, 0, false)"
UPDATE = (
    "UPDATE figures_floor SET attempts = attempts + 1, used = (digest = %s)"
    " WHERE handle = %s AND NOT used AND attempts < 5 AND expires_at > %s RETURNING attempts, used"
)


def measure(database: Database, rounds: int, calls: int) -> tuple[dict[str, float], dict[str, str]]:
    """Medians in microseconds by contestant, and what each peer's check includes."""
    site.set_up(database)
    from django.db import connection
    from django.test import override_settings

    import django_uzotp

    others = peers.all_peers(calls)
    with override_settings(UZOTP={"GATEWAYS": ["uzotp.testing.Outbox"], "SECRET_KEYS": ours.KEYS, "GUARD": "off"}):
        guardless = ours.Codes(django_uzotp.get_verifier(), first=2_000_000)
    codes = ours.Codes(django_uzotp.get_verifier(), django_uzotp.verify_code)
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("CREATE INDEX figures_floor_phone ON figures_floor (fingerprint)")
    contestants = [
        Contestant(FLOOR, _floor, (1, True)),
        Contestant(OURS, codes.right, "verified"),
        Contestant(GUARDLESS, guardless.right, "verified"),
        Contestant(WRONG, codes.wrong, "wrong_code"),
        Contestant(ENDPOINT, _endpoint(), 200),
        *(peers.contestant(peer, right) for peer in others for right in (True, False)),
    ]
    if database.kind == "postgres":
        contestants.append(Contestant(PREPARED, _prepared(), (1, True)))
    return contest(contestants, rounds, calls), {peer.name: peer.includes for peer in others}


def _rows(calls: int) -> list[tuple[str, str]]:
    from django.db import connection

    from uzotp.codes import random_id

    rows = [(random_id(), random_id(), random_id()) for _ in range(calls)]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(INSERT, row)
    return [(digest, handle) for handle, _, digest in rows]


def _floor(calls: int) -> Sequence[Call]:
    from django.db import connection

    def update(digest: str, handle: str) -> tuple[int, bool]:
        with connection.cursor() as cursor:
            cursor.execute(UPDATE, (digest, handle, 1))
            attempts, used = cursor.fetchone()
        return attempts, bool(used)

    return [_bound(update, *row) for row in _rows(calls)]


def _prepared() -> Any:
    """The floor under the floor: no Django, and a statement that the server has parsed and planned before."""

    def prepare(calls: int) -> Sequence[Call]:
        from django.db import connection

        raw = connection.connection

        def update(digest: str, handle: str) -> tuple[int, bool]:
            attempts, used = raw.execute(UPDATE, (digest, handle, 1), prepare=True).fetchone()
            return attempts, used

        return [_bound(update, *row) for row in _rows(calls)]

    return prepare


def _endpoint() -> Any:
    from django.test import Client

    import django_uzotp

    client, numbers = Client(), ours.numbers(4_000_000)
    outbox: Any = django_uzotp.get_verifier().gateway

    def post(name: str, **body: str) -> Any:
        return client.post(f"/otp/{name}", body, content_type="application/json")

    def prepare(calls: int) -> Sequence[Call]:
        made = []
        for _ in range(calls):
            challenge = post("send", phone=next(numbers), purpose=ours.PURPOSE).json()["challenge"]
            made.append((challenge, str(outbox.last.code)))
        return [
            _bound(lambda token, code: post("verify", challenge=token, code=code).status_code, *each) for each in made
        ]

    return prepare


def _bound(work: Any, *arguments: Any) -> Call:
    return lambda: work(*arguments)
