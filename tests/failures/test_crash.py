"""P5, P6, R46: a worker is killed after its reservation, before the message left."""

from __future__ import annotations

import json
import secrets
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.core.stores import services
from tests.failures import crash, stores
from tests.failures.traffic import BOUNDED, PRICE

SQL = ["sqlite", "postgres", "mariadb"]
KINDS = [*(f"SQLStore {name}" for name in SQL), *(f"DjangoStore {name}" for name in SQL), "RedisStore redis"]


@pytest.fixture(params=KINDS)
def kind_and_place(request: pytest.FixtureRequest, tmp_path: Any) -> tuple[str, dict[str, Any], Callable[[], Any]]:
    """A kind of store, how another process finds one, and how this one does."""
    kind, service = request.param.split()
    if kind == "RedisStore":
        pytest.importorskip("redis")
        where: dict[str, Any] = {"url": services.redis_url(), "prefix": f"crash-{secrets.token_hex(6)}:"}
        return kind, where, lambda: crash.open_store(kind, where)
    if kind == "SQLStore":
        pytest.importorskip("sqlalchemy")
        url = f"sqlite:///{tmp_path / 'uzotp.db'}" if service == "sqlite" else services.sqlalchemy_url(service)
        return kind, {"url": url}, lambda: crash.open_store(kind, {"url": url})
    pytest.importorskip("django")
    path = str(tmp_path / "uzotp.db")
    entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": path}
    if service != "sqlite":
        entry = services.django_database(service)  # type: ignore[assignment]
    store = stores.django_at(entry)
    return kind, json.loads(json.dumps(entry)), lambda: store


def test_r46_a_worker_killed_before_its_message_leaves_no_lock_and_frees_nothing(kind_and_place: Any) -> None:
    kind, where, make_store = kind_and_place
    store = make_store()
    after = crash.aftermath(kind, where, store)
    stores.close(store)
    assert after.status == -signal.SIGKILL
    assert after.counted == PRICE, "the money stays reserved"
    assert after.cooldown == "CooldownActive"
    assert after.sends == 2, "the message that never left counts"
    assert after.verified, "and its code is the next message's"
    assert after.quota == "RateLimited", "of two an hour one never left"
    assert after.budget == "BudgetExhausted"
    assert after.messages == 1
    assert after.seconds < BOUNDED, "nobody waits for the dead"
