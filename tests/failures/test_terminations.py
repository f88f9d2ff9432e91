"""P3, P11: PostgreSQL ends a connection whose statement is waiting for a lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.core.stores import services
from tests.failures import stores
from tests.failures.terminations import terminate


@pytest.fixture(params=["SQLStore", "DjangoStore"])
def postgres(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Callable[[], Any]]]:
    where = urlsplit(services.sqlalchemy_url("postgres"))._replace(scheme="postgresql").geturl()
    import psycopg

    store = stores.at(where, "postgres", request.param)
    yield store, lambda: psycopg.connect(where, autocommit=True)
    stores.close(store)


def test_p3_a_statement_cut_once_is_tried_again_and_counts_once(postgres: tuple[Any, Callable[[], Any]]) -> None:
    cut = terminate(*postgres, every=False)
    assert cut.times == 1
    assert (cut.told, cut.counted) in (("wrong_code", 1), ("StoreUnavailable", 0))


def test_p11_a_statement_cut_each_time_is_refused_and_counts_nothing(postgres: tuple[Any, Callable[[], Any]]) -> None:
    cut = terminate(*postgres, every=True)
    assert cut.times > 0
    assert (cut.told, cut.counted) == ("StoreUnavailable", 0)
