"""What a store's past costs to tell, on a million deliveries over 31 days in PostgreSQL.

``python -m benchmarks.insight`` makes a database of its own on ``POSTGRES_URL``, fills it, measures, and drops it. The
deliveries are made by the server from a seed: the same in each run. *cold* is the first call on a new connection.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from benchmarks.figures.servers import Database, database
from uzotp import SQLStore
from uzotp.tashkent import DAY_MS, day_begins, day_of

#: Early in the evening of Tashkent.
NOW = day_begins("2026-11-22") + 18 * 3_600_000
DAYS = 31

#: Prefixes and waits are skewed, as people are; nine in ten messages arrive, and most of their codes come back.
_FILL = """
INSERT INTO uzotp_delivery
SELECT substr(md5('d' || g), 1, 26), substr(md5('p' || mod(g * 7919::bigint, 300000)), 1, 26),
       substr(md5('h' || g), 1, 26), 1 + mod(g, 4),
       '+998' || (ARRAY['90', '91', '93', '94', '95', '97', '98', '99', '33', '88'])[1 + floor(a * a * 10)::int]
              || lpad(floor(power(b, 1.5) * 1000)::int::text, 3, '0'),
       CASE WHEN c < 0.97 THEN 'UZ' WHEN c < 0.985 THEN 'KZ' ELSE 'RU' END,
       CASE WHEN d < 0.9 THEN 'delivered' WHEN d < 0.96 THEN 'sent' WHEN d < 0.99 THEN 'failed' ELSE 'unknown' END,
       CASE WHEN e < 0.85 THEN 'devsms' ELSE 'getsms' END, 'm' || g,
       CASE WHEN d < 0.96 THEN CASE WHEN e < 0.85 THEN 50 ELSE 95.5 END END, CASE WHEN d < 0.96 THEN 'UZS' END, 1,
       at, at + 2000, CASE WHEN d < 0.9 AND f < 0.85 THEN at + 4000 + floor(power(h, 4) * 280000)::bigint END
  FROM (SELECT g, random() a, random() b, random() c, random() d, random() e, random() f, random() h,
               {begin} + g::bigint * {span} / {rows} AS at FROM generate_series(1, {rows}) g) made"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.insight", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="deliveries (%(default)s)")
    parser.add_argument("--calls", type=int, default=5, help="of each question (%(default)s)")
    options = parser.parse_args()
    with database("postgres") as made:
        _fill(made, options.rows)
        print(f"\n{options.rows:,} deliveries over {DAYS} days in PostgreSQL; milliseconds\n")
        print("| | queries | cold | median | fastest |\n|---|---|---|---|---|")
        stores: list[tuple[str, Any]] = [("SQLStore", SQLStore(made.url)), ("DjangoStore", _django_store(made))]
        for days, since in ((DAYS, NOW - DAYS * DAY_MS), (1, day_begins(day_of(NOW)))):
            shown = f"{days} days" if days > 1 else "today"
            _line(f"floor: one `SELECT count(*)`, {shown}", stores[0][1], _floor(stores[0][1], since), options.calls)
            for name, store in stores:
                _line(f"{name}.history, {shown}", store, lambda: store.history(since, NOW), options.calls)  # noqa: B023


def _fill(made: Database, rows: int) -> None:
    store, began = SQLStore(made.url), time.perf_counter()
    store.purge(0, NOW)  # makes the tables
    indexes = store.metadata.tables["uzotp_delivery"].indexes
    with store._engine.connect() as connection:
        for index in indexes:
            index.drop(connection)
        connection.exec_driver_sql("SELECT setseed(0.5)")
        connection.exec_driver_sql(_FILL.format(begin=NOW - DAYS * DAY_MS, span=DAYS * DAY_MS, rows=rows))
        for index in indexes:
            index.create(connection)
        connection.exec_driver_sql("VACUUM ANALYZE uzotp_delivery")
    store.count({"refused RateLimited phone 5/hour": 12, "rejected wrong_code": 340}, NOW)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    store._engine.dispose()


def _django_store(made: Database) -> Any:
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": made.django},
        INSTALLED_APPS=["django_uzotp"],
        USE_TZ=True,
        SECRET_KEY="of the benchmarks",
        UZOTP={"GATEWAYS": ["console"]},
    )
    django.setup()
    from django_uzotp.store import DjangoStore

    return DjangoStore()


def _floor(store: Any, since: int) -> Callable[[], object]:
    return lambda: store._read("SELECT count(*) FROM uzotp_delivery WHERE created_at >= %s", (since,))


def _line(name: str, store: Any, ask: Callable[[], object], calls: int) -> None:
    _forget_connections(store)
    with _counted(store) as queries:
        spent = []
        for _ in range(calls):
            began = time.perf_counter()
            ask()
            spent.append((time.perf_counter() - began) * 1000)
    cold, *warm = spent
    each = f"{queries[0] / calls:.0f}"
    print(f"| {name} | {each} | {cold:.0f} | {statistics.median(warm):.1f} | {min(warm):.1f} |", flush=True)


def _forget_connections(store: Any) -> None:
    if isinstance(store, SQLStore):
        store._engine.dispose()
    else:
        store.release_thread()


@contextmanager
def _counted(store: Any) -> Iterator[list[int]]:
    """How many statements the store runs meanwhile."""
    seen, attempt_of = [0], store._attempt

    def watched_attempt(act: Callable[[Any], Any]) -> Any:
        def watching(session: Any) -> Any:
            rows = session.rows

            def asked(sql: str, params: Sequence[Any] = ()) -> Any:
                seen[0] += 1
                return rows(sql, params)

            session.rows = asked
            return act(session)

        return attempt_of(watching)

    with patch.object(store, "_attempt", watched_attempt):
        yield seen


if __name__ == "__main__":
    main()
